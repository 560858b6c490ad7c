"""Labelled records as a detector may see them: without labels, and the labels beside them."""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from unflux.model.names import normalise_name, registrable_domain

COLUMNS: Final = ("ts", "qname", "rrtype", "rdata", "ttl", "query", "section")
"""What a detector may read: every column of the records but ``label``."""

CLASSES: Final = ("fastflux", "benign", "cdn", "malicious", "unknown")
WIDE: Final = 5
"""Addresses from which a fast-flux domain can be told by width at all."""

PRIVATE_ASN: Final = 4_200_000_000
"""First AS number for private use (RFC 6996): stands for holders whose number is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What is held to be true of a file's registrable domains."""

    label: dict[str, str]
    """One of ``CLASSES`` per domain that had an answer."""
    wide: frozenset[str]
    """Domains whose answers held ``WIDE`` addresses or more."""

    def members(self, label: str, *, is_wide: bool = False) -> list[str]:
        """Return the domains of a class."""
        return [
            domain
            for domain, held in self.label.items()
            if held == label and (not is_wide or domain in self.wide)
        ]


def strip_labels(records: Path, out: Path) -> Labels:
    """Write the records without their labels, and return the labels.

    A domain is fast flux where any of its queries is; otherwise the last label of its queries
    holds.
    """
    label: dict[str, str] = {}
    addresses: dict[str, set[str]] = defaultdict(set)
    with _open(records) as lines, out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in csv.DictReader(lines):
            writer.writerow([row[name] for name in COLUMNS])
            if row["section"] != "ans":
                continue
            domain = registrable_domain(normalise_name(row["query"]) or row["query"])
            if label.get(domain) != "fastflux":
                label[domain] = row["label"]
            if row["rrtype"] in {"A", "AAAA"}:
                addresses[domain].add(row["rdata"])
    wide = frozenset(domain for domain, held in addresses.items() if len(held) >= WIDE)
    return Labels(label=label, wide=wide)


def write_route_tables(addresses: Path, folder: Path) -> dict[str, Path]:
    """Write the address table of 2013, and that of today, as ``--asn`` takes them.

    Today's holders come without numbers: each gets one of the private ones.
    """
    tables = {"2013": folder / "routes_2013.csv", "now": folder / "routes_now.csv"}
    numbers: dict[str, int] = {}
    with (
        _open(addresses) as lines,
        tables["2013"].open("w", newline="", encoding="utf-8") as old,
        tables["now"].open("w", newline="", encoding="utf-8") as new,
    ):
        writers = csv.writer(old), csv.writer(new)
        for writer in writers:
            writer.writerow(["ip", "asn", "name", "country"])
        for row in csv.DictReader(lines):
            country = row["cc_now"] if row["cc_now"].isalpha() else ""
            if row["asn_2013"]:
                number = row["asn_2013"].removeprefix("AS")
                writers[0].writerow([row["ip"], number, row["as_org_2013"], country])
            if holder := row["as_name_now"]:
                private = PRIVATE_ASN + numbers.setdefault(holder, len(numbers))
                writers[1].writerow([row["ip"], private, holder, country])
    return tables


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield lines
