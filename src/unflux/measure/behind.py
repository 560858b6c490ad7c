"""The records behind a measurement of one domain, each once, with when it was seen."""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.measure.records import Records
from unflux.model.rollup import ADDRESS_TYPES

RECORD_COLUMNS: Final = (
    "bucket_at", "first_at", "last_at", "qname", "rrtype", "rdata", "asn", "holder", "count",
    "ttl_min_s", "ttl_max_s",
)  # fmt: skip


def answer_records(records: Records, domain: str) -> ir.Table:
    """Return the address records that ``domain`` owns in answers, with their ASN."""
    s = records.sightings
    return _with_routes(
        s.filter((s.owner_domain == domain) & (s.section == "ans") & s.rrtype.isin(ADDRESS_TYPES)),
        records.routes,
    )


def alias_records(records: Records, domain: str) -> ir.Table:
    """Return the CNAME records and foreign addresses in answers to the names of ``domain``."""
    s = records.sightings
    foreign = (s.owner_domain != domain) & s.rrtype.isin(ADDRESS_TYPES)
    return _with_routes(
        s.filter((s.domain == domain) & (s.section == "ans") & ((s.rrtype == "CNAME") | foreign)),
        records.routes,
    )


def server_records(records: Records, domain: str) -> ir.Table:
    """Return the NS records of ``domain`` and the address records of these hosts."""
    s = records.sightings
    named = s.filter((s.owner_domain == domain) & (s.rrtype == "NS"))
    hosts = named.select(host="rdata").distinct()
    addresses = s.filter(s.rrtype.isin(ADDRESS_TYPES)).semi_join(hosts, s.qname == hosts.host)
    return _with_routes(named.union(addresses), records.routes)


def shared_records(records: Records, domain: str, members: ir.Table) -> ir.Table:
    """Return the address records of other convicted domains on the domain's addresses.

    ``members``: domain, network.
    """
    s = records.sightings
    answers = s.filter((s.section == "ans") & s.rrtype.isin(ADDRESS_TYPES))
    own = answers.filter(answers.owner_domain == domain).select(address="rdata").distinct()
    others = members.filter(members.domain != domain).select(member="domain")
    theirs = answers.semi_join(others, answers.owner_domain == others.member)
    return _with_routes(theirs.semi_join(own, theirs.rdata == own.address), records.routes)


def _with_routes(sightings: ir.Table, routes: ir.Table) -> ir.Table:
    summed = sightings.group_by(["qname", "rrtype", "rdata"]).agg(
        bucket_at=sightings.bucket_at.max(),
        first_at=sightings.first_at.min(),
        last_at=sightings.last_at.max(),
        count=sightings["count"].cast("int64").sum(),
        ttl_min_s=sightings.ttl_min_s.min(),
        ttl_max_s=sightings.ttl_max_s.max(),
    )
    known = routes.select("address", "asn", "holder")
    joined = summed.left_join(known, summed.rdata == known.address)
    return joined.order_by(
        [ibis.desc("last_at"), ibis.desc("count"), "qname", "rrtype", "rdata"]
    ).select(*RECORD_COLUMNS)
