"""Uses: which domains of the records use an address or a name-server host, and who says so.

What the gate needs to know before an address or a host is refused: its neighbours. An address is
used by the domain that owns the record, by the domain whose name led there (CNAME), and by the
domains that a name-server host at this address serves.
"""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.model.rollup import ADDRESS_TYPES

PASSING_S: Final = 86_400
"""A name that was asked for no longer than this counts with all others of its domain. Chosen:
2026-11-29; whoever gives each visitor a name of his own moves between names, and no name does.
Longer lets the names of a new owner count for that in his first days.
"""


def address_uses(sightings: ir.Table, addresses: ir.Table) -> ir.Table:
    """Return (address, host, domain, is_glue), once each. ``addresses``: address.

    ``is_glue``: the domain only owns the host's name, in an additional section.
    """
    s = sightings.filter(sightings.rrtype.isin(ADDRESS_TYPES))
    s = s.semi_join(addresses, s.rdata == addresses.address)
    s = s.mutate(is_glue=s.section == "add")
    owners = s.select("is_glue", address="rdata", host="qname", domain="owner_domain")
    led = s.filter(s.section == "ans").select(
        "is_glue", address="rdata", host="qname", domain="domain"
    )
    hosts = owners.select("address", "host").distinct()
    delegated = _delegations(sightings)
    served = hosts.inner_join(delegated, hosts.host == delegated.ns_host)
    served = served.select("address", "host", "domain", is_glue=ibis.literal(False))
    columns = ("address", "host", "domain", "is_glue")
    parts = [part.select(*columns) for part in (owners, led, served)]
    return parts[0].union(parts[1]).union(parts[2]).distinct()


def host_addresses(sightings: ir.Table, hosts: ir.Table) -> ir.Table:
    """Return (host, address, is_own), once each. ``hosts``: host.

    ``is_own``: an answer to a question about the host's own domain said so. Servers of others may
    say what they like of it.
    """
    s = sightings.filter(sightings.rrtype.isin(ADDRESS_TYPES))
    s = s.semi_join(hosts, s.qname == hosts.host)
    s = s.mutate(own=_is_own(s))
    seen = s.group_by(host=s.qname, address=s.rdata).agg(own=s.own.max())
    return seen.select("host", "address", is_own=seen.own > 0)


def host_uses(sightings: ir.Table, hosts: ir.Table) -> ir.Table:
    """Return (host, domain, first_at, last_at): whom each host serves, by whoever's answer.

    ``hosts``: host.
    """
    s = sightings.filter(sightings.rrtype == "NS")
    s = s.semi_join(hosts, s.rdata == hosts.host)
    return s.group_by(host=s.rdata, domain=s.owner_domain).agg(
        first_at=s.first_at.min(), last_at=s.last_at.max()
    )


def fronts(sightings: ir.Table, domains: ir.Table) -> ir.Table:
    """Return (domain, addresses, own, last_at): how many were answered, how many by its own word,
    and when the last was.

    ``domains``: domain. ``own``: told in answers to questions about the domain itself.
    """
    s = sightings.filter(sightings.rrtype.isin(ADDRESS_TYPES) & (sightings.section == "ans"))
    s = s.semi_join(domains, s.owner_domain == domains.domain)
    s = s.mutate(own=_is_own(s))
    told = s.group_by(domain=s.owner_domain, address=s.rdata).agg(
        own=s.own.max(), last_at=s.last_at.max()
    )
    return told.group_by("domain").agg(
        addresses=told.count(), own=told.own.sum(), last_at=told.last_at.max()
    )


