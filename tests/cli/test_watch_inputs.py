"""The whole command with its other inputs, killed and restarted, several at once."""

import gzip
import os
import signal
import time
from pathlib import Path

import pytest
from tests.cli.test_watch import folder, stored_responses, watching
from tests.watch.streams import close_stream, connect, golden_frames, open_stream

__all__ = ["folder"]

ZEEK_FIELDS = "ts id.orig_h id.resp_p query qtype_name rcode_name answers TTLs"
ZEEK_HEADER = "#separator \\x09\n#fields\t" + ZEEK_FIELDS.replace(" ", "\t") + "\n"


def zeek_rows(first: int, count: int) -> str:
    now = time.time()
    return "".join(
        f"{now:.6f}\t192.0.2.1\t53\tn{n}.example\tA\tNOERROR\t20.0.0.{n % 200 + 1}\t60.0\n"
        for n in range(first, first + count)
    )


def eve_line(name: str) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000000+0000", time.gmtime())
    return (
        f'{{"timestamp":"{moment}","event_type":"dns","src_port":53,"dest_port":4000,'
        f'"dns":{{"version":2,"type":"answer","id":1,"rrname":"{name}","rrtype":"A",'
        f'"rcode":"NOERROR","answers":[{{"rrname":"{name}","rrtype":"A","ttl":5,'
        f'"rdata":"20.0.0.9"}}]}}}}\n'
    )


@pytest.mark.slow
def test_logs_and_dnstap_at_once_and_a_kill_loses_and_doubles_no_line(folder: Path) -> None:
    zeek, eve = folder / "dns.log", folder / "eve.json"
    zeek.write_text(ZEEK_HEADER)
    written = 0
    for turn in range(3):
        with watching(folder, "--follow", zeek, "--follow", eve, "--batch", "0.2") as watch:
            for _ in range(4):
                with zeek.open("a") as log:
                    log.write(zeek_rows(written, 500))
                written += 500
                time.sleep(0.1)
            watch.until(lambda: watch.health()["responses"] > 0)
            assert watch.end(signal.SIGKILL) == -signal.SIGKILL
        if turn == 1:  # rotated while nobody looks, as newsyslog does it
            former = zeek.rename(folder / "dns.log.1")
            former.with_name("dns.log.1.gz").write_bytes(gzip.compress(former.read_bytes()))
            status = former.stat()
            os.utime(folder / "dns.log.1.gz", (status.st_atime, status.st_mtime))
            former.unlink()
            zeek.write_text(ZEEK_HEADER)
    with watching(folder, "--follow", zeek, "--follow", eve) as watch:
        watch.until(lambda: "No such file" in (watch.health()["failure"] or ""))
        eve.write_text(eve_line("eve.example") + '{"event_type":"stats"}\n')
        with connect(watch.socket) as sender:
            open_stream(sender)
            sender.sendall(golden_frames())
            close_stream(sender)
        watch.until(lambda: stored_responses(folder) == written + 1 + 4)
        assert watch.health()["failure"] is None
        assert watch.health()["records"][f"log {eve}"] == 2
        assert watch.end(signal.SIGTERM) == 0
    assert stored_responses(folder) == written + 1 + 4
