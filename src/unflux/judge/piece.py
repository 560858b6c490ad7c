"""What a piece of evidence is: a measured value turned into a log-likelihood ratio."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import ibis
import ibis.expr.types as ir

Row = Mapping[str, Any]
"""One profile as a mapping from column to value."""

DEPENDENT_SHARE: Final = 0.3
"""How much a piece adds beside a stronger one of its group, which measures nearly the same.
Chosen: 2026-11-22; on the 2009 records a full sum gave scores of 1.000 to single answers."""


ASSUMED_TTL_S: Final = 300
"""How long an answer lives where the records do not say: as long as those of most innocent names
and of most fluxing ones (SSFD records of 2009)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of evidence.

    ``weigh`` maps the profile table, with the columns that :func:`unflux.judge.weighing.weigh` adds
    first, to the natural-log likelihood ratio of the value under fast flux against under any
    innocent use; null where the records do not allow the test. Pieces of one ``group`` depend on
    each other: the strongest counts in full, the others by ``DEPENDENT_SHARE``.
    """

    name: str
    group: str
    source: str
    value: Callable[[ir.Table], ir.Value]
    weigh: Callable[[ir.Table], ir.Value]
    says: Callable[[Row], str]


def band(value: ir.Value, edges: Sequence[tuple[float, float]], *, below: float) -> ir.Value:
    """Return the ratio of the last edge that the value reaches; ``below`` under the first.

    ``edges`` are (value, ratio) in ascending order. A null value stays null.
    """
    branches = [(value >= edge, ibis.literal(float(ratio))) for edge, ratio in reversed(edges)]
    return ibis.cases(
        (value.isnull(), ibis.null("float64")), *branches, else_=ibis.literal(float(below))
    )


def geometric_bands(
    *, innocent_mean: float, flux_mean: float, floor: float, cap: float, most: int = 12
) -> list[tuple[float, float]]:
    """Return bands for a count that is geometric (1, 2, 3, ...) under both hypotheses.

    With mean m the chance of n is (1/m)(1-1/m)^(n-1), so the ratio is linear in n. The published
    means come from small samples whose innocent tail is too thin for portals and CDNs; ``floor``
    and ``cap`` bound what one count may say.
    """
    slope = math.log1p(-1 / flux_mean) - math.log1p(-1 / innocent_mean)
    start = math.log(innocent_mean / flux_mean)
    return [
        (float(n), round(min(cap, max(floor, start + slope * (n - 1))), 3))
        for n in range(1, most + 1)
    ]


def is_mapped(p: ir.Table) -> ir.BooleanValue:
    """Tell whether the ASNs of at least half of the reachable addresses are known.

    Below that a small number of ASNs says nothing: unmapped is unknown.
    """
    reachable = p.addresses - p.special_use_addresses
    return (p.unmapped_addresses * 2 <= reachable) & (reachable > 0)


def known_places(p: ir.Table) -> ir.Value:
    """Return the distinct ASNs where they are known (:func:`is_mapped`), else the /16."""
    return ibis.ifelse(is_mapped(p), p.asns, p.slash16)


POOL_MIXING: Final = 1.5
"""Owner names that an address of a domain serves, from which on the names are doors to one pool,
as random wildcard names are, and the pool is that of all of them. A portal's names share little.
Chosen: 2026-11-22; no innocent domain of the 2009 records changes its side by it."""


def pool_asns(p: ir.Table) -> ir.Value:
    """Return the ASNs of one name, or of all where the names are doors to one pool."""
    return ibis.ifelse(p.mixing >= POOL_MIXING, p.asns, p.host_asns_max)


def looks(p: ir.Table) -> ir.Value:
    """Return how many answers a cache could have told apart: lookups, or lifetimes that ran out.

    Null where lookups are not known, as in passive DNS.
    """
    lifetimes = (p.span_s / ibis.greatest(p.ttl_max_s.fill_null(ASSUMED_TTL_S), 1)).floor()
    seen = ibis.least(p.lookups, 1 + lifetimes.fill_null(0).cast("int64"))
    return ibis.ifelse(p.lookups > 0, seen, ibis.null("int64"))


ENOUGH_LOOKS: Final = 4
"""Looks from which on a narrow pool is a narrow one: before, it may be what was seen of a wide one.
Chosen: 2026-11-24; fluxing names that answer with one address show another at nearly every look."""


def has_looked_enough(p: ir.Table) -> ir.BooleanValue:
    """Tell whether a narrow pool may be taken for one; true where lookups are not known."""
    return looks(p).fill_null(ENOUGH_LOOKS) >= ENOUGH_LOOKS
