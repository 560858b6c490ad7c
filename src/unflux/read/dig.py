"""Transcripts of ``dig`` runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import BinaryIO, Final

from unflux.model.names import normalise_name
from unflux.model.times import MICROSECONDS_PER_S, is_plausible
from unflux.read.batching import BatchBuilder, Record
from unflux.read.lines import head_lines, read_lines
from unflux.read.message import OTHER_CLASS
from unflux.read.presentation import (
    BAD_NAME,
    make_record,
    parse_rcode,
    parse_type,
    plain_label,
)
from unflux.read.source import Batch, Doc, Drops, Options, Rollup

NO_RESPONSE: Final = "no response"
ODD_WHEN: Final = "WHEN line not understood, time taken as unknown"
NOT_A_RECORD: Final = "line that is no record"
TOO_MANY_RECORDS: Final = "more records than a response can hold"
MAX_RECORDS: Final = 3 * 65_535
"""Three sections of as many records as a section can count (RFC 1035 section 4.1.1)."""
MAX_JOINED_CHARS: Final = 1 << 18

ZONE_HOURS: Final = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "EST": -5, "EDT": -4, "CDT": -5, "MDT": -6, "PDT": -7, "JST": 9, "KST": 9,
}  # fmt: skip
"""Zone names that mean one offset wherever they are used; CST, IST, PST or BST do not."""

_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun",
                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")  # fmt: skip
_SECTIONS: Final = {"ANSWER": "ans", "AUTHORITY": "auth", "ADDITIONAL": "add"}
_CLASSES: Final = frozenset({"IN", "CH", "HS", "ANY", "NONE", "CLASS1"})
_SECTION: Final = re.compile(r";; (QUESTION|ANSWER|AUTHORITY|ADDITIONAL|OPT PSEUDO)(?:| )SECTION:")
_HEADER: Final = re.compile(r";; ->>HEADER<<- opcode: ([A-Z0-9]+), status: ([A-Z0-9]+)")
_WHEN: Final = re.compile(
    r";; WHEN: (?:\w{3} )?(\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)"
    r"(?: ([A-Za-z]{1,5}|[+-]\d\d(?:\d\d)?))? (\d{4})$"
)
_ERRORS: Final = (";; connection timed out", ";; communications error", ";; no servers could be")
_TTL: Final = re.compile(r"\d{1,10}|(?:\d{1,8}[WDHMSwdhms])+")
_TTL_PART: Final = re.compile(r"(\d+)([WDHMS])")
_TTL_UNIT_S: Final = {"W": 604_800, "D": 86_400, "H": 3_600, "M": 60, "S": 1}
_RECORD_LINE: Final = re.compile(r"\S+\s+(?:\d+\s+)?(?:IN|CH|HS)\s+[A-Z][A-Z0-9]*\s+\S")


class Dig:
    """What ``dig`` prints, whole or in parts (``+noall``), any number of runs."""

    NAME = "dig"
    USES_THREADS = False
    DOC = Doc(
        summary="Transcripts of dig (BIND), whole or with parts switched off",
        references=("https://bind9.readthedocs.io/en/latest/manpages.html#dig",),
        limitations=(
            "WHEN often names no time zone, or one that means several offsets: the offset given "
            "by the user (UTC unless set) is taken then.",
            "Without WHEN lines the records carry no time.",
            "Without question lines the first owner name stands for the query, and a record "
            "outside its CNAME chain begins the next response.",
        ),
    )

    def recognises(self, head: bytes) -> bool:
        """Tell by dig's own comment lines, or by a record line at the very start."""
        lines = head_lines(head)
        return any(
            line.startswith(("; <<>> DiG", ";; ->>HEADER<<-")) or _SECTION.match(line)
            for line in lines
        ) or bool(lines and _RECORD_LINE.match(lines[0]))

    def read(self, stream: BinaryIO, options: Options, drops: Drops) -> Iterator[Batch | Rollup]:
        """Decode the runs; one without an answer is counted as a query and a drop."""
        builder = BatchBuilder()
        run = _Run(builder, options, drops)
        for line in read_lines(stream, drops):
            run.take(line)
            yield from builder.take_full()
        run.finish()
        yield from builder.take_rest()


