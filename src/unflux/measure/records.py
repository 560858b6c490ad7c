"""The five tables that every measurement starts from, and the collapse they share."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from unflux.model.addresses import TRANSLATED
from unflux.model.rollup import ADDRESS_TYPES

NO_BUCKET = -1
"""Stands for the one moment of records without time, so that joins find it."""

TRANSLATED_START = str(TRANSLATED.network_address)
"""How the texts of addresses behind a translator begin: by themselves they are one rack for the
whole internet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Sightings, lookups and answer sets as read, the routes of their addresses, listed zones.

    Shapes: :data:`unflux.model.columns.SIGHTINGS`, ``LOOKUPS``, ``ANSWER_SETS``, ``ROUTES``,
    ``ZONES``.
    """

    sightings: ir.Table
    lookups: ir.Table
    answer_sets: ir.Table
    routes: ir.Table
    zones: ir.Table


def epoch_s(moment: ir.TimestampValue) -> ir.IntegerValue:
    """Return the whole seconds since the epoch, rounded down; null stays null.

    DuckDB gives a fraction, exact enough to be cut until the year 2255; to truncate the moment
    first takes it ten times as long.
    """
    return moment.epoch_seconds().floor().cast("int64")


def bucket_number(table: ir.Table) -> ir.IntegerValue:
    """Return the bucket as epoch seconds; records without time fall into one bucket."""
    return ibis.coalesce(epoch_s(table.bucket_at), ibis.literal(NO_BUCKET))


def observe(records: Records) -> ir.Table:
    """Collapse sightings to one row per (role, owner name, address, bucket), with routes.

    The incidences of addresses, told where they are: what every measurement may ask.
    """
    return locate(incidences(records), places(records))


def incidences(records: Records) -> ir.Table:
    """Return where in time each address was seen under each name, once per bucket.

    ``role`` is ``answer`` for addresses in answer sections and ``glue`` for addresses of name
    servers in additional sections. An address record belongs to the domain of its *owner*, not of
    the query: a name that leads into a provider's zone by CNAME does not own the provider's
    addresses. Nor is an address that a resolver translated a host of its own: its IPv4 address is,
    which the A record tells. Columns: role, domain, host, address, bucket, count, first_at,
    last_at, ttl_min_s, ttl_max_s.
    """
    s = records.sightings
    s = s.filter(s.rrtype.isin(ADDRESS_TYPES) & s.section.isin(["ans", "add"]))
    s = s.filter(~s.rdata.startswith(TRANSLATED_START))
    s = s.mutate(
        role=ibis.ifelse(s.section == "ans", "answer", "glue"),
        bucket=bucket_number(s),
    )
    return s.group_by(
        role=s.role, domain=s.owner_domain, host=s.qname, address=s.rdata, bucket=s.bucket
    ).agg(
        count=s["count"].cast("int64").sum(),
        first_at=s.first_at.min(),
        last_at=s.last_at.max(),
        ttl_min_s=s.ttl_min_s.min(),
        ttl_max_s=s.ttl_max_s.max(),
    )


def places(records: Records) -> ir.Table:
    """Return where each address is, once: its prefixes and its route.

    Columns: address, slash24, slash16, is_special_use, asn, holder, country, provider,
    provider_use.
    """
    s = records.sightings
    s = s.filter(s.rrtype.isin(ADDRESS_TYPES))
    facts = s.select("slash24", "slash16", "is_special_use", address="rdata").distinct()
    routes = records.routes
    joined = facts.left_join(routes, facts.address == routes.address)
    return joined.select(
        facts.address,
        facts.slash24,
        facts.slash16,
        # An operator who maps a private range in a table of their own has made it a place.
        is_special_use=facts.is_special_use
        & ~ibis.coalesce(routes.is_user_mapped, ibis.literal(False)),
        asn=routes.asn,
        holder=routes.holder,
        country=routes.country,
        provider=routes.provider,
        provider_use=routes.provider_use,
    )


def locate(seen: ir.Table, places: ir.Table) -> ir.Table:
    """Add to incidences, or to what is held, where their addresses are."""
    return seen.inner_join(places, "address")


def hold(seen: ir.Table) -> ir.Table:
    """Collapse incidences over all buckets: the same columns but ``bucket``.

    What asks for no bucket measures the same of these fewer rows.
    """
    key = [name for name in seen.columns if name not in {"bucket", *_SUMMED}]
    return seen.group_by(key).agg(
        count=seen["count"].cast("int64").sum(),
        first_at=seen.first_at.min(),
        last_at=seen.last_at.max(),
        ttl_min_s=seen.ttl_min_s.min(),
        ttl_max_s=seen.ttl_max_s.max(),
    )


_SUMMED = ("count", "first_at", "last_at", "ttl_min_s", "ttl_max_s")


def count_distinct(table: ir.Table, key: tuple[str, ...], column: str, name: str) -> ir.Table:
    """Count distinct non-null values of a column per key, as nested group-bys.

    Several distinct counts in one aggregate make Spark expand every row once per count.
    """
    known = table.filter(table[column].notnull())
    pairs = known.group_by([*key, column]).agg(seen=known.count())
    return pairs.group_by(list(key)).agg(**{name: pairs.count()})


def join_on_domain(left: ir.Table, *others: ir.Table) -> ir.Table:
    """Left-join measurements on their domain."""
    for other in others:
        left = left.left_join(other, "domain")
        left = left.drop(*(c for c in left.columns if c.endswith("_right")))
    return left
