"""Labelled records as a detector may see them: without labels, and the labels beside them."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

COLUMNS: Final = ("ts", "qname", "rrtype", "rdata", "ttl", "query", "section")
"""What a detector may read: every column of the records but ``label``."""

PRIVATE_ASN: Final = 4_200_000_000
"""First AS number for private use (RFC 6996): stands for holders whose number is not known."""

ADDRESS_TABLE: Final = "ip_asn.csv.gz"
"""What a folder of real records has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet:
    """Records that are judged together: what is read, with which address table, and the labels."""

    name: str
    source: Path
    labels: Path
    routes: Path
    utc_offset_h: int = 0
    is_generated: bool = False
    is_counted: bool = True
    """Whether it counts in totals; its lookups may be another set's once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFile:
    """One file of real records; ``routes`` is the time of its address table."""

    name: str
    routes: str
    labels: str | None = None
    """Where its labels are; null: in the file itself."""
    utc_offset_h: int = 0
    is_counted: bool = True


FILES: Final = (
    RecordFile(name="fluxor_2009.csv.gz", routes="2013", labels="fluxor_2009.labels.csv"),
    RecordFile(
        name="fluxor_2009.dig.txt.gz", routes="2013", labels="fluxor_2009.labels.csv",
        utc_offset_h=8, is_counted=False,  # the same lookups once more, as text
    ),
    RecordFile(name="benign_blogs_2009.csv.gz", routes="2013"),
    RecordFile(name="m57_2009.csv.gz", routes="2013"),
    RecordFile(name="zeek_mixed.csv.gz", routes="now"),
    RecordFile(name="cdn_history_2021_2026.csv.gz", routes="now"),
)  # fmt: skip


def find_sets(folder: Path, scratch: Path) -> list[RecordSet]:
    """Return the record sets of a folder: of real records, or one that ``lab generate`` wrote.

    What has to be written first, without labels, goes into ``scratch``. Raises SystemExit where
    the folder is neither.
    """
    if (folder / ADDRESS_TABLE).is_file():
        routes = write_route_tables(folder / ADDRESS_TABLE, scratch)
        return [
            _real_set(folder, file, routes[file.routes], scratch)
            for file in FILES
            if (folder / file.name).is_file()
        ]
    generated = [folder / name for name in ("records.csv.gz", "labels.csv", "asn.csv")]
    if all(path.is_file() for path in generated):
        source, labels, table = generated
        return [
            RecordSet(
                name=folder.name, source=source, labels=labels, routes=table, is_generated=True
            )
        ]
    raise SystemExit(f"{folder}: no labelled records there")


def _real_set(folder: Path, file: RecordFile, routes: Path, scratch: Path) -> RecordSet:
    source = folder / file.name
    if file.name.endswith(".csv.gz"):
        source = scratch / file.name.removesuffix(".gz")
        strip_labels(folder / file.name, source)
    return RecordSet(
        name=file.name,
        source=source,
        labels=folder / (file.labels or file.name),
        routes=routes,
        utc_offset_h=file.utc_offset_h,
        is_counted=file.is_counted,
    )


def strip_labels(records: Path, out: Path) -> None:
    """Write the records without their labels."""
    with _open(records) as lines, out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows([row[name] for name in COLUMNS] for row in csv.DictReader(lines))


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
