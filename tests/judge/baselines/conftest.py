import pytest

from unflux.engine.connection import Engine


@pytest.fixture(scope="session")
def engine(every_engine: Engine) -> Engine:
    """Every engine: the cases are all that holds a baseline to be the same on each."""
    return every_engine
