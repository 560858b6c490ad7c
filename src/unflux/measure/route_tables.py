"""Read the user's own tables of routes: MaxMind databases, CSV, TSV and Parquet, by content."""

import csv
import gzip
import io
import lzma
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar

import maxminddb
import pyarrow as pa
import pyarrow.parquet as pq
import zstandard

from unflux.measure.ranges import (
    BadRowError,
    Range,
    build_ranges,
    is_number,
    pack_address,
    parse_block,
    parse_span,
)
from unflux.measure.routes import (
    Addresses,
    Layer,
    RangeTable,
    RouteTable,
    address_texts,
    compose_routes,
)
from unflux.model.columns import COUNT, TEXT
from unflux.model.errors import RoutesError

MAX_TABLE_BYTES: Final = 1 << 30
"""Largest table after decompression. Chosen: 2026-11-22; the whole routed internet is 35 MB."""

MAX_HOLDER_LENGTH: Final = 200
"""Characters kept of a holder's name. Chosen: 2026-11-22; the longest bundled one has 167."""

SAMPLE_ROWS: Final = 1000
"""Rows looked at to tell what a table holds. Chosen: 2026-11-22."""

ROLES: Final = {
    "start": ("start", "start_ip", "ip_start", "range_start", "ip_range_start", "first"),
    "end": ("end", "end_ip", "ip_end", "range_end", "ip_range_end", "last"),
    "block": ("prefix", "network", "cidr", "subnet", "ip", "address", "ip_address"),
    "asn": ("asn", "as", "as_number", "origin", "origin_as", "autonomous_system_number"),
    "holder": (
        "name", "as_name", "holder", "org", "organization", "as_organization", "description",
        "as_description", "autonomous_system_organization",
    ),
    "country": ("country_code", "cc", "country"),
}  # fmt: skip
"""Header names by what the column says, the preferred one first."""

ACCEPTED: Final = (
    "accepted: a MaxMind database (.mmdb) with AS numbers or countries, or CSV, TSV or Parquet"
    " (also gz, zst, xz) with the columns start,end,asn or prefix,asn or ip,asn and optionally"
    " name and country"
)

MMDB_MARKER: Final = b"\xab\xcd\xefMaxMind.com"
"""Begins the metadata in the last 128 KiB of the file (MaxMind DB format 2.0)."""

_UNKNOWN: Final = frozenset({"", "-", "--", "none", "null", "nan", "n/a", "unknown"})
_ASN: Final = re.compile(r"(?:AS)?(\d{1,10})(?:\.0)?", re.ASCII | re.IGNORECASE)
_MAX_ASN: Final = (1 << 32) - 1
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
_NO_COUNTRY: Final = frozenset({"XX", "ZZ"})

Value = TypeVar("Value")

Facts = tuple[int | None, str | None, str | None]
"""(asn, holder, country)."""

_FACT_ROLES: Final = ("asn", "holder", "country")


def read_route_table(path: Path) -> tuple[RouteTable, dict[str, int]]:
    """Return a table the user named, and how many of its rows were dropped, by reason.

    Where ranges overlap, the most specific (of fewest addresses) holds; of equal ones the first.
    A row whose AS number is 0 or blank says that it is unknown: it cuts a hole into wider rows.
    Raises RoutesError where the file cannot be read or nothing in it is usable.
    """
    try:
        with path.open("rb") as stream:
            if _is_mmdb(stream):
                return _open_mmdb(path), {}
            stream.seek(0)
            content = _decompress(stream)
    except (OSError, EOFError, lzma.LZMAError, zlib.error, zstandard.ZstdError) as error:
        raise RoutesError(f"{path}: cannot be read: {error}") from error
    if len(content) > MAX_TABLE_BYTES:
        raise RoutesError(f"{path}: larger than {MAX_TABLE_BYTES} bytes")
    drops: Counter[str] = Counter()
    if content.startswith(b"PAR1"):
        header, rows = _read_parquet(path, content)
    else:
        header, rows = _read_text(content, drops)
    return _build_table(path, header, rows, drops), dict(drops)


@dataclass(frozen=True, slots=True, kw_only=True)
class MmdbTable:
    """A MaxMind database, asked address by address."""

    name: str
    reader: maxminddb.Reader
    holds_ipv6: bool

    def lookup(self, addresses: Addresses) -> pa.Table:
        """Return one row of shape ``ROUTES`` per address, in order; unknown is null."""
        texts = address_texts(addresses)
        found = [self._find(text) for text in texts]
        asns, holders, countries = zip(*found, strict=True) if found else ((), (), ())
        facts = {
            "asn": pa.array(asns, COUNT),
            "holder": pa.array(holders, TEXT),
            "country": pa.array(countries, TEXT),
        }
        return compose_routes(texts, facts, is_user_named=True)

    def _find(self, address: str) -> Facts:
        if pack_address(address) is None or (":" in address and not self.holds_ipv6):
            return None, None, None
        try:
            return read_record(self.reader.get(address))
        except (maxminddb.InvalidDatabaseError, ValueError) as error:
            raise RoutesError(f"{self.name}: the database is damaged: {error}") from error


