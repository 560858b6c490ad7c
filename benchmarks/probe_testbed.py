"""Probe a testbed from a namespace of its own: who is taken for what, and what arrives at whom.

    PYTHONPATH=src .venv/bin/python benchmarks/probe_testbed.py [--seeds N...] [--agents N]

Needs what ``unflux lab up`` needs, and tcpdump. Each operation's name is probed at its agents and
at innocents as if planted, each innocent site's own name at its own servers. Captures at the border
of the prober and in every namespace are counted against ledger, budget and scope.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unflux.lab.testbed.blueprint import Blueprint
from unflux.lab.testbed.clearing import take_down
from unflux.lab.testbed.namespaces import namespace_name
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.raising import raise_testbed
from unflux.lab.testbed.state import State
from unflux.lab.testbed.web_servers import TALKERS
from unflux.lab.testbed.wiring import ROUTER_OF, UPLINK

PROBER: Final = "192.0.2.253"
ROUTER: Final = "192.0.2.252"
LEFT_OUT: Final = 0.25
"""Of the suspects: those outside the scope."""
SMALL_BUDGET: Final = 40
CASES_OF_A_KIND: Final = 2
FIRST: Final = ("nice", "-n", "-15")
"""Delays are what is looked at: the testbed's own processes must not cause them."""
OUTCOMES: Final = ("agent", "server", "cache", "undecided", "silent")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run of ``unflux probe``: a name, and what each suspect is."""

    name: str
    kinds: dict[str, str]


@dataclass(kw_only=True)
class Traffic:
    """What was sent, by ledgers and by captures."""

    written: int = 0
    left: int = 0
    arrived: int = 0
    """Fewer than left: long lines lose datagrams, as those of homes do."""
    over_ledger: int = 0
    """Addresses at which more arrived than is written."""
    over_budget: int = 0
    """Runs of which more arrived than the scope granted."""
    beyond_scope: int = 0
    """Packets of any kind to an address outside the scope."""


def draw_cases(blueprint: Blueprint, elapsed_s: float, chance: random.Random) -> Iterator[Case]:
    """Yield what is probed."""
    sites = [
        site for site in blueprint.sites
        if site.addresses and site.qnames and site.kind not in TALKERS
    ]  # fmt: skip
    innocents = {}
    for site in sites:
        kind = site.kind if site.backend is None else "cache" if site.is_cached else "proxied"
        innocents |= dict.fromkeys(site.addresses, kind)
    innocents |= dict.fromkeys((blueprint.names.root, *blueprint.names.hosters), "name server")
    ends_s = elapsed_s + 240
    for operation in blueprint.operations:
        online = [
            agent.address for agent in operation.agents
            if any(start <= elapsed_s and ends_s < end for start, end in agent.online_s)
        ]  # fmt: skip
        planted = chance.sample(sorted(innocents), 12)
        yield Case(
            name=operation.domains[0],
            kinds={address: f"planted {innocents[address]}" for address in planted}
            | dict.fromkeys(online, f"{operation.title} agent"),
        )
    seen: Counter[str] = Counter()
    for site in sites:
        kind = innocents[site.addresses[0]]
        seen[kind] += 1
        if seen[kind] <= CASES_OF_A_KIND:
            kinds = {address: innocents[address] for address in site.addresses}
            yield Case(name=site.qnames[0], kinds=kinds)


@contextmanager
def prober(testbed: str) -> Iterator[str]:
    """Have a namespace of the prober's own at the core; it goes when the testbed does."""
    core, own = namespace_name(testbed, "core"), f"{namespace_name(testbed, 'core')[:-4]}prober"
    for command in (
        f"netns add {own}",
        f"-n {core} link add prober type veth peer name {UPLINK} netns {own}",
        f"-n {core} addr add {ROUTER}/31 dev prober",
        f"-n {core} link set dev prober up",
        f"-n {own} link set lo up",
        f"-n {own} addr add {PROBER}/31 dev {UPLINK}",
        f"-n {own} link set dev {UPLINK} up",
        f"-n {own} route add default via {ROUTER}",
    ):
        subprocess.run(["ip", *command.split()], check=True)
    # Checksums as on a wire: a tun device passes on what it is given.
    for namespace, device in ((core, "prober"), (own, UPLINK)):
        subprocess.run(
            ["ip", "netns", "exec", namespace, "ethtool", "-K", device, "tx", "off", "tso", "off",
             "gso", "off", "gro", "off"], check=True, capture_output=True,
        )  # fmt: skip
    yield own


