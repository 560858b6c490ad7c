"""Put generated classes beside real records of the same class, and write ``docs/realism.md``.

    PYTHONPATH=src .venv/bin/python benchmarks/compare_generated.py RECORDS_FOLDER [--out FILE]

``RECORDS_FOLDER`` holds labelled records that are not part of the project.
"""

import argparse
import csv
import gzip
from bisect import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import numpy as np
from scipy.stats import ks_2samp

from answer_profiles import MEASURES, Seen, collect, generated_rows, profile, read_rows
from unflux.lab.adversary.generation import Generated, generate
from unflux.lab.adversary.scenarios import SCENARIOS

QUANTILES: Final = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
FOUR_WEEKS_S: Final = 28 * 86_400.0
WIDE: Final = 100
"""Addresses in all years from which a name of the long history counts as front ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A class of real records and the scenarios that are meant to be like it."""

    title: str
    file: str
    label: str
    kinds: tuple[str, ...]
    asns: str
    """Column of the address table that says who held an address then."""
    is_first_only: bool = False
    """Compare the first answer only, where the real records have one of each domain."""
    is_windowed: bool = False
    """Cut the real records into four weeks each, and keep the wide names."""
    note: str = ""
    """Why what differs does."""
    leaves_out: tuple[str, ...] = ()
    """Measures that the real records cannot tell."""