def read_record(record: object) -> Facts:
    """Return what a record of a MaxMind database says, in any of the usual vendors' keys."""
    if not isinstance(record, Mapping):
        return None, None, None
    asn = _first(record, ROLES["asn"], _mmdb_asn)
    holder = _first(record, ROLES["holder"], clean_holder) if asn is not None else None
    country = _first(record, (*ROLES["country"], "registered_country"), _mmdb_country)
    return asn, holder, country


def parse_asn(text: str | None) -> int | None:
    """Read ``1234`` or ``AS1234``; 0 and blank are unknown. Raises BadRowError on anything else."""
    if text is None or text.strip().lower() in _UNKNOWN:
        return None
    match = _ASN.fullmatch(text.strip())
    asn = int(match[1]) if match else -1
    if not 0 <= asn <= _MAX_ASN:
        raise BadRowError("no AS number")
    return asn or None


def clean_holder(text: object) -> str | None:
    """Return a holder's name as one printable line; null where it is none."""
    if not isinstance(text, str):
        return None
    printable = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    line = " ".join(printable.split())[:MAX_HOLDER_LENGTH]
    return None if line.lower() in _UNKNOWN else line


def parse_country(text: object) -> str | None:
    """Return an ISO 3166-1 alpha-2 code in upper case; null where the text is none."""
    if not isinstance(text, str) or _COUNTRY.fullmatch(text.strip()) is None:
        return None
    code = text.strip().upper()
    return None if code in _NO_COUNTRY else code


def _build_table(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[str | None]], drops: Counter[str]
) -> RangeTable:
    roles = find_roles(header)
    if not (("start" in roles and "end" in roles) or "block" in roles) or not (
        "asn" in roles or "country" in roles
    ):
        found = ", ".join(clean_holder(name) or "(blank)" for name in header[:20]) or "none"
        raise RoutesError(f"{path}: no usable columns (found: {found}); {ACCEPTED}")
    ranges: dict[int, list[Range]] = {4: [], 6: []}
    facts: dict[Facts, int] = {}
    for cells in rows:
        try:
            family, first, last = _read_place(cells, roles)
            fact = _read_facts(cells, roles)
        except BadRowError as bad:
            drops[str(bad)] += 1
            continue
        ranges[family].append((first, last, facts.setdefault(fact, len(facts))))
    if not any(asn is not None or country is not None for asn, _, country in facts):
        found = ", ".join(f"{role}={header[column]!r:.40}" for role, column in roles.items())
        counts = ", ".join(f"{count} x {reason}" for reason, count in drops.items()) or "none"
        raise RoutesError(
            f"{path}: no usable row (columns: {found}; dropped: {counts}); {ACCEPTED}"
        )
    asns, holders, countries = zip(*facts, strict=True)
    columns = {
        "asn": pa.array(asns, COUNT),
        "holder": pa.array(holders, TEXT),
        "country": pa.array(countries, TEXT),
    }
    layer = Layer(build_ranges(ranges), pa.table(columns))
    return RangeTable(name=str(path), layers=(layer,), is_user_named=True)


def find_roles(header: Sequence[str]) -> dict[str, int]:
    """Return which column says what, by the names in a header."""
    names = [name.strip().lower().replace(" ", "_").replace("-", "_") for name in header]
    return {
        role: names.index(known[0])
        for role, aliases in ROLES.items()
        if (known := [alias for alias in aliases if alias in names])
    }


def _read_place(cells: Sequence[str | None], roles: Mapping[str, int]) -> tuple[int, int, int]:
    if "start" in roles and "end" in roles:
        return parse_span(_cell(cells, roles["start"]), _cell(cells, roles["end"]))
    return parse_block(_cell(cells, roles["block"]))


def _read_facts(cells: Sequence[str | None], roles: Mapping[str, int]) -> Facts:
    texts = (_cell(cells, roles[role]) if role in roles else "" for role in _FACT_ROLES)
    return _parse_facts(*texts)


@lru_cache(maxsize=1 << 14)
def _parse_facts(asn_text: str, holder_text: str, country_text: str) -> Facts:
    asn = parse_asn(asn_text)
    holder = clean_holder(holder_text) if asn is not None else None
    return asn, holder, parse_country(country_text)


def _cell(cells: Sequence[str | None], column: int) -> str:
    return (cells[column] or "").strip() if column < len(cells) else ""


def _read_parquet(path: Path, content: bytes) -> tuple[list[str], Iterator[Sequence[str | None]]]:
    try:
        with pq.ParquetFile(pa.BufferReader(content)) as file:
            names = list(file.schema_arrow.names)
            chosen = [names[column] for column in sorted(set(find_roles(names).values()))]
            table = file.read(columns=chosen)
            columns = [column.cast(TEXT).to_pylist() for column in table.columns]
    except (pa.ArrowException, OSError) as error:
        raise RoutesError(f"{path}: cannot be read as Parquet: {error}") from error
    if not chosen:
        return names, iter(())
    return chosen, zip(*columns, strict=True)


