"""DNS events of Suricata's EVE log, one by one: the slow path, and what each value means."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from unflux.model.names import normalise_name
from unflux.read.batching import BatchBuilder, Record
from unflux.read.chain import NO_OWNER, follow_answers
from unflux.read.json_objects import JsonObject
from unflux.read.moments import BAD_MOMENT, parse_moment
from unflux.read.presentation import (
    BAD_NAME,
    KEPT,
    NAME_TYPES,
    NO_DATA,
    OTHER_PORT,
    make_record,
    parse_rcode,
    parse_type,
    plain_label,
    unescape_octets,
)
from unflux.read.source import Drops, Options

PENDING_QUERIES: Final = 10_000
"""Questions that may lie between a version 1 answer and its own. Chosen: 2026-11-22; some 5 MB."""

ODD_EVENT: Final = "DNS event of unknown form"
_SECTIONS: Final = (("answers", "ans"), ("authorities", "auth"), ("additionals", "add"))
_SOA: Final = ("mname", "rname", "serial", "refresh", "retry", "expire", "minimum")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frame:
    """What every event says around its ``dns`` part."""

    flow: tuple[object, ...]
    ts_us: int | None
    client: str | None
    sensor: str | None


def take_event(
    event: JsonObject, builder: BatchBuilder, joiner: "Joiner", options: Options, drops: Drops
) -> None:
    """Add the response that an event tells of, or what it tells of one, or count why it is none."""
    if event.get("event_type") != "dns":
        return
    dns = event.get("dns")
    if not isinstance(dns, dict):
        drops.drop(ODD_EVENT)
        return
    if not _is_asked_for(event, options.ports):
        drops.drop(OTHER_PORT)
        return
    frame = _frame_of(event, dns, options.ports, drops)
    if frame is None:
        return
    match dns.get("type"):
        case "query" | "request":
            drops.query_count += 1
            joiner.remember(dns, frame)
        case "answer" | "response" if _is_version_1(dns):
            joiner.add(dns, frame)
        case "answer" | "response":
            joiner.flush()
            _add_response(dns, frame, builder, drops)
        case _:
            drops.drop(ODD_EVENT)


def _is_version_1(dns: JsonObject) -> bool:
    # Version 1 events carry no version; a flat record or a bare rcode is all they hold.
    return dns.get("version", 1) == 1 and not any(
        key in dns for key in ("answers", "grouped", "queries", "authorities", "additionals")
    )


def _is_asked_for(event: JsonObject, ports: frozenset[int]) -> bool:
    seen = [event[key] for key in ("src_port", "dest_port") if key in event]
    return not seen or any(isinstance(port, int) and port in ports for port in seen)


def _frame_of(
    event: JsonObject, dns: JsonObject, ports: frozenset[int], drops: Drops
) -> _Frame | None:
    ts_us = None
    if "timestamp" in event:
        ts_us = parse_moment(event["timestamp"])
        if ts_us is None:
            drops.drop(BAD_MOMENT)
            return None
    # Up to version 2 the source is the client, in version 3 it is the sender of the packet.
    is_from_server = event.get("src_port") in _hashable(ports)
    client = event.get("dest_ip" if is_from_server else "src_ip")
    sensor = event.get("host")
    flow = (str(event.get("flow_id"))[:64], str(dns.get("id"))[:64])
    return _Frame(
        flow=flow,
        ts_us=ts_us,
        client=plain_label(client),
        sensor=plain_label(sensor),
    )


def _hashable(ports: frozenset[int]) -> list[int]:
    return list(ports)  # a hostile port may be a list, which no set can be asked for


def _add_response(dns: JsonObject, frame: _Frame, builder: BatchBuilder, drops: Drops) -> None:
    question = dns
    queries = dns.get("queries")
    if isinstance(queries, list) and queries and isinstance(queries[0], dict):
        question = queries[0]
    query = name_of(question.get("rrname"))
    if query is None:
        drops.drop(BAD_NAME)
        return
    qtype = type_of(question.get("rrtype"))
    records: list[Record] = []
    for key, section in _SECTIONS:
        records.extend(_records_of(dns.get(key), section, drops))
    if not isinstance(dns.get("answers"), list):
        records.extend(_grouped_records(query, qtype, dns.get("grouped"), drops))
    _add(builder, query, records, frame=frame, qtype=qtype, rcode=dns.get("rcode"), drops=drops)


def _add(
    builder: BatchBuilder,
    query: str,
    records: Sequence[Record],
    *,
    frame: _Frame,
    qtype: str | None,
    rcode: object,
    drops: Drops,
) -> None:
    drops.response_count += 1
    builder.add(
        query,
        records,
        ts_us=frame.ts_us,
        qtype=qtype,
        rcode=parse_rcode(rcode) if isinstance(rcode, str) else None,
        client=frame.client,
        sensor=frame.sensor,
    )


def _records_of(values: object, section: str, drops: Drops) -> Iterator[Record]:
    if not isinstance(values, list):
        return
    for value in values:
        if not isinstance(value, dict):
            drops.drop(ODD_EVENT)
            continue
        record = _record_of(value, section, drops)
        if record is not None:
            yield record


def _record_of(value: JsonObject, section: str, drops: Drops) -> Record | None:
    rrtype, owner = value.get("rrtype"), value.get("rrname")
    if not isinstance(rrtype, str) or not isinstance(owner, str):
        drops.drop(ODD_EVENT)
        return None
    if parse_type(rrtype) not in KEPT:
        return None
    rdata = rdata_of(value, rrtype)
    if rdata is None:
        drops.drop(NO_DATA)
        return None
    return make_record(
        presented(owner), rrtype, rdata, value.get("ttl"), section=section, drops=drops
    )


def rdata_of(value: JsonObject, rrtype: str) -> str | None:
    """Return the data of a record as text, or null where there is none."""
    rdata = value.get("rdata")
    if isinstance(rdata, str):
        return presented(rdata) if rrtype in NAME_TYPES else rdata
    soa = value.get("soa")
    if isinstance(soa, dict):
        names = [presented(str(soa.get(part, ""))) for part in _SOA[:2]]
        return " ".join([*names, *(str(soa.get(part, "")) for part in _SOA[2:])])
    return None


def _grouped_records(query: str, qtype: str | None, grouped: object, drops: Drops) -> list[Record]:
    if not isinstance(grouped, dict):
        return []
    chain: list[tuple[str, object]] = [(text, None) for text in _texts(grouped.get("CNAME"))]
    records, owner = follow_answers(query, "A", chain, drops)
    for rrtype, values in grouped.items():
        if rrtype == "CNAME":
            continue
        for text in _texts(values):
            if owner is None:
                if parse_type(rrtype) in KEPT:
                    drops.drop(NO_OWNER)
                continue
            rdata = presented(text) if rrtype in NAME_TYPES else text
            record = make_record(owner, rrtype, rdata, None, section="ans", drops=drops)
            if record is not None:
                records.append(record)
    return records


class Joiner:
    """Joins the version 1 events of one response, which stand next to each other."""

    def __init__(self, builder: BatchBuilder, drops: Drops) -> None:
        self._builder = builder
        self._drops = drops
        self._asked: OrderedDict[tuple[object, ...], _Question] = OrderedDict()
        self._question_count = 0
        self._open: _OpenResponse | None = None

    @property
    def is_open(self) -> bool:
        """Whether a response waits for more of its events."""
        return self._open is not None

    @property
    def question_count(self) -> int:
        """Questions remembered so far, those forgotten since among them."""
        return self._question_count

    def remember(self, dns: JsonObject, frame: _Frame) -> None:
        """Remember a question, so that its answer can name it and its type."""
        name = dns.get("rrname")
        if not isinstance(name, str):
            return
        self._question_count += 1
        self._asked.pop(frame.flow, None)
        self._asked[frame.flow] = _Question(self._question_count, name, dns.get("rrtype"))
        while next(iter(self._asked.values())).number <= self._question_count - PENDING_QUERIES:
            self._asked.popitem(last=False)

    def add(self, dns: JsonObject, frame: _Frame) -> None:
        """Add one event to the open response, or open the next with it."""
        key = (frame.flow, frame.ts_us)
        if self._open is None or self._open.key != key:
            self.flush()
            self._open = _OpenResponse(key=key, frame=frame, rcode=dns.get("rcode"))
            self._open.first_name = dns.get("rrname")
        if "rrtype" in dns and len(self._open.records) < _MAX_RECORDS:
            record = _record_of(dns, "ans", self._drops)
            if record is not None:
                self._open.records.append(record)

    def flush(self) -> None:
        """Hand the open response on."""
        done, self._open = self._open, None
        if done is None:
            return
        question = self._asked.pop(done.frame.flow, None)
        query = name_of(question.name if question else done.first_name)
        if query is None:
            self._drops.drop(BAD_NAME)
            return
        qtype = type_of(question.rrtype if question else None)
        records = _split_sections(done.records, qtype)
        _add(
            self._builder, query, records,
            frame=done.frame, qtype=qtype, rcode=done.rcode, drops=self._drops,
        )  # fmt: skip


_MAX_RECORDS: Final = 65_535
"""The most records a section can count (RFC 1035 section 4.1.1)."""


@dataclass(frozen=True, slots=True)
class _Question:
    number: int
    name: str
    rrtype: object


@dataclass(slots=True, kw_only=True)
class _OpenResponse:
    key: tuple[object, ...]
    frame: _Frame
    rcode: object
    first_name: object = None
    records: list[Record] = field(default_factory=list)


def _split_sections(records: list[Record], qtype: str | None) -> list[Record]:
    """Move the NS and SOA records that nobody asked for to the authority section."""
    types = {rrtype for _, rrtype, _, _, _ in records}
    asked = {qtype} if qtype is not None or len(types) > 1 else types
    return [
        (owner, rrtype, rdata, ttl_s, "auth" if rrtype in {"NS", "SOA"} - asked else section)
        for owner, rrtype, rdata, ttl_s, section in records
    ]


def presented(text: str) -> str:
    """Return the presentation form of a name as Suricata writes it."""
    return unescape_octets(text) if not text.isascii() or "\\" in text or " " in text else text


def name_of(value: object) -> str | None:
    """Return a name, normalised, or null where the value is none."""
    return normalise_name(presented(value)) if isinstance(value, str) else None


def type_of(value: object) -> str | None:
    """Return the mnemonic of a type, or null where the value is none."""
    return parse_type(value) if isinstance(value, str) else None


def _texts(values: object) -> list[str]:
    return [text for text in values if isinstance(text, str)] if isinstance(values, list) else []
