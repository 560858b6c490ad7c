"""Candidate edges: which domains share enough of a pool to be looked at together."""

from typing import Final

import ibis
import ibis.expr.types as ir

SHARED_ADDRESSES: Final = 3
SHARED_PLACES: Final = 3
"""Two domains are joined when they share three addresses in three /16. Perdisci's similarity
(ACSAC 2009) halves the weight of fewer than three; the /16 keep one rack of shared hosting from
joining its customers. Chosen: 2026-11-22; the 2009 records join as they do with one shared
address, and WordPress.com's 32 customers as one group of six addresses, which is then judged."""

HERD_ADDRESSES: Final = 2
"""A domain that moves among strangers joins the herd that shares two of its addresses in two /16.
Chosen: 2026-11-24; of the 1,429 innocent names of the real records two move so."""

GLIMPSES: Final = 2
"""So few lookups may not show that a name moves."""

ATTACHED_ADDRESSES: Final = 2
"""A narrow domain joins a network whose pool holds two of its addresses and half of them all; a
network's own name server is as good as one of the two."""

OWN_SHARE: Final = 0.5
"""A name-server host is a network's own where so many of the domains it serves are members, and an
address is the herd's where so many of its domains move. Chosen: 2026-11-24; a hosting company's
serve others."""

HUBS: Final = 32
"""Per address only so many of its widest domains are paired with the rest, so that an address of
ten thousand domains costs 32 pairs a domain and not ten thousand. Chosen: 2026-11-22."""

ROTATING_HOST_PLACES: Final = 3
"""A name-server host joins the domains it serves when three of its /16 came in the later half of
its time: it keeps moving. A hosting company's may be wide, but joins nobody. Chosen: 2026-11-22;
one or two are a server that was renumbered."""


def answer_pairs(observed: ir.Table) -> ir.Table:
    """Return (domain, address, slash16) of routable answer addresses, once each."""
    answers = observed.filter((observed.role == "answer") & ~observed.is_special_use)
    return answers.select("domain", "address", "slash16").distinct()


def pool_edges(pairs: ir.Table) -> ir.Table:
    """Return (left, right) of domains that share addresses in several places."""
    places = pairs.select("domain", "slash16").distinct()
    width = places.group_by("domain").agg(width=places.count())
    wide = pairs.inner_join(width.filter(width.width >= SHARED_PLACES), "domain")
    by_width = ibis.window(group_by=wide.address, order_by=[wide.width.desc(), wide.domain.asc()])
    ranked = wide.mutate(rank=ibis.row_number().over(by_width))
    hubs = ranked.filter(ranked["rank"] < HUBS).select(hub="domain", hub_address="address")
    met = ranked.inner_join(
        hubs, [ranked.address == hubs.hub_address, ranked.domain != hubs.hub]
    ).select("domain", "hub", "address", "slash16")
    shared = met.group_by(["domain", "hub", "slash16"]).agg(addresses=met.count())
    edges = shared.group_by(["domain", "hub"]).agg(
        addresses=shared.addresses.sum(), places=shared.count()
    )
    edges = edges.filter((edges.addresses >= SHARED_ADDRESSES) & (edges.places >= SHARED_PLACES))
    return edges.select(left="domain", right="hub")


def rotating_hosts(rotation: ir.Table) -> ir.Table:
    """Return ns_host of the name-server hosts that keep moving.

    ``rotation``: ns_host, late_slash16 (null: its time is too short to tell).
    """
    return rotation.filter(rotation.late_slash16 >= ROTATING_HOST_PLACES).select("ns_host")


def server_edges(delegations: ir.Table, rotation: ir.Table) -> ir.Table:
    """Return (left, right): domains and the rotating name-server hosts that serve them.

    ``delegations``: domain, ns_host. ``rotation`` as :func:`rotating_hosts` reads it. The right
    side is the host's name with a leading ``@``, a node of its own, so that no pairs are
    multiplied.
    """
    joined = delegations.inner_join(rotating_hosts(rotation), "ns_host")
    return joined.select(left="domain", right=ibis.literal("@") + joined.ns_host)


def movers(profiles: ir.Table) -> ir.Table:
    """Return domain of those that move among strangers, or were looked at too little to tell.

    Hardly two of the addresses lie in a /24, and they are of several /16 and ASNs (where known).
    One name had more of them than an answer; or its one or two answers held strangers only, which
    no innocent of the real records shows. ``profiles`` as measured.
    """
    p = profiles
    places = ibis.least(p.slash16, p.asns.fill_null(p.slash16))
    is_scattered = p.slash24 * 10 >= (p.addresses - p.special_use_addresses) * 9
    moved = (p.set_addresses_max > 0) & (p.host_addresses_max > p.set_addresses_max)
    glimpsed = (p.lookups > 0) & (p.lookups <= GLIMPSES) & (places >= SHARED_PLACES)
    found = is_scattered & (places >= HERD_ADDRESSES) & (moved | glimpsed)
    return p.filter(found.fill_null(False)).select("domain")