def _read_text(
    content: bytes, drops: Counter[str]
) -> tuple[list[str], Iterator[Sequence[str | None]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = io.StringIO(text, newline="")
    first = next((line for line in lines if line.strip() and line[0] not in "#;"), "")
    delimiter = next((mark for mark in "\t,;|" if mark in first), ",")
    rows = _read_rows(chain([first], lines), delimiter, drops)
    sample = list(islice(rows, SAMPLE_ROWS))
    if not sample:
        return [], iter(())
    if is_place(sample[0][0]):
        return guess_header(sample), chain(sample, rows)
    return sample[0], chain(sample[1:], rows)


def _read_rows(lines: Iterable[str], delimiter: str, drops: Counter[str]) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            drops["malformed row"] += 1
            continue
        if row:
            yield row


def is_place(cell: str) -> bool:
    """Tell whether a cell is an address, a prefix, or the number of an address."""
    return is_number(cell.strip()) or pack_address(cell.strip().partition("/")[0]) is not None


def guess_header(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a header for rows that came without one, by what their cells look like.

    Known are ``start,end`` or one address or prefix, then an AS number, a country or both in any
    order, then a name: as ip-location-db and iptoasn write them.
    """
    width = max(map(len, rows))
    columns = [[row[at].strip() for row in rows if at < len(row)] for at in range(width)]
    has_blocks = _mostly(lambda cell: "/" in cell, columns[0])
    has_spans = width > 2 and not has_blocks and _mostly(is_place, columns[1])
    if has_spans and _mostly(is_number, columns[1]) and not _mostly(is_number, columns[0]):
        has_spans = False  # an address and its AS number
    header = ["start", "end"] if has_spans else ["prefix"]
    for cells in columns[len(header) :]:
        if "asn" not in header and _mostly(_looks_like_asn, cells):
            header.append("asn")
        elif "country" not in header and _mostly(_looks_like_country, cells):
            header.append("country")
        else:
            header.append("name" if "name" not in header else "")
    return header


def _mostly(test: Callable[[str], bool], cells: Sequence[str]) -> bool:
    """Tell whether nine cells in ten pass: a bad row must not change what the others mean."""
    return sum(map(test, cells)) * 10 >= len(cells) * 9


def _looks_like_asn(cell: str) -> bool:
    return cell.lower() in _UNKNOWN or _ASN.fullmatch(cell) is not None


def _looks_like_country(cell: str) -> bool:
    return cell.lower() in _UNKNOWN or _COUNTRY.fullmatch(cell) is not None


def _is_mmdb(stream: BinaryIO) -> bool:
    size = stream.seek(0, io.SEEK_END)
    stream.seek(max(0, size - (128 << 10)))
    return MMDB_MARKER in stream.read()


def _decompress(stream: BinaryIO) -> bytes:
    magic = stream.read(6)
    stream.seek(0)
    openers: dict[bytes, Callable[[BinaryIO], Any]] = {
        b"\x1f\x8b": gzip.open,
        b"\x28\xb5\x2f\xfd": lambda raw: zstandard.ZstdDecompressor().stream_reader(
            raw, read_across_frames=True
        ),
        b"\xfd7zXZ\x00": lzma.open,
    }
    opener = next((open_ for mark, open_ in openers.items() if magic.startswith(mark)), None)
    if opener is None:
        return stream.read(MAX_TABLE_BYTES + 1)
    with opener(stream) as plain:
        content: bytes = plain.read(MAX_TABLE_BYTES + 1)
        return content


def _open_mmdb(path: Path) -> MmdbTable:
    try:
        reader = maxminddb.open_database(path)
        metadata = reader.metadata()
        sample = [record for _, record in islice(reader, SAMPLE_ROWS)]
    except (maxminddb.InvalidDatabaseError, ValueError, OSError) as error:
        raise RoutesError(f"{path}: cannot be read as a MaxMind database: {error}") from error
    if not any(fact is not None for record in sample for fact in read_record(record)):
        keys = sorted(
            {str(key) for record in sample if isinstance(record, Mapping) for key in record}
        )
        found = ", ".join(clean_holder(key) or "(blank)" for key in keys[:20]) or "none"
        raise RoutesError(f"{path}: no AS number or country (keys found: {found}); {ACCEPTED}")
    return MmdbTable(name=str(path), reader=reader, holds_ipv6=metadata.ip_version == 6)


def _first(
    record: Mapping[str, object], keys: Iterable[str], read: Callable[[object], Value | None]
) -> Value | None:
    """Return the first of the keys' values that can be read."""
    return next((value for key in keys if (value := read(record.get(key))) is not None), None)


def _mmdb_asn(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        return parse_asn(str(value))
    except BadRowError:
        return None


def _mmdb_country(value: object) -> str | None:
    return parse_country(value.get("iso_code") if isinstance(value, Mapping) else value)
