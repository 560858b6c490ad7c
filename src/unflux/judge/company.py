"""Evidence from the company a name keeps: a pool shared by many domains, a convicted network."""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.bounds import CONVICTION, PRIOR
from unflux.judge.motion import is_closed
from unflux.judge.name_server_plane import MOVING_SERVERS, server_moves
from unflux.judge.piece import POOL_MIXING, Piece, band, known_places
from unflux.model.plural import plural

PERDISCI = "Perdisci et al., Detecting Malicious Flux Service Networks, ACSAC 2009"
RECORDS_2009 = "2009 records: 357 of 363 fluxing domains and 106 addresses are one component"

MEMBERSHIP_CAP = 9.0
"""The most that a convicted network says of a member: 1 name in 60 there is a stray.
Chosen: 2026-11-22."""


CLOSED_CAP: Final = 4.0
"""The same of a member whose own set stays closed while it is watched, behind name servers that
stay too: its addresses may be planted in the answers of others (Akamai 2017), or borrowed from the
pool. Chosen: 2026-11-24."""


def _may_be_planted(p: ir.Table) -> ir.BooleanValue:
    return is_closed(p) & (server_moves(p).fill_null(0) < MOVING_SERVERS)


def _hands_out_others(p: ir.Table) -> ir.BooleanValue:
    """Tell whether a name is a pool's or a seed's: several of them hand out the same volunteers."""
    return p.is_known_pool | p.is_known_seed | (p.pool_names > 0) | (p.seed_names > 0)


SHARED_POOL = Piece(
    name="shared-pool",
    group="company",
    source=f"{PERDISCI}; {RECORDS_2009}",
    value=lambda p: p.members,
    weigh=lambda p: ibis.ifelse(
        # Domains that a rotating name server alone joined mix no addresses: no common pool.
        p.members.notnull()
        & ((known_places(p) >= 5) | p.is_scattering)
        & (p.mixing >= POOL_MIXING),
        band(p.members, [(2, 1.0), (3, 2.0), (6, 3.0), (20, 4.0)], below=0.0),
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"{plural(r['members'], 'domain')} share one pool of "
        f"{plural(r['addresses'], 'address', 'addresses')}."
    ),
)

LONE_ADDRESSES: Final = 10
"""From so many addresses on it is odd for a front end to serve one domain only."""

LONE_TENANTS: Final = 1.05
"""Domains to an address up to which those of others are strays, as in a pool of thousands."""

LONE_POOL = Piece(
    name="lone-pool",
    group="company",
    source="ATLAS 2008: 14 flux domains on an address in the mean; FluXOR 2008: 387 domains of 16 "
    "botnets; a public pool or a peer-to-peer seed serves its own name",
    value=lambda p: p.tenants_mean,
    weigh=lambda p: ibis.ifelse(
        # Chosen: 2026-11-24, assumed and not measured: one flux domain of nine is alone in such
        # records, and nearly every pool is, ln(0.115 / 0.95).
        p.members.isnull()
        & p.network.isnull()
        & (p.tenants_mean <= LONE_TENANTS)
        & (p.query_domains <= 1)
        & (p.set_addresses_max >= 2)
        & (p.addresses >= LONE_ADDRESSES)
        & (known_places(p) >= 5),
        -2.1,
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"Hardly one of its {plural(r['addresses'], 'address', 'addresses')} serves another domain."
    ),
)

MEMBERSHIP = Piece(
    name="network-membership",
    group="company",
    source=f"{PERDISCI}: decide on the cluster, not the name",
    value=lambda p: p.network,
    weigh=lambda p: ibis.ifelse(
        (p.network_llr >= CONVICTION) & ~_hands_out_others(p),
        ibis.least(
            p.network_llr - PRIOR, ibis.ifelse(_may_be_planted(p), CLOSED_CAP, MEMBERSHIP_CAP)
        ),
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"{r['pool_addresses']:,} of its {plural(r['addresses'], 'address', 'addresses')} "
        f"{'is' if r['pool_addresses'] == 1 else 'are'} in the pool that "
        f"{plural(r['network_members'], 'domain')} share ({r['network']})."
    ),
)

PIECES = (SHARED_POOL, LONE_POOL, MEMBERSHIP)


def without_company(profiles: ir.Table, *, members: ir.Table | None = None) -> ir.Table:
    """Add the columns of company, unknown but for ``members`` (domain, members) of networks."""
    if members is not None:
        profiles = profiles.left_join(members, "domain").drop("domain_right")
    else:
        profiles = profiles.mutate(members=ibis.null("int64"))
    return profiles.mutate(
        network=ibis.null("string"),
        network_llr=ibis.null("float64"),
        network_members=ibis.null("int64"),
        pool_addresses=ibis.null("int64"),
    )


def with_company(profiles: ir.Table, company: ir.Table) -> ir.Table:
    """Join what is known of each domain's network.

    ``company``: domain, network, network_llr, network_members, pool_addresses.
    """
    joined = profiles.left_join(company, "domain").drop("domain_right")
    return joined.mutate(members=ibis.null("int64"))
