"""Apache Spark, on a cluster or in this machine's own JVM."""

import os
import shutil
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, ClassVar, Final

import pyarrow as pa

from unflux.engine.fetched import conform
from unflux.engine.step import Step
from unflux.model.errors import UnfluxError

if TYPE_CHECKING:
    import ibis.expr.types as ir

LOOPBACK: Final = "127.0.0.1"

SETTINGS: Final = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.catalogImplementation": "in-memory",  # no metastore in the working directory
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, not a wrong number
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.ui.retainedExecutions": "1",  # the plans of a session fill a small driver
    "spark.sql.maxPlanStringLength": "4096",
}
LOCAL_SETTINGS: Final = {
    "spark.driver.bindAddress": LOOPBACK,
    "spark.driver.host": LOOPBACK,
    "spark.sql.shuffle.partitions": "4",  # of 200, most would be empty here
    "spark.driver.memory": "3g",  # of the JVM that is driver and executor in one
}

LOG_SETTINGS: Final = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = spark: %p %c{1}: %m%n%ex{short}
"""

JVM_EXIT_S: Final = 20.0
"""How long a JVM that was told to end may take, seconds. Chosen: 2026-11-22; it takes 1."""


@dataclass(frozen=True, slots=True)
class SparkEngine:
    """A Spark session of our own and the JVM behind it; one at a time in a process."""

    NAME: ClassVar[str] = "spark"

    session: Any
    connection: Any
    directory: TemporaryDirectory[str]

    @classmethod
    def open(cls, master: str, *, connect_timeout_s: float) -> "SparkEngine":
        """Start a session on ``master``; raise UnfluxError where that cannot be."""
        session_type = _import_session()
        import ibis  # noqa: PLC0415  slow, and DuckDB's steps need none

        if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
            message = f"engine {master}: Spark needs Java 17 or later, and no java is on the path"
            raise UnfluxError(message)
        hosts = _hosts(master)
        _check_reachable(master, hosts, connect_timeout_s)
        if session_type.getActiveSession() is not None:
            message = f"engine {master}: this process already runs a Spark session"
            raise UnfluxError(message)
        directory = TemporaryDirectory(prefix="unflux-")
        log_settings = Path(directory.name, "log4j2.properties")
        log_settings.write_text(LOG_SETTINGS, encoding="ascii")
        builder = session_type.builder.master(master).appName("unflux")
        settings = {
            **SETTINGS,
            "spark.sql.warehouse.dir": directory.name,
            "spark.driver.extraJavaOptions": f"-Dlog4j2.configurationFile={log_settings.as_uri()}",
        }
        is_here = all(host in {LOOPBACK, "localhost"} for host, _ in hosts)
        for name, value in (settings | (LOCAL_SETTINGS if is_here else {})).items():
            builder = builder.config(name, value)
        try:
            with _bound_to_loopback(is_here), _pyspark_sockets():
                session = builder.getOrCreate()
                connection = ibis.pyspark.connect(session)
        except Exception as error:
            directory.cleanup()
            message = f"engine {master}: Spark did not start: {_first_line(error)}"
            raise UnfluxError(message) from error
        return cls(session, connection, directory)

    def put(self, name: str, rows: pa.Table) -> None:
        """Ship the rows to Spark as Arrow."""
        with _pyspark_sockets():
            self.session.createDataFrame(rows).createOrReplaceTempView(name)

    def drop(self, name: str) -> None:
        """Forget a view and let Spark free its rows."""
        self.session.catalog.dropTempView(name)

    def run(self, step: Step) -> None:
        """Evaluate and keep the rows, as :meth:`cache` does."""
        self.cache(self._build(step), step.name)

    def take(self, step: Step) -> pa.Table:
        """Evaluate."""
        return self.fetch(self._build(step))

    def rows(self, name: str) -> pa.Table:
        """Return the rows of a view."""
        return self.fetch(self.named(name))

    def named(self, name: str) -> "ir.Table":
        """Return a view as an expression."""
        return self.connection.table(name)

    def table(self, name: str, rows: pa.Table) -> "ir.Table":
        """Put the rows and return them as an expression."""
        self.put(name, rows)
        return self.named(name)

    def fetch(self, expression: "ir.Table") -> pa.Table:
        """Evaluate; see :class:`unflux.engine.connection.Engine`."""
        with _pyspark_sockets():
            rows = self._frame(expression).toArrow()
        return conform(rows, expression)

    def cache(self, expression: "ir.Table", name: str) -> "ir.Table":
        """Evaluate and keep the rows on the executors, in memory or on their disks.

        A checkpoint, not a cache: what builds on it then plans from the rows. With a cache every
        later plan holds all earlier ones, and planning took ten times as long as running.
        """
        with _pyspark_sockets():
            self._frame(expression).localCheckpoint().createOrReplaceTempView(name)
        return self.connection.table(name)

    def close(self) -> None:
        """Stop the session and end its JVM, so that another session starts afresh."""
        context_type = type(self.session.sparkContext)
        gateway = context_type._gateway
        with _pyspark_sockets():
            self.session.stop()
            gateway.shutdown()
            process = getattr(gateway, "proc", None)
            if process is not None:
                process.stdin.close()
                process.wait(JVM_EXIT_S)
            context_type._gateway = context_type._jvm = None
        self.directory.cleanup()

    def _build(self, step: Step) -> "ir.Table":
        return step.build(*(self.named(name) for name in step.reads))

    def _frame(self, expression: "ir.Table") -> Any:
        with _nested_selects():
            return self.session.sql(self.connection.compile(expression))


@contextmanager
def _nested_selects() -> Iterator[None]:
    """Keep Ibis from fusing nested selects.

    It takes longer to fuse them than the engine, which flattens them anyway, to run them: without
    it statements compile in half the time (measured 2026-11-22).
    """
    import ibis  # noqa: PLC0415  slow, and DuckDB's steps need none

    before, ibis.options.sql.fuse_selects = ibis.options.sql.fuse_selects, False
    try:
        yield
    finally:
        ibis.options.sql.fuse_selects = before


def _import_session() -> Any:
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415  heavy, and an extra
    except ImportError as error:
        message = "Spark is not installed: pip install 'unflux[spark]'"
        raise UnfluxError(message) from error
    return SparkSession


def _hosts(master: str) -> list[tuple[str, int]]:
    """Return host and port of each master of a cluster; none for Spark in this machine."""
    if not master.startswith("spark://"):
        return []
    pairs = (part.rpartition(":") for part in master.removeprefix("spark://").split(","))
    return [(host.strip("[]"), int(port)) for host, _, port in pairs]


def _check_reachable(master: str, hosts: list[tuple[str, int]], timeout_s: float) -> None:
    # Spark itself tries for a minute and then reports something else.
    reasons = []
    for host, port in hosts:
        try:
            socket.create_connection((host, port), timeout_s).close()
        except (OSError, OverflowError) as error:
            reasons.append(f"{host}:{port}: {error}")
        else:
            return
    if reasons:
        message = f"engine {master} cannot be reached ({'; '.join(reasons)})"
        raise UnfluxError(message)


@contextmanager
def _bound_to_loopback(is_here: bool) -> Iterator[None]:
    """Let Spark see only the loopback interface while it starts, where no other is needed."""
    before = os.environ.get("SPARK_LOCAL_IP")
    if is_here:
        os.environ["SPARK_LOCAL_IP"] = LOOPBACK
    try:
        yield
    finally:
        if is_here and before is None:
            os.environ.pop("SPARK_LOCAL_IP", None)
        elif is_here and before is not None:
            os.environ["SPARK_LOCAL_IP"] = before


@contextmanager
def _pyspark_sockets() -> Iterator[None]:
    """Keep quiet about the sockets that pyspark leaves to the garbage collector."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield


def _first_line(error: Exception) -> str:
    with suppress(IndexError):
        return str(error).strip().splitlines()[0]
    return type(error).__name__
