"""Evidence from the answers: how wide one answer is, how wide the pool is, its TTL, its decoys."""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.motion import newcomer_places
from unflux.judge.piece import (
    ENOUGH_LOOKS,
    POOL_MIXING,
    Piece,
    Row,
    band,
    geometric_bands,
    is_mapped,
    looks,
    pool_asns,
)
from unflux.model.plural import plural

FLUXOR = "Passerini et al., FluXOR, DIMVA 2008, table of 3-hour means"
HOLZ = "Holz et al., Measuring and Detecting Fast-Flux Service Networks, NDSS 2008"
AKAMAI_2017 = "Akamai, Digging Deeper: An In-Depth Analysis of a Fast Flux Network, 2017"


def _answer_width(p: ir.Table) -> ir.Value:
    # The domain's own reachable /16 are all that its share of a wider answer can be.
    return ibis.least(p.set_slash16_max, p.slash16)


SEED_WIDTH: Final = 11
"""Places in one answer from which on it is rather a peer-to-peer seed's: BOLT #10 gives up to 25,
and no case of fast flux that was read of has more than ten addresses in an answer. Chosen:
2026-11-24; such an answer is still wider than those of other innocents."""

ANSWER_WIDTH = Piece(
    name="answer-width",
    group="spread",
    source=f"{FLUXOR}: innocent names 1.27 networks; {HOLZ}: fluxing names 5 and more addresses "
    "an answer",
    value=_answer_width,
    weigh=lambda p: band(
        ibis.ifelse(
            (p.lookups > 0) & (p.slash16 > 0) & ~p.is_slow_in_one_rack,
            _answer_width(p),
            ibis.null("int64"),
        ),
        [
            *geometric_bands(innocent_mean=1.27, flux_mean=5.0, floor=-1.0, cap=4.0),
            (SEED_WIDTH, 1.5),
        ],
        below=-1.0,
    ),
    says=lambda r: (
        f"One answer held {plural(r['set_addresses_max'], 'address', 'addresses')} in "
        f"{plural(min(r['set_slash16_max'], r['slash16']), 'different /16', 'different /16')}."
    ),
)


def _as_far_as_looked(p: ir.Table, ratio: ir.Value) -> ir.Value:
    """Take off what too few looks say against flux, and all where strangers keep coming."""
    share = ibis.least(looks(p).fill_null(ENOUGH_LOOKS) / float(ENOUGH_LOOKS), 1.0)
    share = ibis.ifelse(p.is_scattering, 0.0, share)
    return ibis.ifelse(ratio < 0, (ratio * share).round(6), ratio)


POOL_WIDTH = Piece(
    name="pool-width",
    group="spread",
    source=f"{FLUXOR}: innocent names 1.11 ASNs, fluxing names 38.4",
    value=pool_asns,
    weigh=lambda p: _as_far_as_looked(
        p,
        band(
            ibis.ifelse(
                is_mapped(p) & ~p.is_slow_in_one_rack,
                pool_asns(p),
                ibis.null("int64"),
            ),
            # Two ASNs are multi-homing and dual hosting: innocent tails are thicker than the
            # table's.
            geometric_bands(innocent_mean=1.6, flux_mean=38.4, floor=-3.5, cap=4.0),
            below=-0.5,
        ),
    ),
    says=lambda r: (
        f"Under {'names that share them' if (r['mixing'] or 0) >= POOL_MIXING else 'one name'} "
        f"the answers held addresses of {plural(r['value_pool-width'] or 0, 'ASN')} "
        f"({plural(r['addresses'], 'address', 'addresses')} in all, "
        f"{plural(r['slash16'], '/16', '/16')})."
    ),
)

POOL_PREFIXES = Piece(
    name="pool-prefixes",
    group="spread",
    source=f"{FLUXOR}: innocent names 1.27 networks, fluxing names 63.8 (used where ASNs are "
    "unknown)",
    value=lambda p: p.host_slash16_max,
    weigh=lambda p: _as_far_as_looked(
        p,
        band(
            ibis.ifelse(
                ~is_mapped(p) & (p.addresses > p.special_use_addresses) & ~p.is_slow_in_one_rack,
                p.host_slash16_max,
                ibis.null("int64"),
            ),
            geometric_bands(innocent_mean=2.2, flux_mean=63.8, floor=-2.5, cap=3.0, most=16),
            below=-0.5,
        ),
    ),
    says=lambda r: (
        f"Under one name the answers held addresses in "
        f"{plural(r['host_slash16_max'], '/16', '/16')}; their ASNs are not known."
    ),
)


