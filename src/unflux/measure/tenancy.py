"""Context: how many domains share the addresses of a domain, and where its names lead."""

import ibis.expr.types as ir

from unflux.measure.records import Records
from unflux.model.rollup import ADDRESS_TYPES


def measure_tenancy(observed: ir.Table) -> ir.Table:
    """Count the domains sharing each address: ``tenants_min``, ``tenants_mean``, ``tenants_max``.

    Parking, sinkholes and shared hosting have many tenants on few addresses; one parking address
    served 392 domains (Nazario and Holz, MALWARE 2008).
    """
    answers = observed.filter(observed.role == "answer")
    pairs = answers.group_by(["domain", "address"]).agg(seen=answers.count())
    tenants = pairs.group_by("address").agg(tenants=pairs.count())
    joined = pairs.inner_join(tenants, "address")
    out = joined.group_by("domain").agg(
        tenants_min=joined.tenants.min(),
        tenants_max=joined.tenants.max(),
        tenants_sum=joined.tenants.sum(),
        pairs=joined.count(),
    )
    return out.mutate(tenants_mean=(out.tenants_sum / out.pairs).round(6)).drop(
        "tenants_sum", "pairs"
    )


def measure_aliases(records: Records) -> ir.Table:
    """Return where each domain's names lead: rows (domain, target, count).

    A row says that answers to the domain's names ended in addresses owned by ``target``, another
    registrable domain, ``count`` (address, response) times.
    """
    s = records.sightings
    s = s.filter(s.rrtype.isin(ADDRESS_TYPES) & (s.section == "ans") & (s.domain != s.owner_domain))
    return s.group_by(domain=s.domain, target=s.owner_domain).agg(
        count=s["count"].cast("int64").sum()
    )


def measure_asked(records: Records) -> ir.Table:
    """Count the responses to each domain's names: ``responses``, ``nxdomain``, ``names``."""
    looked = records.lookups
    per_query = looked.group_by(["domain", "query"]).agg(
        responses=looked.responses.cast("int64").sum(),
        nxdomain=looked.nxdomain.cast("int64").sum(),
        answered=looked.answered.cast("int64").sum(),
        first_at=looked.first_at.min(),
        last_at=looked.last_at.max(),
    )
    return per_query.group_by("domain").agg(
        names=per_query.count(),
        responses=per_query.responses.sum(),
        nxdomain=per_query.nxdomain.sum(),
        answered=per_query.answered.sum(),
        asked_first_at=per_query.first_at.min(),
        asked_last_at=per_query.last_at.max(),
    )
