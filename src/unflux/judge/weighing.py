"""Turn profiles into weights: every piece's ratio, every hypothesis' outcome, and their sum."""

from collections.abc import Iterable
from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge import address_plane, company, motion, name_server_plane, provider_lists
from unflux.judge.bounds import CONVICTION, PRIOR
from unflux.judge.innocent import HYPOTHESES, LISTED_RATIO
from unflux.judge.known_services import POOLS, SEEDS
from unflux.judge.piece import DEPENDENT_SHARE, Piece

PIECES: Final[tuple[Piece, ...]] = (
    *address_plane.PIECES,
    *motion.PIECES,
    *name_server_plane.PIECES,
    *provider_lists.PIECES,
    *company.PIECES,
)


def weigh(profiles: ir.Table) -> ir.Table:
    """Add to each profile the ratios ``llr_<piece>`` (as counted, dependence taken off),
    the outcomes ``alt_<hypothesis>`` (true, false, null = untested) with ``llr_alt_<hypothesis>``,
    ``llr_planes``: what the evidence on the front is not let take off name servers that convict by
    themselves, and ``llr``: the sum of all with the prior. Null ratios are untested and add
    nothing.
    """
    p = profiles.mutate(
        is_known_pool=profiles.domain.isin(POOLS),
        is_known_seed=profiles.domain.isin(SEEDS),
        is_slow_in_one_rack=motion.is_slow_in_one_rack(profiles),
        is_scattering=motion.is_scattering(profiles),
    )
    p = p.mutate(**{f"value_{piece.name}": piece.value(p) for piece in PIECES})
    raw = p.mutate(**{f"raw_{piece.name}": piece.weigh(p).cast("float64") for piece in PIECES})
    counted = raw.mutate(**{f"llr_{piece.name}": _counted(raw, piece) for piece in PIECES})
    tested = counted.mutate(**{f"alt_{h.name}": h.holds(counted) for h in HYPOTHESES})
    ratios = {
        f"llr_alt_{h.name}": ibis.ifelse(
            tested[f"alt_{h.name}"].fill_null(False), ibis.literal(h.ratio), ibis.literal(0.0)
        )
        for h in HYPOTHESES
    }
    listed = tested.is_known_pool | tested.is_known_seed
    weighed = tested.mutate(**ratios, llr_listed=ibis.ifelse(listed, LISTED_RATIO, 0.0))
    own = [piece for piece in PIECES if piece not in company.PIECES]
    names = [piece.name for piece in own] + [f"alt_{h.name}" for h in HYPOTHESES]
    alone = ibis.literal(PRIOR) + weighed.llr_listed + _sum(weighed, names)
    weighed = weighed.mutate(llr_planes=_planes(weighed, alone).round(6))
    company_says = _sum(weighed, [piece.name for piece in company.PIECES])
    weighed = weighed.mutate(llr=(alone + weighed.llr_planes + company_says).round(6))
    raw_names = [f"raw_{piece.name}" for piece in PIECES]
    return weighed.drop("is_slow_in_one_rack", "is_scattering", *raw_names)


def _sum(weighed: ir.Table, names: Iterable[str]) -> ir.Value:
    ratios = [weighed[f"llr_{name}"].fill_null(0.0) for name in names]
    return sum(ratios[1:], ratios[0])


def _planes(weighed: ir.Table, alone: ir.Value) -> ir.Value:
    """Return what a conviction by the name-server plane alone is above the sum of both planes.

    A front that stands still says nothing of servers that move (Caglayan et al., CATCH 2009, judge
    them by a net of their own).
    """
    servers = PRIOR + _sum(weighed, [piece.name for piece in name_server_plane.PIECES])
    return ibis.ifelse(servers >= CONVICTION, ibis.greatest(servers - alone, 0.0), 0.0)


def _counted(raw: ir.Table, piece: Piece) -> ir.Value:
    """Take dependence off: the strongest of a group in full, the others by their share."""
    mates = [mate for mate in PIECES if mate.group == piece.group]
    own = raw[f"raw_{piece.name}"]
    leads = ibis.literal(True)
    for mate in mates:
        if mate is piece:
            continue
        other = raw[f"raw_{mate.name}"].abs().fill_null(-1.0)
        earlier = mates.index(mate) < mates.index(piece)
        leads = leads & ((own.abs() > other) if earlier else (own.abs() >= other))
    return ibis.ifelse(leads, own, own * DEPENDENT_SHARE).round(6)
