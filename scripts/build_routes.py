"""Build the bundled tables of routes from unpacked files of the ip-location-db project.

    npm pack @ip-location-db/asn@2.3.2026061719 @ip-location-db/asn-country@2.3.2026061719
    (unpack each into a folder of its own)
    PYTHONPATH=src python scripts/build_routes.py \\
        --asn ASN/asn-ipv4.csv ASN/asn-ipv6.csv \\
        --country COUNTRY/asn-country-ipv4.csv COUNTRY/asn-country-ipv6.csv

Prints what it found wrong and what it did about it, and writes the same bytes for the same input
and the same pyarrow. Why these tables: docs/decisions/0005-bundled-asn-table.md.
"""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from itertools import pairwise
from pathlib import Path
from typing import Final, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from unflux.measure.ranges import NO_ROW, WIDTH_BYTES, AddressRanges, Range, build_ranges, flatten
from unflux.measure.routes import DATA
from unflux.model.addresses import GLOBAL_WITHIN, NOT_GLOBAL

RESERVED_ASNS: Final = (
    range(1),  # RFC 7607
    range(23456, 23457),  # AS_TRANS, RFC 6793
    range(64496, 131072),  # documentation, private, last, reserved: RFC 5398, 6996, 7300, IANA
    range(405_000, 1 << 32),  # above what IANA has given out, and RFC 6996 and 7300 again
)
"""AS numbers that name nobody.

The last bound is Chosen: 2026-11-22, on the tables of 2026-06-17: they rise without a gap of note
to 402640, then hold 17 stray numbers from 410637 on; a newer table needs a higher bound.
"""

NO_COUNTRY: Final = frozenset({"AP", "EU", "XX", "ZZ"})
"""Codes of the registries that are no country's (regional use, unknown)."""

MIN_COVERED_RATIO: Final = 0.85
"""Least share of the registered IPv4 space that must have an origin AS.

Chosen: 2026-11-22; the tables of 2026-06-17 cover 0.90. Those of April 2026 had lost whole blocks
(issue 61 of the ip-location-db project); a table cut short so must not be bundled unseen.
"""


@dataclass(slots=True)
class Ledger:
    """What was read, and what was wrong with it, for one kind of table."""

    title: str
    counts: Counter[str] = field(default_factory=Counter)

    def write(self, stream: TextIO) -> None:
        """Write the counts, one a line."""
        stream.write(f"{self.title}\n")
        for reason, count in sorted(self.counts.items()):
            stream.write(f"  {count:>9,}  {reason}\n")


def read_ranges(paths: Iterable[Path], ledger: Ledger) -> Iterator[tuple[int, int, int, list[str]]]:
    """Yield (family, first, last, rest of the row) of each sound row of headerless CSV files."""
    for path in paths:
        before = -1
        with path.open(encoding="utf-8", newline="") as stream:
            for start, end, *rest in csv.reader(stream):
                first, last = ip_address(start), ip_address(end)
                ledger.counts["rows read"] += 1
                if first.version != last.version or int(first) > int(last):
                    ledger.counts["start after end: rejected"] += 1
                    continue
                if int(first) < before:
                    ledger.counts["out of order: sorted"] += 1
                before = int(first)
                yield first.version, int(first), int(last), rest


def build_origins(paths: Iterable[Path], ledger: Ledger) -> tuple[AddressRanges, pa.Table]:
    """Return the ranges by origin AS, and the AS numbers and holders that their rows name."""
    names: dict[int, str] = {}
    origins: list[tuple[int, int, int, int]] = []
    for family, first, last, (number, name) in read_ranges(paths, ledger):
        asn = int(number)
        if any(asn in block for block in RESERVED_ASNS):
            ledger.counts["AS number not for public use: left unknown"] += 1
            continue
        origins.append((family, first, last, asn))
        names.setdefault(asn, name)
    asns = sorted({asn for *_, asn in origins})
    rows = {asn: row for row, asn in enumerate(asns)}
    table = build_table(((f, first, last, rows[asn]) for f, first, last, asn in origins), ledger)
    holders = [readable(names[asn], asn) for asn in asns]
    ledger.counts["holders"] = len(asns)
    ledger.counts["holders without a name"] = holders.count(None)
    return table, pa.table({"asn": pa.array(asns, pa.uint32()), "holder": pa.array(holders)})


def build_countries(paths: Iterable[Path], ledger: Ledger) -> tuple[AddressRanges, pa.Table]:
    """Return the ranges by country, and the codes that their rows name."""
    found: list[tuple[int, int, int, str]] = []
    for family, first, last, (code,) in read_ranges(paths, ledger):
        if code in NO_COUNTRY or len(code) != 2:
            ledger.counts["code of no country: left unknown"] += 1
            continue
        found.append((family, first, last, code))
    codes = sorted({code for *_, code in found})
    rows = {code: row for row, code in enumerate(codes)}
    table = build_table(((f, first, last, rows[code]) for f, first, last, code in found), ledger)
    ledger.counts["countries"] = len(codes)
    return table, pa.table({"country": codes})


