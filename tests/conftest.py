"""Fixtures that the tests of several folders share."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest
from hypothesis import settings

from unflux.engine.connection import Engine, open_engine

# Tests are over before a JVM that optimises would pay: Spark takes half the time without.
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1")

# A busy machine is no defect: timings never decide a test.
settings.register_profile("unflux", deadline=None)
settings.load_profile("unflux")


@pytest.fixture(scope="session")
def open_once() -> Iterator[Callable[[str], Engine]]:
    """Open an engine once for all files: Spark takes ten seconds to start."""
    with ExitStack() as stack:
        yield cache(lambda target: stack.enter_context(open_engine(target)))


@pytest.fixture(
    scope="session",
    params=["duckdb", pytest.param("local[2]", marks=pytest.mark.slow, id="spark")],
)
def engine(request: pytest.FixtureRequest, open_once: Callable[[str], Engine]) -> Engine:
    """Every engine in turn: what is tested with it must come out the same on each."""
    if request.param != "duckdb":
        pytest.importorskip("pyspark", reason="pyspark is not installed")
    return open_once(request.param)
