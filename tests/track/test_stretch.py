"""A few records of a wrong clock do not stretch the others."""

import numpy as np

from unflux.track.stretch import find_stretch

HOUR_S, DAY_S = 3600, 86_400
START_S = 1_790_000_000 // HOUR_S * HOUR_S


def looks(days: int, start_s: int = START_S) -> np.ndarray:
    return start_s + np.arange(days * 24) * HOUR_S


def test_records_of_the_past_and_of_the_future_are_apart() -> None:
    moment_s = np.concatenate([looks(30), [DAY_S, START_S + 70 * 365 * DAY_S]])
    is_kept = find_stretch(moment_s)
    assert is_kept.tolist() == [True] * 720 + [False] * 2


def test_an_old_record_beside_new_looks_is_apart() -> None:
    assert find_stretch(np.append(looks(30), START_S - 200 * DAY_S)).sum() == 720


def test_pauses_of_a_long_track_are_kept() -> None:
    paused = np.concatenate([looks(30), looks(30, START_S + 120 * DAY_S)])
    assert find_stretch(paused).all()
    assert find_stretch(np.append(looks(30), START_S + 100 * DAY_S)).all()


def test_a_few_records_are_kept_whatever_their_times() -> None:
    assert find_stretch(np.array([DAY_S, START_S])).any()
    assert find_stretch(np.array([START_S])).all()


def test_rows_of_one_moment_are_one_bucket() -> None:
    """However many addresses an old answer held, it is one moment beside many."""
    crowd = np.full(10_000, DAY_S)
    is_kept = find_stretch(np.concatenate([crowd, looks(30)]))
    assert not is_kept[: len(crowd)].any()
    assert is_kept[len(crowd) :].all()
