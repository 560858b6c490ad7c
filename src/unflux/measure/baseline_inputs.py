"""What the published detectors read: answers by the domain that was *asked*, and name servers.

A profile gives an address to the domain of the record's owner. The papers count every address
that an answer to a domain's names held, CNAME targets included, so a CDN's customer has the CDN's
addresses; that is what these tables hold.
"""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.measure.name_servers import delegations, host_addresses
from unflux.measure.records import NO_BUCKET, Records, bucket_number, epoch_s
from unflux.model.rollup import ADDRESS_TYPES

DAY_S: Final = 86_400

_OCTETS: Final = r"^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$"


def asked_domains(records: Records) -> ir.Table:
    """Return every registrable domain with a name that was asked: ``domain``."""
    asked = records.lookups.select("domain")
    return asked.union(records.sightings.select("domain")).distinct()


def asked_answers(records: Records) -> ir.Table:
    """Return the addresses in answers, one row per (domain, query, bucket, address).

    ``domain`` is that of the query, whoever owns the address. ``number`` is an IPv4 address as a
    number, null for IPv6; ``bucket``, ``first_s`` and ``last_s`` are epoch seconds, ``NO_BUCKET``
    for records without time; ``asn`` and ``holder`` are null where unmapped. Further columns:
    rrtype, slash16, ttl_min_s, ttl_max_s (null: unknown).
    """
    s = records.sightings
    s = s.filter(s.rrtype.isin(ADDRESS_TYPES) & (s.section == "ans"))
    s = s.mutate(bucket=bucket_number(s), first_s=_seconds(s.first_at), last_s=_seconds(s.last_at))
    answers = s.group_by(
        domain=s.domain,
        query=s["query"],
        bucket=s.bucket,
        rrtype=s.rrtype,
        address=s.rdata,
        slash16=s.slash16,
    ).agg(
        first_s=s.first_s.min(),
        last_s=s.last_s.max(),
        ttl_min_s=s.ttl_min_s.min(),
        ttl_max_s=s.ttl_max_s.max(),
    )
    routes = records.routes.select("address", "asn", "holder")
    joined = answers.left_join(routes, "address").drop("address_right")
    return joined.mutate(number=ipv4_number(joined.address))


def first_two_lookups(answers: ir.Table) -> ir.Table:
    """Return the rows of ``asked_answers`` that two lookups of each domain would have shown.

    The first lookup is the earliest answer of the domain; the second is the first answer at least
    one second after its TTL ran out (at once where the TTL is unknown) that held an address the
    first did not. Where none came, there is the first alone. A row stands for its address from
    the first to the last moment it was seen in its bucket, which is as fine as rollups are, and
    moments are told apart by the second. Records without time are one moment, so one lookup.
    """
    a = answers.filter(answers.rrtype == "A")
    starts = a.group_by("domain").agg(start_s=a.first_s.min())
    started = a.inner_join(starts, "domain")
    started = started.filter(started.first_s == started.start_s)
    asked = started.group_by("domain").agg(asked=started["query"].min())
    first = started.inner_join(asked, "domain")
    first = first.filter(first["query"] == first.asked)
    due = first.group_by("domain").agg(
        due_s=first.start_s.min() + first.ttl_max_s.max().fill_null(0) + 1
    )

    later = a.inner_join(due, "domain")
    later = later.filter((later.last_s >= later.due_s) & (later.bucket != NO_BUCKET))
    later = later.mutate(
        moment_s=ibis.ifelse(later.first_s >= later.due_s, later.first_s, later.last_s)
    )
    fresh = later.anti_join(first.select("domain", "address"), ["domain", "address"])
    seconds = fresh.group_by("domain").agg(second_s=fresh.moment_s.min())
    changed = fresh.inner_join(seconds, "domain")
    changed = changed.filter(changed.moment_s == changed.second_s)
    again = changed.group_by("domain").agg(
        second_s=changed.second_s.min(), asked=changed["query"].min()
    )
    second = later.inner_join(again, "domain")
    second = second.filter(
        (second["query"] == second.asked)
        & (second.first_s <= second.second_s)
        & (second.last_s >= second.second_s)
    )
    columns = answers.columns
    return first.select(*columns).union(second.select(*columns))


def asked_answer_sets(records: Records, answers: ir.Table) -> ir.Table:
    """Return the distinct answers of IPv4 addresses, one row per bucket, query and set.

    Columns: domain, query, bucket, day (its start, epoch seconds), answer_set, responses,
    addresses, slash16s, and ttl_min_s, ttl_max_s of the address records of that query in that
    bucket. Where the type asked is unknown, IPv6 addresses of the same answer count with them.
    """
    sets = records.answer_sets
    sets = sets.filter(sets.qtype.isnull() | (sets.qtype != "AAAA"))
    sets = sets.mutate(bucket=bucket_number(sets))
    sets = sets.group_by(
        domain=sets.domain, query=sets["query"], bucket=sets.bucket, answer_set=sets.answer_set
    ).agg(
        responses=sets.responses.cast("int64").sum(),
        addresses=sets.addresses.max(),
        slash16s=sets.slash16s.max(),
    )
    a = answers.filter(answers.rrtype == "A")
    lived = a.group_by(["query", "bucket"]).agg(
        ttl_min_s=a.ttl_min_s.min(), ttl_max_s=a.ttl_max_s.max()
    )
    joined = sets.inner_join(lived, ["query", "bucket"])
    return joined.mutate(day=joined.bucket - joined.bucket % DAY_S)


def asked_name_servers(records: Records, observed: ir.Table) -> ir.Table:
    """Return the name-server hosts of each domain and their addresses, whatever section held them.

    Columns: domain, ns_host, address, number (IPv4 only), asn; the last three are null for a host
    none of whose addresses was seen.
    """
    pairs = delegations(records).select("domain", "ns_host")
    addresses = host_addresses(pairs, observed).select("ns_host", "address", "asn")
    joined = pairs.left_join(addresses, "ns_host").drop("ns_host_right")
    return joined.mutate(number=ipv4_number(joined.address))


def ipv4_number(address: ir.StringValue) -> ir.IntegerValue:
    """Return an IPv4 address in canonical text as a number, null for any other text."""
    octets = [address.re_extract(_OCTETS, n).nullif("").cast("int64") for n in range(1, 5)]
    return ((octets[0] * 256 + octets[1]) * 256 + octets[2]) * 256 + octets[3]


def _seconds(moment: ir.TimestampValue) -> ir.IntegerValue:
    return ibis.coalesce(epoch_s(moment), ibis.literal(NO_BUCKET))
