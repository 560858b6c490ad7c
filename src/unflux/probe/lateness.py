"""Lateness: what the delays of one address say, compared with the way there and back."""

from collections.abc import Sequence
from statistics import fmean, median, pstdev
from typing import Final

from unflux.model.probes import Delays
from unflux.model.verdicts import Evidence
from unflux.probe.facts import CHOSEN, HSU, Facts, piece
from unflux.probe.observed import Observed

LEAST_LOOKS: Final = 3
"""Documents before speed counts: a cache has to fetch the first itself."""
LATE_LOOKS: Final = 5
"""Replies before lateness counts: one that was fast is proof, those that were late may have met a
busy moment."""
LATE_REFUSALS: Final = 2
"""Likewise, of what takes no making and of what no name server answers."""
TOLERANCE_S: Final = 0.003
"""What a server may take for itself. Chosen: 2026-11-28; files of nginx took up to 4 ms on two busy
cores, with the trembling of the line that is added."""
NEAR_S: Final = 0.008
FAR_S: Final = 0.020
"""Beyond that: from where on it speaks for a detour, and loudly. Chosen: 2026-11-28; a relay that
opens a connection first goes twice to a host of another network and back."""
CRYPTO_S: Final = 0.006
"""What a handshake may take besides its way."""


def measure_delays(observed: Observed) -> dict[str, Delays]:
    """Return the delays of each kind."""
    kinds = {
        "connect": observed.connects_s,
        "document": observed.documents_s,
        "cheap": observed.cheap_s,
        "malformed": observed.malformed_s,
        "handshake": observed.handshakes_s,
        "names": observed.names_s,
        "unanswered": observed.unanswered_s,
    }
    return {
        kind: Delays(
            count=len(found),
            least_s=min(found, default=None),
            median_s=median(found) if found else None,
            mean_s=fmean(found) if found else None,
            spread_s=pstdev(found) if found else None,
        )
        for kind, found in kinds.items()
    }


def _beyond(delays_s: Sequence[float], observed: Observed) -> float:
    """Return by how much the least of some delays exceeds the way there and back, in seconds.

    The least of each, since a line that is used adds to any one of them and never takes away.
    """
    return min(delays_s) - min(observed.connects_s)


def _tolerance(observed: Observed) -> float:
    """Return the seconds beyond the way that say nothing: more where the line trembles."""
    return TOLERANCE_S + median(observed.connects_s) - min(observed.connects_s)


def is_prompt(delays_s: Sequence[float], observed: Observed) -> bool:
    """Tell whether the least of some delays is no longer than the way; false where there is none.

    One prompt reply is proof, late ones may have met a busy moment.
    """
    return bool(delays_s) and _beyond(delays_s, observed) <= _tolerance(observed)


def is_handshake_prompt(observed: Observed) -> bool:
    """Tell whether a handshake took no longer than its way and its arithmetic."""
    return _beyond(observed.handshakes_s, observed) - CRYPTO_S <= _tolerance(observed)


def _ratio(
    beyond_s: float,
    observed: Observed,
    *,
    far: float,
    near: float,
    none: float,
    is_late_told: bool = True,
) -> float:
    """Return the ratio of so many seconds beyond the way.

    What is prompt is so whatever else was; lateness is less by that of this program, and says
    nothing where too little of it was seen (``is_late_told``).
    """
    if is_busy(observed):
        # The line seems to tremble as well, so that little of it would pass for prompt.
        return none if beyond_s <= TOLERANCE_S else 0.0
    over_s = beyond_s - _tolerance(observed)
    if over_s <= 0:
        return none
    if not is_late_told:
        return 0.0
    over_s -= observed.lag_s
    return far if over_s >= FAR_S else near if over_s >= NEAR_S else 0.0


def is_busy(observed: Observed) -> bool:
    """Tell whether this program was as late as a relay, so that lateness says nothing."""
    return observed.lag_s >= FAR_S


def relay_delay(facts: Facts) -> Evidence | None:
    """Every document, small or cached, takes as long as another way to somewhere.

    Fully where one of them was stored, since only the others may have to be made.
    """
    seen = facts.observed
    if len(seen.documents_s) < LEAST_LOOKS or not seen.connects_s:
        return None
    beyond_s = _beyond(seen.documents_s, seen)
    far, near = (3.2, 1.2) if seen.has_file else (1.5, 0.6)
    is_enough = len(seen.documents_s) + len(seen.cheap_s) >= LATE_LOOKS
    is_told = is_enough and (seen.has_file or not is_prompt(seen.cheap_s, seen))
    llr = _ratio(beyond_s, seen, far=far, near=near, none=-3.3, is_late_told=is_told)
    rest = "" if seen.has_file else "; none says that it was stored and not made"
    said = (
        f"the fastest of {len(seen.documents_s)} documents took {beyond_s * 1000:.0f} ms beyond "
        f"the way there and back{rest}"
    )
    return piece("relay-delay", beyond_s, llr, said, HSU)


