"""Moments in logs."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.model.times import is_plausible
from unflux.read.moments import moments_of_numbers, parse_moment


@pytest.mark.parametrize(
    ("value", "moment_us"),
    [
        (1714521600, 1714521600_000000),
        (1714521600.123456, 1714521600_123456),
        ("1714521600.5", 1714521600_500000),
        ("2024-05-01T00:00:00Z", 1714521600_000000),
        ("2024-05-01 00:00:00", 1714521600_000000),
        ("2024-05-01 00:00:00 UTC", 1714521600_000000),
        ("2024-05-01T02:00:00.000001+0200", 1714521600_000001),
        (1714521600123, 1714521600_123000),
        (1714521600123.5, 1714521600_123500),
        ("1714521600123", 1714521600_123000),
        (1714521600123456, 1714521600_123456),
        (1714521600_123456789, 1714521600_123457),
        ("1714521600123456789", 1714521600_123457),
        (99_999_999_999, None),  # between the seconds of 2100 and the milliseconds of 1973
        (100_000_000_000, 100_000_000_000_000),
        (4_102_444_800_000, None),
        (10**19, None),
        (-1, None),
        (float("nan"), None),
        (float("inf"), None),
        ("1e999", None),
        (10**400, None),
        (True, None),
        (None, None),
        ([], None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("1" * 5000, None),
    ],
)
def test_parse_moment(value: object, moment_us: int | None) -> None:
    assert parse_moment(value) == moment_us


@settings(deadline=None)
@given(st.text() | st.floats() | st.integers())
def test_anything_is_a_plausible_moment_or_none(value: object) -> None:
    moment_us = parse_moment(value)
    assert moment_us is None or 0 <= moment_us < 4_102_444_800_000_000


@settings(deadline=None)
@given(
    st.floats()
    | st.floats(0, 5e9)
    | st.sampled_from([1e11, 1e14, 1e17, 1e19]).flatmap(lambda n: st.floats(n / 100, n * 50))
)
def test_a_column_of_numbers_has_the_moments_of_each(number: float) -> None:
    moment_us = moments_of_numbers(pa.array([number], pa.float64()))[0].as_py()
    is_moment = moment_us is not None and is_plausible(moment_us)
    assert (moment_us if is_moment else None) == parse_moment(number)
