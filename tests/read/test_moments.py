"""Moments in logs."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.read.moments import parse_moment


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
        (1714521600000, None),  # milliseconds
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
