"""Baselines on records: what they read is composed, and similar days become clusters."""

import pyarrow as pa
import pytest
from tests.pipeline.situations import analysed, every_situation

from unflux.engine.connection import Engine
from unflux.judge.baselines import BASELINES
from unflux.pipeline.baselines import join_similar, weigh_baselines
from unflux.pipeline.scoring_steps import CLUSTERS


def test_similar_days_become_clusters() -> None:
    pairs = pa.table({"left": ["a 0", "b 0", "x 0"], "right": ["b 0", "c 0", "y 0"]})
    clusters: dict[str, set[str]] = {}
    for row in join_similar(pairs).to_pylist():
        clusters.setdefault(row["cluster"], set()).add(row["node"])
    assert sorted(map(sorted, clusters.values())) == [["a 0", "b 0", "c 0"], ["x 0", "y 0"]]
    assert join_similar(pairs.slice(0, 0)).schema.names == CLUSTERS.names


@pytest.mark.slow
def test_every_baseline_says_something_of_every_domain(engine: Engine) -> None:
    analysed(engine, every_situation())
    said = weigh_baselines(engine)
    assert list(said) == [baseline.NAME for baseline in BASELINES]
    domains = {domain for table in said.values() for domain in table["domain"].to_pylist()}
    for table in said.values():
        told = dict(zip(table["domain"].to_pylist(), table["flagged"].to_pylist(), strict=True))
        assert set(told) == domains
        assert set(told.values()) == {True, False}
        assert told["double.example"]
        assert not told["robin.example"]
