"""The name-server plane: who serves a domain's zone, from where, and how that moves.

No TTL gate here: the glue of real double flux lived 27 to 48 hours (docs/evaluation.md).
"""

import ibis.expr.types as ir

from unflux.measure.records import Records, count_distinct, join_on_domain


def delegations(records: Records) -> ir.Table:
    """Return (domain, ns_host) pairs from NS records in any section, once each."""
    s = records.sightings
    s = s.filter(s.rrtype == "NS")
    return s.group_by(domain=s.owner_domain, ns_host=s.rdata).agg(
        first_at=s.first_at.min(), last_at=s.last_at.max()
    )


def host_addresses(records: Records, observed: ir.Table) -> ir.Table:
    """Return the addresses of every name-server host, whatever section showed them.

    Columns: ns_host, address, slash16, asn, first_bucket.
    """
    hosts = delegations(records).select("ns_host").distinct()
    known = observed.inner_join(hosts, observed.host == hosts.ns_host)
    known = known.filter(~known.is_special_use)
    return known.group_by(
        ns_host=known.host, address=known.address, slash16=known.slash16, asn=known.asn
    ).agg(first_bucket=known.bucket.min())


def measure_name_servers(records: Records, observed: ir.Table) -> ir.Table:
    """Count the name-server plane of each domain that showed NS records.

    ``ns_hosts``, ``ns_addresses``, ``ns_slash16``, ``ns_asns``: distinct over the domain's hosts.
    ``ns_host_addresses_max`` and ``ns_host_slash16_max``: most addresses and /16 that passed under
    one host name; a stable server has one or two, a fluxing one has many.
    ``ns_served_max``: most domains of these records that one of its hosts serves.
    """
    pairs = delegations(records)
    addresses = host_addresses(records, observed)
    hosts = pairs.group_by("domain").agg(ns_hosts=pairs.count())

    per_host = addresses.group_by("ns_host").agg(host_addresses=addresses.count())
    host16 = count_distinct(addresses, ("ns_host",), "slash16", "host_slash16")
    served = pairs.group_by("ns_host").agg(host_served=pairs.count())
    graded = pairs.left_join(per_host, "ns_host").drop("ns_host_right")
    graded = graded.left_join(host16, "ns_host").drop("ns_host_right")
    graded = graded.left_join(served, "ns_host").drop("ns_host_right")
    maxima = graded.group_by("domain").agg(
        ns_host_addresses_max=graded.host_addresses.max(),
        ns_host_slash16_max=graded.host_slash16.max(),
        ns_served_max=graded.host_served.max(),
    )

    plane = pairs.inner_join(addresses, "ns_host")
    key = ("domain",)
    return join_on_domain(
        hosts,
        maxima,
        count_distinct(plane, key, "address", "ns_addresses"),
        count_distinct(plane, key, "slash16", "ns_slash16"),
        count_distinct(plane, key, "asn", "ns_asns"),
    )


def measure_overlap(records: Records, observed: ir.Table) -> ir.Table:
    """Count addresses of a domain's answers that also answer as its name servers.

    ``overlap`` and ``overlap_slash16``: distinct addresses and /16. A small site on one machine
    has both at one; 1,119 of 3,241 hosts of a double-flux network did both (honeynet.org, KYE
    2007), 68 of 140 in the 2009 records.
    """
    pairs = delegations(records)
    addresses = host_addresses(records, observed)
    plane = pairs.inner_join(addresses, "ns_host").select("domain", "address", "slash16").distinct()
    answers = observed.filter(observed.role == "answer").select("domain", "address").distinct()
    both = plane.inner_join(
        answers, [plane.domain == answers.domain, plane.address == answers.address]
    ).select(domain=plane.domain, address=plane.address, slash16=plane.slash16)
    key = ("domain",)
    return join_on_domain(
        count_distinct(both, key, "address", "overlap"),
        count_distinct(both, key, "slash16", "overlap_slash16"),
    )
