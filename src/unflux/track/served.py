"""Served: the records of tracked networks as Ibis expressions, in the portable subset."""

from typing import Final

import ibis
import ibis.expr.types as ir

LEAST_SHARED: Final = 3
"""Addresses that a domain must share to be a neighbour, as for a candidate network (link/)."""


def served_buckets(incidences: ir.Table, places: ir.Table, tracked: ir.Table) -> ir.Table:
    """Return in how many answers each address served each domain of a network, by bucket.

    ``tracked``: domain, network. Columns: network, domain, address, bucket (epoch seconds), count,
    first_at, last_at, asn, slash16. Records without a time, and addresses that are not globally
    reachable, are left out: operators plant those.
    """
    answers = incidences.filter((incidences.role == "answer") & (incidences.bucket >= 0))
    mine = answers.inner_join(tracked, "domain").inner_join(places, "address")
    mine = mine.filter(~mine.is_special_use)
    return mine.group_by(["network", "domain", "address", "bucket"]).agg(
        count=mine["count"].cast("int64").sum(),
        first_at=mine.first_at.min(),
        last_at=mine.last_at.max(),
        asn=mine.asn.max(),
        slash16=mine.slash16.max(),
    )


def neighbours(incidences: ir.Table, served: ir.Table, tracked: ir.Table) -> ir.Table:
    """Return the domains outside a network that use three of its addresses or more.

    Columns: network, domain, shared, first_at, last_at.
    """
    pool = served.group_by(["network", "address"]).agg(answers=served["count"].sum())
    answers = incidences.filter((incidences.role == "answer") & (incidences.bucket >= 0))
    held = answers.group_by(["domain", "address"]).agg(
        first_at=answers.first_at.min(), last_at=answers.last_at.max()
    )
    met = held.inner_join(pool, "address").select(
        "network", "domain", "address", "first_at", "last_at"
    )
    own = tracked.select(own_domain="domain", own_network="network", is_own=ibis.literal(True))
    met = met.left_join(own, [met.domain == own.own_domain, met.network == own.own_network])
    others = met.filter(met.is_own.isnull())
    found = others.group_by(["network", "domain"]).agg(
        shared=others.count(), first_at=others.first_at.min(), last_at=others.last_at.max()
    )
    return found.filter(found.shared >= LEAST_SHARED)
