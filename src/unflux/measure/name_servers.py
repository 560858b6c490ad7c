"""The name-server plane: who serves a domain's zone, from where, and how that moves.

No TTL gate here: the glue of real double flux lived 27 to 48 hours (docs/evaluation.md).
"""

import ibis.expr.types as ir

from unflux.measure.records import Records, count_distinct, epoch_s, join_on_domain
from unflux.model.opening import OPENING_S


def delegations(records: Records) -> ir.Table:
    """Return (domain, ns_host) pairs from NS records in any section, once each."""
    s = records.sightings
    s = s.filter(s.rrtype == "NS")
    return s.group_by(domain=s.owner_domain, ns_host=s.rdata).agg(
        first_at=s.first_at.min(), last_at=s.last_at.max()
    )


def host_addresses(delegated: ir.Table, observed: ir.Table) -> ir.Table:
    """Return the addresses of every name-server host, whatever section showed them.

    ``delegated`` as :func:`delegations` returns it. Columns: ns_host, address, slash16, asn,
    first_at, last_at.
    """
    hosts = delegated.select("ns_host").distinct()
    known = observed.inner_join(hosts, observed.host == hosts.ns_host)
    known = known.filter(~known.is_special_use)
    return known.group_by(
        ns_host=known.host, address=known.address, slash16=known.slash16, asn=known.asn
    ).agg(first_at=known.first_at.min(), last_at=known.last_at.max())


def host_rotation(addresses: ir.Table) -> ir.Table:
    """Tell of every name-server host how wide it is and whether it keeps moving.

    ``addresses`` as :func:`host_addresses` returns them. Columns: ns_host, addresses, slash16,
    late_slash16. The last counts the /16 first seen in the later half of the host's span, and is
    null where that is five minutes or less. A large hosting company also has many addresses under
    one server's name, and glue may show some at a time, but then its set is complete.
    """
    counted = addresses.group_by("ns_host").agg(addresses=addresses.count())
    dated = addresses.filter(addresses.first_at.notnull())
    dated = dated.mutate(first_s=epoch_s(dated.first_at), last_s=epoch_s(dated.last_at))
    places = dated.group_by(["ns_host", "slash16"]).agg(first_s=dated.first_s.min())
    bounds = dated.group_by("ns_host").agg(
        host_first_s=dated.first_s.min(), host_last_s=dated.last_s.max()
    )
    bounds = bounds.filter(bounds.host_last_s - bounds.host_first_s > OPENING_S)
    moved = places.inner_join(bounds, "ns_host")
    is_late = (moved.first_s - moved.host_first_s > OPENING_S) & (
        moved.first_s * 2 > moved.host_first_s + moved.host_last_s
    )
    late = moved.group_by("ns_host").agg(late_slash16=is_late.cast("int64").sum())
    wide = count_distinct(addresses, ("ns_host",), "slash16", "slash16")
    joined = counted.left_join(wide, "ns_host").drop("ns_host_right")
    return joined.left_join(late, "ns_host").drop("ns_host_right")


def measure_name_servers(pairs: ir.Table, observed: ir.Table) -> ir.Table:
    """Count the name-server plane of each domain that showed NS records.

    ``pairs`` as :func:`delegations` returns them.
    ``ns_hosts``, ``ns_addresses``, ``ns_slash16``, ``ns_asns``: distinct over the domain's hosts.
    ``ns_host_addresses_max`` and ``ns_host_slash16_max``: most addresses and /16 that passed under
    one host name; a stable server has one or two, a fluxing one has many.
    ``ns_host_late_slash16_max``: most /16 under one host name that came in the later half.
    ``ns_late_slash16``: the same, summed over the hosts where it is two or more.
    ``ns_served_max``: most domains of these records that one of its hosts serves.
    """
    addresses = host_addresses(pairs, observed)
    hosts = pairs.group_by("domain").agg(ns_hosts=pairs.count())

    served = pairs.group_by("ns_host").agg(host_served=pairs.count())
    graded = pairs.left_join(host_rotation(addresses), "ns_host").drop("ns_host_right")
    graded = graded.left_join(served, "ns_host").drop("ns_host_right")
    maxima = graded.group_by("domain").agg(
        ns_host_addresses_max=graded.addresses.max(),
        ns_host_slash16_max=graded.slash16.max(),
        ns_host_late_slash16_max=graded.late_slash16.max(),
        ns_late_slash16=(graded.late_slash16 * (graded.late_slash16 >= 2).cast("int64")).sum(),
        ns_served_max=graded.host_served.max(),
    )

    plane = pairs.select("domain", "ns_host").inner_join(addresses, "ns_host")
    key = ("domain",)
    return join_on_domain(
        hosts,
        maxima,
        count_distinct(plane, key, "address", "ns_addresses"),
        count_distinct(plane, key, "slash16", "ns_slash16"),
        count_distinct(plane, key, "asn", "ns_asns"),
    )


def measure_overlap(pairs: ir.Table, observed: ir.Table) -> ir.Table:
    """Count addresses of a domain's answers that also answer as its name servers.

    ``overlap`` and ``overlap_slash16``: distinct addresses and /16. A small site on one machine
    has both at one; what is answered for the name-server host's own name does not count. 1,119 of
    3,241 hosts of a double-flux network did both (honeynet.org, KYE 2007), 68 of 140 in the 2009
    records.
    """
    addresses = host_addresses(pairs, observed)
    plane = pairs.select("domain", "ns_host").inner_join(addresses, "ns_host")
    plane = plane.select("domain", "address", "slash16").distinct()
    # A name server whose own name is asked answers with itself: that is one plane, not both.
    answers = observed.filter(observed.role == "answer").anti_join(
        pairs, observed.host == pairs.ns_host
    )
    answers = answers.select("domain", "address").distinct()
    both = plane.inner_join(
        answers, [plane.domain == answers.domain, plane.address == answers.address]
    ).select(domain=plane.domain, address=plane.address, slash16=plane.slash16)
    key = ("domain",)
    return join_on_domain(
        count_distinct(both, key, "address", "overlap"),
        count_distinct(both, key, "slash16", "overlap_slash16"),
    )
