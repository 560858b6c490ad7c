"""Entries of passive DNS, one by one: the slow path, and what each value means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from unflux.read.json_objects import JsonObject
from unflux.read.message import NO_TIME, NOT_ASKED
from unflux.read.moments import BAD_MOMENT, parse_moment
from unflux.read.presentation import make_record
from unflux.read.source import Drops, Options

MAX_COUNT: Final = 2**48
"""Largest count of one entry: keeps every sum of them within 64 bits."""

ODD_ENTRY: Final = "passive-DNS entry of unknown form"
BAD_COUNT: Final = "not a count"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry: a record, or the records of a set."""

    rrname: str
    rrtype: str
    rdata: tuple[str, ...]
    is_record_set: bool
    first_us: int | None
    last_us: int | None
    count: int


def is_frame(value: JsonObject) -> bool:
    """Tell whether this is of DNSDB's stream framing: begin, succeeded, limited."""
    return "cond" in value and "obj" not in value


def entry_object(value: JsonObject) -> JsonObject:
    """Return the entry itself, out of DNSDB's wrapping if there is one."""
    inner = value.get("obj")
    return inner if isinstance(inner, dict) else value


def parse_entry(value: JsonObject, options: Options, drops: Drops) -> Entry | None:
    """Return an entry, or count why there is none, or not all of its records."""
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
    return Entry(
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
