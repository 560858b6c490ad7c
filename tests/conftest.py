"""Fixtures that the tests of several folders share."""

import gc
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache, lru_cache
from typing import Any

import pytest
from hypothesis import settings
from ibis.backends.sql import SQLBackend
from ibis.expr.operations import Node
from ibis.expr.types import Expr

from unflux.engine.connection import Engine, open_engine

JVM_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Tests are over before a JVM that optimises would pay: Spark takes half the time without."""

# A few rows need neither code made for each query nor plans made again while it runs. Then more
# operators stand in one stage, and each holds a page. The cluster's test leaves all as it is.
os.environ.setdefault(
    "JDK_JAVA_OPTIONS",
    f"{JVM_OPTIONS} -Dspark.sql.adaptive.enabled=false -Dspark.sql.codegen.wholeStage=false"
    " -Dspark.buffer.pageSize=2m",
)
os.environ.setdefault("SPARK_DRIVER_MEMORY", "2g")

# A busy machine is no defect: timings never decide a test.
settings.register_profile("unflux", deadline=None)
settings.load_profile("unflux")


def unit_of(test: str) -> str:
    """Return what is run by one worker: a file's tests, and all on Spark, which starts once."""
    return "spark" if "[spark" in test else test.partition("::")[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with Spark, then files by their number of slow tests: the end is then even."""
    slow = Counter(unit_of(item.nodeid) for item in items if item.get_closest_marker("slow"))
    slow["spark"] = len(items)
    items.sort(key=lambda item: -slow[unit_of(item.nodeid)])


def pytest_collection_finish() -> None:
    """Have no later collection of garbage go through all tests and modules again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Have several workers share the units in the order of collection."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    scheduling = LoadFileScheduling(config, log)
    scheduling._split_scope = unit_of
    return scheduling


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Have equal expressions compiled once: on few rows that takes longer than all the rest."""
    plain = SQLBackend.compile

    @lru_cache(maxsize=64)
    def compile_operation(backend: SQLBackend, operation: Node, limit: Any, pretty: bool) -> Any:
        return plain(backend, operation.to_expr(), limit=limit, pretty=pretty)

    def compile_expression(
        self: SQLBackend, expression: Expr, /, *, limit: Any = None, params: Any = None,
        pretty: bool = False,
    ) -> Any:  # fmt: skip
        if params:
            return plain(self, expression, limit=limit, params=params, pretty=pretty)
        return compile_operation(self, expression.op(), limit, pretty)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SQLBackend, "compile", compile_expression)
        yield


@pytest.fixture(scope="session")
def open_once() -> Iterator[Callable[[str], Engine]]:
    """Open an engine once for all files: Spark takes ten seconds to start."""
    with ExitStack() as stack:
        yield cache(lambda target: stack.enter_context(open_engine(target)))


@pytest.fixture(
    scope="session",
    params=["duckdb", pytest.param("local[2]", marks=pytest.mark.slow, id="spark")],
)
def every_engine(request: pytest.FixtureRequest, open_once: Callable[[str], Engine]) -> Engine:
    """Every engine in turn: what is tested with it must come out the same on each."""
    if request.param != "duckdb":
        pytest.importorskip("pyspark", reason="pyspark is not installed")
    return open_once(request.param)


@pytest.fixture(scope="session")
def engine(every_engine: Engine) -> Engine:
    """The engines that a folder's tests run on: every one where the folder says nothing else."""
    return every_engine
