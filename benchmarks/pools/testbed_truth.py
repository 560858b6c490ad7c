"""What was true of a network of a testbed, by what the lab wrote down, in stretched time."""

import csv
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from pathlib import Path
from random import Random
from statistics import median

import numpy as np
from numpy.typing import NDArray

from pools.listing import find_half_life_h
from unflux.lab.testbed.connections import assemble
from unflux.lab.testbed.packets import read_packets
from unflux.lab.testbed.presence import live
from unflux.lab.testbed.stretched import find_replies

Floats = NDArray[np.float64]
Span = tuple[float, float]
HOUR_S = 3600.0
LAW_H, LAW_PLACES = 2000.0, 200
"""Lives of so many places for so long: some 9,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Turns moments of ours into those of ``stretched.csv``; seconds since 1970."""

    zero_s: float
    """The first answer of the capture, from which moments are stretched."""
    compress: float

    def stretch(self, moment_s: float) -> float:
        """Return a moment as ``stretched.csv`` has it."""
        return self.zero_s + (moment_s - self.zero_s) * self.compress


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One network, while it was captured."""

    online: dict[str, list[Span]]
    """By agent: from and until when its line was up."""
    host_of: dict[str, str]
    """By agent's address."""
    answered: list[tuple[Span, tuple[str, ...]]]
    """What its names were set to, and from and until when; each name by itself."""

    def on_line(self, moment_s: float) -> set[str]:
        """Return the agents whose line is up."""
        return {
            address
            for address, spans in self.online.items()
            if any(start <= moment_s < end for start, end in spans)
        }

    def half_life_h(self, start_s: float, hours: int) -> float | None:
        """Return how long after its second hour a list of a day's addresses covers half as much.

        It holds what any name was set to in the day before; what is answered counts by the time
        that it stood. By hours from ``start_s``. Null where a list covers more to the end.
        """
        return find_half_life_h(self._stood(start_s + HOUR_S * np.arange(hours + 1)))

    def _stood(self, edges: Floats) -> Floats:
        """Return [address, hour]: for how long it was in what names were set to."""
        numbers: defaultdict[str, int] = defaultdict(lambda: len(numbers))
        stood = np.zeros((len({a for _, held in self.answered for a in held}), len(edges) - 1))
        for (since, until), held in self.answered:
            inside = np.minimum(until, edges[1:]) - np.maximum(since, edges[:-1])
            stood[[numbers[address] for address in held]] += np.maximum(inside, 0)
        return stood


def find_clock(capture: Path, resolver: str, compress: float) -> Clock:
    """Return the clock of a resolver's capture."""
    replies = find_replies(assemble(read_packets(capture)), resolver)
    return Clock(zero_s=min(ts_us for ts_us, _ in replies) / 1e6, compress=compress)


def read_truth(folder: Path, network: str, domains: Collection[str], clock: Clock) -> Truth:
    """Return what ``presence.csv`` and ``rotations.csv`` say of a network and its domains."""
    rows = _rows(folder / "agents.csv")
    agents = {row["address"]: row["host"] for row in rows if row["network"] == network}
    online: defaultdict[str, list[Span]] = defaultdict(list)
    since: dict[str, float] = {}
    for row in _rows(folder / "presence.csv"):
        address, moment_s = row["address"], clock.stretch(float(row["ts"]))
        if address not in agents:
            continue
        if row["online"] == "1":
            since.setdefault(address, moment_s)
        elif address in since:
            online[address].append((since.pop(address), moment_s))
    for address, moment_s in since.items():
        online[address].append((moment_s, inf))
    sets: defaultdict[str, list[tuple[float, tuple[str, ...]]]] = defaultdict(list)
    for row in _rows(folder / "rotations.csv"):
        if row["owner"] in domains:
            held = tuple(row["rdata"].split())
            sets[row["owner"]].append((clock.stretch(float(row["ts"])), held))
    answered = [
        ((start_s, end_s), held)
        for of_owner in sets.values()
        for (start_s, held), (end_s, _) in pairwise((*of_owner, (inf, ())))
    ]
    return Truth(online=dict(online), host_of=agents, answered=answered)


def read_seen(folder: Path, domains: Collection[str]) -> set[str]:
    """Return the addresses that clients were answered for a network's domains, by the records."""
    return {
        row["rdata"]
        for row in _rows(folder / "resolver" / "stretched.csv")
        if (row["rrtype"], row["section"]) == ("A", "ans")
        and any(f".{row['qname']}".endswith(f".{domain}") for domain in domains)
    }


def lifetime_h() -> float:
    """Return the median time from when an agent first comes on line to when it last goes off.

    By the lab's law of lives, not by those of one testbed, most of which end after it.
    """
    chance = Random("lifetime")
    spans = []
    for _ in range(LAW_PLACES):
        # The last life of a place is cut.
        spans += [on[-1][1] - on[0][0] for on in live(chance, length_h=LAW_H)[:-1] if on]
    return median(spans)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="ascii", newline="") as stream:
        yield from csv.DictReader(stream)
