"""Events by syslog, as a real rsyslog understands them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.act.outputs.programs import Server, find, free_port, served
from tests.present.generated_results import make_verdict

from unflux.engine.waiting import Letter
from unflux.model.endpoint import Endpoint
from unflux.model.events import Conviction, Event
from unflux.present.syslog_message import render_syslog
from unflux.watch.outlet import SendFailedError
from unflux.watch.syslog import InetCollector, SyslogCourier, UnixCollector

AT = datetime(2026, 11, 28, 12, 0, 0, 250_000, tzinfo=UTC)
HOSTILE = 'evil\\"]\\ [x@1 a="b"]%s\\010\n<13>1 -.example'
FLUX = replace(
    make_verdict(), domain=HOSTILE, verdict="fast-flux", kind="double-flux", network="n-1"
)
CLEARED = Event(
    change="cleared", at=AT, domain="a.example", verdict=None,
    before=Conviction(domain="a.example", kind="single-flux", network=None, since=AT),
)  # fmt: skip
NEW = Event(change="new", at=AT, domain=HOSTILE, before=None, verdict=FLUX)


def test_the_longest_and_worst_names_stay_within_what_every_receiver_takes() -> None:
    for domain in ('"' * 1004, "\\" * 1004, "\x00\n\x7f" * 300, "ü" * 500):
        event = replace(NEW, domain=domain, verdict=replace(FLUX, domain=domain))
        message = render_syslog(event, "h" * 300 + "\n", 4_194_304)
        assert len(message.encode("ascii")) <= 2048
        assert message.isprintable()


@contextmanager
def rsyslog(folder: Path, port: int) -> Iterator[Server]:
    """Run rsyslog on a port and a socket; it writes what it understood as JSON."""
    shown = "".join(
        f'property(outname="{name}" name="{told}" format="jsonf"{more})'
        for name, told, more in (
            ("host", "hostname", ""), ("app", "app-name", ""), ("process", "procid", ""),
            ("event", "msgid", ""), ("severity", "syslogseverity", ""),
            ("at", "timereported", ' dateFormat="rfc3339"'), ("data", "$!rfc5424-sd", ""),
            ("says", "msg", ""),
        )
    )  # fmt: skip
    conf = folder / "rsyslog.conf"
    conf.write_text(
        f"""module(load="imudp") module(load="imtcp") module(load="mmpstrucdata")
        module(load="imuxsock" SysSock.Use="off")
        input(type="imudp" address="127.0.0.1" port="{port}")
        input(type="imtcp" address="127.0.0.1" port="{port}")
        input(type="imuxsock" Socket="{folder}/log" UseSpecialParser="off" ParseHostname="on"
            UseSysTimeStamp="off")
        action(type="mmpstrucdata")
        template(name="out" type="list" option.jsonf="on") {{ {shown} }}
        action(type="omfile" file="{folder}/out" template="out")
        """
    )
    with served(port, folder / "said", find("rsyslogd"), "-n", "-i", "NONE", "-f", conf) as server:
        yield server


def understood(folder: Path, count: int) -> list[dict[str, Any]]:
    """Wait until rsyslog has written so many messages; it puts commas between them, or none."""
    ends = time.monotonic() + 120
    lines: list[str] = []
    while len(lines) < count:
        assert time.monotonic() < ends, lines
        time.sleep(0.1)
        out = folder / "out"
        lines = out.read_text().splitlines() if out.exists() else []
    found = [json.loads(line) for line in lines]
    return [told | {"data": json.loads(told["data"])["unflux@32473"]} for told in found]


def send(courier: SyslogCourier, event: Event) -> None:
    """Send it once the collector is there."""
    ends = time.monotonic() + 120
    letter = Letter(id=event.id, content=render_syslog(event, "resolver", 7))
    while True:
        try:
            courier.send(letter)
        except SendFailedError:
            assert time.monotonic() < ends
            time.sleep(0.1)
        else:
            return


@pytest.mark.slow
def test_rsyslog_understands_every_transport_and_no_name_leaves_its_value() -> None:
    find("rsyslogd")
    port = free_port()
    endpoint = Endpoint.scan(f"127.0.0.1:{port}", port)
    with TemporaryDirectory(prefix="ux") as name:
        folder = Path(name)
        stream = SyslogCourier(InetCollector(endpoint, is_tcp=True))
        unix = SyslogCourier(UnixCollector(f"{folder}/log"))
        with rsyslog(folder, port):
            send(stream, NEW)
            send(stream, CLEARED)
            send(unix, NEW)
            datagrams = SyslogCourier(InetCollector(endpoint, is_tcp=False))
            send(datagrams, NEW)
            found = understood(folder, 4)
        with pytest.raises(SendFailedError):
            unix.send(Letter(id="e-1", content="x"))
        with rsyslog(folder, port):  # a collector that comes back is connected to again
            send(stream, CLEARED)
            assert len(understood(folder, 5)) == 5
        for courier in (stream, unix, datagrams):
            courier.close()
    new = [told for told in found if told["event"] == "new"]
    assert len(new) == 3
    for told in new:
        assert told["data"]["domain"] == HOSTILE.replace("\n", "?")
        assert told["data"]["id"] == NEW.id
        assert (told["app"], told["process"], told["host"]) == ("unflux", "7", "resolver")
        assert told["severity"] == "4"
    # Of what comes by a socket of this machine rsyslog takes its own time.
    assert [told["at"] for told in new].count("2026-11-28T12:00:00.250000Z") == 2
    (cleared,) = [told for told in found if told["event"] == "cleared"]
    assert cleared["data"].keys() == {"id", "domain", "before", "since"}