def making(facts: Facts) -> Evidence | None:
    """Where documents are made, what takes no making tells how far away that is.

    Nothing where a stored file was late: then a host that answers this at once is no other's.
    """
    seen = facts.observed
    if not seen.cheap_s or not seen.documents_s or not seen.connects_s or seen.has_file:
        return None
    if is_prompt(seen.documents_s, seen):
        return None
    beyond_s = _beyond(seen.cheap_s, seen)
    is_told = len(seen.cheap_s) >= LATE_REFUSALS
    llr = _ratio(beyond_s, seen, far=0.7, near=0.3, none=-3.8, is_late_told=is_told)
    said = (
        f"whoever makes the documents answered what takes no making {beyond_s * 1000:.0f} ms "
        "beyond the way there and back"
    )
    return piece("making", beyond_s, llr, said, CHOSEN)


def stream_delay(facts: Facts) -> Evidence | None:
    """What no proxy passes on is late as well: the whole stream is relayed.

    Half of it where refusals are late and handshakes are not, or the other way: one port may be
    relayed, but the arithmetic of TLS may be slow there as well.
    """
    seen = facts.observed
    delays = [(seen.malformed_s, 0.0), (seen.handshakes_s, CRYPTO_S)]
    found = [
        (_beyond(delays_s, seen) - own_s, len(delays_s) >= LATE_LOOKS)
        for delays_s, own_s in delays
        if len(delays_s) >= LEAST_LOOKS and seen.connects_s
    ]
    if not found:
        return None
    ratios = [
        _ratio(beyond_s, seen, far=2.8, near=1.5, none=-0.4, is_late_told=is_told)
        for beyond_s, is_told in found
    ]
    beyond_s, _ = max(found)
    llr = max(ratios) / 2 if max(ratios) > 0 >= min(ratios) else max(ratios)
    said = (
        f"what the host has to answer itself came {beyond_s * 1000:.0f} ms beyond the way there "
        "and back"
    )
    return piece("stream-delay", beyond_s, llr, said, HSU)


def is_stream_late(facts: Facts) -> bool:
    """Tell whether what the host has to answer itself is late."""
    found = stream_delay(facts)
    return found is not None and found.llr > 0


def names_delay(facts: Facts) -> Evidence | None:
    """Answers with authority come from memory, unless they are fetched."""
    seen = facts.observed
    if len(seen.names_s) < LEAST_LOOKS or not seen.connects_s:
        return None
    beyond_s = _beyond(seen.names_s, seen)
    is_told = not is_prompt(seen.unanswered_s, seen)
    llr = _ratio(beyond_s, seen, far=1.5, near=0.7, none=-3.6, is_late_told=is_told)
    said = f"answers with authority came {beyond_s * 1000:.0f} ms beyond the way there and back"
    return piece("names-delay", beyond_s, llr, said, HSU)


def refusal_delay(facts: Facts) -> Evidence | None:
    """What every name server refuses by itself is late as well: all datagrams are relayed."""
    seen = facts.observed
    if len(seen.names_s) < LEAST_LOOKS or not seen.unanswered_s or not seen.connects_s:
        return None
    if is_prompt(seen.names_s, seen):
        return None
    beyond_s = _beyond(seen.unanswered_s, seen)
    is_told = len(seen.unanswered_s) >= LATE_REFUSALS
    llr = _ratio(beyond_s, seen, far=1.7, near=0.7, none=-3.8, is_late_told=is_told)
    said = f"what no name server answers was refused {beyond_s * 1000:.0f} ms beyond the way"
    return piece("refusal-delay", beyond_s, llr, said, CHOSEN)


def line(facts: Facts) -> Evidence | None:
    """Lines of homes tremble, those of racks do not."""
    connects = facts.observed.connects_s
    if len(connects) < 6:
        return None
    spread_s = median(connects) - min(connects)
    llr = 0.4 if spread_s >= 0.004 else -0.2 if spread_s < 0.001 else 0.0
    said = f"the middle connection took {spread_s * 1000:.1f} ms longer than the fastest"
    return piece("line", spread_s, llr, said, HSU)
