"""Scan and trace captures of testbeds, and write ``docs/testbed.md``: what real servers show.

    PYTHONPATH=src .venv/bin/python benchmarks/testbed.py [--seeds N...] [--agents N]
        [--seconds N] [--at-once N] [--captures FOLDER]
        [--only SECTION] [--note TEXT] [--out FILE]

Needs what ``unflux lab up`` and ``capture`` need. Labels are looked at only to count. Seeds 1 to 10
are for looking.
"""

import argparse
import csv
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.lab.testbed.capturing import capture
from unflux.lab.testbed.clearing import take_down
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.raising import raise_testbed
from unflux.lab.testbed.state import State
from unflux.model.traces import TracedHost
from unflux.pipeline.gathering import Options as ScanOptions
from unflux.pipeline.scanning import scan
from unflux.pipeline.tracing import TraceOptions, trace
from unflux.read.flow_reading import bring_together, read_flows
from unflux.read.flow_source import FlowOptions
from unflux.read.source import Drops
from unflux.trace.columns import number_flows
from unflux.trace.judging import judge
from unflux.trace.scene import look

HEAD: Final = """# What is found on real servers

Captures of `unflux lab`, compressed by 60 ([lab.md](lab.md)). Written by `benchmarks/testbed.py`;
labels are looked at only to count.
"""
SCANNED: Final = (
    "resolver/dnstap.fstrm", "resolver/capture.pcap", "resolver/dns.log", "resolver/stretched.csv",
    "edge/capture.pcap",
)  # fmt: skip
HONEYPOT: Final = ("honeypot/capture.pcap", "honeypot/flows.json")
EDGE: Final = "edge/capture.pcap"
EDGE_LOGS: Final = (
    "edge/conn.log edge/http.log edge/dns.log", "edge/conn.log", "edge/flows.json",
)  # fmt: skip
PARTS: Final = (1 / 3, 2 / 3, 1.0)
"""Of the time of a capture: the edge is traced from its beginning until then."""
NOBODY: Final = "nobody"
BY_SCAN: Final = "whom `unflux scan` of it names"
ITSELF: Final = "the honeypot"
WITHOUT: Final = "there are none: their flows are left out"
ENOUGH: Final = 10
"""Relayed requests to one mothership, of which the aim of a trace speaks."""
KINDS: Final = ("double-flux", "single-flux", "slow-flux")
VERDICTS: Final = ("fast-flux", "undecided", "benign")

Counts = defaultdict[str, Counter[str]]


def count_scan(folder: Path, counts: Counts) -> None:
    """Count verdicts by source and kind of the domains that were asked for."""
    with (folder / "labels.csv").open(encoding="ascii") as stream:
        truth = {row["domain"]: row for row in csv.DictReader(stream)}
    options = ScanOptions(routes=(folder / "asn.csv",), list_all=True)
    for source in SCANNED:
        result = scan([str(folder / source)], options, None)
        for verdict in result.verdicts:
            row = truth.get(verdict.domain)
            kind = row["kind"] if row and row["label"] == "fastflux" else "innocent"
            counts[source][f"{kind} {verdict.verdict}"] += 1


def count_trace(folder: Path, seconds: float, counts: Counts) -> None:
    """Count which of those who stand behind agents were accused, and who else was."""
    with (folder / "motherships.csv").open(encoding="ascii") as stream:
        behind = {row["address"]: (row["network"], row["role"]) for row in csv.DictReader(stream)}
    with (folder / "agents.csv").open(encoding="ascii") as stream:
        agents = list(csv.DictReader(stream))
    honeypot = next(row["address"] for row in agents if row["vantage"] == "honeypot")
    networks = {row["address"]: row["network"] for row in agents}
    routes = (folder / "asn.csv",)
    by_scan = scan([str(folder / EDGE)], ScanOptions(routes=routes), None)
    named = {agent.address for network in by_scan.networks for agent in network.agents}
    asked: list[tuple[str, float, str, set[str]]] = [
        *((source, 1.0, ITSELF, {honeypot}) for source in HONEYPOT),
        *((EDGE, part, NOBODY, set()) for part in PARTS),
        (EDGE, 1.0, BY_SCAN, named),
        *((source, 1.0, NOBODY, set()) for source in EDGE_LOGS),
    ]
    for source, part, who, told in asked:
        paths = [str(folder / name) for name in source.split()]
        flows = _flows(paths[0])
        ends_us = flows["first_at"].cast(pa.int64())[0].as_py() + int(part * seconds * 1e6)
        before = pc.less(flows["first_at"].cast(pa.int64()), ends_us)
        relayed = count_relayed(flows.filter(before), networks, behind)
        asks = TraceOptions(agents=frozenset(told), routes=routes, until_us=ends_us)
        found = trace(paths, asks).hosts
        _count_hosts(found, relayed, behind, counts[f"{source} | {part * seconds:g} | {who}"])
    flows = _flows(str(folder / EDGE))
    theirs = pa.array([*networks, *behind])
    of_theirs = (pc.is_in(flows[end], value_set=theirs) for end in ("client", "server"))
    rest = flows.filter(pc.invert(pc.or_(*of_theirs)))
    # Who announces whom is not told here: that explains less.
    innocents = judge(look(number_flows(rest), told=frozenset()), {})
    _count_hosts(innocents, Counter(), behind, counts[f"{EDGE} | {seconds:g} | {WITHOUT}"])


