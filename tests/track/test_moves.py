"""Moves: a domain that begins with the agents of another, and one that does not."""

from datetime import UTC, datetime
from typing import Any

import pytest

from unflux.track.moves import DAY_S, find_asked, find_moves


def test_a_domain_that_takes_agents_over_has_moved() -> None:
    old = [("old.example", f"a{n}", 0.0, 5 * DAY_S) for n in range(10)]
    new = [("new.example", f"a{n}", 4 * DAY_S + n, 9 * DAY_S) for n in range(6)]
    new += [("new.example", f"b{n}", 4 * DAY_S, 9 * DAY_S) for n in range(2)]
    other = [("other.example", f"c{n}", 4 * DAY_S, 9 * DAY_S) for n in range(9)]
    few = [("few.example", "a1", 6 * DAY_S, 7 * DAY_S), ("few.example", "a2", 6 * DAY_S, 7 * DAY_S)]
    (move,) = find_moves([*new, *old, *other, *few], 9 * DAY_S, {})
    assert (move.domain, move.since, move.shared) == ("new.example", "old.example", 6)
    assert move.inherited_ratio == 6 / 8
    assert move.has_ended
    assert not find_moves([*new, *old, *other], 5.5 * DAY_S, {})[0].has_ended
    assert find_moves([], 0.0, {}) == ()


def test_domains_that_are_asked_for_later_on_the_first_day_have_not_moved() -> None:
    old = [("old.example", f"a{n}", 0.0, 5 * DAY_S) for n in range(10)]
    late = [("late.example", f"a{n}", 0.9 * DAY_S, 5 * DAY_S) for n in range(6)]
    assert find_moves([*old, *late], 5 * DAY_S, {}) == ()
    (move,) = find_moves([*old, *late], 1.7 * DAY_S, {})
    assert move.domain == "late.example"


def looks(at_s: float, looks: int, answered: int, silent: int, qtype: str = "A") -> dict[str, Any]:
    return {
        "query": "www.new.example", "qtype": qtype, "first_at": datetime.fromtimestamp(at_s, UTC),
        "looks": looks, "answered": answered, "silent": silent,
    }  # fmt: skip


WEEK_S = 7 * DAY_S


@pytest.mark.parametrize(
    ("rows", "is_move"),
    [
        ([], True),  # records of others
        ([looks(WEEK_S, 12, 12, 0)], False),
        ([looks(WEEK_S - 900, 3, 0, 3), looks(WEEK_S, 12, 12, 0)], False),
        ([looks(WEEK_S - 1, 12, 0, 0, "AAAA"), looks(WEEK_S, 12, 12, 0)], False),
        ([looks(WEEK_S - 900, 12, 0, 0, "NS"), looks(WEEK_S, 12, 12, 0)], False),
        ([looks(WEEK_S - 900, 12, 11, 0)], True),  # denied, and answered within the hour
        ([looks(WEEK_S - DAY_S, 3, 0, 1), looks(WEEK_S, 12, 12, 0)], True),
        ([looks(WEEK_S + DAY_S, 12, 12, 0)], True),  # others saw it begin
    ],
)
def test_a_domain_that_was_there_when_it_was_first_asked_for_has_not_moved(
    rows: list[dict[str, Any]], is_move: bool
) -> None:
    old = [("old.example", f"a{n}", 0.0, 14 * DAY_S) for n in range(10)]
    new = [("new.example", f"a{n}", WEEK_S + n, 14 * DAY_S) for n in range(6)]
    asked = {"old.example": (0.0, float("inf")), **find_asked(rows)}
    assert len(find_moves([*old, *new], 14 * DAY_S, asked)) == is_move