@dataclass(slots=True)
class _Response:
    """The response being read."""

    asked_name: str | None = None
    query: str | None = None
    qtype: str | None = None
    rcode: str | None = None
    ts_us: int | None = None
    server: str | None = None
    section: str | None = None
    """``ans``, ``auth``, ``add``; ``?`` for the question; null outside of any."""
    has_header: bool = False
    has_closing: bool = False
    has_failed: bool = False
    is_question_only: bool = False
    chain: set[str] = field(default_factory=set)
    records: list[Record] = field(default_factory=list)


class _Run:
    """Reads line by line and hands each response on when the next begins."""

    def __init__(self, builder: BatchBuilder, options: Options, drops: Drops) -> None:
        self._builder = builder
        self._options = options
        self._drops = drops
        self._response = _Response()
        self._joined = ""  # the lines so far of a record in parentheses (+multiline)

    def take(self, line: str) -> None:
        """Read one line."""
        if self._joined:
            self._join(line)
        elif not line.strip():
            if self._response.has_header:
                self._response.section = None
        elif line.startswith(";"):
            self._take_comment(line)
        elif self._response.section != "?" or not self._response.has_header:
            self._take_record_line(line)

    def _take_comment(self, line: str) -> None:
        response = self._response
        if line.startswith("; <<>> DiG"):
            self.finish()
        elif header := _HEADER.match(line):
            if response.has_header or response.records or response.has_closing:
                self.finish()
            self._response.has_header = True
            self._response.rcode = parse_rcode(header[2])
        elif line.startswith(";; flags:"):
            flags = line[len(";; flags:") :].partition(";")[0].split()
            response.is_question_only = "qr" not in flags  # +qr shows the query as well
        elif section := _SECTION.match(line):
            self._enter(section[1])
        elif line.startswith(";; WHEN:"):
            self._take_when(line)
        elif line.startswith(";; SERVER: "):
            response.server = plain_label(line[len(";; SERVER: ") :].partition("#")[0].strip())
            response.has_closing = True
        elif line.startswith(_ERRORS):
            response.has_failed = True
        elif response.section == "?" and not line.startswith((";;", "; ")):
            self._take_question(line)

    def _enter(self, section: str) -> None:
        if self._response.has_closing and not self._response.has_header:
            self.finish()
        self._response.section = "?" if section == "QUESTION" else _SECTIONS.get(section)

    def _take_question(self, line: str) -> None:
        parts = line[1:].split()
        if not parts or self._response.query is not None:
            return
        self._response.asked_name = parts[0]
        self._response.query = normalise_name(parts[0])
        if len(parts) > 1:
            self._response.qtype = parse_type(parts[-1])

    def _take_when(self, line: str) -> None:
        self._response.ts_us = _parse_when(line, self._options.utc_offset_s)
        self._response.has_closing = True
        if self._response.ts_us is None:
            self._drops.drop(ODD_WHEN)

    def _take_record_line(self, line: str) -> None:
        if _opens_parenthesis(line):
            self._joined = line
            return
        parts = line.split(None, 1)
        if len(parts) < 2:
            self._drops.drop(NOT_A_RECORD)
            return
        ttl, rrclass, rrtype, rdata = _split_record(parts[1])
        if rrclass not in {"IN", "CLASS1"}:
            self._drops.drop(OTHER_CLASS)
            return
        if rrtype is None:
            self._drops.drop(NOT_A_RECORD)
            return
        section = self._response.section or "ans"
        if section == "?":  # the question alone, then bare records
            section = "ans"
        record = make_record(parts[0], rrtype, rdata, ttl, section=section, drops=self._drops)
        if record is not None:
            self._add(record)

    def _add(self, record: Record) -> None:
        owner, rrtype, rdata, _, section = record
        response = self._response
        if not response.has_header and section == "ans" and response.asked_name is None:
            # Bare records (+noall +answer): a name outside the chain begins the next response.
            if response.has_closing or (response.chain and owner not in response.chain):
                self.finish()
                response = self._response
                response.section = section
            response.chain.add(owner)
            if rrtype == "CNAME":
                response.chain.add(rdata)
        if len(response.records) >= MAX_RECORDS:
            self._drops.drop(TOO_MANY_RECORDS)
            return
        response.records.append(record)

    def _join(self, line: str) -> None:
        self._joined += " " + line.partition(";")[0].strip()
        if len(self._joined) > MAX_JOINED_CHARS:
            self._joined = ""
            self._drops.drop(NOT_A_RECORD)
        elif not _opens_parenthesis(self._joined):
            joined, self._joined = self._joined, ""
            self._take_record_line(joined.replace("(", " ").replace(")", " "))

    def finish(self) -> None:
        """Hand the response on, if there is one, and wait for the next."""
        done, self._response = self._response, _Response()
        if self._joined:
            self._joined = ""
            self._drops.drop(NOT_A_RECORD)
        if done.has_header and done.is_question_only:
            self._drops.query_count += 1
            return
        if not done.has_header and not done.records:
            if done.has_failed:
                self._drops.query_count += 1
                self._drops.drop(NO_RESPONSE)
            return
        if done.query is None and done.asked_name is None and done.records:
            done.query = done.records[0][0]
        if done.query is None:
            self._drops.drop(BAD_NAME)
            return
        self._drops.response_count += 1
        self._builder.add(
            done.query, done.records, ts_us=done.ts_us, qtype=done.qtype, rcode=done.rcode,
            sensor=done.server,
        )  # fmt: skip