def _flows(source: str) -> pa.Table:
    return bring_together(list(read_flows([source], FlowOptions())), Drops()).sort_by("first_at")


def count_relayed(
    flows: pa.Table, networks: Mapping[str, str], behind: Mapping[str, tuple[str, str]]
) -> Counter[str]:
    """Count requests to agents, by the mothership to which a flow went within two seconds."""
    onward: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    at_us = flows["first_at"].cast(pa.int64()).to_pylist()
    last_us = pc.coalesce(flows["last_at"], flows["first_at"]).cast(pa.int64()).to_pylist()
    names = ("client", "server", "server_port", "sent_bytes", "received_bytes")
    rows = list(zip(at_us, last_us, *(flows[name].to_pylist() for name in names), strict=True))
    for at, _, client, server, *_ in rows:
        if client in networks and behind.get(server) == (networks[client], "mothership"):
            onward[client].append((at, server))
    relayed: Counter[str] = Counter()
    for at, last, _, server, port, sent, received in rows:
        if port in {80, 443} and sent and received:
            ends = min(last, at + 2_000_000)
            went = next((to for begin, to in onward[server] if at <= begin <= ends), None)
            relayed.update([went] if went else [])
    return relayed


def _count_hosts(
    hosts: Sequence[TracedHost],
    relayed: Counter[str],
    behind: Mapping[str, tuple[str, str]],
    row: Counter[str],
) -> None:
    accused: defaultdict[str, set[str]] = defaultdict(set)
    for host in hosts:
        if host.verdict == "accused":
            accused[host.address].add(host.role)
    for address, roles in accused.items():
        truth = behind.get(address, ("", "nobody"))[1]
        is_right = (truth == "controller") == (roles == {"controller"})
        row[truth if truth == "nobody" or is_right else "another role"] += 1
    for address in {host.address for host in hosts if host.verdict == "suspected"}:
        is_behind = behind.get(address, ("", ""))[1] == "mothership"
        row["suspected" if is_behind else "suspected others"] += address not in accused
    enough = {address for address, count in relayed.items() if count >= ENOUGH}
    order = list(dict.fromkeys(host.address for host in hosts if host.verdict != "innocent"))
    motherships = {address for address, (_, role) in behind.items() if role == "mothership"}
    is_first = bool(order) and order[0] in motherships
    row["runs"] += 1
    row["first"] += is_first
    row["enough"] += bool(enough)
    row["enough, first"] += bool(enough) and is_first
    row["enough, accused"] += bool(enough & accused.keys())
    row["owed"] += len(enough)
    # Behind nobody but those who stand behind agents.
    ahead = [address for address in order if address not in behind]
    until = order.index(ahead[0]) if ahead else len(order)
    row["owed, ahead"] += len(enough & set(order[:until]))


def run(
    seed: int, agents: int, seconds: float, kept: Path | None, only: str | None
) -> tuple[Counts, Counts]:
    """Raise a testbed, capture it, and count verdicts and traces."""
    scanned: Counts = defaultdict(Counter)
    traced: Counts = defaultdict(Counter)
    with tempfile.TemporaryDirectory() as passing:
        folder = (kept or Path(passing)) / str(seed)
        if not folder.exists():
            take_capture(Options(seed=seed, agents=agents), seconds, folder)
        if only != "trace":
            count_scan(folder, scanned)
        if only != "scan":
            count_trace(folder, seconds, traced)
    return scanned, traced


def take_capture(options: Options, seconds: float, folder: Path) -> None:
    """Raise a testbed, capture it into a folder that must not exist, and take it down."""
    with tempfile.TemporaryDirectory() as passing:
        state = State(Path(passing) / "state")
        raise_testbed(options, state)
        try:
            taken = capture(state, Path(passing) / "out", seconds)
        finally:
            take_down(state)
        for loss in (loss for one in taken.vantages for loss in one.losses()):
            print(f"{folder}: {loss}", file=sys.stderr)
        shutil.move(Path(passing) / "out", folder)


