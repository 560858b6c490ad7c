"""Medians, aims and the page, on figures made up for it."""

from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

MIB = 1 << 20


@pytest.fixture
def contender() -> ModuleType:
    return import_module("timing.contender")


def result(name: str, *walls_s: float, responses: int = 1_000_000, **report: float | None) -> Any:
    contender = import_module("timing.contender")
    run = import_module("timing.process_run").Run
    return contender.Result(
        contender=contender.Contender(
            name=name, command=("/some/where",), responses=responses, has_report=bool(report),
            cores=2 if "two" in name else 1,
        ),
        runs=tuple(
            run(wall_s=wall_s, cpu_s=wall_s / 2, peak_bytes=100 * MIB, report=report)
            for wall_s in walls_s
        ),
        failure=None if walls_s else "ended with 1",
    )  # fmt: skip


def read(name: str, wall_s: float, responses: int = 1_000_000) -> Any:
    return result(
        name, wall_s, responses=responses, imported_s=0.2, first_octet_s=0.5, done_s=wall_s,
        names=7, sightings=9,
    )  # fmt: skip


def test_medians() -> None:
    found = result("tcpdump", 3.0, 1.0, 9.0)
    assert (found.wall_s, found.cpu_s, found.per_s) == (3.0, 1.5, pytest.approx(1e6 / 3))
    assert found.reading_s is None
    assert found.moment_s("done_s") is None


def test_reading_leaves_the_start_out() -> None:
    assert read("unflux read", 1.0).reading_s == pytest.approx(0.5)
    # The first octet says nothing of the other process: only the imports are left out.
    assert read("unflux read on two cores", 1.0).reading_s == pytest.approx(0.8)
    assert result("C decoder", 0.5, decode_s=0.4).reading_s == 0.4


def points() -> list[Any]:
    curves, store = import_module("timing.curves"), import_module("timing.traffic_store")
    return [
        curves.Point(
            traffic=store.Traffic(responses=responses),
            results=[
                result("C decoder", 0.4 * millions, responses=responses, decode_s=0.3 * millions),
                read("unflux read", 0.5 + 0.5 * millions, responses),
                read("unflux read on two cores", 0.9 + 0.25 * millions, responses),
                result("unflux scan", 3 + millions, responses=responses),
            ],
        )
        for millions, responses in ((1, 1_000_000), (3, 3_000_000))
    ]


def starts() -> Any:
    return import_module("timing.starts").Starts(
        cold_s=9.0, warm=read("start", 0.6, 1000), warm_scan=result("scan", 2.0, responses=1000)
    )


def test_aims() -> None:
    aims = import_module("timing.aims").weigh_aims(points()[0].results, starts(), points())
    found = {aim.what: (aim.found, aim.is_met) for aim in aims}
    assert found["reading and rollup by the C decoder's speed"] == ("0.60 ×", False)
    assert found["the same, whole processes"] == ("0.40 ×", False)
    assert found["two cores by one, by what more responses cost"] == ("2.00 ×", True)
    assert found["compilation in a cold start"] == ("8.40 s", True)
    assert found["warm start to the first octet read"] == ("0.50 s", True)
    assert found["peak memory of reading 3,000,000 responses"] == ("100.00 MiB", True)


def test_the_page() -> None:
    page = import_module("timing.speed_page")
    report = page.SpeedReport(
        machine="2 cores of a machine",
        command="wire_speed.py",
        round_count=3,
        traffic=import_module("timing.traffic_store").Traffic(responses=1_000_000),
        results=[*points()[0].results, result("tshark")],
        notes=[page.PeerNote(name="tshark", version="4.0", does="rows", said=None, of=1000)],
        starts=starts(),
        aims=[],
        by_responses=points(),
        by_names=points()[:1],
    )
    lines = page.compose_page(report).splitlines()
    assert "| tshark | 1 | 1,000,000 | – | – | – | – | – | – | ended with 1 |" in lines
    assert "| tshark | 4.0 | rows | – |" in lines
    assert (
        "| 3,000,000 | 400 | 400 | 100 | 667 | 500 | 100 | 550 | 250 | 100 | 2,000 | 1,000 | 100 |"
        in lines
    )
    assert "| 20,000 | 7 | 9 | 400 | 100 | 1,000 | 100 | 1,150 | 100 | 4,000 | 100 |" in lines
    assert not any("/some/where" in line for line in lines)


def test_a_prefix_has_whole_packets(tmp_path: Path) -> None:
    header = bytes(24)
    packets = [bytes(8) + bytes([n, 0, 0, 0]) + bytes(4) + bytes(n) for n in (5, 9, 2)]
    capture = tmp_path / "x.pcap"
    capture.write_bytes(header + b"".join(packets))
    prefix = import_module("timing.traffic_store").write_prefix(capture, 2)
    assert prefix.read_bytes() == header + packets[0] + packets[1]


def test_what_a_peer_says_is_counted(tmp_path: Path) -> None:
    programs = import_module("peers.programs")
    (tcpdump,) = (peer for peer in programs.PEERS if peer.name == "tcpdump")
    said = "12:00:00.1 IP a\\n\\tmore\\n12:00:01.1 IP b\\n"
    peer = replace(tcpdump, program="sh", command=lambda *_: ("printf", said))
    assert programs.count_said(peer, tmp_path, tmp_path, tmp_path) == 2
