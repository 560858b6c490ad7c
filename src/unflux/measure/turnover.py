"""How often the answer set of a domain turns over, and how wide one answer is."""

import ibis
import ibis.expr.types as ir

from unflux.measure.records import Records, bucket_number
from unflux.model.rollup import ADDRESS_TYPES


def reach(records: Records) -> ir.Table:
    """Return which (bucket, query) led to how many addresses of which owner's domain.

    Columns: bucket, query, query_domain, domain, own.
    """
    s = records.sightings
    s = s.filter(s.rrtype.isin(ADDRESS_TYPES) & (s.section == "ans"))
    s = s.mutate(bucket=bucket_number(s))
    each = s.group_by(
        bucket=s.bucket,
        query=s["query"],
        query_domain=s.domain,
        domain=s.owner_domain,
        address=s.rdata,
    ).agg(seen=s.count())
    key = ["bucket", "query", "query_domain", "domain"]
    return each.group_by(key).agg(own=each.count())


def measure_turnover(records: Records) -> ir.Table:
    """Measure the answer sets that led to each domain's addresses.

    ``lookups``: responses with an address of the domain. ``answer_sets``: distinct sets.
    ``set_addresses_max``, ``set_slash24_max`` and ``set_slash16_max``: the widest single answer.
    No answer is wider than the addresses of the domain that its query led to in its bucket.
    ``set_slash16_mean``: mean number of /16 in an answer, weighted by responses.
    ``queries`` and ``query_domains``: the names, and registrable domains, that led there.
    """
    sets = records.answer_sets
    sets = sets.mutate(bucket=bucket_number(sets))
    reached = reach(records)
    joined = sets.inner_join(
        reached, [sets.bucket == reached.bucket, sets["query"] == reached["query"]]
    ).select(
        domain=reached.domain,
        answer_set=sets.answer_set,
        responses=sets.responses.cast("int64"),
        # The same name may lead to another owner's wider answers.
        addresses=ibis.least(sets.addresses, reached.own),
        slash24s=ibis.least(sets.slash24s, reached.own),
        slash16s=ibis.least(sets.slash16s, reached.own),
    )
    distinct = joined.group_by(["domain", "answer_set"]).agg(
        responses=joined.responses.sum(),
        addresses=joined.addresses.max(),
        slash24s=joined.slash24s.max(),
        slash16s=joined.slash16s.max(),
    )
    turned = distinct.group_by("domain").agg(
        lookups=distinct.responses.sum(),
        answer_sets=distinct.count(),
        set_addresses_max=distinct.addresses.max(),
        set_slash24_max=distinct.slash24s.max(),
        set_slash16_max=distinct.slash16s.max(),
        slash16_sum=(distinct.slash16s * distinct.responses).sum(),
    )
    names = reached.group_by(["domain", "query", "query_domain"]).agg(seen=reached.count())
    queries = names.group_by("domain").agg(queries=names.count())
    owners = names.group_by(["domain", "query_domain"]).agg(seen=names.count())
    tenants = owners.group_by("domain").agg(query_domains=owners.count())
    out = turned.left_join(queries, "domain").drop("domain_right")
    out = out.left_join(tenants, "domain").drop("domain_right")
    return out.mutate(set_slash16_mean=(out.slash16_sum / out.lookups).round(6)).drop("slash16_sum")