@contextmanager
def overheard(namespaces: dict[str, str], folder: Path) -> Iterator[dict[str, Path]]:
    """Capture what the prober sends on one device of each namespace."""
    paths = {namespace: folder / f"{namespace}.pcap" for namespace in namespaces}
    taps = []
    for namespace, device in namespaces.items():
        tap = subprocess.Popen(
            ["ip", "netns", "exec", namespace, "tcpdump", "-i", device, "-n",
             "--immediate-mode", "-U", "-w",
             paths[namespace], f"ip src host {PROBER}"], stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert tap.stderr is not None
        assert "listening" in tap.stderr.readline()
        taps.append(tap)
    try:
        yield paths
    finally:
        time.sleep(0.5)  # the kernel hands packets over a little later
        for tap in taps:
            tap.send_signal(signal.SIGINT)
            tap.communicate(timeout=30)


def read_goals(path: Path, *, requests_only: bool) -> Counter[str]:
    """Count packets by goal; of requests the first packet: repeated SYNs are one request."""
    told = " and (udp or tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn)" if requests_only else ""
    lines = subprocess.run(
        ["tcpdump", "-n", "-t", "-r", path, f"ip src host {PROBER}{told}"],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    ways = [line.split(": ")[0].removeprefix("IP ").split(" > ") for line in lines if " > " in line]
    if requests_only:
        # From one port to another: one connection, or one datagram.
        ways = [list(way) for way in dict.fromkeys(map(tuple, ways))]
    return Counter(".".join(goal.split(".")[:4]) for _, goal in ways)


def run_case(
    case: Case, testbed: str, own: str, folder: Path, chance: random.Random, budget: int,
    traffic: Traffic,
) -> Counter[tuple[str, str]]:  # fmt: skip
    """Probe, and check what passed the border and arrived."""
    suspects = sorted(case.kinds)
    beyond = set(chance.sample(suspects, int(len(suspects) * LEFT_OUT)))
    within = [address for address in suspects if address not in beyond]
    scope, ledger = folder / "scope.toml", folder / "ledger.jsonl"
    scope.write_text(
        'allowed_by = "a measurement"\ncontact = "abuse@isp.example"\n'
        f"until = 2099-01-01T00:00:00Z\nrate_per_s = 100\ntotal = {budget}\n"
        f'prefixes = {json.dumps(within)}\nnames = ["{case.name}"]\n'
    )
    scope.chmod(0o600)
    core = namespace_name(testbed, "core")
    ends = {namespace_name(testbed, segment): UPLINK for segment in ROUTER_OF}
    with overheard({core: "prober"} | ends, folder) as heard:
        done = subprocess.run(
            [*FIRST, "ip", "netns", "exec", own, sys.executable, "-P", "-m", "unflux", "probe",
             *suspects, "--name", case.name, "--scope", scope, "--ledger", ledger, "--send",
             "--format", "json"],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    if done.returncode and "requests of the scope are spent" not in done.stderr:
        raise SystemExit(done.stderr)
    written = Counter(json.loads(line)["address"] for line in ledger.read_text().splitlines())
    arrived: Counter[str] = Counter()
    for namespace in ends:
        if namespace != namespace_name(testbed, "isp"):  # what passes it is for those below
            arrived += read_goals(heard[namespace], requests_only=True)
    border = read_goals(heard[core], requests_only=False)
    traffic.written += written.total()
    traffic.left += read_goals(heard[core], requests_only=True).total()
    traffic.arrived += arrived.total()
    traffic.over_ledger += sum(arrived[address] > written[address] for address in arrived)
    traffic.over_budget += arrived.total() > budget
    traffic.beyond_scope += sum(n for address, n in border.items() if address not in within)
    outcomes: Counter[tuple[str, str]] = Counter()
    for line in done.stdout.splitlines():
        result = json.loads(line)
        kind = case.kinds[result["address"]]
        outcomes[kind, result["outcome"]] += 1
        if (result["outcome"] == "agent") != kind.endswith("agent"):
            pieces = {piece["name"]: piece["llr"] for piece in result["evidence"]}
            print(f"{kind} {result['outcome']} {pieces}", file=sys.stderr, flush=True)
    ledger.unlink()
    return outcomes


def run(seed: int, agents: int, traffic: Traffic) -> Counter[tuple[str, str]]:
    """Raise a testbed, probe all there is, and once with a small budget."""
    outcomes: Counter[tuple[str, str]] = Counter()
    options = Options(seed=seed, agents=agents, compress=1, minutes=60)
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as kept:
        state = State(Path(kept) / "state")
        record = raise_testbed(options, state)
        try:
            with prober(record.testbed) as own:
                elapsed_s = time.time() - record.started_at_s
                cases = list(draw_cases(draw_blueprint(options), elapsed_s, chance))
                for case in cases:
                    outcomes += run_case(
                        case, record.testbed, own, Path(kept), chance, 5000, traffic
                    )
                run_case(cases[0], record.testbed, own, Path(kept), chance, SMALL_BUDGET, traffic)
        finally:
            take_down(state)
    return outcomes


def draw_page(outcomes: Counter[tuple[str, str]], traffic: Traffic, seeds: list[int]) -> str:
    """Draw the table."""
    lines = [f"| kind | {' | '.join(OUTCOMES)} |", "|---|" + "---:|" * len(OUTCOMES)]
    for kind in sorted({kind for kind, _ in outcomes}):
        lines.append(f"| {kind} | {' | '.join(str(outcomes[kind, o]) for o in OUTCOMES)} |")
    agents = {o: sum(n for (k, r), n in outcomes.items() if r == o and k.endswith("agent"))
              for o in OUTCOMES}  # fmt: skip
    others = {o: sum(n for (k, r), n in outcomes.items() if r == o and not k.endswith("agent"))
              for o in OUTCOMES}  # fmt: skip
    for title, told in (("all agents", agents), ("all innocents", others)):
        lines.append(f"| {title} | {' | '.join(str(told[o]) for o in OUTCOMES)} |")
    lines += ["", f"Seeds {', '.join(map(str, seeds))}. {traffic}"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure all seeds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[801])
    parser.add_argument("--agents", type=int, default=24)
    options = parser.parse_args()
    outcomes: Counter[tuple[str, str]] = Counter()
    traffic = Traffic()
    for seed in options.seeds:
        outcomes += run(seed, options.agents, traffic)
        print(seed, traffic, file=sys.stderr, flush=True)
    print(draw_page(outcomes, traffic, options.seeds))


if __name__ == "__main__":
    main()
