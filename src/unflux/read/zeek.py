"""Zeek's ``dns.log``, tab-separated or JSON."""

import re
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import BinaryIO, Final

from unflux.model.names import normalise_name
from unflux.read.batching import BatchBuilder
from unflux.read.chain import own_answers
from unflux.read.json_objects import JsonObject, head_objects, read_objects
from unflux.read.lines import BYTE_ORDER_MARK, Peeked, head_lines, read_lines
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
from unflux.read.source import Batch, Doc, Drops, Options, Rollup

NO_QUERY: Final = "row without a query name"
_ESCAPE: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")
_MARKS: Final = frozenset({"rcode_name", "qtype_name", "trans_id", "answers", "qclass_name"})
"""Columns of which Zeek's dns.log has some and its other logs have none."""


class Zeek:
    """Zeek ``dns.log`` rows, one per query or answered query."""

    NAME = "zeek"
    USES_THREADS = False
    DOC = Doc(
        summary="Zeek dns.log, as tab-separated text or as JSON lines",
        references=(
            "https://docs.zeek.org/en/master/logs/dns.html",
            "https://docs.zeek.org/en/master/scripts/base/frameworks/logging/writers/ascii.zeek.html",
        ),
        limitations=(
            "The log holds the answer section only, without owners and types: CNAME chains are "
            "rebuilt from the order of the answers.",
            "The log keeps no name servers and no glue, so the name-server plane stays unseen.",
            "A name in the answer to an NS, MX, PTR, SRV or SOA question is taken as that type.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by the header of a tab-separated log, or by the keys of JSON rows."""
        for line in head_lines(head):
            if line.startswith("#fields"):
                return bool(_MARKS & set(re.split(r"[\t,; |]", line)))
            if not line.startswith("#"):
                break
        return any(_is_dns_row(row) for row in head_objects(head))

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Decode the rows; one without a response is counted as a query."""
        builder = BatchBuilder()
        for row in _read_rows(stream, drops):
            _add_row(builder, row, options, drops)
            yield from builder.take_full()
        yield from builder.take_rest()


def _is_dns_row(row: JsonObject) -> bool:
    return "ts" in row and "query" in row and bool(_MARKS & row.keys())


def _read_rows(stream: BinaryIO, drops: Drops) -> Iterator[Mapping[str, object]]:
    """Yield rows of either kind with Zeek's column names as keys; unset columns are absent."""
    peeked = Peeked(stream)
    if peeked.head.removeprefix(BYTE_ORDER_MARK).lstrip().startswith(b"#"):
        yield from _read_tsv(read_lines(peeked, drops), drops)
        return
    for row in read_objects(peeked, drops):
        endpoints = row.get("id")
        if isinstance(endpoints, dict):  # some exporters nest id.orig_h
            row |= {f"id.{key}": value for key, value in endpoints.items()}
        if "query" in row or "rcode" in row or "trans_id" in row:
            yield row
        else:
            drops.drop("row of another log")


class _Header:
    """What the ``#`` lines of a tab-separated log say of the rows that follow."""

    def __init__(self) -> None:
        self.separator = "\t"
        self.set_separator = ","
        self.empty_field = "(empty)"
        self.unset_field = "-"
        self.fields: list[str] = []

    def take(self, line: str) -> None:
        if line.startswith("#separator"):  # itself always followed by a blank
            self.separator = _unescape_header(line[len("#separator ") :]) or "\t"
            return
        key, _, value = line[1:].partition(self.separator)
        value = value.strip() if key != "fields" else value
        if key == "set_separator":
            self.set_separator = _unescape_header(value) or ","
        elif key == "empty_field":
            self.empty_field = value
        elif key == "unset_field":
            self.unset_field = value
        elif key == "fields":
            self.fields = value.split(self.separator)

    def elements(self, text: str) -> list[str | None]:
        """Return the elements of a list, null for those that are unset."""
        texts = text.split(self.set_separator)
        return [None if element == self.unset_field else element for element in texts]


def _unescape_header(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def _read_tsv(lines: Iterator[str], drops: Drops) -> Iterator[dict[str, object]]:
    header = _Header()
    for line in lines:
        if line.startswith("#"):
            header.take(line)
            continue
        if not line:
            continue
        texts = line.split(header.separator)
        if not header.fields:
            drops.drop("row before any #fields line")
        elif len(texts) != len(header.fields):
            drops.drop("wrong number of fields")
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


def _add_row(
    builder: BatchBuilder, row: Mapping[str, object], options: Options, drops: Drops
) -> None:
    port = row.get("id.resp_p")
    if port is not None and not _is_port_of(port, options.ports):
        drops.drop(OTHER_PORT)
        return
    if str(row.get("qclass", 1)) != "1":
        drops.drop(OTHER_CLASS)
        return
    asked = row.get("query")
    query = normalise_name(unescape_octets(asked)) if isinstance(asked, str) else None
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


def _is_port_of(port: object, ports: frozenset[int]) -> bool:
    try:
        return int(str(port)) in ports
    except ValueError:
        return False


def _qtype_of(row: Mapping[str, object]) -> str | None:
    text = _first_text(row, "qtype_name", "qtype")
    if text is None:
        return None
    return parse_type(text.removeprefix("query-"))  # Zeek: query-65280 for unknown types


def _first_text(row: Mapping[str, object], *keys: str) -> str | None:
    for key in keys:
        value = row.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)[:256]
    return None


def _answers_of(row: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return answers with their TTLs, null where the log tells none."""
    answers, ttls = _list_of(row.get("answers")), _list_of(row.get("TTLs"))
    pairs = zip_longest(answers, ttls[: len(answers)])
    return [(text, ttl) for text, ttl in pairs if isinstance(text, str) and text]


def _list_of(value: object) -> list[object]:
    return value if isinstance(value, list) else []
