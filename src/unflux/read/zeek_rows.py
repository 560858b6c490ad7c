"""Rows of Zeek's ``dns.log``, one by one: the slow path, and what each value means."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import zip_longest
from typing import Final

from unflux.model.names import normalise_name
from unflux.read.batching import BatchBuilder
from unflux.read.chain import own_answers
from unflux.read.json_objects import JsonObject
from unflux.read.message import OTHER_CLASS
from unflux.read.moments import BAD_MOMENT, parse_moment
from unflux.read.presentation import (
    BAD_NAME,
    OTHER_PORT,
    parse_rcode,
    parse_type,
    plain_label,
    unescape_octets,
)
from unflux.read.source import Drops, Options
from unflux.read.zeek_header import Header

NO_QUERY: Final = "row without a query name"
NO_FIELDS: Final = "row before any #fields line"
FIELD_COUNT: Final = "wrong number of fields"
OTHER_LOG: Final = "row of another log"

MARKS: Final = frozenset({"rcode_name", "qtype_name", "trans_id", "answers", "qclass_name"})
"""Columns of which Zeek's dns.log has some and its other logs have none."""

MAX_CODE_CHARS: Final = 256
"""Looked at of a type or response code."""


def is_dns_row(row: JsonObject) -> bool:
    """Tell whether a JSON row is of a dns.log."""
    return "ts" in row and "query" in row and bool(MARKS & row.keys())


def rows_of_lines(
    lines: Iterable[str], header: Header, drops: Drops
) -> Iterator[Mapping[str, object]]:
    """Yield the rows among tab-separated lines; unset columns are absent."""
    for line in lines:
        if line.startswith("#"):
            header = header.after(line)
            continue
        if not line:
            continue
        texts = line.split(header.separator)
        if not header.fields:
            drops.drop(NO_FIELDS)
        elif len(texts) != len(header.fields):
            drops.drop(FIELD_COUNT)
        else:
            row: dict[str, object] = {
                field: text
                for field, text in zip(header.fields, texts, strict=True)
                if text not in {header.unset_field, header.empty_field}
            }
            for field in ("answers", "TTLs"):
                if field in row:
                    row[field] = header.elements(str(row[field]))
            yield row


def rows_of_objects(objects: Iterable[JsonObject], drops: Drops) -> Iterator[Mapping[str, object]]:
    """Yield the rows among JSON objects, with Zeek's column names as keys."""
    for row in objects:
        endpoints = row.get("id")
        if isinstance(endpoints, dict):  # some exporters nest id.orig_h
            row |= {f"id.{key}": value for key, value in endpoints.items()}
        if "query" in row or "rcode" in row or "trans_id" in row:
            yield row
        else:
            drops.drop(OTHER_LOG)


def add_row(
    builder: BatchBuilder, row: Mapping[str, object], options: Options, drops: Drops
) -> None:
    """Add the response that a row tells of, or count why there is none."""
    port = row.get("id.resp_p")
    if port is not None and not is_port_of(port, options.ports):
        drops.drop(OTHER_PORT)
        return
    if str(row.get("qclass", 1)) != "1":
        drops.drop(OTHER_CLASS)
        return
    asked = row.get("query")
    query = parse_name(asked) if isinstance(asked, str) else None
    if query is None:
        drops.drop(NO_QUERY if asked is None else BAD_NAME)
        return
    ts_us = None
    if "ts" in row:
        ts_us = parse_moment(row["ts"])
        if ts_us is None:
            drops.drop(BAD_MOMENT)
            return
    rcode = _first_text(row, "rcode_name", "rcode")
    answers = _answers_of(row)
    if rcode is None and not answers:
        drops.query_count += 1
        return
    qtype = _qtype_of(row)
    drops.response_count += 1
    builder.add(
        query,
        own_answers(query, qtype, answers, drops),
        ts_us=ts_us,
        qtype=qtype,
        rcode=None if rcode is None else parse_rcode(rcode),
        client=plain_label(row.get("id.orig_h")),
    )


def parse_name(text: str) -> str | None:
    """Return a name as Zeek writes it, normalised, or null."""
    return normalise_name(unescape_octets(text))


def is_port_of(port: object, ports: frozenset[int]) -> bool:
    """Tell whether a port, a number or its text, is one of ``ports``."""
    try:
        return int(str(port)) in ports
    except ValueError:
        return False


def _qtype_of(row: Mapping[str, object]) -> str | None:
    text = _first_text(row, "qtype_name", "qtype")
    if text is None:
        return None
    return parse_qtype(text)


def parse_qtype(text: str) -> str | None:
    """Return the mnemonic of a type as Zeek writes it, or null."""
    return parse_type(text[:MAX_CODE_CHARS].removeprefix("query-"))  # query-65280: unknown to Zeek


def _first_text(row: Mapping[str, object], *keys: str) -> str | None:
    for key in keys:
        value = row.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)[:MAX_CODE_CHARS]
    return None


def _answers_of(row: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return answers with their TTLs, null where the log tells none."""
    answers, ttls = _list_of(row.get("answers")), _list_of(row.get("TTLs"))
    pairs = zip_longest(answers, ttls[: len(answers)])
    return [(text, ttl) for text, ttl in pairs if isinstance(text, str) and text]


def _list_of(value: object) -> list[object]:
    return value if isinstance(value, list) else []
