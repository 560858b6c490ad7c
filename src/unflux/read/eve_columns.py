"""DNS events of versions 2 and 3 of Suricata's EVE log, in columns, become a batch."""

import json
from functools import lru_cache, partial
from typing import Final

import numpy as np
import pyarrow as pa

from unflux.model.columns import MOMENT
from unflux.read.data_column import DataColumn
from unflux.read.eve_events import ODD_EVENT, name_of, presented, rdata_of, type_of
from unflux.read.json_columns import moments_of, ttls_of
from unflux.read.kernel.scan.layout import (
    ABSENT,
    ARRAY,
    FALSE,
    FLOAT,
    INTEGER,
    OBJECT,
    OTHER,
    TRUE,
)
from unflux.read.moments import BAD_MOMENT
from unflux.read.objects import Member, Objects, Shape, Values
from unflux.read.passes import read_whole_numbers
from unflux.read.presentation import (
    BAD_NAME,
    BAD_TTL,
    NAME_TYPES,
    NO_DATA,
    OTHER_PORT,
    bad_data_reason,
    parse_rcode,
    parse_rdata,
    plain_label,
)
from unflux.read.records import AAAA, CNAME, NS, RRTYPES, SOA, Records, types_of
from unflux.read.sieve import Sieve
from unflux.read.source import Batch, Drops
from unflux.read.spans import Coded, Spans, unify
from unflux.read.ttls import BAD

CACHED_SOAS: Final = 1 << 12
"""SOA objects remembered from block to block. Chosen: 2026-11-24; some 2 MB, and negative answers
of the zones that are asked for most repeat theirs."""

_LISTS: Final = ("dns/answers", "dns/authorities", "dns/additionals")
"""Of records, in the order of :data:`unflux.read.records.SECTIONS`."""

_VERSION_2_PARTS: Final = ("dns/grouped", "dns/queries", *_LISTS)

_RECORD: Final = tuple(Member(key=key) for key in ("rrname", "rrtype", "ttl", "rdata", "soa"))

SHAPE: Final = Shape(
    *(
        Member(key=key)
        for key in (
            "timestamp", "event_type", "src_ip", "src_port", "dest_ip", "dest_port", "host",
        )
    ),
    Member(
        key="dns",
        members=(
            *(Member(key=key) for key in ("version", "type", "rrname", "rrtype", "rcode")),
            *(
                Member(key=key, elements=_RECORD)
                for key in ("queries", "answers", "authorities", "additionals")
            ),
            Member(key="grouped"),
        ),
    ),
)  # fmt: skip


