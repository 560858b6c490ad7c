"""What is merged and sorted already is left as it is, and nothing else is."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.model.columns import LOOKUPS
from unflux.model.rollup import merge_rows

FIRST, SECOND = (datetime(2026, 11, 24, 12, minute, tzinfo=UTC) for minute in (0, 5))


def lookups(*keys: tuple[datetime | None, str, str | None]) -> pa.Table:
    rows: list[dict[str, Any]] = [
        {c.name: 1 for c in LOOKUPS.columns if c.type == pa.int64()}
        | {"bucket_at": bucket, "query": query, "domain": query, "qtype": qtype}
        | {"first_at": None, "last_at": None}
        for bucket, query, qtype in keys
    ]
    return pa.Table.from_pylist(rows, schema=LOOKUPS.schema)


def test_rows_that_rise_come_back_as_they_are() -> None:
    table = lookups((FIRST, "a", "A"), (FIRST, "a", None), (FIRST, "b", "A"), (None, "a", "A"))
    assert merge_rows(LOOKUPS, table) is table
    assert merge_rows(LOOKUPS, table.slice(0, 1)).num_rows == 1


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ((FIRST, "a", "A"), (FIRST, "a", "A"), 1),
        ((None, "a", None), (None, "a", None), 1),
        ((None, "a", "A"), (FIRST, "a", "A"), 2),
        ((FIRST, "a", None), (FIRST, "a", "A"), 2),
        ((SECOND, "a", "A"), (FIRST, "b", "A"), 2),
        ((FIRST, "b", "A"), (FIRST, "a", "AAAA"), 2),
    ],
)
def test_rows_that_do_not_rise_are_merged(one: Any, other: Any, count: int) -> None:
    merged = merge_rows(LOOKUPS, lookups(one, other))
    assert merged.num_rows == count
    assert merge_rows(LOOKUPS, merged) is merged


keys = st.tuples(
    st.sampled_from([FIRST, SECOND, None]), st.sampled_from("ab"), st.sampled_from(["A", "B", None])
)


@given(st.lists(keys, max_size=6))
def test_merging_leaves_rows_that_rise(some: list[tuple[Any, Any, Any]]) -> None:
    merged = merge_rows(LOOKUPS, lookups(*some))
    assert merged.num_rows == len(set(some))
    assert sum(merged["responses"].to_pylist()) == len(some)
    assert merge_rows(LOOKUPS, merged) is merged
