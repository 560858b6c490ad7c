"""Floods far above the ceilings: what was convicted stays convicted, and memory stays bounded."""

import json
import re
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from tests.cli.test_watch import FLUX, LOOK_ALIKES, POOL, Watch, folder, watching
from tests.watch.streams import close_stream, connect, open_stream, response_frame

from unflux.engine import crowding, retention
from unflux.engine.store import Store
from unflux.model.rollup import tables_of
from unflux.watch import cropping, thinning

__all__ = ["folder"]

MEMORY_KIB = 1 << 20
MAX_ROWS = 30_000
PLANTED, PLANTED_ANSWERS = 400, 150
"""Addresses in an answer, each seen once, and such answers of a convicted domain a turn."""
FLOOD = 40_000
"""Names of each kind of flood, a turn."""
TURNS = 2


def response(name: str, addresses: list[int], at_s: float, message_id: int = 1) -> bytes:
    """Return the frame of an answer with A records, addresses as numbers."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    head = struct.pack("!6H", message_id, 0x8180, 1, len(addresses), 0, 0)
    records = b"".join(struct.pack("!HHHIHI", 0xC00C, 1, 1, 60, 4, each) for each in addresses)
    return response_frame(head + labels + b"\0" + struct.pack("!HH", 1, 1) + records, at_s)


def number(address: str) -> int:
    return int.from_bytes(socket.inet_aton(address), "big")


def shown(turn: int, at_s: float) -> bytes:
    """Return what the flux domains and the look-alikes are answered in a turn."""
    pool = [number(address) for address in POOL]
    frames = [
        response(domain, [pool[(turn * 5 + place * 17 + n) % len(pool)] for n in range(5)], at_s)
        for place, domain in enumerate(FLUX)
    ]
    frames += [
        response(domain, [number(address) for address in addresses], at_s)
        for domain, addresses in LOOK_ALIKES.items()
    ]
    return b"".join(frames)


def planted(turn: int) -> Iterator[bytes]:
    """Yield answers of the convicted operator, full of addresses that are in no other answer."""
    for n in range(PLANTED_ANSWERS):
        first = (60 << 24) + (turn * PLANTED_ANSWERS + n) * PLANTED * 91
        yield response(FLUX[0], [first + m * 91 for m in range(PLANTED)], time.time())


def has_stored(watch: Watch, responses: int) -> bool:
    return bool(watch.health()["responses"] == responses)


def peak_kib(watch: Watch) -> int:
    status = Path(f"/proc/{watch.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def explained(folder: Path, domain: str) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-m", "unflux", "explain", domain, "--store", folder / "store",
         "--format", "json"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    verdict: dict[str, Any] = json.loads(ran.stdout)["verdict"]
    return verdict


@pytest.mark.slow
def test_convictions_stand_while_floods_exceed_every_ceiling(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    made_up = import_module("storms.frames").MadeUp
    floods = [
        made_up(("victim.example",), is_answered=False, seed=1),
        made_up(("victim2.example",), is_answered=True, seed=2),
        made_up(("com", "net"), is_answered=False, seed=3),
        made_up(("org", "info"), is_answered=True, seed=4),
        made_up((FLUX[1],), is_answered=True, seed=5),
    ]
    options = ("--memory", "1G", "--max-rows", MAX_ROWS, "--judge", "2")
    with watching(folder, *options) as watch, connect(watch.socket) as sender:
        open_stream(sender)
        sender.settimeout(240)
        began_s = time.time()
        for turn in range(50):
            sender.sendall(shown(turn, began_s - 3000 + 60 * turn))
        watch.until(lambda: watch.health()["domains"].get("fast-flux") == len(FLUX))
        sent = 50 * (len(FLUX) + len(LOOK_ALIKES))

        for turn in range(50, 50 + TURNS):
            for flood in floods:
                for _ in range(FLOOD // 2000):
                    sender.sendall(flood.take(2000, time.time_ns() // 1000))
                sender.sendall(shown(turn, time.time()))
            for frame in planted(turn):
                sender.sendall(frame)
            sent += len(floods) * (FLOOD + len(FLUX) + len(LOOK_ALIKES)) + PLANTED_ANSWERS
            watch.until(partial(has_stored, watch, sent))
            assert watch.health()["standing"] == len(FLUX)
        close_stream(sender)
        assert watch.health()["drops"] == {}
        assert peak_kib(watch) < MEMORY_KIB
        with urllib.request.urlopen(f"http://127.0.0.1:{watch.port}/metrics") as page:
            metrics = page.read().decode()
        shed = dict(re.findall(r'unflux_shed_rows_total\{reason="([^"]*)"\} (\S+)', metrics))
        for reason in (
            thinning.ROLLED_UP, thinning.NOWHERE, retention.SINGLE,
            cropping.BEYOND, crowding.BEYOND,
        ):  # fmt: skip
            assert float(shed[reason]) > 0, shed
        assert watch.end(signal.SIGTERM) == 0

        events = watch.events()
    assert {event["domain"] for event in events} == set(FLUX), watch.said()
    assert {event["event"] for event in events} <= {"new", "changed"}
    with Store.open(folder / "store", read_only=True) as store:
        rollup = store.rollup()
    assert sum(table.num_rows for table in tables_of(rollup)) < MAX_ROWS + thinning.ROWS
    for domain in FLUX:
        assert explained(folder, domain)["verdict"] == "fast-flux"
        mine = rollup.sightings.filter(pc.equal(rollup.sightings["owner_domain"], domain))
        left = set(mine["rdata"].to_pylist())
        assert set(POOL) <= left, (domain, len(left))
