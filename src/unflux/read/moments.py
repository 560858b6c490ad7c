"""Moments as logs write them: a number since the epoch, or ISO 8601."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.times import (
    MICROSECONDS_FROM,
    MICROSECONDS_PER_S,
    MILLISECONDS_FROM,
    NANOSECONDS_FROM,
    is_plausible,
)

BAD_MOMENT: Final = "no moment between 1970 and 2100"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MOMENT_LENGTH: Final = 64
_BEYOND: Final = 1e19
"""No number from here on is a moment before 2100 in any unit, and the smaller ones fit int64."""


def parse_moment(value: object) -> int | None:
    """Return microseconds since the epoch, or null where ``value`` is no plausible moment.

    Numbers, and text that is a number, are seconds since the epoch, or milliseconds, microseconds
    or nanoseconds where they are too great for seconds; other text is ISO 8601 (RFC 3339), in UTC
    where it names no offset.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        value = value.strip()
        if len(value) > _MAX_MOMENT_LENGTH:
            return None
        try:
            value = float(value)
        except ValueError:
            return _parse_iso(str(value))
    if not 0 <= value < _BEYOND:  # false for NaN, too
        return None
    moment_us = round(_scale(float(value)))
    return moment_us if is_plausible(moment_us) else None


def _scale(number: float) -> float:
    """Return the microseconds of a number since the epoch, whose size tells its unit."""
    if number < MILLISECONDS_FROM:
        return number * MICROSECONDS_PER_S
    if number < MICROSECONDS_FROM:
        return number * 1000
    return number if number < NANOSECONDS_FROM else number / 1000


def moments_of_numbers(numbers: pa.Array) -> pa.Array:
    """Do for float64 what :func:`parse_moment` does for a number; moments may be beyond 2100."""
    inside = pc.and_(pc.greater_equal(numbers, 0.0), pc.less(numbers, _BEYOND))  # false for NaN
    numbers = pc.if_else(inside, numbers, None)
    fine = pc.if_else(pc.less(numbers, NANOSECONDS_FROM), numbers, pc.divide(numbers, 1000.0))
    medium = pc.if_else(pc.less(numbers, MICROSECONDS_FROM), pc.multiply(numbers, 1000.0), fine)
    seconds = pc.multiply(numbers, float(MICROSECONDS_PER_S))
    scaled = pc.if_else(pc.less(numbers, MILLISECONDS_FROM), seconds, medium)
    return pc.round(scaled).cast(pa.int64())


def _parse_iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    moment_us = (moment - _EPOCH) // timedelta(microseconds=1)
    return moment_us if is_plausible(moment_us) else None
