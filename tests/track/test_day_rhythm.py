"""A rhythm is found where agents sleep at their hours, and where they do not none is."""

from tests.track.pools import look_at_pool

from unflux.track.day_rhythm import find_day_rhythm


def test_agents_that_sleep_have_a_rhythm_and_others_none() -> None:
    sleeping = find_day_rhythm(look_at_pool(1, online_h=12, lifetime_h=60, hours=110).presence)
    assert sleeping is not None
    assert sleeping.excess > 0.1
    assert sleeping.p_value < 1e-6
    waking = find_day_rhythm(look_at_pool(2, lifetime_h=60, hours=110).presence)
    assert waking is not None
    assert waking.p_value > 0.01
    assert len(waking.seen_by_hour) == 24
    assert min(waking.seen_by_hour) > 0


def test_a_day_and_a_bit_is_too_short_to_tell() -> None:
    assert find_day_rhythm(look_at_pool(1, hours=40).presence) is None
