"""Totals: what was seen, what nobody saw and what was only renumbered make agents and hosts."""

import numpy as np

from unflux.model.tracks import Estimate, Renumbering, TrackPopulation
from unflux.track.population import Population, estimate_population
from unflux.track.presence import Presence
from unflux.track.spells import Spells
from unflux.track.unseen import estimate_unseen

_NONE = Estimate(value=0, low=0, high=0)


def count_agents(
    presence: Presence, spells: Spells, renumbering: Renumbering | None
) -> TrackPopulation | None:
    """Estimate addresses and hosts; null where the records are too few."""
    found = estimate_population(presence)
    if found is None:
        return None
    between = _NONE if renumbering is None else renumbering.between
    total = _count_addresses(presence, spells, found)
    at_once = _sum(found.at_once, between)
    return TrackPopulation(
        total=total,
        at_once=at_once,
        now=_sum(found.now, between),
        hosts=_between(at_once, _count_hosts(total, found.seen, renumbering), total),
        detection_ratio=found.detection_ratio,
        away_ratio=found.away_ratio,
        alive=found.alive,
    )


def _count_addresses(presence: Presence, spells: Spells, found: Population) -> Estimate:
    """Add those that nobody saw.

    Where agents go unseen for so long that the records hold few whole visits, the population model
    is the better guess, and the interval spans what both allow.
    """
    unseen = estimate_unseen(presence, spells)
    value = found.seen + unseen.value
    low, high = (found.seen + float(q) for q in np.quantile(unseen.drawn, [0.025, 0.975]))
    if not unseen.is_within_reach:
        value = found.total.value
        low, high = min(low, found.total.low), max(high, found.total.high)
    return Estimate(value=value, low=min(low, value), high=max(high, value))


def _count_hosts(total: Estimate, seen: int, renumbering: Renumbering | None) -> Estimate:
    """Take away addresses that only renumbering brought, of the unseen as many as of the seen.

    The most hosts there may be are all addresses, less those that are proved to be renumbered.
    """
    renewed = _NONE if renumbering is None else renumbering.renewed
    kept, least, most = (
        max(1 - number / seen, 0.0) for number in (renewed.value, renewed.high, renewed.low)
    )
    value = max(total.value * kept, 1.0)
    down = np.hypot((total.value - total.low) * kept, total.value * (kept - least))
    return Estimate(
        value=value, low=max(value - float(down), 1.0), high=max(total.high * most, value)
    )


def _between(at_once: Estimate, hosts: Estimate, total: Estimate) -> Estimate:
    """Return hosts no fewer than there are at once, and no more than addresses."""
    value = max(hosts.value, min(at_once.value, total.value))
    low = max(hosts.low, min(at_once.low, total.low))
    return Estimate(value=value, low=low, high=max(hosts.high, value))


def _sum(one: Estimate, more: Estimate) -> Estimate:
    """Add what is unsure for another reason."""
    value = one.value + more.value
    down = ((one.value - one.low) ** 2 + (more.value - more.low) ** 2) ** 0.5
    up = ((one.high - one.value) ** 2 + (more.high - more.value) ** 2) ** 0.5
    return Estimate(value=value, low=max(value - down, 0), high=value + up)
