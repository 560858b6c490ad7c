"""Fixtures that the tests of several folders share."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from unflux.engine.connection import Engine, open_engine

# A busy machine is no defect: timings never decide a test.
settings.register_profile("unflux", deadline=None)
settings.load_profile("unflux")


@pytest.fixture(
    scope="session",
    params=["duckdb", pytest.param("local[2]", marks=pytest.mark.slow, id="spark")],
)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Every engine in turn: what is tested with it must come out the same on each."""
    if request.param != "duckdb":
        pytest.importorskip("pyspark", reason="pyspark is not installed")
    with open_engine(request.param) as opened:
        yield opened
