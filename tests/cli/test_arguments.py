"""What options mean that several commands share."""

import pytest

from unflux.cli.arguments import parse_moment

DAY_US = 1_769_817_600_000_000
"""2026-01-31, midnight UTC."""


@pytest.mark.parametrize(
    ("text", "moment_us"),
    [
        ("2026-01-31", DAY_US),
        ("20260131", DAY_US),
        ("2026-01-31T00:00:00.000001Z", DAY_US + 1),
        ("2026-01-31T01:00:00+01:00", DAY_US),
        ("1769817600", DAY_US),
        ("1769817600.5", DAY_US + 500_000),
        ("0", 0),
    ],
)
def test_a_moment_is_a_date_a_time_or_epoch_seconds(text: str, moment_us: int) -> None:
    assert parse_moment(text, "--since") == moment_us
