"""What a store lets go at its bounds, and what it keeps whatever they are."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
from tests.engine.seen_rows import START, Seen, rollup_of

from unflux.engine import crowding, retention
from unflux.engine.retention import Bounds, forget, hold, shed, shrink
from unflux.engine.store import Store
from unflux.model.columns import STORED
from unflux.model.errors import StoreError
from unflux.model.rollup import tables_of

TABLES = [shape.name for shape in STORED]


def test_at_the_ceiling_the_least_answered_names_go_and_kept_domains_never(tmp_path: Path) -> None:
    often = [(n, "often.example", "20.0.0.1", 60) for n in range(3)]
    once = [(n, f"n{n}.flood.example", "20.0.0.2", 60) for n in range(100)]
    mine = [(n, f"n{n}.flux.example", f"20.0.1.{n}", 60) for n in range(50)]
    old = [(-7200, f"n{n}.old.example", "20.0.0.3", 60) for n in range(100)]
    with Store.open(tmp_path / "s") as store:
        store.extend(rollup_of([*often, *once, *mine, *old]), "watch", "dnstap", 1, {})
        assert shed(store, START, 453, ["flux.example"]) == {}
        gone = shed(store, START, 452, ["flux.example"])
        assert gone == {"name answered once, at the ceiling of rows": 48}
        left = store.rollup().lookups["query"].to_pylist()
        assert sum("flood" in name for name in left) == 84
        # The oldest of the flood went first, and what is out of the window was left alone.
        assert "n99.flood.example" in left
        assert "n0.flood.example" not in left
        assert sum("old" in name for name in left) == 100
        # What is kept stays up to half of the ceiling.
        shed(store, START, 310, ["flux.example"])
        left = store.rollup(since=START).lookups["domain"].to_pylist()
        assert left.count("flux.example") == 50
        assert len(left) < 100
        assert forget(store, dict.fromkeys(TABLES, START)) == 300
        assert store.rollup().sightings["domain"].to_pylist().count("flux.example") == 50


def test_convicted_names_beyond_the_ceiling_keep_every_address(tmp_path: Path) -> None:
    beside: list[Seen] = [(n, f"n{n}.other.example", "20.0.0.1", 60) for n in range(10)]
    mine: list[Seen] = [
        (n % 600, f"n{n}.flux.example", f"20.{n % 7}.{n % 11}.1", 60)
        for n in range(crowding.NAMES + 500)
    ]
    often: list[Seen] = [(n, "www.flux.example", "20.9.9.9", 60) for n in range(3)]
    seen = [*beside, *mine, *often]
    with Store.open(tmp_path / "s") as store:
        store.extend(rollup_of(seen), "watch", "dnstap", 1, {})
        before = store.rollup()
        gone = shed(store, START, 4000, ["flux.example"])
        after = store.rollup()
    assert set(gone) == {crowding.ROLLED_UP}
    assert gone[crowding.ROLLED_UP] > 1000

    def facts(rows: list[dict[str, object]]) -> set[tuple[object, ...]]:
        return {
            (r["owner_domain"], r["bucket_at"], r["rdata"])
            for r in rows
            if r["owner_domain"] == "flux.example"
        }

    assert facts(after.sightings.to_pylist()) == facts(before.sightings.to_pylist())
    responses = [
        sum(r["responses"] for r in rollup.lookups.to_pylist() if r["domain"] == "flux.example")
        for rollup in (before, after)
    ]
    assert responses == [crowding.NAMES + 503] * 2
    names = after.lookups["query"].unique().to_pylist()
    assert {"www.flux.example", "*.flux.example"} <= set(names)
    assert sum(name.endswith("flux.example") for name in names) == crowding.NAMES + 1


def test_rows_that_join_those_rolled_up_before_are_counted(tmp_path: Path) -> None:
    def count() -> int:
        return sum(table.num_rows for table in tables_of(store.rollup()))

    with Store.open(tmp_path / "s") as store:
        for part in ("n", "m"):
            mine: list[Seen] = [
                (n % 600, f"{part}{n}.flux.example", f"20.{n % 7}.{n % 11}.1", 60)
                for n in range(crowding.NAMES + 500)
            ]
            store.extend(rollup_of(mine), "watch", "dnstap", 1, {})
            before = count()
            gone = shed(store, START, 3400, ["flux.example"])
            assert gone[crowding.ROLLED_UP] > 1000
            assert sum(gone.values()) == before - count()


def held(store: Store, domain: str) -> dict[str, tuple[int, datetime, datetime]]:
    """Return how often each record of a domain was seen, first and last."""
    found: dict[str, tuple[int, datetime, datetime]] = {}
    for row in store.rollup().sightings.to_pylist():
        if row["owner_domain"] == domain:
            count, first, last = found.get(row["rdata"], (0, row["first_at"], row["last_at"]))
            found[row["rdata"]] = (
                count + row["count"], min(first, row["first_at"]), max(last, row["last_at"])
            )  # fmt: skip
    return found


def test_rows_of_convicted_domains_are_summed_by_day_before_any_record_goes(
    tmp_path: Path,
) -> None:
    others: list[Seen] = [(n, f"n{n % 9}.other.example", "20.0.0.1", 60) for n in range(90)]
    small: list[Seen] = [(n * 600, "small.example", f"30.{n}.0.1", 60) for n in range(20)]
    mine: list[Seen] = [
        (bucket * 300, "www.flux.example", f"20.{n}.0.1", 60)
        for bucket in range(48)
        for n in range(bucket % 2, 20, 2)
    ]
    with Store.open(tmp_path / "s") as store:
        store.extend(rollup_of([*others, *small, *mine]), "watch", "dnstap", 1, {})
        before = {name: held(store, name) for name in ("flux.example", "small.example")}
        gone = shed(store, START, 500, ["flux.example", "small.example"])
        assert set(gone) == {crowding.SUMMED}
        assert {name: held(store, name) for name in before} == before
        rows = store.rollup().sightings
        assert rows.filter(pc.equal(rows["domain"], "small.example")).num_rows == 20
        # What comes after is summed in turn.
        store.extend(rollup_of([(15_000, "www.flux.example", "20.99.0.1", 60)]), "w", "x", 1, {})
        assert len(held(store, "flux.example")) == 21


def test_who_answers_with_ever_other_addresses_pushes_out_none_that_serve(tmp_path: Path) -> None:
    agents: list[Seen] = [
        (n * 300, "www.flux.example", f"20.{m}.0.1", 60) for n in range(6) for m in range(50)
    ]
    planted: list[Seen] = [
        (n % 1800, "www.flux.example", f"21.{n // 250}.{n % 250}.1", 60) for n in range(2000)
    ]
    other: list[Seen] = [(n * 60, "other.example", f"22.{n}.0.1", 60) for n in range(30)]
    innocents: list[Seen] = [(n, f"n{n}.example", "20.0.0.1", 60) for n in range(200)]
    kept = ["flux.example", "other.example"]
    with Store.open(tmp_path / "s") as store:
        store.extend(rollup_of([*agents, *planted, *other, *innocents]), "watch", "dnstap", 1, {})
        before = held(store, "other.example")
        gone = shed(store, START, 1500, kept)
        assert set(gone) == {crowding.SUMMED, crowding.BEYOND}
        left = set(held(store, "flux.example"))
        assert {f"20.{m}.0.1" for m in range(50)} <= left
        assert 50 < len(left) < 1500
        assert held(store, "other.example") == before
        rollup = store.rollup()
        assert sum(table.num_rows for table in tables_of(rollup)) <= 1500
        # Innocents keep the other half.
        assert sum(name.startswith("n") for name in rollup.lookups["query"].to_pylist()) == 200
        assert shed(store, START, 1500, kept) == {}


def test_what_was_answered_on_two_days_stays_before_what_was_once(tmp_path: Path) -> None:
    midnight_s = 12 * 3600
    agents: list[Seen] = [
        (midnight_s + at, "www.flux.example", f"20.{m}.0.1", 60)
        for at in (-600, 600)
        for m in range(150)
    ]
    innocents: list[Seen] = [(midnight_s + n, f"n{n}.example", "20.0.0.1", 60) for n in range(200)]
    with Store.open(tmp_path / "s") as store:
        store.extend(rollup_of([*agents, *innocents]), "watch", "dnstap", 1, {})
        before = held(store, "flux.example")
        gone = Counter[str]()
        for turn in range(3):
            planted: list[Seen] = [
                (
                    midnight_s + 700 + n % 60,
                    "www.flux.example",
                    f"{21 + turn}.{n // 250}.{n % 250}.1",
                    60,
                )
                for n in range(1000)
            ]
            store.extend(rollup_of(planted), "watch", "dnstap", 1, {})
            gone += shed(store, START, 1100, ["flux.example"])
        after = held(store, "flux.example")
    assert set(gone) == {crowding.SUMMED, crowding.DOUBLED, crowding.BEYOND}
    assert {name: after.get(name) for name in before} == before


def test_a_name_with_very_many_records_goes_before_those_answered_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BULK", 100)
    bulky = [(n % 9, "bulky.example", f"20.0.{n // 250}.{n % 250}", 60) for n in range(300)]
    twice = [(n + m, f"n{n}.example", "20.0.0.2", 60) for n in range(50) for m in (0, 1)]
    with Store.open(tmp_path / "s") as store:
        store.extend(rollup_of([*bulky, *twice]), "watch", "dnstap", 1, {})
        shed(store, START, 700, [])
        assert "bulky.example" not in store.rollup().lookups["query"].to_pylist()
        assert store.rollup().lookups.num_rows == 50


def test_each_table_has_an_age_of_its_own(tmp_path: Path) -> None:
    seen: list[Seen] = [(-86_400 * days, f"d{days}.example", "20.0.0.1", 60) for days in range(6)]
    day = timedelta(days=1)
    bounds = Bounds(
        window=day, keep={"sightings": 3.5 * day, "lookups": 1.5 * day, "answer_sets": 9 * day}
    )
    assert bounds.oldest == 9 * day
    with Store.open(tmp_path / "s") as store:
        store.extend(rollup_of(seen), "watch", "dnstap", 6, {})
        assert [*hold(store, bounds, START, [])] == [{retention.AGED: 6}]
        left = store.rollup()
    assert [t.num_rows for t in (left.sightings, left.lookups, left.answer_sets)] == [4, 2, 6]


def test_what_a_step_let_go_is_told_before_the_next_one_fails(tmp_path: Path) -> None:
    seen: list[Seen] = [(-86_400 * days, f"d{days}.example", "20.0.0.1", 60) for days in range(6)]
    bounds = Bounds(keep={"sightings": timedelta(days=3.5)})
    gone = Counter[str]()
    with Store.open(tmp_path / "s") as store:
        store.extend(rollup_of(seen), "watch", "dnstap", 6, {})
        store.execute("ALTER TABLE lookups RENAME TO others")
        with pytest.raises(StoreError, match="lookups"):
            for step in hold(store, bounds, START, []):
                gone += step
        assert store.execute("SELECT count(*) FROM sightings").fetchone() == (4,)
    assert gone == {retention.AGED: 2}


@pytest.mark.slow
def test_a_full_file_lets_the_oldest_go_and_is_written_to_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "RESERVE_OCTETS", 8 << 20)
    path, ceiling = tmp_path / "s", 16 << 20
    gone = 0
    for hour in range(12):
        seen = [
            (
                3600 * hour + n % 3000,
                f"{hour * n * 7919:x}.n{n}.example",
                f"20.{n % 250}.{hour}.1",
                n,
            )
            for n in range(10_000)
        ]
        kept = [(3600 * hour, "flux.example", f"21.0.0.{hour}", 60)]
        with Store.open(path) as store:
            store.extend(rollup_of([*seen, *kept]), "watch", "dnstap", 1, {})
            shed_rows = shrink(store, ceiling, ["flux.example"])
            gone += shed_rows[retention.OLDEST]
        assert path.stat().st_size <= ceiling
    assert gone > 0
    with Store.open(path, read_only=True) as store:
        rows = store.rollup().sightings.filter(
            pc.equal(store.rollup().sightings["domain"], "flux.example")
        )
    assert rows.num_rows == 12


@pytest.mark.slow
def test_a_file_full_of_one_convicted_domain_has_a_ceiling_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "RESERVE_OCTETS", 8 << 20)
    path, ceiling = tmp_path / "s", 12 << 20
    kept = ["flux.example", "small.example"]
    gone = Counter[str]()
    for turn in range(8):
        planted = [
            (
                3600 * turn + n % 3000,
                "www.flux.example",
                f"{20 + turn}.{n >> 8}.{n & 255}.{n % 9}",
                n,
            )
            for n in range(20_000)
        ]
        agents = [
            (3600 * turn + 600 * m, "www.flux.example", f"40.{n}.0.1", 60)
            for n in range(40)
            for m in range(3)
        ]
        small = [(3600 * turn, "small.example", f"41.{turn}.0.1", 60)]
        with Store.open(path) as store:
            store.extend(rollup_of([*planted, *agents, *small]), "watch", "dnstap", 1, {})
            gone += shrink(store, ceiling, kept)
        assert path.stat().st_size <= ceiling
    assert set(gone) == {crowding.SUMMED, crowding.BEYOND}
    with Store.open(path, read_only=True) as store:
        assert len(held(store, "small.example")) == 8
        assert {f"40.{n}.0.1" for n in range(40)} <= set(held(store, "flux.example"))
