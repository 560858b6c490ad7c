"""Rotation by anybody's records: time that was looked at over changes, to the second."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.model.columns import MOMENT, TEXT
from unflux.track.rotation import PAUSE_S, measure_rotation

START = datetime(2026, 11, 1, tzinfo=UTC)
WEEK_S = 7 * 86_400
Row = tuple[str, str | None, int, float, float]
"""Query, type, set, seconds of the first record of it in a bucket and of the last."""


def rotation_s(rows: Iterable[Row]) -> float | None:
    query, qtype, held, first_s, last_s = zip(*rows, strict=True)
    return measure_rotation(
        pa.table(
            {
                "network": pa.array(["n-1"] * len(query), TEXT),
                "query": pa.array(query, TEXT),
                "qtype": pa.array(qtype, TEXT),
                "answer_set": pa.array(held, pa.int64()),
                "first_at": pa.array([START + timedelta(seconds=s) for s in first_s], MOMENT),
                "last_at": pa.array([START + timedelta(seconds=s) for s in last_s], MOMENT),
            }
        )
    )


def rotating(name: str = "bad.example", start_s: float = 0, every_s: float = 360) -> list[Row]:
    return [(name, "A", n, start_s + n * every_s, start_s + n * every_s) for n in range(11)]


def test_ten_changes_in_an_hour_are_one_every_six_minutes() -> None:
    assert rotation_s(rotating()) == 360.0
    assert rotation_s(rotating()[::-1]) == 360.0
    assert rotation_s(rotating() + rotating("worse.example")) == 360.0
    assert rotation_s(rotating() + rotating(start_s=WEEK_S)) == 360.0
    assert rotation_s([*rotating(), ("bad.example", None, 5, 0.0, 0.0)]) == 360.0


def test_a_set_that_goes_on_in_the_next_bucket_is_no_change() -> None:
    rows = [("bad.example", "A", 1, 0.0, 3_590.0), ("bad.example", "A", 1, 3_610.0, 5_000.0),
            ("bad.example", "A", 2, 5_400.0, 7_200.0)]  # fmt: skip
    assert rotation_s(rows) == 7_200.0


def test_sets_side_by_side_count_their_time_once() -> None:
    rows = [("bad.example", "A", 1, 0.0, 3_000.0), ("bad.example", "A", 2, 60.0, 1_000.0),
            ("bad.example", "A", 3, 2_000.0, 3_600.0)]  # fmt: skip
    assert rotation_s(rows) == 1_800.0


def test_what_never_changed_or_only_after_a_pause_has_no_rotation() -> None:
    assert rotation_s(rotating()[:1]) is None
    assert rotation_s([("bad.example", "A", 1, 0.0, 9.0)] * 2) is None
    after = float(PAUSE_S + 10)
    assert (
        rotation_s([("a.example", "A", 1, 0.0, 9.0), ("a.example", "A", 2, after, after)]) is None
    )
    # All at one moment, as where records say no more: nobody looked for any time.
    assert rotation_s([("a.example", "A", n, 0.0, 0.0) for n in range(9)]) is None


def test_many_names_of_many_years_are_no_more_than_a_number_holds() -> None:
    old = ("old.example", "A", 1, -56 * 365 * 86_400.0, -56 * 365 * 86_400.0)
    names = [row for n in range(12_000) for row in rotating(f"n{n}.example", every_s=300)[:3]]
    assert rotation_s([old, *names]) == 300.0


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a.example", "b.example"]), st.sampled_from(["A", "AAAA", None]),
        st.integers(0, 3), st.integers(0, 20_000), st.integers(0, 5_000),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@given(ROWS)
def test_it_is_what_a_plain_loop_finds(drawn: list[tuple[str, str | None, int, int, int]]) -> None:
    rows = [(query, qtype, held, float(at), float(at + more)) for query, qtype, held, at, more
            in drawn]  # fmt: skip
    watched, changes = 0.0, 0
    for key in {(row[0], row[1] or "") for row in rows}:
        until, before = None, None
        mine = [row for row in rows if (row[0], row[1] or "") == key]
        for _, _, held, first, last in sorted(mine, key=lambda row: (row[3], row[4], row[2])):
            if until is None or first - until > PAUSE_S:
                watched, until = watched + last - first, max(last, until or last)
            else:
                changes += held != before
                watched, until = watched + max(last - until, 0), max(last, until)
            before = held
    expected = watched / changes if changes and watched else None
    assert rotation_s(rows) == pytest.approx(expected)
