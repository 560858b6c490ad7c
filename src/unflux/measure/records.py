"""The four tables that every measurement starts from, and the collapse they share."""

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

ADDRESS_TYPES = ("A", "AAAA")
NO_BUCKET = -1
"""Stands for the one moment of records without time, so that joins find it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Sightings, lookups and answer sets as read, and the routes of their addresses.

    Shapes: :data:`unflux.model.columns.SIGHTINGS`, ``LOOKUPS``, ``ANSWER_SETS``, ``ROUTES``.
    """

    sightings: ir.Table
    lookups: ir.Table
    answer_sets: ir.Table
    routes: ir.Table


def epoch_s(moment: ir.TimestampValue) -> ir.IntegerValue:
    """Return the whole seconds since the epoch, rounded down; null stays null.

    Without the cut DuckDB gives a fraction, which its cast to an integer rounds to the nearest.
    """
    return moment.truncate("s").epoch_seconds().cast("int64")


def bucket_number(table: ir.Table) -> ir.IntegerValue:
    """Return the bucket as epoch seconds; records without time fall into one bucket."""
    return ibis.coalesce(epoch_s(table.bucket_at), ibis.literal(NO_BUCKET))


def observe(records: Records) -> ir.Table:
    """Collapse sightings to one row per (role, owner name, address, bucket), with routes.

    ``role`` is ``answer`` for addresses in answer sections and ``glue`` for addresses of name
    servers in additional sections. An address record belongs to the domain of its *owner*, not of
    the query: a name that leads into a provider's zone by CNAME does not own the provider's
    addresses. Columns: role, domain, host, address, slash24, slash16, is_special_use, asn,
    holder, country, bucket, count, first_at, last_at, ttl_min_s, ttl_max_s.
    """
    s = records.sightings
    s = s.filter(s.rrtype.isin(ADDRESS_TYPES) & s.section.isin(["ans", "add"]))
    s = s.mutate(
        role=ibis.ifelse(s.section == "ans", "answer", "glue"),
        bucket=bucket_number(s),
    )
    collapsed = s.group_by(
        role=s.role,
        domain=s.owner_domain,
        host=s.qname,
        address=s.rdata,
        slash24=s.slash24,
        slash16=s.slash16,
        is_special_use=s.is_special_use,
        bucket=s.bucket,
    ).agg(
        count=s["count"].cast("int64").sum(),
        first_at=s.first_at.min(),
        last_at=s.last_at.max(),
        ttl_min_s=s.ttl_min_s.min(),
        ttl_max_s=s.ttl_max_s.max(),
    )
    routes = records.routes
    joined = collapsed.left_join(routes, collapsed.address == routes.address)
    return joined.select(
        collapsed.role,
        collapsed.domain,
        collapsed.host,
        collapsed.address,
        collapsed.slash24,
        collapsed.slash16,
        # An operator who maps a private range in a table of their own has made it a place.
        is_special_use=collapsed.is_special_use
        & ~ibis.coalesce(routes.is_user_mapped, ibis.literal(False)),
        asn=routes.asn,
        holder=routes.holder,
        country=routes.country,
        bucket=collapsed.bucket,
        count=collapsed["count"],
        first_at=collapsed.first_at,
        last_at=collapsed.last_at,
        ttl_min_s=collapsed.ttl_min_s,
        ttl_max_s=collapsed.ttl_max_s,
    )


def hold(observed: ir.Table) -> ir.Table:
    """Collapse what was observed over all buckets: the same columns but ``bucket``.

    One row per (role, owner name, address). What asks for no bucket measures the same of these
    fewer rows.
    """
    key = [name for name in observed.columns if name not in {"bucket", *_SUMMED}]
    return observed.group_by(key).agg(
        count=observed["count"].cast("int64").sum(),
        first_at=observed.first_at.min(),
        last_at=observed.last_at.max(),
        ttl_min_s=observed.ttl_min_s.min(),
        ttl_max_s=observed.ttl_max_s.max(),
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
