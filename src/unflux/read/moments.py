"""Moments as logs write them: seconds since the epoch, or ISO 8601."""

from datetime import UTC, datetime, timedelta
from typing import Final

from unflux.model.times import MICROSECONDS_PER_S, is_plausible

BAD_MOMENT: Final = "no moment between 1970 and 2100"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MOMENT_LENGTH: Final = 64


def parse_moment(value: object) -> int | None:
    """Return microseconds since the epoch, or null where ``value`` is no plausible moment.

    Numbers, and text that is a number, are seconds since the epoch; other text is ISO 8601
    (RFC 3339), in UTC where it names no offset.
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
    if not abs(value) < 1e12:  # false for NaN, too
        return None
    moment_us = round(value * MICROSECONDS_PER_S)
    return moment_us if is_plausible(moment_us) else None


def _parse_iso(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    moment_us = (moment - _EPOCH) // timedelta(microseconds=1)
    return moment_us if is_plausible(moment_us) else None