def herd_pairs(pairs: ir.Table, moving: ir.Table) -> ir.Table:
    """Return the pairs of the domains that move, at addresses of which at least half are theirs.

    ``moving``: domain. An address of shared hosting joins nobody: most of its domains stay.
    """
    shared = pairs.semi_join(moving, "domain")
    theirs = shared.group_by("address").agg(theirs=shared.count())
    here = pairs.semi_join(theirs, "address")
    everyone = here.group_by("address").agg(everyone=here.count())
    both = theirs.inner_join(everyone, "address")
    return shared.semi_join(both.filter(both.theirs >= both.everyone * OWN_SHARE), "address")


def herd_edges(shared: ir.Table) -> ir.Table:
    """Return (left, right): domains that move and the addresses of the herd that they share.

    ``shared`` as :func:`herd_pairs` returns them. Names that are asked once or twice show too few
    addresses for any two of them to share three, and yet each shares its few with some of the
    others. The right side is a node of its own, as in :func:`server_edges`; the space keeps it from
    being a host's name.
    """
    for _ in range(2):  # Those who share with one that shares with nobody else fall out.
        tenants = shared.group_by("address").agg(tenants=shared.count())
        met = shared.semi_join(tenants.filter(tenants.tenants >= 2), "address")
        held16 = met.group_by(["domain", "slash16"]).agg(addresses=met.count())
        held = held16.group_by("domain").agg(
            addresses=held16.addresses.sum(), places=held16.count()
        )
        deep = held.filter((held.addresses >= HERD_ADDRESSES) & (held.places >= HERD_ADDRESSES))
        shared = met.semi_join(deep, "domain")
    return shared.select(left="domain", right=ibis.literal("@ ") + shared.address)


def own_servers(delegations: ir.Table, members: ir.Table) -> ir.Table:
    """Return (network, ns_host) of the name-server hosts that serve few beside the members."""
    served = delegations.select("domain", "ns_host").distinct()
    everyone = served.group_by("ns_host").agg(everyone=served.count())
    theirs = served.inner_join(members, "domain").group_by(["network", "ns_host"])
    theirs = theirs.agg(theirs=ibis._.count()).inner_join(everyone, "ns_host")
    own = theirs.filter(theirs.theirs >= theirs.everyone * OWN_SHARE)
    return own.select("network", "ns_host")


def attachments(
    pairs: ir.Table,
    members: ir.Table,
    delegations: ir.Table,
    moving: ir.Table,
    staying: ir.Table,
) -> ir.Table:
    """Return (domain, network) for domains outside whose addresses lie in a network's pool.

    ``members``: domain, network; ``delegations``: domain, ns_host; ``moving`` (of :func:`movers`)
    and ``staying``, those that kept their set while they were watched: domain. A domain joins the
    network that holds most of its addresses, at least ``ATTACHED_ADDRESSES`` in as many /16 and
    half of them all. One address is enough for a domain that the network's own name servers serve.
    Of the pool are no addresses that more domains stay on than move through: operators plant those
    of a CDN among theirs, and would have its customers join.
    """
    inside = pairs.inner_join(members, "domain")
    told = staying.mutate(stays=1).union(moving.mutate(stays=-1))
    told = pairs.inner_join(told, "domain")
    theirs = told.group_by("address").agg(stays=told.stays.sum())
    planted = theirs.filter(theirs.stays > 0)
    pool = inside.select("network", "address").distinct().anti_join(planted, "address")
    outside = pairs.anti_join(members, "domain")
    own = outside.group_by("domain").agg(own=outside.count())
    held = outside.inner_join(pool, "address")
    held16 = held.group_by(["domain", "network", "slash16"]).agg(addresses=held.count())
    shared = held16.group_by(["domain", "network"]).agg(
        addresses=held16.addresses.sum(), places=held16.count()
    )
    served = delegations.inner_join(own_servers(delegations, members), "ns_host")
    served = served.select("domain", "network").distinct().mutate(is_served=ibis.literal(True))
    shared = shared.inner_join(own, "domain").left_join(served, ["domain", "network"])
    shared = shared.drop("domain_right", "network_right")
    shared = shared.filter(
        (shared.addresses * 2 >= shared.own)
        & (
            shared.is_served.fill_null(False)
            | ((shared.addresses >= ATTACHED_ADDRESSES) & (shared.places >= ATTACHED_ADDRESSES))
        )
    )
    best = ibis.window(
        group_by=shared.domain, order_by=[shared.addresses.desc(), shared.network.asc()]
    )
    ranked = shared.mutate(rank=ibis.row_number().over(best))
    return ranked.filter(ranked["rank"] == 0).select("domain", "network")
