"""Profiles of what queries were answered, told alike of real and of generated records."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from unflux.lab.adversary.generation import Generated
from unflux.model.names import normalise_name, registrable_domain

Row = tuple[str, str, str, str, str, str]
"""Time, query, type, data, TTL, section."""

MEASURES: Final = {
    "lookups": "responses with addresses",
    "span h": "hours from first to last",
    "per answer": "addresses in an answer, mean",
    "addresses": "distinct in all answers",
    "/16": "distinct /16 (IPv6: /32) of these",
    "ASNs": "distinct origins of these",
    "/16 per address": "how scattered they are",
    "address/lookup": "addresses by look-ups: growth",
    "late newcomers": "share of addresses first seen in the later half of the look-ups",
    "turnover": "share of answers that hold nothing of the one before (of the same query's domain)",
    "TTL max": "largest TTL, s",
    "TTL min": "smallest TTL, s",
    "ns addresses": "addresses of name servers told along with answers",
}


@dataclass(slots=True)
class Seen:
    """What was seen of one domain in one window of time."""

    answers: dict[tuple[float, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    ttls_s: list[int] = field(default_factory=list)
    servers: set[str] = field(default_factory=set)
    has_servers: bool = False


def read_rows(path: Path) -> Iterator[tuple[Row, str]]:
    """Yield the rows of a file of labelled records, each with the label of its query."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield (
                (row["ts"], row["query"], row["rrtype"], row["rdata"], row["ttl"], row["section"]),
                row["label"],
            )


def generated_rows(generated: Generated) -> Iterator[Row]:
    """Yield the rows of a generated internet."""
    names = ("ts", "query", "rrtype", "rdata", "ttl", "section")
    columns = [generated.records.column(name).to_pylist() for name in names]
    for row in zip(*columns, strict=True):
        yield tuple("" if value is None else str(value) for value in row)  # type: ignore[misc]


def collect(
    rows: Iterable[Row], wanted: Callable[[str], bool], window_s: float | None
) -> dict[tuple[str, int], Seen]:
    """Collect what was seen of each wanted domain, window by window."""
    seen: dict[tuple[str, int], Seen] = defaultdict(Seen)
    domain_of: dict[str, str] = {}
    for ts, query, rrtype, rdata, ttl, section in rows:
        domain = domain_of.get(query)
        if domain is None:
            domain = domain_of[query] = registrable_domain(normalise_name(query) or query)
        if not wanted(domain) or rrtype not in {"A", "AAAA"} or not rdata:
            continue
        moment = float(ts) if ts else 0.0
        window = int(moment // window_s) if window_s else 0
        one = seen[domain, window]
        if section == "ans":
            one.answers[moment, query].add(rdata)
            if ttl:
                one.ttls_s.append(int(float(ttl)))
        elif section == "add":
            one.servers.add(rdata)
            one.has_servers = True
    return seen


def profile(seen: Seen, asn_of: Mapping[str, int | str]) -> dict[str, float | None]:
    """Return the measures of one domain; null where the records do not tell."""
    answers = [held for _, held in sorted(seen.answers.items())]
    moments = sorted(moment for moment, _ in seen.answers)
    first: dict[str, int] = {}
    for number, held in enumerate(answers):
        for address in held:
            first.setdefault(address, number)
    asns = {asn_of[address] for address in first if address in asn_of}
    prefixes = {_prefix(address) for address in first}
    pairs = list(pairwise(answers))
    count = len(answers)
    return {
        "lookups": count,
        "span h": (moments[-1] - moments[0]) / 3600 if moments[0] else None,
        "per answer": sum(map(len, answers)) / count,
        "addresses": len(first),
        "/16": len(prefixes),
        "ASNs": len(asns) or None,
        "/16 per address": len(prefixes) / len(first),
        "address/lookup": len(first) / count,
        "late newcomers": (
            sum(number >= count / 2 for number in first.values()) / len(first)
            if count >= 4
            else None
        ),
        "turnover": sum(not (a & b) for a, b in pairs) / len(pairs) if count >= 4 else None,
        "TTL max": max(seen.ttls_s, default=None),
        "TTL min": min(seen.ttls_s, default=None),
        "ns addresses": len(seen.servers) if seen.has_servers else None,
    }


def _prefix(address: str) -> str:
    separator = ":" if ":" in address else "."
    return separator.join(address.split(separator)[:2])
