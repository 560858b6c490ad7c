"""Passive DNS in the Common Output Format: records with counts and a first and last time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa

from unflux.model.columns import ANSWER_SETS, LOOKUPS, SIGHTINGS, TableShape
from unflux.model.rollup import (
    ADDRESS_TYPES,
    BUCKET_FINE_S,
    Rollup,
    bucket_start,
    derive,
    merge_rows,
)
from unflux.read.answer_set import answer_sets
from unflux.read.json_objects import JsonObject, head_objects, read_objects
from unflux.read.message import NO_TIME, NOT_ASKED
from unflux.read.moments import BAD_MOMENT, parse_moment
from unflux.read.presentation import make_record
from unflux.read.source import Batch, Doc, Drops, Options

CHUNK_RECORDS: Final = 50_000
"""Records rolled up at once. Chosen: 2026-11-22; some 30 MB of Python objects at most."""

MAX_COUNT: Final = 2**48
"""Largest count of one entry: keeps every sum of them within 64 bits."""

ODD_ENTRY: Final = "passive-DNS entry of unknown form"
BAD_COUNT: Final = "not a count"


class Cof:
    """Passive-DNS entries, as JSON lines or one JSON array."""

    NAME = "cof"
    USES_THREADS = False
    DOC = Doc(
        summary="Passive-DNS Common Output Format, JSON lines or one array, and DNSDB's variant",
        references=(
            "https://datatracker.ietf.org/doc/draft-dulaunoy-dnsop-passive-dns-cof/",
            "https://docs.domaintools.com/api/dnsdb/",
        ),
        limitations=(
            "An entry says how often and between which moments a record was seen, not when in "
            "between: its whole count lies in the bucket of its first time.",
            "What was asked is unknown: the owner name stands for the query.",
            "Entries of one record each give sightings only; how many answered at once is known "
            "where an entry lists a whole record set.",
            "There are no TTLs, response codes or sections (all is taken as answer).",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the mandatory keys among those of the first objects."""
        return any(
            {"rrname", "rrtype", "rdata"} <= _entry_of(value).keys() for value in head_objects(head)
        )

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Turn entries into rollups, a chunk at a time; there are no single responses."""
        entries: list[_Entry] = []
        record_count = 0
        for value in read_objects(stream, drops):
            if "cond" in value and "obj" not in value:
                continue  # DNSDB's stream framing: begin, succeeded, limited
            entry = _parse_entry(_entry_of(value), options, drops)
            if entry is None:
                continue
            entries.append(entry)
            record_count += len(entry.rdata) + 1
            if record_count >= CHUNK_RECORDS:
                yield _roll_up(entries)
                entries, record_count = [], 0
        if entries:
            yield _roll_up(entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    rrname: str
    rrtype: str
    rdata: tuple[str, ...]
    is_record_set: bool
    first_us: int | None
    last_us: int | None
    count: int


def _entry_of(value: JsonObject) -> JsonObject:
    inner = value.get("obj")
    return inner if isinstance(inner, dict) else value


def _parse_entry(value: JsonObject, options: Options, drops: Drops) -> _Entry | None:
    rrname, rrtype, rdata = value.get("rrname"), value.get("rrtype"), value.get("rdata")
    texts = rdata if isinstance(rdata, list) else [rdata]
    if not (isinstance(rrname, str) and isinstance(rrtype, str | int)) or not texts:
        drops.drop(ODD_ENTRY)
        return None
    records = []
    for text in texts:
        if not isinstance(text, str):
            drops.drop(ODD_ENTRY)
            continue
        record = make_record(rrname, str(rrtype), text, None, section="ans", drops=drops)
        if record is not None:
            records.append(record)
    if not records:
        return None
    count = value.get("count", 1)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= MAX_COUNT:
        drops.drop(BAD_COUNT)
        return None
    span = _span_of(value)
    if span is None:
        drops.drop(BAD_MOMENT)
        return None
    if not _is_asked_for(*span, options):
        drops.drop(NO_TIME if span[0] is None else NOT_ASKED)
        return None
    owner, mnemonic = records[0][:2]
    return _Entry(
        rrname=owner,
        rrtype=mnemonic,
        rdata=tuple(dict.fromkeys(record[2] for record in records)),
        # A set of which a record was dropped is no longer the set that was seen.
        is_record_set=isinstance(rdata, list) and len(records) == len(texts),
        first_us=span[0],
        last_us=span[1],
        count=count,
    )


def _span_of(value: Mapping[str, object]) -> tuple[int | None, int | None] | None:
    """Return first and last moment, both null where there are none; null where one is bad.

    Times from zone files (``zone_time_*``) count where there are none from sensors.
    """
    for prefix in ("", "zone_"):
        first, last = value.get(f"{prefix}time_first"), value.get(f"{prefix}time_last")
        if first is None and last is None:
            continue
        first_us = parse_moment(first if first is not None else last)
        last_us = parse_moment(last if last is not None else first)
        if first_us is None or last_us is None or last_us < first_us:
            return None
        return first_us, last_us
    return None, None


def _is_asked_for(first_us: int | None, last_us: int | None, options: Options) -> bool:
    """Tell whether an entry overlaps the time asked for; without times only if none was."""
    if first_us is None or last_us is None:
        return options.since_us is None and options.until_us is None
    if options.since_us is not None and last_us < options.since_us:
        return False
    return options.until_us is None or first_us < options.until_us


def _roll_up(entries: list[_Entry]) -> Rollup:
    whole = [entry for entry in entries if entry.is_record_set]
    owned = [
        (number, address)
        for number, entry in enumerate(whole)
        if entry.rrtype in ADDRESS_TYPES
        for address in entry.rdata
    ]
    sets = answer_sets(
        np.array([number for number, _ in owned], dtype=np.int64),
        pa.array([address for _, address in owned], pa.string()),
        len(whole),
    )
    columns = zip(
        whole, sets.addresses.tolist(), sets.slash24s.tolist(), sets.slash16s.tolist(),
        sets.hashes.tolist(), strict=True,
    )  # fmt: skip
    lookups: list[dict[str, object]] = []
    set_rows: list[dict[str, object]] = []
    for entry, addresses, slash24s, slash16s, set_hash in columns:
        seen = _seen(entry) | {"qtype": entry.rrtype, "responses": entry.count}
        lookups.append(
            seen
            | {
                "noerror": entry.count,  # a record set was answered
                "nxdomain": 0,
                "servfail": 0,
                "other_rcode": 0,
                "answered": entry.count if addresses else 0,
                "answers_sum": entry.count * addresses,
                "answers_max": addresses,
            }
        )
        if addresses:
            counts = {"addresses": addresses, "slash24s": slash24s, "slash16s": slash16s}
            set_rows.append(seen | counts | {"answer_set": set_hash})
    sightings = [
        _seen(entry)
        | {
            "qname": entry.rrname,
            "rrtype": entry.rrtype,
            "rdata": rdata,
            "section": "ans",
            "count": entry.count,
        }
        for entry in entries
        for rdata in entry.rdata
    ]
    return Rollup(
        sightings=_table(SIGHTINGS, sightings),
        lookups=_table(LOOKUPS, lookups),
        answer_sets=_table(ANSWER_SETS, set_rows),
    )


def _seen(entry: _Entry) -> dict[str, object]:
    return {
        "bucket_at": entry.first_us,
        "query": entry.rrname,
        "first_at": entry.first_us,
        "last_at": entry.last_us,
    }


def _table(shape: TableShape, rows: list[dict[str, object]]) -> pa.Table:
    if not rows:
        return shape.empty()
    given = [c for c in shape.columns if c.merge != "derived"]
    columns = {c.name: pa.array([row.get(c.name) for row in rows], type=c.type) for c in given}
    columns["bucket_at"] = bucket_start(columns["bucket_at"], BUCKET_FINE_S)
    return merge_rows(shape, derive(shape, pa.table(columns)))
