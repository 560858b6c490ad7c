"""Moves: a domain that begins with the agents of another, and one that does not."""

from unflux.track.moves import DAY_S, find_moves


def test_a_domain_that_takes_agents_over_has_moved() -> None:
    old = [("old.example", f"a{n}", 0.0, 5 * DAY_S) for n in range(10)]
    new = [("new.example", f"a{n}", 4 * DAY_S + n, 9 * DAY_S) for n in range(6)]
    new += [("new.example", f"b{n}", 4 * DAY_S, 9 * DAY_S) for n in range(2)]
    other = [("other.example", f"c{n}", 4 * DAY_S, 9 * DAY_S) for n in range(9)]
    few = [("few.example", "a1", 6 * DAY_S, 7 * DAY_S), ("few.example", "a2", 6 * DAY_S, 7 * DAY_S)]
    (move,) = find_moves([*new, *old, *other, *few], 9 * DAY_S)
    assert (move.domain, move.since, move.shared) == ("new.example", "old.example", 6)
    assert move.inherited_ratio == 6 / 8
    assert move.has_ended
    assert not find_moves([*new, *old, *other], 5.5 * DAY_S)[0].has_ended
    assert find_moves([], 0.0) == ()


def test_domains_that_are_asked_for_later_on_the_first_day_have_not_moved() -> None:
    old = [("old.example", f"a{n}", 0.0, 5 * DAY_S) for n in range(10)]
    late = [("late.example", f"a{n}", 0.9 * DAY_S, 5 * DAY_S) for n in range(6)]
    assert find_moves([*old, *late], 5 * DAY_S) == ()
    (move,) = find_moves([*old, *late], 1.7 * DAY_S)
    assert move.domain == "late.example"