def compose_page(text: str, sections: Mapping[str, Iterable[str]]) -> str:
    """Return the page with these sections; what it says in others stays."""
    kept = dict(part.partition("\n")[::2] for part in text.split("\n## ")[1:])
    kept |= {title: "\n" + "\n".join(lines) for title, lines in sections.items()}
    parts = [f"## {title}\n{kept[title].rstrip()}\n" for title in sorted(kept)]
    return "\n".join((HEAD, *parts))


def _span(seeds: Sequence[int]) -> str:
    if list(seeds) == list(range(seeds[0], seeds[-1] + 1)):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


def _says_which(options: argparse.Namespace) -> str:
    return (
        f"Seeds {_span(options.seeds)}: {options.agents} places for agents in each "
        f"of the two large operations, {options.seconds:g} s each."
    )


def compose_scan(options: argparse.Namespace, scanned: Counts) -> Iterable[str]:
    """Yield the lines on verdicts from DNS."""
    yield _says_which(options)
    yield (
        "Domains that were asked for: fast-flux / undecided / benign. `stretched.csv` is the "
        "capture in the time of the small internet."
    )
    yield ""
    yield "| source | " + " | ".join((*KINDS, "innocent")) + " |"
    yield "|---" * (len(KINDS) + 2) + "|"
    for source in SCANNED:
        cells = [
            " / ".join(str(scanned[source][f"{kind} {verdict}"]) for verdict in VERDICTS)
            for kind in (*KINDS, "innocent")
        ]
        yield f"| `{source}` | " + " | ".join(cells) + " |"


def compose_trace(options: argparse.Namespace, traced: Counts) -> Iterable[str]:
    """Yield the lines on who stands behind agents."""
    yield _says_which(options)
    yield (
        "Captures are traced from their beginning for so many seconds. *Enough*: runs in which at "
        "least ten requests to agents of one network went on to its mothership, as far as the "
        "capture shows; *first* and *accused*: those of them where a mothership stands before all "
        "others, and where one with ten requests is accused. *Ahead*: of all motherships with ten "
        "requests, those that stand before everybody who is not behind agents. The rest are "
        "addresses over all runs: those that were accused, and of those that were only suspected, "
        "motherships and all others, controllers among these."
    )
    yield ""
    yield (
        "| source | seconds | known agents | runs | enough | first | accused | ahead | motherships "
        "| controllers | taken for another role | nobody behind agents | suspected motherships "
        "| suspected others |"
    )
    yield "|---" * 14 + "|"
    for row, told in traced.items():
        source, seconds_traced, who = row.split(" | ")
        cells = (
            f"`{source.replace(' ', '` `')}`", seconds_traced, who, told["runs"], told["enough"],
            told["enough, first"], told["enough, accused"],
            f"{told['owed, ahead']} of {told['owed']}",
            *(told[n] for n in ("mothership", "controller", "another role", "nobody")),
            told["suspected"], told["suspected others"],
        )  # fmt: skip
        yield "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Run all seeds and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15])
    parser.add_argument("--agents", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--at-once", type=int, default=1, help="testbeds that stand side by side")
    parser.add_argument(
        "--captures", type=Path, help="keep captures here by their seeds; those kept are not redone"
    )
    parser.add_argument(
        "--only", choices=("scan", "trace"), help="leave the other section as it is"
    )
    parser.add_argument("--note", help="of the section on traces, which is one of its own then")
    parser.add_argument("--out", type=Path, default=Path("docs/testbed.md"))
    options = parser.parse_args()
    scanned: Counts = defaultdict(Counter)
    traced: Counts = defaultdict(Counter)
    kept = options.captures
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(options.at_once) as pool:
        every = (
            [of] * len(options.seeds)
            for of in (options.agents, options.seconds, kept, options.only)
        )
        for found in pool.map(run, options.seeds, *every):
            for sums, counts in zip((scanned, traced), found, strict=True):
                for source, counted in counts.items():
                    sums[source] += counted
            print({source: dict(told) for source, told in traced.items()}, file=sys.stderr)
    sections = {}
    if options.only != "trace":
        sections["Scan"] = compose_scan(options, scanned)
    if options.only != "scan":
        title = f"Trace, {options.note}" if options.note else "Trace"
        sections[title] = compose_trace(options, traced)
    text = options.out.read_text(encoding="utf-8") if options.out.exists() else ""
    options.out.write_text(compose_page(text, sections), encoding="utf-8")


if __name__ == "__main__":
    main()