PAIRS: Final = (
    Pair(
        title="Double flux: dig records of March 2009",
        file="fluxor_2009.csv.gz",
        label="fastflux",
        kinds=("double-flux",),
        asns="asn_2013",
        note="The real ones are those of very few operators: some 100 agents a day, eight in an "
        "answer, TTL 180. The generated operators have 40 to 1,500 agents, as other networks had, "
        "five to ten in an answer and TTLs from 60 to 600, and so their domains show more.",
    ),
    Pair(
        title="Bad names that do not flux: dig records of March 2009",
        file="fluxor_2009.csv.gz",
        label="malicious",
        kinds=("bulletproof", "snowshoe"),
        asns="asn_2013",
        note="The real ones were dug once or a few times within seconds; the generated ones are "
        "visited over minutes or hours.",
    ),
    Pair(
        title="Blogs and small sites: dig records of May 2009, one answer each",
        file="benign_blogs_2009.csv.gz",
        label="benign",
        kinds=("blog-platform", "shared-hosting", "static", "single-lookup"),
        asns="asn_2013",
        is_first_only=True,
    ),
    Pair(
        title="CDN: a day of an office, 2009",
        file="m57_2009.csv.gz",
        label="cdn",
        kinds=("cdn-cname", "cdn-no-cname", "cdn-anycast"),
        asns="asn_2013",
        leaves_out=("ns addresses",),
    ),
    Pair(
        title="Innocent sites: a day of an office, 2009",
        file="m57_2009.csv.gz",
        label="benign",
        kinds=("static", "round-robin", "shared-hosting", "portal", "large-portal"),
        asns="asn_2013",
        leaves_out=("ns addresses",),
    ),
    Pair(
        title="Front ends of a cloud: four weeks each of 2021 to 2026, one address a look-up",
        file="cdn_history_2021_2026.csv.gz",
        label="cdn",
        kinds=("front-ends",),
        asns="as_name_now",
        note="Real are windows of the same few names, asked every two hours; some are of years in "
        "which a name was narrow. Generated are eight names, asked somewhat more often.",
        is_windowed=True,
        leaves_out=("ns addresses", "TTL max", "TTL min", "per answer"),
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="labelled records")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    internets = [generate(seed, options.scale) for seed in options.seeds]
    page = "".join(compose_page(options.folder, internets, options.seeds))
    if options.out:
        options.out.write_text(page, encoding="utf-8")
    else:
        print(page)


def compose_page(folder: Path, internets: Sequence[Generated], seeds: Sequence[int]) -> list[str]:
    """Return the page, part by part."""
    numbers = " and ".join(map(str, seeds))
    compared = {kind for pair in PAIRS for kind in pair.kinds}
    others = [scenario.kind for scenario in SCENARIOS if scenario.kind not in compared]
    parts = [
        "# Realism of the generated records\n\n"
        "Made by `python benchmarks/compare_generated.py`. Do not edit by hand.\n\n"
        "`unflux lab generate` makes records of flux that tries to escape and of innocents that "
        "look like it. Here the classes of which there are real records stand beside them: "
        "profiles of registrable domains of queries, each with every address its answers held. "
        f"Generated are seeds {numbers} at the default scale. The real records were looked at "
        "while the generator's ranges were chosen; they are not part of this project.\n\n"
        "**KS** is the distance of Kolmogorov and Smirnov, the largest difference between the two "
        "distributions: 0 alike, 1 apart. A generated class is meant to be wider than the few "
        "operators and the one office of the real one, so a distance of 0 is not the aim; a "
        "median outside the other's tenth to ninetieth percentile is marked with **!**, and what "
        "is known of the reason is said.\n\n"
        f"No real records with time and TTL are at hand for the others: {', '.join(others)}. "
        "Their parameters come from the literature named in the code, and nothing here says "
        "that they are right.\n\n"
        "| measure | meaning |\n| --- | --- |\n",
        *(f"| {name} | {meaning} |\n" for name, meaning in MEASURES.items()),
    ]
    for pair in PAIRS:
        parts += compare(pair, folder, internets)
    return parts


def compare(pair: Pair, folder: Path, internets: Sequence[Generated]) -> list[str]:
    """Return the section of one pair."""
    known = read_asns(folder, pair.asns)
    real = [profile(seen, known) for seen in real_domains(pair, folder)]
    made = [
        profile(seen, asns)
        for generated in internets
        for seen, asns in generated_domains(pair, generated)
    ]
    windows = " in windows of four weeks" if pair.is_windowed else ""
    lines = [
        f"\n## {pair.title}\n\n"
        f"Real: {len(real)} domains{windows} of `{pair.file}` labelled {pair.label}. "
        f"Generated: {len(made)} of {', '.join(pair.kinds)}. {pair.note}".rstrip()
        + "\n\n"
        "| measure | | " + " | ".join(f"{q:.0%}" for q in QUANTILES) + " | KS |\n"
        "| --- | --- | " + "---: | " * len(QUANTILES) + "---: |\n"
    ]
    for name in MEASURES:
        ours = [one[name] for one in made if one[name] is not None]
        theirs = [one[name] for one in real if one[name] is not None]
        if name in pair.leaves_out or not ours or not theirs:
            continue
        distance = f"{ks_2samp(theirs, ours).statistic:.2f}"
        mark = " **!**" if is_apart(theirs, ours) else ""
        lines.append(f"| {name} | real | {quantiles(theirs)} | |\n")
        lines.append(f"| | generated | {quantiles(ours)} | {distance}{mark} |\n")
    return lines


def is_apart(theirs: Sequence[float], ours: Sequence[float]) -> bool:
    """Tell whether either median lies outside the middle eight tenths of the other."""
    for one, other in ((theirs, ours), (ours, theirs)):
        low, high = np.quantile(other, (0.1, 0.9))
        if not low <= np.median(one) <= high:
            return True
    return False


def quantiles(values: Sequence[float]) -> str:
    return " | ".join(f"{value:.3g}" if value < 100 else f"{value:.0f}"
                      for value in np.quantile(values, QUANTILES))  # fmt: skip


def real_domains(pair: Pair, folder: Path) -> list[Seen]:
    rows, labels = [], dict[str, str]()
    for row, label in read_rows(folder / pair.file):
        rows.append(row)
        if labels.get(row[1]) != "fastflux":
            labels[row[1]] = label
    mine = [row for row in rows if labels[row[1]] == pair.label]
    window_s = FOUR_WEEKS_S if pair.is_windowed else None
    found = collect(mine, lambda domain: True, window_s)
    if pair.is_windowed:
        held: dict[str, set[str]] = {}
        for (domain, _), seen in found.items():
            held.setdefault(domain, set()).update(*seen.answers.values())
        wide = {domain for domain, addresses in held.items() if len(addresses) >= WIDE}
        found = {key: seen for key, seen in found.items() if key[0] in wide}
    return [cut(pair, seen) for seen in found.values() if seen.answers]


def generated_domains(
    pair: Pair, generated: Generated
) -> list[tuple[Seen, Mapping[str, int | str]]]:
    wanted = {d for d, truth in generated.truth.items() if truth.kind in pair.kinds}
    found = collect(generated_rows(generated), wanted.__contains__, None)
    seen = [cut(pair, one) for one in found.values() if one.answers]
    if pair.is_windowed:
        for one in seen:  # the history holds one chosen address for each look-up
            one.answers = {key: set(list(held)[:1]) for key, held in one.answers.items()}
    addresses = {a for one in seen for held in one.answers.values() for a in held}
    asns = map_asns(generated, addresses)
    return [(one, asns) for one in seen]


def cut(pair: Pair, seen: Seen) -> Seen:
    if pair.is_first_only:
        first = min(seen.answers)
        return Seen(answers={first: seen.answers[first]}, ttls_s=seen.ttls_s[:1],
                    servers=seen.servers, has_servers=seen.has_servers)  # fmt: skip
    return seen


def map_asns(generated: Generated, addresses: set[str]) -> dict[str, int | str]:
    """Return the origin of each address by the generated table."""
    spans = []
    for prefix, asn, _, _ in generated.population.route_rows():
        network = ip_network(prefix)
        spans.append((network.version, int(network[0]), int(network[-1]), asn))
    spans.sort()
    asns: dict[str, int | str] = {}
    for address in addresses:
        network = ip_network(address)
        key = (network.version, int(network[0]))
        version, _, last, asn = spans[max(0, bisect(spans, (*key, 1 << 130, 0)) - 1)]
        if version == key[0] and key[1] <= last:
            asns[address] = asn
    return asns


def read_asns(folder: Path, column: str) -> dict[str, int | str]:
    with gzip.open(folder / "ip_asn.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        return {row["ip"]: row[column] for row in csv.DictReader(lines) if row[column]}


if __name__ == "__main__":
    main()