class Events:
    """The DNS events among the objects of a block, sorted by what is to be done with them."""

    def __init__(self, objects: Objects, ports: frozenset[int], drops: Drops) -> None:
        self.objects = objects
        column = objects.column
        is_dns = column("event_type").texts.holds(lambda text: text == "dns")
        is_grouped = column("dns/grouped").is_kind(OBJECT) & ~column("dns/answers").is_kind(ARRAY)
        self.slow_rows = np.flatnonzero(is_dns & is_grouped)
        """Objects that are left to the slow path."""
        rows = np.flatnonzero(is_dns & ~is_grouped)
        self._source_port = column("src_port").at(rows)
        self._ports = ports
        sieve = Sieve(len(rows), drops)
        sieve.refuse(ODD_EVENT, ~column("dns").at(rows).is_kind(OBJECT))
        sieve.refuse(OTHER_PORT, ~self._is_asked_for(column("dest_port").at(rows)))
        timestamp = column("timestamp").at(rows)
        ts_us = moments_of(timestamp)
        sieve.refuse(BAD_MOMENT, (ts_us == OTHER) & ~timestamp.is_kind(ABSENT))
        kind = column("dns/type").at(rows).texts
        is_question = kind.holds(lambda text: text in {"query", "request"})
        is_answer = kind.holds(lambda text: text in {"answer", "response"})
        sieve.refuse(ODD_EVENT, ~(is_question | is_answer))
        is_question &= sieve.kept
        is_answer &= sieve.kept
        drops.query_count += int(is_question.sum())
        is_named = ~column("dns/rrname").at(rows).texts.is_null
        self.question_rows = rows[is_question & is_named]
        """Objects that ask something that a version 1 answer may refer to."""
        self.has_version_1 = bool((is_answer & self._is_version_1(rows)).any())
        """Whether there are answers that tell of one record each."""
        self.rows = rows[is_answer]
        """Objects that are responses; those of version 1 are not told from the others here."""
        self.ts_us = ts_us[is_answer]
        """Their moments, or OTHER where none is told."""
        self._source_port = self._source_port.at(is_answer)

    def _is_asked_for(self, other: Values) -> np.ndarray:
        found = np.zeros(len(other.kinds), dtype=bool)
        is_told = np.zeros(len(other.kinds), dtype=bool)
        for port in (self._source_port, other):
            found |= self._is_port(port)
            is_told |= ~port.is_kind(ABSENT)
        return found | ~is_told

    def _is_port(self, values: Values) -> np.ndarray:
        spans = values.spans(INTEGER)
        numbers = read_whole_numbers(spans.octets, spans.starts, spans.ends)
        found: np.ndarray = np.isin(numbers, list(self._ports))  # a negative one is none
        for kind, number in ((TRUE, 1), (FALSE, 0)):
            if number in self._ports:
                found |= values.is_kind(kind)
        return found

    def _is_version_1(self, rows: np.ndarray) -> np.ndarray:
        column = self.objects.column
        version = column("dns/version").at(rows)
        is_1 = version.spans(INTEGER, FLOAT).holds(lambda text: float(text) == 1)
        is_1 |= version.is_kind(ABSENT, TRUE)
        for path in _VERSION_2_PARTS:
            is_1 &= column(path).at(rows).is_kind(ABSENT)
        return is_1

    def clients(self) -> Spans:
        """Return the address of the client of each response."""
        # Up to version 2 the source is the client, in version 3 it is the sender of the packet.
        is_from_server = self._is_port(self._source_port)
        floats = self._source_port.spans(FLOAT)
        is_from_server |= floats.holds(lambda text: float(text) in self._ports)
        column = self.objects.column
        destination, source = column("dest_ip").at(self.rows), column("src_ip").at(self.rows)
        return destination.or_else(source, is_from_server).texts

    def question(self) -> tuple[Values, Values]:
        """Return name and type of what each response answers."""
        objects = self.objects
        name, rrtype = (objects.column(f"dns/{key}").at(self.rows) for key in ("rrname", "rrtype"))
        queries = np.flatnonzero(objects.is_item_of("dns/queries"))
        if not len(queries):
            return name, rrtype
        of = objects.item_rows[queries]
        place = np.minimum(np.searchsorted(of, self.rows), len(of) - 1)
        first = queries[place]
        is_there = (of[place] == self.rows) & objects.item_column("").at(first).is_kind(OBJECT)
        return (
            objects.item_column("rrname").at(first).or_else(name, is_there),
            objects.item_column("rrtype").at(first).or_else(rrtype, is_there),
        )


def batch_of(events: Events, drops: Drops) -> Batch:
    """Turn the responses among some events of versions 2 and 3 into a batch."""
    name, rrtype = events.question()
    query = name.texts.map_names(name_of)
    is_named = ~query.is_null
    count = int(is_named.sum())
    if count < len(is_named):
        drops.drop(BAD_NAME, len(is_named) - count)
    drops.response_count += count
    rows, query, ts_us = events.rows[is_named], query.at(is_named), events.ts_us[is_named]
    column = events.objects.column
    responses = pa.table(
        {
            "response": np.arange(count),
            "ts": pa.array(ts_us, mask=ts_us == OTHER).cast(MOMENT),
            "query": query.column(),
            "qtype": rrtype.at(is_named).texts.map(type_of).column(),
            "rcode": column("dns/rcode").at(rows).texts.map(parse_rcode).column(),
            "client": events.clients().at(is_named).map_labels(plain_label).column(),
            "sensor": column("host").at(rows).texts.map_labels(plain_label).column(),
        }
    )
    return Batch(responses=responses, records=_records(events.objects, rows, drops).table())


