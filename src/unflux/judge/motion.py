"""Evidence from time: newcomers that bring new places, sets that stay, slow rotation."""

import math
from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.piece import POOL_MIXING, Piece, Row, band, is_mapped, pool_asns
from unflux.model.plural import plural

RECORDS_2009 = "FluXOR/SSFD records of March 2009 re-measured: 11 addresses in 15 min, 26 in 30"
SLOW = "Slow flux as seen today: one address at a time, changed every one to three hours"


def _hours(row: Row) -> str:
    seconds = row["span_s"] or 0
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def newcomer_places(p: ir.Table) -> ir.Value:
    """Return the ASNs that only newcomers brought where they are known, else the /16."""
    return ibis.ifelse(is_mapped(p), p.newcomer_asns, p.newcomer_slash16)


def is_watched(p: ir.Table) -> ir.BooleanValue:
    """Tell whether an hour and three lookups passed, in which a set could have shown itself."""
    return ((p.span_s >= 3600) & (p.lookups >= 3)).fill_null(False)


def is_closed(p: ir.Table) -> ir.BooleanValue:
    """Tell whether no new address came while it was watched."""
    return is_watched(p) & (p.newcomers == 0)


def _is_dated(p: ir.Table) -> ir.BooleanValue:
    return p.span_s > 0


MANY_ASNS: Final = 12
"""From so many ASNs on the width of the pool speaks for itself."""

SCATTERED_PLACES: Final = 6

SCATTERED_PER_DAY: Final = ((15, 1.5), (30, 3.0), (60, 5.0))
"""Newcomers a day, hardly two of them in a /24 and in six /16 or more, and what they say of a pool
in one or a few ASNs: lines of an access provider lie so. Chosen: 2026-11-24; of the real innocents
a CDN of 2009 comes near with 11, and generated clouds that scale bring five to twelve a day."""


def _scattered_per_day(p: ir.Table) -> ir.Value:
    """Return the newcomers a day of a name where hardly two addresses lie in a /24, else 0.

    Names that are no doors to one pool nor members of a network, as those of a provider's
    customers, grow each on its own; and in a cloud that scales, newcomers lie so for anyone.
    """
    reachable = p.addresses - p.special_use_addresses
    is_scattered = (p.slash24 * 10 >= reachable * 9) & (p.slash16 >= SCATTERED_PLACES)
    is_rented = p.cloud_addresses * 2 >= reachable
    is_one_pool = (p.mixing >= POOL_MIXING) | p.members.notnull()
    pools = ibis.ifelse(is_one_pool, 1, ibis.greatest(p.hosts, 1))
    return ibis.ifelse(
        _is_dated(p) & is_scattered & ~is_rented,
        p.newcomers / pools / ibis.greatest(p.span_s / 86_400.0, 1.0),
        0.0,
    )


def is_scattering(p: ir.Table) -> ir.BooleanValue:
    """Tell whether strangers keep coming, of however few ASNs."""
    few = is_mapped(p) & (p.asns < MANY_ASNS)
    return few & (_scattered_per_day(p) >= SCATTERED_PER_DAY[0][0]).fill_null(False)


