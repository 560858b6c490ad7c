"""Words in names: the same on every engine's regular expressions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.measure.internet_of_rows import Response
from tests.measure.reference import measure_rows

from unflux.engine.connection import Engine
from unflux.measure.words import POOL_WORDS, SEED_WORDS, measure_words

POOLS = [
    "0.pool.ntp.org", "pool.alpha.example", "ntp1.alpha.example", "time.alpha.example",
    "mirror.alpha.example", "eu-pool.alpha.example", "time2.alpha.example", "irc.alpha.example",
]  # fmt: skip
SEEDS = [
    "seed.alpha.example", "dnsseed.alpha.example", "x9.seed.alpha.example", "seeds.alpha.example",
    "seednode.alpha.example", "bootstrap.alpha.example", "peer.alpha.example",
    "seed-a.alpha.example", "dnsseed1.alpha.example",
]  # fmt: skip
NEITHER = [
    "www.alpha.example", "liverpool.example", "carpool1x.example", "sometime.example",
    "mirrored.example", "seedling.example", "speer.example", "bootstrapped.example", ".",
    r"a\.b.alpha.example",
]  # fmt: skip


@pytest.mark.parametrize("name", POOLS)
def test_pool_names(name: str) -> None:
    assert re.search(POOL_WORDS, name)
    assert not re.search(SEED_WORDS, name)


@pytest.mark.parametrize("name", SEEDS)
def test_seed_names(name: str) -> None:
    assert re.search(SEED_WORDS, name)
    assert not re.search(POOL_WORDS, name)


@pytest.mark.parametrize("name", NEITHER)
def test_other_names(name: str) -> None:
    assert not re.search(SEED_WORDS, name) and not re.search(POOL_WORDS, name)


def test_engines_read_the_patterns_alike(engine: Engine) -> None:
    # Every name under a domain of its own, so that a disagreement shows which it was.
    names = [
        f"{name.removesuffix('.')}.d{n}.test" for n, name in enumerate(POOLS + SEEDS + NEITHER)
    ]
    names = [name.removeprefix(".") for name in names]
    rows = measure_rows(
        engine, lambda records, _: measure_words(records), [Response(name) for name in names]
    )
    assert len(rows) == len(names)
    for name in names:
        row = rows[name[name.rindex(".d") + 1 :]] if ".d" in name else rows[name]
        assert row["pool_names"] == bool(re.search(POOL_WORDS, name)), name
        assert row["seed_names"] == bool(re.search(SEED_WORDS, name)), name


@given(st.text("seedpoolntimrc0-.", max_size=255))
def test_no_name_takes_long(name: str) -> None:
    # Both patterns are anchored at label edges: no name makes them run away.
    re.search(POOL_WORDS, name)
    re.search(SEED_WORDS, name)


def test_a_name_asked_twice_counts_once(engine: Engine) -> None:
    responses = [Response("pool.alpha.example", (), at_s) for at_s in (0, 4_000)]
    row = measure_rows(engine, lambda records, _: measure_words(records), responses)
    assert row["alpha.example"]["pool_names"] == 1
