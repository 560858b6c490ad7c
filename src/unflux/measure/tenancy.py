"""Context: how many domains share the addresses of a domain, and where its names lead."""

import ibis
import ibis.expr.types as ir

from unflux.measure.records import Records, bucket_number
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

    A row says that ``count`` responses to the domain's names ended in addresses owned by
    ``target``, another registrable domain. A target counts by responses, not by addresses, or one
    that answers with many would speak for all: as often as a CNAME led to the owner's name, or,
    where none was seen, as the owner's address that was seen most.
    """
    s = records.sightings
    s = s.filter(s.section == "ans")
    s = s.mutate(bucket=bucket_number(s), count=s["count"].cast("int64"))
    aliases = s.filter(s.rrtype == "CNAME")
    led = aliases.group_by(bucket=aliases.bucket, query=aliases["query"], host=aliases.rdata).agg(
        led=aliases["count"].max()
    )
    foreign = s.filter(s.rrtype.isin(ADDRESS_TYPES) & (s.domain != s.owner_domain))
    ended = foreign.group_by(
        domain=foreign.domain,
        target=foreign.owner_domain,
        bucket=foreign.bucket,
        query=foreign["query"],
        host=foreign.qname,
    ).agg(most=foreign["count"].max(), records=foreign["count"].sum())
    joined = ended.left_join(led, ["bucket", "query", "host"])
    # A CNAME may lead to a name that has no address of the type asked.
    count = ibis.least(ibis.coalesce(joined.led, joined.most), joined.records)
    return joined.group_by(["domain", "target"]).agg(count=count.sum().cast("int64"))


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
