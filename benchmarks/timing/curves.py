"""How cost grows: with the number of responses, and with the number of distinct names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from timing.contender import Contender, Result
from timing.ours import LIMIT, READ, READ_TWO, SCAN, limit, reader, scanner
from timing.rounds import run_rounds
from timing.traffic_store import Traffic, TrafficStore

CURVES: Final = (LIMIT, READ, READ_TWO, SCAN)
KEPT_RESPONSES: Final = 3_000_000
"""Captures of more are deleted when they have been read: 200 octets a response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One capture of a curve."""

    traffic: Traffic
    results: list[Result]


def trace(
    store: TrafficStore,
    traffics: Sequence[Traffic],
    decoder: Path | None,
    cache: Path,
    round_count: int,
) -> list[Point]:
    """Run the C decoder and unflux on each capture."""
    points = []
    for traffic in traffics:
        (capture,) = store.get(traffic, "pcap")
        contenders: list[Contender] = []
        if decoder is not None:
            contenders.append(limit(decoder, capture, traffic.responses))
        contenders.append(reader(READ, capture, traffic.responses, cache))
        contenders.append(reader(READ_TWO, capture, traffic.responses, cache, cores=2))
        contenders.append(scanner(SCAN, capture, traffic.responses, cache))
        points.append(Point(traffic=traffic, results=run_rounds(contenders, round_count)))
        if traffic.responses > KEPT_RESPONSES:
            store.forget(traffic)
    return points
