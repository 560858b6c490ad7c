"""How widely the answers of a domain spread: addresses, prefixes, ASNs, countries, hosts."""

import ibis.expr.types as ir

from unflux.measure.records import count_distinct, join_on_domain

KEY = ("domain",)


def measure_presence(observed: ir.Table) -> ir.Table:
    """Count the time buckets with an address of each domain: ``buckets``."""
    answers = observed.filter(observed.role == "answer")
    return count_distinct(answers, KEY, "bucket", "buckets")


def measure_spread(held: ir.Table) -> ir.Table:
    """Count what the answers of each domain spread over; one row per domain with answers.

    ``host_*_max`` is the widest spread under one owner name, which tells a pool that rotates
    behind a name from a portal whose many names each have a few addresses. ``mixing`` is the mean
    number of owner names that an address serves within the domain (wildcard names in front of one
    pool mix; a portal's do not). Special-use addresses count as addresses, never as places.
    """
    answers = held.filter(held.role == "answer")
    places = answers.filter(~answers.is_special_use)
    per_address = answers.group_by(["domain", "address", "is_special_use"]).agg(
        asn=answers.asn.max(),
    )
    totals = per_address.group_by("domain").agg(
        addresses=per_address.count(),
        special_use_addresses=per_address.is_special_use.cast("int64").sum(),
        unmapped_addresses=(per_address.asn.isnull() & ~per_address.is_special_use)
        .cast("int64")
        .sum(),
    )
    host_pairs = answers.group_by(["domain", "host", "address"]).agg(seen=answers.count())
    per_host = host_pairs.group_by(["domain", "host"]).agg(host_addresses=host_pairs.count())
    hosts = per_host.group_by("domain").agg(
        hosts=per_host.count(),
        host_addresses_max=per_host.host_addresses.max(),
        host_address_pairs=per_host.host_addresses.sum(),
    )
    host_key = ("domain", "host")
    host_slash16 = count_distinct(places, host_key, "slash16", "n")
    host_asns = count_distinct(places, host_key, "asn", "n")
    moments = answers.group_by("domain").agg(
        first_at=answers.first_at.min(),
        last_at=answers.last_at.max(),
        ttl_min_s=answers.ttl_min_s.min(),
        ttl_max_s=answers.ttl_max_s.max(),
    )
    joined = join_on_domain(
        totals,
        hosts,
        moments,
        count_distinct(places, KEY, "slash24", "slash24"),
        count_distinct(places, KEY, "slash16", "slash16"),
        count_distinct(places, KEY, "asn", "asns"),
        count_distinct(places, KEY, "country", "countries"),
        host_slash16.group_by("domain").agg(host_slash16_max=host_slash16.n.max()),
        host_asns.group_by("domain").agg(host_asns_max=host_asns.n.max()),
    )
    return joined.mutate(
        mixing=(joined.host_address_pairs / joined.addresses).round(6),
    )
