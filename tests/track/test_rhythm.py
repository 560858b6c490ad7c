"""Rhythms: just after the TTL, slower without answers, dead in the end, and never by silence."""

from random import Random

import pytest

from unflux.track.question import Outcome, Reply
from unflux.track.rhythm import Bounds, Rhythm, digest_of, follow

BOUNDS = Bounds(least_s=60, most_s=3600, dead_after_s=7 * 86400, dead_after_looks=8)
NOTHING = Rhythm(due_at_s=0)


def answer(ttl_s: int, *found: str) -> Reply:
    return Reply(outcome="answered", found=frozenset(found or {"192.0.2.1"}), ttl_s=ttl_s)


def next_s(reply: Reply, rhythm: Rhythm = NOTHING) -> float:
    return follow(rhythm, reply, 0.0, BOUNDS, Random(3)).due_at_s


def test_the_next_look_is_just_after_the_ttl_within_bounds() -> None:
    for ttl_s, least_s in ((0, 60), (300, 301), (86_400, 3600)):
        assert least_s <= next_s(answer(ttl_s)) <= least_s * 1.1
    moments = {follow(NOTHING, answer(300), 0, BOUNDS, Random(n)).due_at_s for n in range(9)}
    assert len(moments) == 9  # jitter


def test_without_an_answer_looks_slow_down_to_one_a_day() -> None:
    rhythm, gaps, at_s = NOTHING, [], 0.0
    for _ in range(20):
        rhythm = follow(rhythm, Reply(outcome="silent"), at_s, BOUNDS, Random(1))
        gaps.append(rhythm.due_at_s - at_s)
        at_s = rhythm.due_at_s
    assert gaps[:3] == sorted(gaps[:3])
    assert 120 <= gaps[0] <= 132
    assert 86_400 <= gaps[-1] <= 86_400 * 1.1
    assert not rhythm.is_dead  # it may be the resolver that is
    assert follow(rhythm, answer(300), at_s, BOUNDS, Random(1)).failures == 0


def test_a_name_dies_of_denials_for_long_enough_and_comes_back_in_between() -> None:
    rhythm, at_s = NOTHING, 0.0
    while not rhythm.is_dead:
        rhythm = follow(rhythm, Reply(outcome="nxdomain"), at_s, BOUNDS, Random(1))
        at_s = rhythm.due_at_s
        assert at_s < 30 * 86_400
    assert at_s >= 7 * 86_400
    assert rhythm.denials >= 8
    rhythm = follow(NOTHING, Reply(outcome="empty"), 0.0, BOUNDS, Random(1))
    rhythm = follow(rhythm, answer(300), 100.0, BOUNDS, Random(1))
    assert (rhythm.denials, rhythm.denied_since_s) == (0, None)


@pytest.mark.parametrize("outcome", ["refused", "cut", "silent", "unreadable"])
def test_a_resolver_that_fails_for_weeks_kills_no_name(outcome: Outcome) -> None:
    rhythm, at_s = NOTHING, 0.0
    for _ in range(60):
        rhythm = follow(rhythm, Reply(outcome=outcome), at_s, BOUNDS, Random(1))
        at_s = rhythm.due_at_s
    assert at_s > 40 * 86_400
    assert (rhythm.is_dead, rhythm.denials, rhythm.failures) == (False, 0, 60)


def test_one_denial_after_a_long_silence_kills_nothing() -> None:
    rhythm = follow(NOTHING, Reply(outcome="nxdomain"), 0.0, BOUNDS, Random(1))
    for day in range(1, 30):
        rhythm = follow(rhythm, Reply(outcome="silent"), day * 86_400.0, BOUNDS, Random(1))
    rhythm = follow(rhythm, Reply(outcome="nxdomain"), 31 * 86_400.0, BOUNDS, Random(1))
    assert not rhythm.is_dead


def test_a_digest_knows_no_order() -> None:
    assert digest_of(["a", "b"]) == digest_of(["b", "a"]) != digest_of(["ab"])
