"""Pairs by lag: as many as there are when each is looked at, and none of an address with itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.track.lags import EDGES_S, LONGEST_S, count_lags
from unflux.track.spells import Spells

DAY_S = 86_400


@given(
    st.lists(
        st.tuples(st.integers(0, 3 * DAY_S), st.integers(0, 2 * DAY_S), st.integers(0, 3)),
        min_size=1, max_size=30,
    )
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_pairs_are_those_that_are_found_one_by_one(agents: list[tuple[int, int, int]]) -> None:
    first_s = np.array([float(first) for first, _, _ in agents])
    last_s = first_s + np.array([float(stay) for _, stay, _ in agents])
    provider = np.array([of for _, _, of in agents])
    spells = Spells(first_s=first_s, last_s=last_s, start_s=-1.0, end_s=float(6 * DAY_S),
                    silence_s=3600.0, gap_s=600.0)  # fmt: skip
    found = count_lags(spells, provider, edge_s=0.0)
    after = before = 0
    for gone in range(len(agents)):
        for new in range(len(agents)):
            lag_s = first_s[new] - last_s[gone]
            if new != gone and provider[new] == provider[gone]:
                after += 0 <= lag_s < LONGEST_S
                before += -LONGEST_S <= lag_s < 0
    assert (found.after.sum(), found.before.sum()) == (after, before)
    assert found.after.shape[1] == found.before.shape[1] == len(EDGES_S) - 1
    assert found.shares.sum() == pytest.approx(1)
    assert found.newcomers == found.gone == len(agents)
    if len(set(provider.tolist())) == 1:
        assert found.by_chance_after.sum() == pytest.approx(after)


def test_steps_go_outwards_from_the_moment_that_one_vanished() -> None:
    first_s = np.array([0.0, 30.0, 5000.0])
    last_s = np.array([40.0, 4900.0, 9000.0])
    spells = Spells(first_s=first_s, last_s=last_s, start_s=-1.0, end_s=1e5, silence_s=1.0,
                    gap_s=1.0)  # fmt: skip
    found = count_lags(spells, np.zeros(3, np.int64), edge_s=0.0)
    assert found.before[0, 0] == 1  # 30 s against 40 s
    assert found.after[0, 1] == 1  # 5,000 s against 4,900 s
