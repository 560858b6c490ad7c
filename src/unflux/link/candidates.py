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

ATTACHED_ADDRESSES: Final = 2
"""A narrow domain joins a network whose pool holds two of its addresses and half of them all."""

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


def attachments(pairs: ir.Table, members: ir.Table) -> ir.Table:
    """Return (domain, network) for domains outside whose addresses lie in a network's pool.

    ``members``: domain, network. A domain joins the network that holds most of its addresses,
    at least ``ATTACHED_ADDRESSES`` in as many /16 and half of them all.
    """
    inside = pairs.inner_join(members, "domain")
    pool = inside.select("network", "address").distinct()
    outside = pairs.anti_join(members, "domain")
    own = outside.group_by("domain").agg(own=outside.count())
    held = outside.inner_join(pool, "address")
    held16 = held.group_by(["domain", "network", "slash16"]).agg(addresses=held.count())
    shared = held16.group_by(["domain", "network"]).agg(
        addresses=held16.addresses.sum(), places=held16.count()
    )
    shared = shared.inner_join(own, "domain")
    shared = shared.filter(
        (shared.addresses >= ATTACHED_ADDRESSES)
        & (shared.places >= ATTACHED_ADDRESSES)
        & (shared.addresses * 2 >= shared.own)
    )
    best = ibis.window(
        group_by=shared.domain, order_by=[shared.addresses.desc(), shared.network.asc()]
    )
    ranked = shared.mutate(rank=ibis.row_number().over(best))
    return ranked.filter(ranked["rank"] == 0).select("domain", "network")
