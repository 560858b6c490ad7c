"""Served: the records of tracked networks as Ibis expressions, in the portable subset."""

from typing import Final

import ibis
import ibis.expr.types as ir

DAY_S: Final = 86_400
EVER: Final = -1
"""Stands for all days together."""
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


def overlaps(
    incidences: ir.Table, places: ir.Table, served: ir.Table, networks: ir.Table
) -> ir.Table:
    """Return how many addresses each network has in common with each other one, by day.

    ``networks``: domain, network, of all there are. Columns: network, other, day (epoch seconds of
    its start; ``EVER``: of all days together), shared, addresses (of the network), of_other.
    """
    answers = incidences.filter((incidences.role == "answer") & (incidences.bucket >= 0))
    all_served = answers.inner_join(networks, "domain").inner_join(places, "address")
    mine = _by_day(served)
    theirs = _by_day(all_served.filter(~all_served.is_special_use)).rename(other="network")
    met = mine.inner_join(theirs, ["day", "address"])
    met = met.filter(met.network != met.other)
    shared = met.group_by(["network", "other", "day"]).agg(shared=met.count())
    own = mine.group_by(["network", "day"]).agg(addresses=mine.count())
    of_other = theirs.group_by(["other", "day"]).agg(of_other=theirs.count())
    found = shared.inner_join(own, ["network", "day"]).inner_join(of_other, ["other", "day"])
    return found.select("network", "other", "day", "shared", "addresses", "of_other")


def _by_day(served: ir.Table) -> ir.Table:
    """Return network, address and day, once each, and all again with the day ``EVER``."""
    day = (served.bucket // DAY_S * DAY_S).cast("int64")
    by_day = served.select("network", "address", day=day)
    ever = served.select("network", "address", day=ibis.literal(EVER, "int64"))
    return ibis.union(by_day, ever, distinct=True)


def tracked_sets(answer_sets: ir.Table, tracked: ir.Table) -> ir.Table:
    """Return the sets of addresses that a network's names were answered, by bucket.

    Columns: network, query, qtype, answer_set, first_at, last_at. Those without a time are left
    out.
    """
    sets = answer_sets.filter(answer_sets.first_at.notnull() & (answer_sets.addresses > 0))
    return sets.inner_join(tracked, "domain").select(
        "network", "query", "qtype", "answer_set", "first_at", "last_at"
    )