def _neighbours(p: ir.Table) -> ir.Value:
    """Return the mean number of the domain's addresses in a /24 (IPv6: /48)."""
    return ((p.addresses - p.special_use_addresses) / p.slash24.nullif(0)).round(3)


RACKED: Final = 1.25
"""Addresses to a /24 from which on they lie in racks."""

STREWN: Final = 1.05
"""Addresses to a /24 below which hardly two of many lie together."""

STREWN_ADDRESSES: Final = 30

LED_DOMAINS: Final = 3
"""Domains that lead to a zone by CNAME, from which on it is a provider's, or poses as one."""


def is_strewn(p: ir.Table) -> ir.BooleanValue:
    """Tell whether so many addresses lie each in a /24 of its own as no provider's do."""
    reachable = p.addresses - p.special_use_addresses
    return (reachable >= STREWN_ADDRESSES) & (_neighbours(p) < STREWN).fill_null(False)


NEIGHBOURS = Piece(
    name="neighbours",
    group="neighbours",
    source=f"{HOLZ}, section 3: an operator of bots cannot choose where they are, a provider rents "
    "racks; 2009 records: one address in each /24 of fluxing names, more of most wide innocents",
    value=_neighbours,
    weigh=lambda p: ibis.ifelse(
        # Who serves the names of others has racks; a pool or a seed, of one name, has none either.
        # Chosen: 2026-11-24; no zone or group of the real or generated providers is strewn.
        is_strewn(p) & ((p.query_domains >= LED_DOMAINS) | p.members.notnull()),
        2.0,
        band(
            ibis.ifelse(
                (p.addresses - p.special_use_addresses >= 6) & (p.slash24 >= 2),
                _neighbours(p),
                ibis.null("float64"),
            ),
            # Chosen: 2026-11-24, after a look at generated records (seed 1) and at the real ones,
            # where 31 of 38 innocents this wide lie at 1.25 or over, and all 266 fluxing names at
            # 1.0. An operator who pays for neighbours pays in width.
            [(RACKED, -1.5), (1.5, -3.0), (2.0, -5.0), (3.0, -7.0)],
            below=0.0,
        ),
    ),
    says=lambda r: (
        f"Its addresses lie {r['value_neighbours']:.1f} to a /24: "
        + ("strangers to each other." if r["value_neighbours"] < RACKED else "in racks.")
    ),
)

TTL = Piece(
    name="ttl",
    group="ttl",
    source="2009 records re-measured: TTL 180 on all fluxing names, yet 66 % of innocent blogs "
    "at 300 or less; FluXOR: mean 261 s against 4,593 s",
    value=lambda p: p.ttl_max_s,
    weigh=lambda p: ibis.ifelse(
        # Whose answers moved did so at whatever TTL.
        (newcomer_places(p).fill_null(0) >= 3) | p.is_slow_in_one_rack,
        band(p.ttl_max_s, [(1801, 0.0)], below=0.3),
        band(p.ttl_max_s, [(1801, -0.7), (21_600, -1.5)], below=0.3),
    ),
    says=lambda r: (
        f"Address records live up to {r['ttl_max_s']:,} s; fluxing ones rarely over 1,800 s, "
        "but most innocent names are short-lived too."
    ),
)

DECOYS = Piece(
    name="special-use-answers",
    group="decoys",
    source=f"{AKAMAI_2017}: private addresses among the answers",
    value=lambda p: p.special_use_addresses,
    weigh=lambda p: ibis.ifelse(
        (p.special_use_addresses > 0) & (p.slash16 >= 3), 1.0, ibis.null("float64")
    ),
    says=lambda r: (
        f"{plural(r['special_use_addresses'], 'answer address is', 'answer addresses are')} "
        "not globally reachable, among others that are."
    ),
)

PIECES = (ANSWER_WIDTH, POOL_WIDTH, POOL_PREFIXES, NEIGHBOURS, TTL, DECOYS)


def is_wide(row: Row) -> bool:
    """Whether a profile's answers spread over at least three places."""
    return (row["host_asns_max"] or row["host_slash16_max"] or 0) >= 3
