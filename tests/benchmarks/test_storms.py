"""Storms: ordinary traffic sent over and over, whose flux goes on to flux."""

from importlib import import_module
from pathlib import Path
from typing import Any

from tests.benchmarks.test_traffic import write

from unflux.model.control_frames import CONTENT_TYPE, START, STOP, compose_control_frame
from unflux.read.reading import read_all
from unflux.read.source import Options


def held(path: Path, octets: bytes, domains: frozenset[str]) -> dict[bool, set[tuple[str, str]]]:
    """Return (domain, address) in answers, by whether the domain is one of those."""
    head, foot = compose_control_frame(START, CONTENT_TYPE), compose_control_frame(STOP)
    path.write_bytes(head + octets + foot)
    (result,) = read_all([str(path)], Options())
    assert result.error is None
    rows = result.rollup.sightings.to_pylist()
    found: dict[bool, set[tuple[str, str]]] = {True: set(), False: set()}
    for row in rows:
        if row["rrtype"] == "A":
            found[row["owner_domain"] in domains].add((row["owner_domain"], row["rdata"]))
    return found


def test_each_turn_shows_other_agents_and_the_same_innocents(tmp_path: Path) -> None:
    path = write(tmp_path, "dnstap")["dnstap"]
    population: Any = import_module("traffic.population").Population(1, 300)
    ordinary: Any = import_module("storms.frames").Ordinary(path, population.agents)
    turns = []
    for turn in range(3):
        octets = b"".join(bytes(ordinary.take(1000, 1_700_000_000_000_000)) for _ in range(2))
        turns.append(held(tmp_path / f"{turn}.fstrm", octets, population.flux_domains))
    one, two, three = turns
    assert len(one[False]) > 100
    assert one[False] == two[False] == three[False]
    agents = {address for network in population.agents for address in network}
    for shown in turns:
        assert len({address for _, address in shown[True] if address in agents}) > 20
    assert one[True] != two[True] != three[True] != one[True]