def _records(objects: Objects, rows: np.ndarray, drops: Drops) -> Records:
    """Return the records of the responses in these rows."""
    number = np.full(objects.row_count, -1)
    number[rows] = np.arange(len(rows))
    items = np.flatnonzero(objects.is_item_of(*_LISTS) & (number[objects.item_rows] >= 0))
    sieve = Sieve(len(items), drops)
    rrtype_text = objects.item_column("rrtype").at(items).texts
    owner_text = objects.item_column("rrname").at(items).texts
    sieve.refuse(ODD_EVENT, rrtype_text.is_null | owner_text.is_null)  # what is no object has none
    rrtype = types_of(rrtype_text)
    sieve.leave(rrtype < 0)
    text, soa = objects.item_column("rdata").at(items).texts, objects.item_column("soa").at(items)
    is_soa = text.is_null & soa.is_kind(OBJECT)
    sieve.refuse(NO_DATA, text.is_null & ~is_soa)
    owner = owner_text.map_names(name_of)
    sieve.refuse(BAD_NAME, owner.is_null)
    data = _data(rrtype, rrtype_text, text, soa, sieve.kept)
    for code, mnemonic in enumerate(RRTYPES.to_pylist()):
        sieve.refuse(bad_data_reason(mnemonic), data.is_null & (rrtype == code))
    ttl_s = ttls_of(objects.item_column("ttl").at(items))
    sieve.refuse(BAD_TTL, ttl_s == BAD)
    kept = sieve.kept
    items = items[kept]
    names, (qname, rdata) = unify(owner.at(kept), data.at(kept))
    section = np.zeros(objects.item_count, dtype=np.int8)
    for code, path in enumerate(_LISTS):
        section[objects.is_item_of(path)] = code
    return Records(
        response=number[objects.item_rows[items]],
        names=names,
        qname=qname,
        rrtype=rrtype[kept],
        rdata=rdata,
        ttl_s=ttl_s[kept],
        section=section[items],
    )


def _data(
    rrtype: np.ndarray, rrtype_text: Spans, text: Spans, soa: Values, is_wanted: np.ndarray
) -> Coded:
    """Return the canonical data of the records that are wanted; values may repeat.

    Data comes as text, or else as the object of an SOA.
    """
    is_text = is_wanted & ~text.is_null
    is_name = is_text & ((rrtype == CNAME) | (rrtype == NS))
    is_spelt_so = rrtype_text.holds(lambda spelling: spelling in NAME_TYPES)
    data = DataColumn(len(rrtype))
    data.add_addresses(is_text & (rrtype <= AAAA), text, rrtype == AAAA)
    data.add(is_name & is_spelt_so, text, lambda t: parse_rdata("CNAME", presented(t)))
    data.add(is_name & ~is_spelt_so, text, lambda t: parse_rdata("CNAME", t))
    data.add(is_text & (rrtype == SOA), text, lambda t: parse_rdata("SOA", t))
    is_soa = is_wanted & text.is_null
    if is_soa.any():
        for code, mnemonic in enumerate(RRTYPES.to_pylist()):
            data.add(is_soa & (rrtype == code), soa.spans(OBJECT), partial(_parse_soa, mnemonic))
    return data.coded()


@lru_cache(maxsize=CACHED_SOAS)
def _parse_soa(rrtype: str, text: str) -> str | None:
    data = rdata_of({"soa": json.loads(text)}, rrtype)
    return None if data is None else parse_rdata(rrtype, data)