def _split_record(text: str) -> tuple[int | str | None, str, str | None, str]:
    """Return TTL, class, type and data of what follows the owner; class IN where it is left out.

    dig leaves out the TTL with ``+nottlid`` and the class with ``+nocl``. A null type: no record.
    """
    ttl: int | str | None = None
    rrclass = "IN"
    words = text.split(None, 1)
    if len(words) == 2 and _TTL.fullmatch(words[0]):
        ttl, words = _ttl_of(words[0]), words[1].split(None, 1)
    if len(words) == 2 and words[0].upper() in _CLASSES:
        rrclass, words = words[0].upper(), words[1].split(None, 1)
    if len(words) < 2:
        return ttl, rrclass, None, ""
    return ttl, rrclass, words[0], words[1]


def _ttl_of(text: str) -> int | str:
    """Return seconds of ``1w2d3h4m5s`` (``+ttlunits``); bare digits stay text."""
    if text.isdigit():
        return text
    return sum(int(n) * _TTL_UNIT_S[unit] for n, unit in _TTL_PART.findall(text.upper()))


def _opens_parenthesis(line: str) -> bool:
    """Tell whether more parentheses open than close, outside of quotes and escapes."""
    if "(" not in line:
        return False
    bare = re.sub(r'\\.|"(?:[^"\\]|\\.)*"', "", line)
    return bare.count("(") > bare.count(")")


def _parse_when(line: str, utc_offset_s: int) -> int | None:
    """Return the moment of a WHEN line, microseconds since the epoch, or null."""
    match = _WHEN.match(line.rstrip())
    if match is None or match[1] not in _MONTHS:
        return None
    month = _MONTHS.index(match[1]) + 1
    day, hour, minute, second, year = (int(match[i]) for i in (2, 3, 4, 5, 7))
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None
    since_epoch = moment - datetime(1970, 1, 1, tzinfo=UTC)
    moment_s = since_epoch // timedelta(seconds=1) - _offset_s(match[6], utc_offset_s)
    moment_us = moment_s * MICROSECONDS_PER_S
    return moment_us if is_plausible(moment_us) else None


def _offset_s(zone: str | None, utc_offset_s: int) -> int:
    if zone is None:
        return utc_offset_s
    if zone[0] in "+-":
        hours, minutes = int(zone[1:3]), int(zone[3:5] or 0)
        return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)
    hours_east = ZONE_HOURS.get(zone.upper())
    return utc_offset_s if hours_east is None else hours_east * 3600
