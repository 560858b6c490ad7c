"""Parts of a store: the records of some domains, and what is around them."""

# ruff: noqa: S608  nothing but declared names is written into a statement

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa

from unflux.engine.store import Store
from unflux.model.columns import ANSWER_SETS, LOOKUPS, SIGHTINGS, STORED, TEXT
from unflux.model.rollup import ADDRESS_TYPES, Rollup
from unflux.model.times import microseconds_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The time that records are taken of: seen at or after ``since`` and before ``until``."""

    since: datetime
    until: datetime

    @property
    def bounds(self) -> str:
        """The condition, for statements."""
        return f"last_at >= {_moment(self.since)} AND first_at < {_moment(self.until)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Domains, and addresses and name-server hosts beside theirs."""

    domains: Collection[str]
    addresses: Collection[str] = ()
    hosts: Collection[str] = ()


_IS_ADDRESS: Final = f"rrtype IN {ADDRESS_TYPES}"
_OWNERS: Final = (
    f"SELECT DISTINCT owner_domain FROM sightings WHERE {{bounds}} AND {_IS_ADDRESS}"
    " AND section = 'ans' AND domain IN (FROM asked)"
)
_OWNED: Final = "owner_domain IN (FROM asked)"
_LEADING: Final = (
    "domain IN (FROM asked UNION ALL SELECT domain FROM sightings"
    f" WHERE {{bounds}} AND {_IS_ADDRESS} AND section = 'ans' AND {_OWNED})"
)
_NEIGHBOURS: Final = f"""
WITH theirs AS (
    SELECT owner_domain, qname, rrtype, rdata FROM sightings WHERE {{bounds}}
), server AS (
    SELECT name FROM asked_hosts
    UNION SELECT rdata FROM theirs WHERE rrtype = 'NS' AND {_OWNED}
), place AS (
    SELECT name FROM asked_addresses
    UNION SELECT rdata FROM theirs
    WHERE {_IS_ADDRESS} AND ({_OWNED} OR qname IN (FROM server))
)
SELECT name, TRUE AS is_place FROM place
UNION SELECT name, FALSE FROM server
UNION SELECT qname, FALSE FROM theirs WHERE {_IS_ADDRESS} AND rdata IN (FROM place)
"""
_IS_NEIGHBOUR: Final = f"""(
    {_IS_ADDRESS} AND rdata IN (SELECT name FROM neighbours WHERE is_place)
    OR rrtype = 'NS' AND rdata IN (SELECT name FROM neighbours WHERE NOT is_place)
    OR qname IN (SELECT name FROM neighbours WHERE NOT is_place)
)"""


def domains_from(store: Store, since: datetime, until: datetime) -> list[str]:
    """Return the domains with rows that begin at or after ``since`` and before ``until``."""
    began = f"first_at >= {_moment(since)} AND first_at < {_moment(until)}"
    parts = [f"SELECT domain FROM {shape.name} WHERE {began}" for shape in STORED]
    parts.append(f"SELECT owner_domain FROM sightings WHERE {began}")
    with store.transaction():
        return _names(store, " UNION ".join(parts))


def owners_behind(store: Store, span: Span, domains: Collection[str]) -> list[str]:
    """Return whose addresses the names of the domains led to."""
    with _asked(store, asked=domains):
        return _names(store, _OWNERS.format(bounds=span.bounds))


def records_of(store: Store, span: Span, domains: Collection[str]) -> Rollup:
    """Return all rows that say something of the domains by themselves, in no order.

    Those of their names, those of records they own, and the answer sets that led to these.
    """
    with _asked(store, asked=domains):
        return _take(store, span, f"domain IN (FROM asked) OR {_OWNED}")


def records_around(store: Store, span: Span, around: Around) -> Rollup:
    """Return :func:`records_of`, and every row about their addresses and their name servers.

    That is: the same addresses under other names, the same hosts for other domains, and where
    these hosts are.
    """
    with _asked(
        store, asked=around.domains, asked_addresses=around.addresses, asked_hosts=around.hosts
    ):
        found = store.execute(_NEIGHBOURS.format(bounds=span.bounds)).to_arrow_table()
        with store.registered("neighbours", found):
            return _take(store, span, f"domain IN (FROM asked) OR {_OWNED} OR {_IS_NEIGHBOUR}")


def _take(store: Store, span: Span, condition: str) -> Rollup:
    """Return the sightings of a condition, and the rest of the domains that are asked for."""
    where = {
        SIGHTINGS: condition,
        LOOKUPS: "domain IN (FROM asked)",
        ANSWER_SETS: _LEADING.format(bounds=span.bounds),
    }
    return store.rollup(span.since, span.until, is_sorted=False, where=where)


@contextmanager
def _asked(store: Store, **names: Collection[str]) -> Iterator[None]:
    """Let statements read names, and see the store as it is now."""
    with store.transaction(), ExitStack() as registered:
        for table, column in names.items():
            asked = pa.table({"name": pa.array(column, TEXT)})
            registered.enter_context(store.registered(table, asked))
        yield


def _names(store: Store, statement: str) -> list[str]:
    found: list[str] = store.execute(statement).to_arrow_table().column(0).to_pylist()
    return found


def _moment(moment: datetime) -> str:
    return f"make_timestamptz({microseconds_of(moment)})"
