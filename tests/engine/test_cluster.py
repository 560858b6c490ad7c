"""A Spark standalone cluster of real processes: one master, one worker, on loopback."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.act.outputs.programs import free_port
from tests.conftest import JVM_OPTIONS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is not installed"),
    pytest.mark.skipif(shutil.which("java") is None, reason="no java on the path"),
]

START_TIMEOUT_S = 90.0

QUESTION = """
import json, sys
import pyarrow as pa
from unflux.engine.connection import open_engine

with open_engine(sys.argv[1]) as engine:
    rows = engine.table("rows", pa.table({"key": list(range(1000)), "value": [2**40] * 1000}))
    keyed = rows.group_by((rows.key % 3).name("rest")).agg(total=rows.value.sum())
    print(json.dumps(engine.fetch(keyed.order_by("rest")).to_pylist()))
"""


@contextmanager
def spark_process(folder: Path, main: str, *arguments: str) -> Iterator[Path]:
    import pyspark

    home = Path(pyspark.__file__).parent
    log = folder / f"{main}.log"
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [home / "bin/spark-class", f"org.apache.spark.deploy.{main}", *arguments],
            stdout=output,
            stderr=output,
            cwd=folder,
            env=os.environ
            | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1"},
        ) as process,
    ):
        try:
            yield log
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(log: Path, phrase: str) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while phrase not in log.read_text(errors="replace"):
        assert time.monotonic() < deadline, log.read_text(errors="replace")
        time.sleep(0.2)


@pytest.fixture
def master(tmp_path: Path) -> Iterator[str]:
    port = str(free_port())
    ui_port = str(free_port())
    address = f"spark://127.0.0.1:{port}"
    with ExitStack() as stack:
        log = stack.enter_context(
            spark_process(
                tmp_path, "master.Master", "--host", "127.0.0.1", "--port", port,
                "--webui-port", ui_port,
            )
        )  # fmt: skip
        wait_for(log, "I have been elected leader")
        log = stack.enter_context(
            spark_process(
                tmp_path, "worker.Worker", "--host", "127.0.0.1", "--cores", "1", "--memory", "1g",
                "--webui-port", str(free_port()), "--work-dir", str(tmp_path / "work"), address,
            )
        )  # fmt: skip
        wait_for(log, "Successfully registered with master")
        yield address


def test_a_cluster_answers_as_one_machine_does(master: str) -> None:
    def ask(target: str) -> object:
        answer = subprocess.run(
            [sys.executable, "-W", "error", "-c", QUESTION, target],
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(sys.path), "JDK_JAVA_OPTIONS": JVM_OPTIONS},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    expected = [{"rest": rest, "total": 2**40 * (334 - (rest > 0))} for rest in range(3)]
    assert ask("duckdb") == expected
    assert ask(master) == expected
