"""Tables of the kernel become a rollup: numbers become names, addresses and moments."""

from typing import Final

import dns.rdatatype
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.addresses import address_facts
from unflux.model.columns import ANSWER_SETS, LOOKUPS, MOMENT, SIGHTINGS
from unflux.model.memory import give_back
from unflux.model.names import registrable_domain
from unflux.model.rollup import Rollup
from unflux.read.kernel import layout
from unflux.read.kernel.layout import KIND_IPV6, KIND_NAME
from unflux.read.kernel.native import Kernel
from unflux.read.kernel.tables import TableSet

MANY_ROWS: Final = 100_000
"""Sightings from which on freed memory is given back first. Chosen: 2026-11-24; some 20 MB."""

_LOW: Final = 0xFFFF_FFFF


def roll_up_tables(held: TableSet) -> Rollup:
    """Return what tables hold as a rollup in the order of its keys, and empty them on the way.

    What they counted stays. The rollup takes more memory than the tables, so that each of them
    goes as soon as it is not needed.
    """
    texts = _Texts(held)
    held.let_go(
        "text_slots", "text_words", "address_slots", "prefix_slots", "prefix_rows",
        "sighting_slots", "lookup_slots", "lookup_trails", "set_slots",
    )  # fmt: skip
    questions = _Questions(held, texts)
    lookups = _lookups(texts, questions)
    answer_sets = _answer_sets(held, texts, questions)
    del questions
    held.let_go("lookup_rows", "set_rows")
    return Rollup(sightings=_sightings(held, texts), lookups=lookups, answer_sets=answer_sets)


class _Texts:
    """The texts of tables, their rank in order, and their registrable domains."""

    def __init__(self, held: TableSet) -> None:
        state = held.tables.state
        count, words = int(state[layout.TEXTS]), int(state[layout.WORDS])
        octets = np.empty(8 * words, np.uint8)
        offsets = np.empty(count + 1, np.int32)
        self.numbers = np.zeros(words, np.int32)
        """By where a text begins, its number."""
        held.kernel.pack_texts(held.tables, octets, offsets, self.numbers)
        self.texts = pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(octets))
        self.ranks = _ranks(self.texts)
        self._domains: list[str] = []
        self._domain_codes = np.full(count, -1, np.int32)

    def domains(self, *used: np.ndarray) -> pa.Array:
        """Return the registrable domain of each text that is used as a name, or was before.

        It is null for the others.
        """
        is_new = np.zeros(len(self._domain_codes), bool)
        for rows in used:
            is_new[rows] = True
        new = np.flatnonzero(is_new & (self._domain_codes < 0))
        names = self.texts.take(pa.array(new)).to_pylist()
        self._domain_codes[new] = np.arange(len(new)) + len(self._domains)
        self._domains += map(registrable_domain, names)
        codes = pa.array(self._domain_codes, mask=self._domain_codes < 0)
        return pa.array(self._domains, pa.string()).take(codes)


class _Addresses:
    """The addresses of sightings, their rank in the order of their texts, and what these say."""

    def __init__(self, held: TableSet, kind: np.ndarray, target: np.ndarray) -> None:
        rows = held.tables.address_rows
        is_ipv4, is_ipv6 = kind < KIND_IPV6, (kind >= KIND_IPV6) & (kind < KIND_NAME)
        ipv4, ipv4_number = np.unique(target[is_ipv4], return_inverse=True)
        ipv6, ipv6_number = np.unique(target[is_ipv6], return_inverse=True)
        self.numbers = np.full(len(kind), -1, np.int32)
        """For each sighting the number of its address, -1 where it has none."""
        self.numbers[is_ipv4] = ipv4_number
        self.numbers[is_ipv6] = len(ipv4) + ipv6_number
        self.texts = address_texts(
            held.kernel,
            np.repeat(np.array([4, 6], np.uint8), [len(ipv4), len(ipv6)]),
            np.append(np.zeros(len(ipv4), np.int64), rows[ipv6, layout.ADDRESS_HIGH]),
            np.append(ipv4, rows[ipv6, layout.ADDRESS_LOW]),
        )
        self.ranks = _ranks(self.texts)
        self.facts = address_facts(self.texts)


