"""Trace generated flows, with an agent and without one, and write ``docs/trace-figures.md``.

    PYTHONPATH=src .venv/bin/python benchmarks/trace_flows.py [--seeds N] [--first N] [--out FILE]

Seeds 1 to 20 are for looking. The kinds of seeds 101 to 120 were looked at between changes, too;
the page is of seeds that were not.
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import flow_traffic
from flow_traffic import Case
from unflux.model.traces import TracedHost
from unflux.trace.columns import number_flows
from unflux.trace.judging import judge
from unflux.trace.scene import look
from unflux.trace.sites import NO_ANSWERS, Answers

HEAD: Final = """# How well motherships are found

Written by `benchmarks/trace_flows.py` from generated flows (`benchmarks/flow_traffic.py`), seeds
{first} to {last}, looked at once. The generator and the bounds of `unflux trace` are by one hand:
its kinds are not new to it; docs/testbed.md has real servers. *First*: the motherships stand before
every other host. *Accused*, *suspected*: all of them are that. *Wrong*: hosts that are accused and
are no mothership or controller. *Suspected* and *undecided* without an agent: hosts that something
is relayed to and that are left so.
"""


@dataclass(slots=True)
class Count:
    """What came of one kind of capture."""

    runs: int = 0
    first: int = 0
    accused: int = 0
    suspected: int = 0
    wrong: int = 0
    wrong_runs: int = 0
    suspected_others: int = 0
    undecided: int = 0
    controllers: int = 0
    controllers_named: int = 0


def main() -> None:
    """Score kind by kind; print the page or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=301)
    parser.add_argument("--flows", type=int, default=2_000_000, help="for the speed; 0 for none")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    text = "\n".join(_page(seeds, asked.flows)) + "\n"
    if asked.out is None:
        print(text)
    else:
        asked.out.write_text(text, encoding="utf-8")


def _page(seeds: range, flow_count: int) -> Iterator[str]:
    yield HEAD.format(first=seeds[0], last=seeds[-1])
    yield "## Captures with an agent\n"
    yield (
        "| capture | runs | first | accused | suspected | wrong | controllers named | controllers "
        "accused |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for kind in flow_traffic.AGENTS:
        name, count = score(kind, seeds)
        yield (
            f"| {name} | {count.runs} | {count.first} | {count.accused} | {count.suspected}"
            f" | {count.wrong}"
            f" | {count.controllers_named} | {count.controllers} |"
        )
    yield "\n## Captures without an agent\n"
    yield from _innocents(flow_traffic.INNOCENTS, seeds)
    yield "\n## Not told apart\n"
    yield "This is what a network of agents does, by its flows and by its names; it is accused.\n"
    yield from _innocents(flow_traffic.ALIKE, seeds)
    if flow_count:
        yield "\n## Speed\n"
        yield from _speed(flow_count)


def _innocents(kinds: Iterable[flow_traffic.Draw], seeds: range) -> Iterator[str]:
    yield "| capture | runs | with an accusation | suspected hosts | undecided hosts |"
    yield "|---|--:|--:|--:|--:|"
    for kind in kinds:
        name, count = score(kind, seeds)
        yield (
            f"| {name} | {count.runs} | {count.wrong_runs} | {count.suspected_others}"
            f" | {count.undecided} |"
        )


def score(kind: flow_traffic.Draw, seeds: Iterable[int]) -> tuple[str, Count]:
    """Trace one kind of capture for each seed."""
    count, name = Count(), ""
    for seed in seeds:
        case = flow_traffic.draw(kind, seed)
        name = case.name
        _count(count, case, trace(case.flows, case.told, case.answers))
    return name, count


def trace(
    flows: pa.Table, told: frozenset[str] = frozenset(), answers: Answers = NO_ANSWERS
) -> list[TracedHost]:
    """Trace a table of flows; nobody knows who announces generated addresses."""
    return judge(look(number_flows(flows), told=told), {}, answers)


def _count(count: Count, case: Case, hosts: list[TracedHost]) -> None:
    order = list(dict.fromkeys(host.address for host in hosts))
    accused = {host.address for host in hosts if host.verdict == "accused"}
    true = case.motherships | case.controllers
    count.runs += 1
    count.first += set(order[: len(case.motherships)]) == case.motherships
    count.accused += case.motherships <= accused
    count.wrong += len(accused - true)
    count.wrong_runs += bool(accused - true)
    suspected = {host.address for host in hosts if host.verdict == "suspected"}
    count.suspected += case.motherships <= suspected
    count.suspected_others += len(suspected - true)
    count.undecided += sum(
        host.verdict == "undecided" and host.role != "controller" and host.address not in true
        for host in hosts
    )
    named = {host.address for host in hosts if host.role == "controller"}
    count.controllers_named += bool(case.controllers) and case.controllers <= named
    count.controllers += bool(case.controllers) and case.controllers <= accused


def tiled(flow_count: int, kind: flow_traffic.Draw) -> pa.Table:
    """Return at least so many flows: copies of a capture, each a day and a network apart."""
    base = flow_traffic.draw(kind, 1).flows
    copies = -(-flow_count // len(base))
    hosts = pc.unique(pa.chunked_array([*base["client"].chunks, *base["server"].chunks]))
    parts = []
    for copy in range(copies):
        # The second octet of the homes says which copy it is.
        moved = pc.replace_substring_regex(
            hosts, r"^245\.[0-9]+", f"24{copy % 6}.{copy // 6 % 256}"
        )
        part = base
        for name in ("client", "server"):
            place = pc.index_in(base[name], value_set=hosts)
            column = moved.take(place)
            part = part.set_column(
                part.schema.get_field_index(name), part.schema.field(name), column
            )
        parts.append(part)
    return pa.concat_tables(parts)


def _speed(flow_count: int) -> Iterator[str]:
    yield "From a table of flows to judged hosts, by the time of all threads on a processor.\n"
    yield "| flows of | flows | hosts that serve and ask | s | flows/s |"
    yield "|---|--:|--:|--:|--:|"
    for kind in (flow_traffic.edge_of_isp, flow_traffic.reverse_proxy_elsewhere):
        for count in (flow_count // 4, flow_count):
            flows = tiled(count, kind)
            begin = time.process_time()
            scene = look(number_flows(flows), told=frozenset())
            judge(scene, {})
            took = time.process_time() - begin
            yield (
                f"| {flow_traffic.draw(kind, 1).name} | {len(flows):,} | {scene.agent_count:,}"
                f" | {took:.2f} | {len(flows) / took:,.0f} |"
            )


if __name__ == "__main__":
    np.seterr(all="raise", under="ignore")
    main()