def build_table(rows: Iterable[tuple[int, int, int, int]], ledger: Ledger) -> AddressRanges:
    """Cut special-use addresses out of the ranges, resolve overlaps, merge equal neighbours."""
    blocks = special_use()
    ranges: dict[int, list[Range]] = {family: [] for family in WIDTH_BYTES}
    for family, first, last, row in rows:
        pieces = list(cut(first, last, blocks[family]))
        if pieces != [(first, last)]:
            ledger.counts["in special-use space: cut out"] += 1
        ranges[family] += [(start, end, row) for start, end in pieces]
    for family, members in ranges.items():
        members.sort()
        reach = -1
        for first, last, _ in members:
            if first <= reach:
                ledger.counts["overlap: the more specific range holds"] += 1
            reach = max(reach, last)
        ledger.counts[f"IPv{family} ranges taken"] = len(members)
    table = build_ranges(ranges)
    for family, steps in table.steps.items():
        ledger.counts[f"IPv{family} ranges after merging"] = int((steps.rows != NO_ROW).sum())
    return table


def special_use() -> Mapping[int, list[tuple[int, int]]]:
    """Return the first and last address of each block that is not globally reachable."""
    ranges: dict[int, list[Range]] = {family: [] for family in WIDTH_BYTES}
    for row, blocks in ((0, NOT_GLOBAL), (1, GLOBAL_WITHIN)):
        for network in map(ip_network, blocks):
            bounds = int(network.network_address), int(network.broadcast_address)
            ranges[network.version].append((*bounds, row))
    return {
        family: [(first, last) for first, last, row in between_steps(family, members) if row == 0]
        for family, members in ranges.items()
    }


def between_steps(family: int, ranges: list[Range]) -> Iterator[Range]:
    """Yield the flattened ranges, holes included."""
    steps = [*flatten(ranges), (1 << 8 * WIDTH_BYTES[family], NO_ROW)]
    for (first, row), (after, _) in pairwise(steps):
        if first < after:
            yield first, after - 1, row


def cut(first: int, last: int, blocks: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield what is left of a range without the rising blocks."""
    for start, end in blocks:
        if end < first:
            continue
        if start > last:
            break
        if first < start:
            yield first, start - 1
        first = end + 1
    if first <= last:
        yield first, last


def readable(name: str, asn: int) -> str | None:
    """Return a holder's name as one printable line, or null where it only repeats the number."""
    line = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    return None if line in ("", f"AS{asn}") else line


def covered_ratio(origins: AddressRanges, countries: AddressRanges) -> float:
    """Return the share of the registered IPv4 addresses that have an origin AS."""
    totals: list[int] = []
    for table in (origins, countries):
        steps = table.steps[4]
        bounds = [*steps.bounds.tolist(), 1 << 32]
        sizes = [after - bound for bound, after in pairwise(bounds)]
        totals.append(
            sum(size for size, row in zip(sizes, steps.rows, strict=True) if row != NO_ROW)
        )
    with_origin, registered = totals
    return with_origin / registered


def write_table(path: Path, table: pa.Table, encodings: dict[str, str]) -> None:
    """Write a small Parquet file: one row group, one page a column, no statistics."""
    dictionaries = [name for name in table.column_names if name not in encodings]
    pq.write_table(
        table,
        path,
        compression="zstd",
        compression_level=19,
        use_dictionary=dictionaries,
        column_encoding=encodings,
        write_statistics=False,
        store_schema=False,
        row_group_size=1 << 22,
        max_rows_per_page=1 << 22,
        data_page_size=1 << 25,
    )


def main(arguments: list[str]) -> int:
    """Build the four files from the command line's CSV files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--asn", type=Path, nargs="+", required=True, metavar="CSV")
    parser.add_argument("--country", type=Path, nargs="+", required=True, metavar="CSV")
    parser.add_argument("--out", type=Path, default=DATA)
    options = parser.parse_args(arguments)

    asn_ledger, country_ledger = Ledger("origin AS"), Ledger("country")
    origins, holders = build_origins(options.asn, asn_ledger)
    country_ranges, countries = build_countries(options.country, country_ledger)
    asn_ledger.write(sys.stdout)
    country_ledger.write(sys.stdout)
    ratio = covered_ratio(origins, country_ranges)
    sys.stdout.write(f"registered IPv4 addresses with an origin AS: {ratio:.3f}\n")
    if ratio < MIN_COVERED_RATIO:
        sys.stderr.write(f"refused: fewer than {MIN_COVERED_RATIO}; is the source cut short?\n")
        return 1

    options.out.mkdir(parents=True, exist_ok=True)
    steps = {"gap": "BYTE_STREAM_SPLIT", "row": "PLAIN"}
    write_table(options.out / "origins.parquet", origins.to_table(), steps)
    names = {"asn": "DELTA_BINARY_PACKED", "holder": "DELTA_LENGTH_BYTE_ARRAY"}
    write_table(options.out / "holders.parquet", holders, names)
    write_table(options.out / "country_ranges.parquet", country_ranges.to_table(), steps)
    write_table(options.out / "countries.parquet", countries, {})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