def address_texts(
    kernel: Kernel, families: np.ndarray, highs: np.ndarray, lows: np.ndarray
) -> pa.StringArray:
    """Write addresses, each of family 4 (uint8) in the lower half or 6 in both (int64)."""
    count = len(families)
    octets = np.empty(layout.MAX_ADDRESS_TEXT * count, np.uint8)
    offsets = np.zeros(count + 1, np.int32)
    kernel.write_addresses(families, highs, lows, octets, offsets)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(octets))


class _Questions:
    """What the rows of lookups have in common with those of answer sets, and its order."""

    def __init__(self, held: TableSet, texts: _Texts) -> None:
        rows = held.tables.lookup_rows[: int(held.tables.state[layout.LOOKUPS])]
        self.rows = rows
        self.bucket = rows[:, layout.LOOKUP_BUCKET]
        self.query = texts.numbers[rows[:, layout.LOOKUP_QUESTION] >> 32]
        types, self._type = np.unique(rows[:, layout.LOOKUP_QUESTION] & _LOW, return_inverse=True)
        known = [
            None if one == layout.UNKNOWN_TYPE else dns.rdatatype.to_text(one)
            for one in types.tolist()
        ]
        self._types = pa.array(known, pa.string())
        self.domains = texts.domains(self.query)
        self.type_rank = _ranks(self._types)[self._type]

    def columns(self, texts: _Texts, order: np.ndarray) -> dict[str, pa.Array]:
        """Return the columns that say what was asked, for some rows of lookups."""
        query = pa.array(self.query[order])
        return {
            "bucket_at": _moments(self.bucket[order]),
            "query": texts.texts.take(query),
            "domain": self.domains.take(query),
            "qtype": self._types.take(pa.array(self._type[order])),
        }


def _sightings(held: TableSet, texts: _Texts) -> pa.Table:
    rows = held.tables.sighting_rows[: int(held.tables.state[layout.SIGHTINGS])]
    query = texts.numbers[rows[:, layout.SIGHTING_NAMES] >> 32]
    owner = texts.numbers[rows[:, layout.SIGHTING_NAMES] & _LOW]
    kind = (rows[:, layout.SIGHTING_DATA] & _LOW).astype(np.int8)
    target = (rows[:, layout.SIGHTING_DATA] >> 32) & _LOW
    is_name = kind >= KIND_NAME
    addresses = _Addresses(held, kind, target)
    target = np.where(is_name, texts.numbers[np.where(is_name, target, 0)], addresses.numbers)
    rank = np.empty(len(rows), np.int64)
    rank[is_name] = texts.ranks[target[is_name]]
    rank[~is_name] = addresses.ranks[target[~is_name]]
    order = np.lexsort(
        (
            rank << 2 | kind & 3,
            texts.ranks[owner] << 3 | kind >> 2,
            texts.ranks[query],
            _unknown_last(rows[:, layout.SIGHTING_BUCKET]),
        )
    )
    bucket, count, seen, ttls = (
        rows[order, column]
        for column in (
            layout.SIGHTING_BUCKET, layout.SIGHTING_COUNT, layout.SIGHTING_SEEN,
            layout.SIGHTING_TTLS,
        )
    )  # fmt: skip
    del rows, rank
    held.let_go("sighting_rows", "address_rows")
    if len(query) > MANY_ROWS:
        give_back()
    query, owner, target = query[order], owner[order], target[order]
    kind, is_name = kind[order], is_name[order]
    del order
    domains = texts.domains(query, owner)
    address = pa.array(target, mask=is_name)
    no_ttl = ttls & _LOW == 0
    columns = {
        "bucket_at": _moments(bucket),
        "query": texts.texts.take(pa.array(query)),
        "domain": domains.take(pa.array(query)),
        "qname": texts.texts.take(pa.array(owner)),
        "owner_domain": domains.take(pa.array(owner)),
        "rrtype": pa.array(layout.RRTYPES).take(pa.array(kind >> 2)),
        "rdata": pc.coalesce(
            addresses.texts.take(address), texts.texts.take(pa.array(target, mask=~is_name))
        ),
        "section": pa.array(layout.SECTIONS).take(pa.array(kind & 3)),
        "count": pa.array(count),
        **_seen(bucket, seen),
        "ttl_min_s": pa.array(ttls >> 32, mask=no_ttl),
        "ttl_max_s": pa.array((ttls & _LOW) - 1, mask=no_ttl),
        "slash24": addresses.facts.slash24.take(address),
        "slash16": addresses.facts.slash16.take(address),
        "is_special_use": addresses.facts.is_special_use.take(address),
    }
    return pa.table(columns, schema=SIGHTINGS.schema)


