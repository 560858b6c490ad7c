"""Vantages: what each saw, and whether they are shown the same agents."""

from datetime import UTC, datetime, timedelta
from typing import Any

from unflux.track.views import find_views, is_per_client

START = datetime(2026, 11, 1, tzinfo=UTC)
NAMES = {"bad.example"}


def answer(vantage: str, hour: int, address: str, query: str = "bad.example") -> dict[str, Any]:
    return {
        "bucket_at": START + timedelta(hours=hour), "vantage": vantage, "query": query,
        "address": address,
    }  # fmt: skip


def looks(vantage: str, *, changes: int) -> dict[str, Any]:
    return {
        "vantage": vantage, "query": "bad.example", "qtype": "A", "looks": 100, "answered": 90,
        "silent": 10, "changes": changes, "first_at": START, "last_at": START + timedelta(hours=5),
    }  # fmt: skip


def pool(vantage: str, letter: str) -> list[dict[str, Any]]:
    return [answer(vantage, hour, f"{letter}{n}") for hour in range(4) for n in range(8)]


def test_what_each_saw() -> None:
    rows = [*pool("one", "a"), *pool("two", "a"), answer("two", 0, "b1")]
    rows.append(answer("two", 0, "c1", "other.example"))
    one, two = find_views([looks("one", changes=50), looks("two", changes=0)], rows, NAMES)
    assert (one.vantage, one.looks, one.answered, one.addresses, one.own) == ("one", 100, 90, 8, 0)
    assert one.rotation_s == 5 * 3600 / 50
    assert (two.addresses, two.own, two.rotation_s) == (9, 1, None)


def test_vantages_that_are_shown_other_agents_are_told_from_a_large_pool() -> None:
    assert is_per_client([*pool("one", "a"), *pool("two", "a")], NAMES) is False
    assert is_per_client([*pool("one", "a"), *pool("two", "b")], NAMES) is True
    assert is_per_client(pool("one", "a"), NAMES) is None
    # Nobody sees an address of a very large pool twice: nothing speaks for a difference.
    large = [answer(v, hour, f"{v}{hour}{n}") for v in "xy" for hour in range(4) for n in range(8)]
    assert is_per_client(large, NAMES) is False
