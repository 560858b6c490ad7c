"""Moments: UTC, microseconds since the epoch."""

from datetime import UTC, datetime, timedelta

MICROSECONDS_PER_S = 1_000_000

EARLIEST_US = 0
"""1970-01-01; a record dated earlier has a broken clock."""

LATEST_US = 4_102_444_800 * MICROSECONDS_PER_S
"""2100-01-01; a record dated later has a broken clock."""

MILLISECONDS_FROM, MICROSECONDS_FROM, NANOSECONDS_FROM = 1e11, 1e14, 1e17
"""Numbers from here on count a finer unit than seconds: each unit passed its bound in March 1973,
and the next coarser one reaches it in the year 5138."""


def is_plausible(moment_us: int) -> bool:
    """Tell whether a moment in microseconds lies between 1970 and 2100."""
    return EARLIEST_US <= moment_us < LATEST_US


def moment_at(moment_us: int) -> datetime:
    """Return the moment of so many microseconds since the epoch."""
    return datetime.fromtimestamp(moment_us / MICROSECONDS_PER_S, UTC)


def microseconds_of(moment: datetime) -> int:
    """Return a moment in microseconds since the epoch."""
    return (moment - moment_at(0)) // timedelta(microseconds=1)


def format_moment(moment: datetime | None) -> str | None:
    """Write a moment as RFC 3339 with ``Z``, dropping a zero fraction; null stays null."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return text.removesuffix(".000000") + "Z"
