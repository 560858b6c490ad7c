"""Evidence from the lists of providers: whose ranges, zones and name servers a domain sits on.

Operators rent and sit there too, so that a listing is worth little and never decides.
"""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.piece import Piece, Row, band
from unflux.model.plural import plural

HOLZ = "Holz et al., NDSS 2008, section 3"
LISTS = "bundled lists of providers (decision 15)"

MOSTLY: Final = 0.9
"""Share of the addresses from which on a domain sits on listed ranges as a whole.
Chosen: 2026-11-24; a list of a CDN lags behind what it announces."""


def cdn_ratio(p: ir.Table) -> ir.Value:
    """Return the share of the reachable addresses that lie in listed ranges of CDNs."""
    return (p.cdn_addresses / (p.addresses - p.special_use_addresses).nullif(0)).round(3)


def is_cdn_zone(p: ir.Table) -> ir.Value:
    """Tell whether the domain is, or lies below, a listed zone of a CDN; never null."""
    return (p.zone_use == "cdn").fill_null(False) | (p.suffix_use == "cdn").fill_null(False)


def is_zone_of_strangers(p: ir.Table) -> ir.Value:
    """Tell whether the domain is a listed dynamic-DNS zone whose names have one place each.

    Never null. Each name there is somebody else's: the whole says nothing of any of them.
    """
    is_listed = (p.zone_use == "dynamic-dns").fill_null(False)
    # A customer who rotates over ISPs is no home line, and is judged.
    return is_listed & (p.set_addresses_max <= 1) & (p.host_asns_max <= 1).fill_null(False)


def _ranges(row: Row) -> str:
    reachable = row["addresses"] - row["special_use_addresses"]
    parts = []
    if row["cdn_addresses"]:
        parts.append(f"{row['cdn_addresses']:,} in listed ranges of CDNs")
    if row["cloud_addresses"]:
        parts.append(f"{row['cloud_addresses']:,} in clouds, where anyone rents")
    return (
        f"Of its {plural(reachable, 'reachable address', 'reachable addresses')}, "
        f"{' and '.join(parts)} (mostly {row['provider']})."
    )


RANGES = Piece(
    name="provider-ranges",
    group="providers",
    source=f"{HOLZ}: an operator of bots cannot choose where they are; {LISTS}",
    value=cdn_ratio,
    weigh=lambda p: ibis.ifelse(
        # Chosen: 2026-11-24, modest, since who hides behind a CDN is on its addresses too: a name
        # that must be convicted on other evidence still is (tests/judge/test_provider_lists.py).
        # In a cloud anyone rents: that says nothing.
        p.cdn_addresses + p.cloud_addresses > 0,
        band(cdn_ratio(p), [(0.5, -0.5), (MOSTLY, -1.0)], below=0.0),
        ibis.null("float64"),
    ),
    says=_ranges,
)


def _zone(row: Row) -> str:
    if "cdn" in (row["zone_use"], row["suffix_use"]):
        return "A listed zone of a CDN, which answers there with its own addresses."
    if row["zone_use"] == "dynamic-dns":
        return "A listed dynamic-DNS zone: its names belong to strangers, operators among them."
    return "It lies below a listed dynamic-DNS zone, where operators sit too."


ZONE = Piece(
    name="provider-zone",
    group="providers",
    source=f"RFC 1034 section 3.6.2: names lead there by CNAME; {LISTS}",
    value=lambda p: ibis.coalesce(p.zone_use, p.suffix_use),
    weigh=lambda p: ibis.cases(
        # Chosen: 2026-11-24; below the weight of a wide, moving pool.
        (is_cdn_zone(p) | is_zone_of_strangers(p), -1.5),
        (p.zone_use.notnull() | p.suffix_use.notnull(), 0.0),
        else_=ibis.null("float64"),
    ),
    says=_zone,
)

SERVERS = Piece(
    name="provider-servers",
    group="provider-servers",
    source=f"double flux needs name servers of one's own; {LISTS}",
    value=lambda p: p.ns_provider_hosts,
    weigh=lambda p: ibis.ifelse(
        # Chosen: 2026-11-24; single flux is often served from a registrar's servers.
        (p.ns_provider_hosts > 0) & (p.ns_provider_hosts == p.ns_hosts),
        -0.3,
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"Its {plural(r['ns_hosts'], 'name-server name')} "
        f"{'is' if r['ns_hosts'] == 1 else 'are'} a provider's, which serves everybody."
    ),
)

PIECES = (RANGES, ZONE, SERVERS)
