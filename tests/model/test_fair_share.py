"""Shares are as large as they can be, and who wants little has it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.model.fair_share import fair_share


@pytest.mark.parametrize(
    ("counts", "total", "share"),
    [
        ([], 10, 10),
        ([3, 4], 10, 4),
        ([3, 7], 10, 7),
        ([3, 1000], 10, 7),
        ([1, 2, 50, 50], 23, 10),
        ([5, 5, 5], 2, 1),
    ],
)
def test_shares(counts: list[int], total: int, share: int) -> None:
    assert fair_share(np.array(counts), total) == share


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30), st.integers(0, 5000))
def test_a_share_is_the_largest_that_is_within_the_total(counts: list[int], total: int) -> None:
    share = fair_share(np.array(counts), total)

    def taken(each: int) -> int:
        return sum(min(count, each) for count in counts)

    assert taken(share) <= max(total, len(counts))
    assert share >= max(counts) or taken(share + 1) > total
