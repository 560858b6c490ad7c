"""Where the judge is tried: what is said of a case does not depend on the engine."""

from collections.abc import Callable

import pytest

from unflux.engine.connection import Engine


@pytest.fixture(scope="session")
def engine(open_once: Callable[[str], Engine]) -> Engine:
    """DuckDB alone: profiles with anything in them are weighed alike on every engine.

    ``test_weighing`` holds the engines to it, row by row; Spark takes five seconds for each case.
    """
    return open_once("duckdb")
