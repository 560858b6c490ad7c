"""How often a probe is right: agents, web servers and caches of stock software, on lines of chance.

    python benchmarks/probe.py --seeds 101 110 --out docs/probe-figures.md

Needs root: every neighbourhood stands in network namespaces of its own (tests/probe).
"""

import argparse
import json
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.probe.neighbourhood import NAME, Host, neighbourhood  # noqa: E402

MOTHERSHIP = "10.250.0.1"
MAKER = "10.252.0.1"
GROUPS = {
    "agents": ("agent", "web-agent", "stream", "haproxy", "names-agent"),
    "agents before a maker": ("maker-agent",),
    "innocents": ("server", "dynamic", "planted", "cache", "mute-cache", "names"),
    "slow innocents": ("slow", "slow-all", "slow-bare", "slow-stamped", "slow-names"),
}
AGENTS = (*GROUPS["agents"], *GROUPS["agents before a maker"])
INNOCENTS = (*GROUPS["innocents"], *GROUPS["slow innocents"])
RIGHT = {kind: {"agent"} for kind in AGENTS} | {kind: {"server", "cache"} for kind in INNOCENTS}


def draw_hosts(seed: int) -> tuple[Host, ...]:
    """Draw a mothership, two agents of each kind on lines of homes, and two of each innocent."""
    chance = random.Random(seed)
    hosts = [Host(kind="mothership", address=MOTHERSHIP, delay_ms=chance.uniform(5, 60))]
    origin = Host(kind="mothership", address="10.251.0.1", delay_ms=chance.uniform(5, 60))
    hosts.append(origin)
    hosts.append(Host(kind="maker", address=MAKER, delay_ms=chance.uniform(5, 60)))
    for number, kind in enumerate((*AGENTS, *INNOCENTS) * 2):
        is_home = kind in AGENTS
        hosts.append(
            Host(
                kind=kind,
                address=f"10.{number + 1}.{chance.randrange(256)}.{chance.randrange(1, 255)}",
                delay_ms=chance.uniform(8, 60) if is_home else chance.uniform(1, 80),
                jitter_ms=chance.uniform(0.5, 8) if is_home else chance.choice([0.2, 0.5, 4]),
                behind=MAKER
                if kind == "maker-agent"
                else MOTHERSHIP
                if is_home
                else origin.address,
            )
        )
    return tuple(hosts)


def measure(seed: int, kept: Path | None) -> tuple[Counter[tuple[str, str]], list[int]]:
    """Probe one neighbourhood; return how often each kind had each outcome, and the requests."""
    hosts = draw_hosts(seed)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        scope = folder / "scope.toml"
        scope.write_text(
            'allowed_by = "a measurement"\ncontact = "abuse@isp.example"\n'
            "until = 2099-01-01T00:00:00Z\nrate_per_s = 100\ntotal = 5000\n"
            'prefixes = ["10.0.0.0/8"]\nnames = ["bad.example"]\n'
        )
        suspects = [host.address for host in hosts if host.kind not in {"mothership", "maker"}]
        with neighbourhood(folder, hosts) as stands:
            process = stands.run(
                sys.executable, "-m", "unflux", "probe", *suspects, "--name", NAME, "--scope",
                scope, "--ledger", folder / "ledger", "--send", "--format", "json",
            )  # fmt: skip
            out, said = process.communicate(timeout=300)
    if process.returncode:
        raise SystemExit(said)
    results = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    kinds = {host.address: host.kind for host in hosts}
    if kept is not None:
        lines = (json.dumps({"kind": kinds[result["address"]]} | result) for result in results)
        (kept / f"{seed}.jsonl").write_text("".join(f"{line}\n" for line in lines))
    for result in results:
        kind = kinds[result["address"]]
        if result["outcome"] not in RIGHT[kind]:
            pieces = {piece["name"]: piece["llr"] for piece in result["evidence"]}
            print(f"seed {seed}: {kind} {result['outcome']} {pieces}", file=sys.stderr, flush=True)
    outcomes = Counter((kinds[result["address"]], result["outcome"]) for result in results)
    return outcomes, [result["requests"] for result in results]


def draw_page(outcomes: Counter[tuple[str, str]], requests: list[int], seeds: range) -> str:
    """Draw the table."""
    shown = ("agent", "server", "cache", "undecided", "silent")
    lines = [f"| kind | {' | '.join(shown)} | right |", "|---|" + "---:|" * (len(shown) + 1)]
    for kind in (*AGENTS, *INNOCENTS):
        counts = [outcomes[kind, outcome] for outcome in shown]
        right = sum(outcomes[kind, outcome] for outcome in RIGHT[kind])
        lines.append(f"| {kind} | {' | '.join(map(str, counts))} | {right / sum(counts):.0%} |")
    for title, kinds in GROUPS.items():
        count = sum(n for (kind, _), n in outcomes.items() if kind in kinds)
        right = sum(n for (kind, o), n in outcomes.items() if kind in kinds and o in RIGHT[kind])
        accused = sum(outcomes[kind, "agent"] for kind in kinds)
        lines.append(
            f"| all {title} | {accused} | | | | | {right} of {count} = {right / count:.1%} |"
        )
    mean = sum(requests) / len(requests)
    lines += ["", f"Seeds {seeds[0]} to {seeds[-1]}; {mean:.1f} requests an address on average, "
              f"{max(requests)} at most."]  # fmt: skip
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs=2, type=int, default=(1, 3))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--kept", type=Path, metavar="FOLDER", help="where each result is kept")
    options = parser.parse_args()
    seeds = range(options.seeds[0], options.seeds[1] + 1)
    outcomes: Counter[tuple[str, str]] = Counter()
    requests: list[int] = []
    for seed in seeds:
        found, sent = measure(seed, options.kept)
        outcomes += found
        requests += sent
    page = draw_page(outcomes, requests, seeds)
    if options.out:
        options.out.write_text(page)
    else:
        print(page)


if __name__ == "__main__":
    main()
