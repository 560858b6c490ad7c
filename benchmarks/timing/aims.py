"""What unflux wants to reach, and whether these figures do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from timing.contender import Result
from timing.curves import CURVES, Point
from timing.ours import LIMIT, READ, READ_TWO, SCAN, read_of
from timing.rounds import by_name
from timing.starts import Starts

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """One bound and what was found."""

    what: str
    bound: str
    found: str
    is_met: bool


def weigh_aims(
    results: Sequence[Result], starts: Starts, by_responses: Sequence[Point]
) -> list[Aim]:
    """Hold the figures against the aims; those that nothing was measured for are left out."""
    found = by_name(results)
    aims = [*_of_reading(found, by_responses), *_of_forms(found), *_of_memory(found, by_responses)]
    warm_s = starts.warm.moment_s("first_octet_s")
    if warm_s is not None:
        aims.append(_at_most("warm start to the first octet read", warm_s, 0.7, "s"))
    aims.append(_at_most("compilation in a cold start", starts.compile_s, 30.0, "s"))
    return aims


def _of_reading(found: Mapping[str, Result], by_responses: Sequence[Point]) -> list[Aim]:
    aims = []
    one, limit = found.get(READ), found.get(LIMIT)
    if one and limit and one.reading_per_s and limit.reading_per_s:
        ratio = one.reading_per_s / limit.reading_per_s
        aims.append(_at_least("reading and rollup by the C decoder's speed", ratio, 0.8, "×"))
        ratio = one.per_s / limit.per_s
        aims.append(_at_least("the same, whole processes", ratio, 0.8, "×"))
    slopes = {name: _slope_s(by_responses, name) for name in CURVES}
    if slopes[READ] and slopes[LIMIT]:
        aims.append(_at_least("the same, by what more responses cost",
                              slopes[LIMIT] / slopes[READ], 0.8, "×"))  # fmt: skip
    two = found.get(READ_TWO)
    if one and two and one.reading_per_s and two.reading_per_s:
        ratio = two.reading_per_s / one.reading_per_s
        aims.append(_at_least("two cores by one, after the imports", ratio, 1.6, "×"))
    if slopes[READ] and slopes[READ_TWO]:
        aims.append(_at_least("two cores by one, by what more responses cost",
                              slopes[READ] / slopes[READ_TWO], 1.6, "×"))  # fmt: skip
    if SCAN in found:
        aims.append(
            _at_least("capture to verdicts on one core", found[SCAN].per_s / 1e6, 1.5, "M/s")
        )
    return aims


def _of_forms(found: Mapping[str, Result]) -> list[Aim]:
    bounds = {"dnstap": 1.5, "zeek-tsv": 1.0, "zeek-json": 0.4, "eve": 0.4}
    aims = []
    for form, bound in bounds.items():
        result = found.get(read_of(form))
        if result and result.reading_per_s:
            aims.append(
                _at_least(f"{read_of(form)}, two cores", result.reading_per_s / 1e6, bound, "M/s")
            )
    return aims


def _of_memory(found: Mapping[str, Result], by_responses: Sequence[Point]) -> list[Aim]:
    aims = []
    if READ in found:
        peak_mib = found[READ].peak_bytes / MIB
        aims.append(_at_most("peak memory of reading", peak_mib, 400, "MiB"))
    if by_responses and (most := by_name(by_responses[-1].results).get(READ)):
        what = f"peak memory of reading {most.contender.responses:,} responses"
        aims.append(_at_most(what, most.peak_bytes / MIB, 400, "MiB"))
    return aims


def _slope_s(points: Sequence[Point], name: str) -> float | None:
    """Return seconds a response between the first and the last capture, of the whole process."""
    results = [found[name] for point in points if name in (found := by_name(point.results))]
    if len(results) < 2:
        return None
    more = results[-1].contender.responses - results[0].contender.responses
    return (results[-1].wall_s - results[0].wall_s) / more


def _at_least(what: str, value: float, bound: float, unit: str) -> Aim:
    return Aim(what=what, bound=f"≥ {bound:g} {unit}", found=f"{value:.2f} {unit}",
               is_met=value >= bound)  # fmt: skip


def _at_most(what: str, value: float, bound: float, unit: str) -> Aim:
    return Aim(what=what, bound=f"< {bound:g} {unit}", found=f"{value:.2f} {unit}",
               is_met=value < bound)  # fmt: skip
