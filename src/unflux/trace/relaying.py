"""Evidence that flows to a host relay the requests that come in: timing, size, count, payload."""

import math
from typing import Final

from unflux.model.verdicts import Evidence
from unflux.trace.links import Pool
from unflux.trace.pairing import DELAYS_US
from unflux.trace.tallies import Tally

TIMING_CAP: Final = 10.0
SIZE_CAP: Final = 8.0
SIZE_FLOOR: Final = -20.0
"""The most that one kind of evidence may say. Chosen: 2026-11-28; what follows each request with
other sizes is a call to a service, and however regular no relay."""

ALIKE_RATIO: Final = 0.9
POOR_RATIO: Final = 0.5
"""Share of relayed requests whose sizes agree, over a good and over a bad line: the rest are lost
packets, caches and recompression. Chosen: 2026-11-28; the better of the two counts, less ln 2."""

SAME_SIZE: Final = 2.3
"""What agreement says where all flows to the target have one size. Chosen: 2026-11-28; ln 10, as of
one coincidence in ten."""


def weigh_relay(tally: Tally, target_count: int) -> list[Evidence]:
    """Return the evidence that one host relays to another, first of all how many it might be.

    ``target_count``: hosts that the agent opened flows to, each of which could be it by chance.
    """
    says = f"It is one of {target_count:,} hosts that the agent opened flows to."
    return [_choice(max(target_count, 2), says), *_weigh(tally)]


def weigh_pool(pool: Pool) -> list[Evidence]:
    """Return the same of all hosts that serve and ask one target, taken together."""
    says = (
        f"Flows of {pool.host_count:,} hosts that serve are counted together; it is one of "
        f"{pool.rivals:,} hosts to which several of those opened flows."
    )
    # Each target is looked at twice: by its best link, and by all of them.
    return [_choice(2 * pool.rivals, says), *_weigh(pool.tally)]


def _weigh(tally: Tally) -> list[Evidence]:
    pieces = [_timing(tally), _size(tally), _exclusiveness(tally)]
    if tally.same_requests + tally.other_requests:
        pieces.append(_requests(tally))
    return pieces


def _choice(count: int, says: str) -> Evidence:
    return Evidence(
        name="choice",
        value=count,
        llr=-math.log(count),
        says=says,
        source="one hypothesis for each host (Bonferroni)",
    )


def _timing(tally: Tally) -> Evidence:
    """Weigh how many requests a flow followed against the same of shifted records."""
    best, which = 0.0, 0
    for number, (seen, expected) in enumerate(zip(tally.followed, tally.expected, strict=True)):
        mean = expected + 0.125
        gain = seen * math.log(seen / mean) - (seen - mean) if seen > mean else 0.0
        if gain > best:
            best, which = gain, number
    best = min(TIMING_CAP, best - math.log(len(tally.followed))) if best > 0 else -1.0
    seen, expected = tally.followed[which], tally.expected[which]
    return Evidence(
        name="timing",
        value=seen,
        llr=best,
        says=f"A flow followed {seen:,} requests within {DELAYS_US[which] / 1e6:g} s; "
        f"{expected:.1f} would by chance, as often as they do when the requests are shifted in "
        "time.",
        source="Poisson against time-shifted records; FF-Watch correlates SYN in and out likewise",
    )


def _size(tally: Tally) -> Evidence:
    """Weigh agreement of sizes against that with the next flow to the same host."""
    total, alike = tally.pairs, tally.alike
    chance = (tally.alike_by_chance * total + 1) / (total + 2)
    llr = max(
        alike * math.log(ratio / chance) + (total - alike) * math.log((1 - ratio) / (1 - chance))
        for ratio in (ALIKE_RATIO, POOR_RATIO)
    ) - math.log(2)
    if alike >= ALIKE_RATIO * total and alike >= 4:
        llr = max(llr, SAME_SIZE)
    return Evidence(
        name="size",
        value=alike,
        llr=max(SIZE_FLOOR, min(SIZE_CAP, llr)),
        says=f"Of {total:,} requests {alike:,} have a flow whose octets agree both ways; "
        f"{tally.alike_by_chance:.0%} would with those of another of the same host's.",
        source="Bernoulli against permuted sizes",
    )


def _exclusiveness(tally: Tally) -> Evidence:
    ratio = tally.during / tally.flows
    llr = 1.0 if ratio >= 0.9 else 0.5 if ratio >= 0.5 else -1.0 if ratio >= 0.2 else -3.0
    return Evidence(
        name="exclusiveness",
        value=round(ratio, 4),
        llr=llr,
        says=f"{tally.during:,} of {tally.flows:,} flows to it began while requests were going on.",
        source="Chosen: 2026-11-28; what is asked for one's own sake follows no request",
    )


def _requests(tally: Tally) -> Evidence:
    is_most = tally.same_requests > tally.other_requests
    llr = min(10.0, 4.0 * tally.same_requests) if is_most else 0.0 if tally.same_requests else -1.0
    return Evidence(
        name="requests",
        value=tally.same_requests,
        llr=llr,
        says=f"{tally.same_requests:,} requests went on with the same host and target, "
        f"{tally.other_requests:,} with another.",
        source="Chosen: 2026-11-28; payload agreement in plain HTTP",
    )