def moves(sightings: ir.Table, answer_sets: ir.Table, domains: ir.Table) -> ir.Table:
    """Return (domain, moved_at): when an answer was given last that is not the latest one.

    ``domains``: domain. Answers are compared by name and question type, and only those of names
    of the domain that led to addresses of its own. Names that were asked for no longer than
    ``PASSING_S`` count as one. A domain that always gave one answer is left out.
    """
    own = sightings.filter(sightings.rrtype.isin(ADDRESS_TYPES) & (sightings.section == "ans"))
    own = own.filter(own.domain == own.owner_domain)
    sets = answer_sets.filter(answer_sets.last_at.notnull() & (answer_sets.addresses > 0))
    sets = sets.semi_join(domains, sets.domain == domains.domain)
    sets = sets.semi_join(own, ["query", "bucket_at"])
    asked = sets.group_by("query").agg(since=sets.first_at.min(), until=sets.last_at.max())
    is_passing = asked.until.epoch_seconds() - asked.since.epoch_seconds() <= PASSING_S
    asked = asked.select("query", name=ibis.ifelse(is_passing, "", asked["query"]))
    named = sets.inner_join(asked, "query")
    told = named.group_by("domain", "name", "qtype", "answer_set").agg(last_at=named.last_at.max())
    latest = ibis.window(
        group_by=[told.domain, told.name, told.qtype],
        order_by=[told.last_at.desc(), told.answer_set.asc()],
    )
    ranked = told.mutate(rank=ibis.row_number().over(latest))
    left = ranked.filter(ranked["rank"] == 1)
    return left.group_by("domain").agg(moved_at=left.last_at.max())


def servers(sightings: ir.Table, domains: ir.Table) -> ir.Table:
    """Return (domain, host, address, is_own, last_at): where the name servers of each domain were.

    ``domains``: domain. ``is_own``: answers to questions about the domain itself delegate to the
    host, and say its address, where those about the host's domain do not. ``last_at``: when they
    last did; null where none is its own.
    """
    ns = sightings.filter(sightings.rrtype == "NS")
    ns = ns.semi_join(domains, ns.owner_domain == domains.domain)
    ns = ns.mutate(chosen=_is_own(ns))
    ns = ns.group_by(domain=ns.owner_domain, host=ns.rdata).agg(chosen=ns.chosen.max())
    s = sightings.filter(sightings.rrtype.isin(ADDRESS_TYPES))
    s = s.semi_join(ns, s.qname == ns.host)
    s = s.mutate(own=_is_own(s))
    said = s.group_by(host=s.qname, address=s.rdata, about=s.domain).agg(
        own=s.own.max(), said_at=s.last_at.max()
    )
    told = ns.inner_join(said, "host")
    told = told.mutate(
        is_said=((told.own > 0) | (told.about == told.domain)).cast("int64") * told.chosen
    )
    seen = told.group_by("domain", "host", "address").agg(
        is_said=told.is_said.max(), last_at=told.said_at.max(where=told.is_said > 0)
    )
    return seen.select("domain", "host", "address", is_own=seen.is_said > 0, last_at=seen.last_at)


def delegations(sightings: ir.Table, domains: ir.Table) -> ir.Table:
    """Return (domain, host, first_at, last_at): the name servers of each. ``domains``: domain."""
    s = sightings.filter(sightings.rrtype == "NS")
    s = s.semi_join(domains, s.owner_domain == domains.domain)
    return s.group_by(domain=s.owner_domain, host=s.rdata).agg(
        first_at=s.first_at.min(), last_at=s.last_at.max()
    )


def outcomes(decided: ir.Table, domains: ir.Table) -> ir.Table:
    """Return (domain, verdict, last_seen) of those domains that were judged. ``domains``: domain.

    Who shows no address says nothing: a domain that is blocked here looks like that. ``last_seen``:
    when an address of it was shown, for to be asked for and refused is not to be seen.
    """
    told = decided.filter((decided.addresses > 0) | (decided.verdict == "fast-flux"))
    return told.semi_join(domains, "domain").select("domain", "verdict", last_seen=told.last_at)


def _is_own(s: ir.Table) -> ir.IntegerValue:
    """Return 1 where an answer to a question about the owner's own domain holds the record."""
    return (s.domain == s.owner_domain).cast("int64")


def _delegations(sightings: ir.Table) -> ir.Table:
    s = sightings.filter(sightings.rrtype == "NS")
    return s.select(ns_host="rdata", domain="owner_domain").distinct()
