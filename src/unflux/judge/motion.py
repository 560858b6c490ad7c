"""Evidence from time: newcomers that bring new places, sets that stay, slow rotation."""

import ibis
import ibis.expr.types as ir

from unflux.judge.piece import Piece, Row, band, is_mapped, plural

RECORDS_2009 = "FluXOR/SSFD records of March 2009 re-measured: 11 addresses in 15 min, 26 in 30"
SLOW = "Slow flux as seen today: one address at a time, changed every one to three hours"


def _hours(row: Row) -> str:
    seconds = row["span_s"] or 0
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def _places(p: ir.Table) -> ir.Value:
    return ibis.ifelse(is_mapped(p), p.newcomer_asns, p.newcomer_slash16)


def _is_dated(p: ir.Table) -> ir.BooleanValue:
    return p.span_s > 0


STRANGERS = Piece(
    name="strangers",
    group="motion",
    source=f"{RECORDS_2009}; a CDN that grows does so in ranges it holds",
    value=_places,
    weigh=lambda p: ibis.ifelse(
        # Passive DNS shows no answer sets (0): whether one address came at a time is not known.
        _is_dated(p) & (p.set_addresses_max != 1) & (p.newcomers > 0),
        # New places per day of watching: a portal that changes providers adds one in months.
        band(
            _places(p) / ibis.greatest(p.span_s / 86_400.0, 1.0),
            [(0.5, 0.0), (2, 1.5), (3, 2.5), (5, 4.0), (8, 5.0)],
            below=-1.0,
        ),
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"{plural(r['newcomers'], 'address', 'addresses')} came after the first five minutes, from "
        f"{plural(r['value_strangers'], 'new place')}, "
        f"in {_hours(r)}."
    ),
)

SETTLED = Piece(
    name="settled",
    group="motion",
    source="Good 1953 (coverage); CDN and round-robin sets close after their first cycle "
    "(Holz et al., NDSS 2008: fluxiness 1)",
    value=lambda p: p.newcomers,
    weigh=lambda p: ibis.ifelse(
        # A pool that rotates every eight minutes shows nothing new in fifteen only by chance.
        (p.span_s >= 900) & (p.newcomers == 0) & (p.lookups >= 3),
        band(p.span_s, [(3600, -1.5), (21_600, -3.0), (86_400, -4.0)], below=-0.5),
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"No new address came in {_hours(r)} and {plural(r['lookups'], 'lookup')}: "
        "the set is closed."
    ),
)

SLOW_ROTATION = Piece(
    name="slow-rotation",
    group="motion",
    source=f"{SLOW}; a dynamic-DNS customer stays in one ASN, a migration adds one",
    value=lambda p: p.newcomer_asns,
    weigh=lambda p: ibis.ifelse(
        _is_dated(p)
        & is_mapped(p)
        & (p.set_addresses_max == 1)
        & (p.newcomers >= 3)
        & (p.host_addresses_max * 2 > p.addresses),
        band(
            # Strange ASNs per ten days of watching, so that years of small changes do not add up.
            p.newcomer_asns / ibis.greatest(p.span_s / 864_000.0, 1.0),
            [(1, -1.0), (2, 0.5), (3, 3.0), (4, 5.0), (6, 7.5), (9, 9.0)],
            below=-3.0,
        ),
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"One address at a time, {plural(r['addresses'], 'address', 'addresses')} in turn over "
        f"{_hours(r)}, and the newcomers brought {plural(r['newcomer_asns'] or 0, 'new ASN')}."
    ),
)

PIECES = (STRANGERS, SETTLED, SLOW_ROTATION)