def _lookups(texts: _Texts, questions: _Questions) -> pa.Table:
    order = np.lexsort(
        (questions.type_rank, texts.ranks[questions.query], _unknown_last(questions.bucket))
    )
    rows = questions.rows[order]
    columns = questions.columns(texts, order)
    columns |= _seen(questions.bucket[order], rows[:, layout.LOOKUP_SEEN])
    for name, (column, shift) in _LOOKUP_COUNTS.items():
        columns[name] = pa.array(rows[:, column] >> shift & _LOW)
    columns["answers_sum"] = pa.array(rows[:, layout.LOOKUP_SUM])
    return pa.table([columns[name] for name in LOOKUPS.schema.names], schema=LOOKUPS.schema)


_LOOKUP_COUNTS: Final = {
    "responses": (layout.LOOKUP_RESPONSES, 0),
    "noerror": (layout.LOOKUP_RESPONSES, 32),
    "nxdomain": (layout.LOOKUP_FAILED, 0),
    "servfail": (layout.LOOKUP_FAILED, 32),
    "other_rcode": (layout.LOOKUP_ANSWERED, 0),
    "answered": (layout.LOOKUP_ANSWERED, 32),
    "answers_max": (layout.LOOKUP_MOST, 0),
}
"""Columns of counts, and the bits below each."""

_SET_COUNTS: Final = {
    "answer_set": layout.SET_HASH,
    "responses": layout.SET_RESPONSES,
    "addresses": layout.SET_ADDRESSES,
    "slash24s": layout.SET_SLASH24S,
    "slash16s": layout.SET_SLASH16S,
}


def _answer_sets(held: TableSet, texts: _Texts, questions: _Questions) -> pa.Table:
    rows = held.tables.set_rows[: int(held.tables.state[layout.SETS])]
    lookup = rows[:, layout.SET_LOOKUP]
    order = np.lexsort(
        (
            rows[:, layout.SET_HASH],
            questions.type_rank[lookup],
            texts.ranks[questions.query[lookup]],
            _unknown_last(questions.bucket[lookup]),
        )
    )
    rows, lookup = rows[order], lookup[order]
    columns = questions.columns(texts, lookup)
    columns |= _seen(questions.bucket[lookup], rows[:, layout.SET_SEEN])
    for name, column in _SET_COUNTS.items():
        columns[name] = pa.array(rows[:, column])
    return pa.table([columns[name] for name in ANSWER_SETS.schema.names], schema=ANSWER_SETS.schema)


def _ranks(values: pa.Array) -> np.ndarray:
    """Return the place of each value in the order of all, nulls last."""
    order = np.asarray(pc.sort_indices(values))
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def _unknown_last(moments_us: np.ndarray) -> np.ndarray:
    return np.where(moments_us == layout.UNKNOWN_TIME, np.iinfo(np.int64).max, moments_us)


def _moments(moments_us: np.ndarray) -> pa.Array:
    return pa.array(moments_us, mask=moments_us == layout.UNKNOWN_TIME).cast(MOMENT)


def _seen(bucket_us: np.ndarray, seen: np.ndarray) -> dict[str, pa.Array]:
    """Return the columns of the earliest and latest moment, null where none is known."""
    is_unknown = bucket_us == layout.UNKNOWN_TIME
    return {
        "first_at": pa.array(bucket_us + (seen & _LOW), mask=is_unknown).cast(MOMENT),
        "last_at": pa.array(bucket_us + (seen >> 32 & _LOW), mask=is_unknown).cast(MOMENT),
    }