STRANGERS = Piece(
    name="strangers",
    group="motion",
    source=f"{RECORDS_2009}; a CDN that grows does so in ranges it holds",
    value=lambda p: ibis.ifelse(p.is_scattering, p.newcomer_slash16, newcomer_places(p)),
    weigh=lambda p: ibis.ifelse(
        # Passive DNS shows no answer sets (0): whether one address came at a time is not known.
        _is_dated(p) & ((p.set_addresses_max != 1) | p.is_scattering) & (p.newcomers > 0),
        # New places per day of watching, or per ten days: a portal that changes providers adds one
        # in months.
        ibis.greatest(
            ibis.ifelse(
                p.is_scattering, band(_scattered_per_day(p), SCATTERED_PER_DAY, below=-1.0), -1.0
            ),
            band(
                newcomer_places(p) / ibis.greatest(p.span_s / 86_400.0, 1.0),
                [(0.5, 0.0), (2, 1.5), (3, 2.5), (5, 4.0), (8, 5.0)],
                below=-1.0,
            ),
            band(
                newcomer_places(p) / ibis.greatest(p.span_s / 864_000.0, 1.0),
                # Chosen: 2026-11-24, as for one address at a time, less the share of pools.
                [(6, 2.5), (9, 4.0)],
                below=-1.0,
            ),
        ),
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"{plural(r['newcomers'], 'address', 'addresses')} came after the first five minutes, from "
        f"{plural(r['value_strangers'] or 0, 'new place')}, "
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

DAILY_HAZARD_PER_H: Final = 1 / 16
"""Changes of an innocent line: those of a dynamic address come every 24 hours or less often
(RIPE Labs, 3,038 probes); half as many again leave room for reconnects."""

SLOW_HAZARD_PER_H: Final = (1 / 8, 1.0)
"""Changes of slow flux: one every one to three hours by day, hardly any at night (see SLOW), so
that the mean of a day lies between these."""

_RATE: Final = (0.001, 0.999)
"""What a share is held between, so that its logarithm is finite."""

RACK_ADDRESSES: Final = 6
RACK_PER_SLASH24: Final = 3
"""A rotation in one place: so many addresses, so many of them in each /24. Chosen: 2026-11-24;
operators were seen to rotate about ten inside one /24, and failover has two or three."""


def is_turning_in_one_rack(p: ir.Table) -> ir.BooleanValue:
    """Tell whether one address after the other came from one rack, and was watched for a day."""
    return (
        (p.set_addresses_max <= 1)
        & (p.succession_addresses >= RACK_ADDRESSES)
        & (p.addresses >= RACK_PER_SLASH24 * p.slash24)
        & (p.succession_s >= 86_400)
        & p.succession_draw_ratio.notnull()
    )


def _succession_ratio(p: ir.Table) -> ir.Value:
    """Compare slow flux with the nearer of two innocents: a daily line, a draw without memory.

    Against the first, changes are a Poisson process in time, of the rate seen within its bounds;
    against the second they are Bernoulli in steps, of the rate seen against that of a draw.
    """
    hours = ibis.greatest(p.succession_s / 3600.0, 1.0)
    steps, changes = p.succession_steps.cast("float64"), p.succession_changes.cast("float64")
    hazard = _between(changes / hours, *SLOW_HAZARD_PER_H)
    daily = changes * (hazard / DAILY_HAZARD_PER_H).ln() - (hazard - DAILY_HAZARD_PER_H) * hours
    seen = _between(changes / ibis.greatest(steps, 1.0), *_RATE)
    drawn = _between(p.succession_draw_ratio, *_RATE)
    memory = changes * (seen / drawn).ln() + (steps - changes) * ((1 - seen) / (1 - drawn)).ln()
    memory = ibis.ifelse(seen < drawn, memory, -memory.abs())
    return _between(ibis.least(daily, memory), -3.0, 10.0).round(4)


def _between(value: ir.Value, least: float, most: float) -> ir.Value:
    return ibis.greatest(ibis.least(value, most), least)


def is_slow_in_one_rack(p: ir.Table) -> ir.BooleanValue:
    """Tell whether the succession speaks for slow flux: then width is not to be asked for."""
    return (is_turning_in_one_rack(p) & (_succession_ratio(p) > 0)).fill_null(False)


SATURATING_LATE_SHARE: Final = 0.25
"""Share of a growing innocent's newcomers that come in the later half of its time: fitted to a day
of an office's DNS (M57, 2009), 0.25 of 128 newcomers to portals and 0.18 of 67 to CDNs. It holds
for days: over five years the front ends of object stores never fill up (0.78)."""

EVEN_LATE_SHARE: Final = 0.5
"""The same of a pool that keeps bringing strangers evenly; the 2009 flux shows 0.8."""

GROWTH_NEWCOMERS: Final = 6

GROWTH = Piece(
    name="growth",
    group="growth",
    source=f"{RECORDS_2009}; M57 records of 2009: portals and CDNs saturate from a vantage",
    value=lambda p: p.late_ratio,
    weigh=lambda p: ibis.ifelse(
        _is_dated(p) & (p.newcomers >= GROWTH_NEWCOMERS) & ~p.is_slow_in_one_rack,
        # A newcomer comes late or not: Bernoulli under both. Even growth is also that of dynamic
        # lines and clouds, so that it says little for flux; saturation says much against.
        _between(
            p.late_newcomers * math.log(EVEN_LATE_SHARE / SATURATING_LATE_SHARE)
            + (p.newcomers - p.late_newcomers)
            * math.log((1 - EVEN_LATE_SHARE) / (1 - SATURATING_LATE_SHARE)),
            -3.0,
            0.5,
        ).round(4),
        ibis.null("float64"),
    ),
    says=lambda r: (
        f"{r['late_newcomers']:,} of its {plural(r['newcomers'], 'newcomer')} came in the later "
        f"half of {_hours(r)}, where a set that fills up shows one of four."
    ),
)

FIRST_ASNS: Final = 3
"""ASNs that one name may show to several vantages at once without having changed (GSLB).
Chosen: 2026-11-24; no innocent of the real records shows more, one address at a time."""


def _changed_asns(p: ir.Table) -> ir.Value:
    return pool_asns(p) - FIRST_ASNS


SLOW_ROTATION = Piece(
    name="slow-rotation",
    group="motion",
    source=f"{SLOW}; a dynamic-DNS customer stays in one ASN, a migration adds one",
    value=lambda p: p.newcomer_asns,
    weigh=lambda p: ibis.ifelse(
        _is_dated(p)
        & is_mapped(p)
        & (p.set_addresses_max == 1)
        & ((p.newcomers >= 3) | (_changed_asns(p) >= 3))
        & ((p.host_addresses_max * 2 > p.addresses) | (p.mixing >= POOL_MIXING))
        & ~p.is_slow_in_one_rack,
        band(
            # Strange ASNs per ten days of watching, so that years of small changes do not add up.
            # Of one address at a time each is a change, also in the first minutes.
            ibis.greatest(p.newcomer_asns, _changed_asns(p))
            / ibis.greatest(p.span_s / 864_000.0, 1.0),
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

SUCCESSION = Piece(
    name="succession",
    group="succession",
    source=f"{SLOW}, some inside one /24; RIPE Labs: dynamic addresses change every 24 h or "
    "multiples; Simpson 1949 for what a draw without memory would do",
    value=lambda p: p.succession_changes,
    weigh=lambda p: ibis.ifelse(
        is_turning_in_one_rack(p), _succession_ratio(p), ibis.null("float64")
    ),
    says=lambda r: (
        f"One address at a time out of {r['succession_addresses']:,} in "
        f"{plural(r['slash24'], '/24', '/24')} changed {r['succession_changes']:,} times in "
        f"{r['succession_steps']:,} looks over {_hours(r)}, where a draw without memory would "
        f"change {r['succession_draw_ratio']:.0%} of them."
    ),
)

PIECES = (STRANGERS, SETTLED, GROWTH, SLOW_ROTATION, SUCCESSION)
