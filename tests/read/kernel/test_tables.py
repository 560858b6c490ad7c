"""Tables grow, merge and empty without losing a row."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from tests.read.crafted_packets import make_response
from tests.read.test_rollup import Response, batch_of, responses
from tests.read.two_ways import kernel

from unflux.model.rollup import Rollup, merge
from unflux.read.kernel import layout
from unflux.read.kernel.adding import add_batch
from unflux.read.kernel.rollup import roll_up_tables
from unflux.read.kernel.tables import TableSet
from unflux.read.rollup import roll_up
from unflux.read.source import Batch, Drops, Options


def table_set(*parts: list[Response]) -> TableSet:
    held = TableSet(kernel(), Options())
    for part in parts:
        add_batch(held, batch_of(part))
    return held


def rolled_up(*parts: list[Response]) -> Rollup:
    return merge(roll_up(batch_of(part)) for part in parts)


@pytest.mark.slow
@settings(deadline=None)
@given(responses(), responses())
def test_batches_add_up(one: list[Response], other: list[Response]) -> None:
    held = table_set(one, other)
    assert roll_up_tables(held) == rolled_up(one, other)
    drops = Drops()
    held.count_into(drops)
    held.count_into(drops)
    assert drops == Drops(response_count=len(one) + len(other))


@pytest.mark.slow
@settings(deadline=None)
@given(responses())
def test_encoded_columns_may_know_more_than_they_hold(some: list[Response]) -> None:
    batch = batch_of(some)
    texts = pa.array(["a.example.com", "192.0.2.9", "2001:db8::9", "A", "NS", "ans", "NOERROR"])

    def encoded(table: pa.Table) -> pa.Table:
        for number, column in enumerate(table.columns):
            if column.type == pa.string():
                longer = pa.chunked_array([*column.chunks, texts]).dictionary_encode()
                part = longer.combine_chunks().slice(0, len(column))
                table = table.set_column(number, table.column_names[number], part)
        return table

    held = TableSet(kernel(), Options())
    add_batch(held, Batch(responses=encoded(batch.responses), records=encoded(batch.records)))
    assert roll_up_tables(held) == rolled_up(some)


@pytest.mark.slow
@settings(deadline=None)
@given(responses(), responses(), responses())
def test_tables_absorb_others(
    one: list[Response], two: list[Response], three: list[Response]
) -> None:
    whole, others = table_set(one), [table_set(two), table_set(three), table_set()]
    for other in others:
        whole.absorb(other)
    assert roll_up_tables(whole) == rolled_up(one, two, three)
    assert whole.tables.state[layout.RESPONSES] == len(one) + len(two) + len(three)


@pytest.mark.slow
@settings(deadline=None)
@given(responses(), responses())
def test_emptied_tables_start_anew(one: list[Response], other: list[Response]) -> None:
    held = table_set(one)
    held.clear()
    assert held.row_count == 0
    add_batch(held, batch_of(other))
    assert roll_up_tables(held) == rolled_up(other)
    assert held.tables.state[layout.RESPONSES] == len(one) + len(other)


def test_rows_are_found_again_after_growing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unflux.read.kernel.tables.FIRST_ROWS", 2)
    some = [
        Response(
            f"n{number % 700}.example",
            ((f"n{number % 700}.example", "A", f"192.0.2.{number % 250}", 60, "ans"),
             ("example", "NS", f"ns{number % 90}.example", None, "auth")),
            number * 1_000_000, "A", "NOERROR",
        )
        for number in range(3000)
    ]  # fmt: skip
    held = table_set(*(some[at : at + 7] for at in range(0, len(some), 7)))
    for name in ("sighting", "lookup", "set", "address", "prefix"):
        slots, rows = (getattr(held.tables, f"{name}_{part}") for part in ("slots", "rows"))
        assert len(slots) == 2 * len(rows)
    assert roll_up_tables(held) == rolled_up(some)


def test_rows_begin_with_a_cache_line() -> None:
    held = TableSet(kernel(), Options())
    held.reserve(texts=10_000, addresses=9000, sightings=8000, lookups=7000, sets=6000)
    for name in ("sighting_rows", "lookup_rows", "lookup_trails", "set_rows", "address_rows"):
        array = getattr(held.tables, name)
        assert array.ctypes.data % 64 == 0, name
        assert array.strides[0] == 64, name


def test_when_tables_are_full(monkeypatch: pytest.MonkeyPatch) -> None:
    held = TableSet(kernel(), Options())
    assert not held.is_full
    held.tables.state[layout.STAMP] = 1 << 30
    assert held.is_full  # responses can no longer be told apart, soon
    held = TableSet(kernel(), Options())
    monkeypatch.setattr("unflux.read.kernel.tables.MAX_ROWS", 0)
    held.run(held.kernel.take_messages, *bare(make_response()))
    assert held.is_full


def bare(wire: bytes) -> tuple[object, object]:
    import numpy as np

    row = np.array([[0, len(wire), 0, 0, 0]], np.int64)
    return np.frombuffer(wire, np.uint8), row
