"""A watch from its start to its end, over a store that others use."""

import asyncio
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.measure.internet_of_rows import HOUR_S
from tests.pipeline.test_posting import quiet
from tests.pipeline.test_rounds import BEGIN, flux, read_of

from unflux.engine.retention import Bounds
from unflux.model.service_manager import ServiceManager
from unflux.pipeline import rounds, watching
from unflux.pipeline.inputs import Options as InputOptions
from unflux.pipeline.rounds import Rounds
from unflux.pipeline.watching import Command, Options, Outputs, watch

READER = "import sys, duckdb; held = duckdb.connect(sys.argv[1], read_only=True); print(1); input()"


class Reader:
    """Another process that reads the store, from when an event is written until the watch has
    begun to end.
    """

    def __init__(self, store: Path, commands: "asyncio.Queue[Command]") -> None:
        self._store = store
        self._stop = partial(commands.put_nowait, Command.STOP)
        self._loop = asyncio.get_running_loop()
        self._process: subprocess.Popen[bytes] | None = None

    def write(self, lines: Iterable[str]) -> None:
        assert list(lines)
        self._process = subprocess.Popen(
            [sys.executable, "-c", READER, self._store],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self._loop.call_soon_threadsafe(self._stop)

    def reopen(self) -> None:
        pass

    def end(self) -> None:
        assert self._process is not None
        self._process.communicate()


class Manager(ServiceManager):
    """Who is told that the watch ends, and has the reader end a while after."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader

    def tell(self, state: str) -> None:
        if state == "STOPPING=1":
            asyncio.get_running_loop().call_later(1.0, self._reader.end)


def test_what_stands_is_kept_at_the_end_though_others_read_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "WAIT_S", 0.1)
    monkeypatch.setattr(watching, "AGAIN_S", 0.1)
    ever = Bounds(window=datetime.now(UTC) - BEGIN + timedelta(days=1))
    options = rounds.Options(store=tmp_path / "store", bounds=ever)
    names = ["flux-a.example", "flux-b.example"]
    Rounds(options, lambda _events: None).keep(read_of(flux(names, 0, 3 * HOUR_S)), BEGIN)

    async def watch_until_told() -> None:
        commands: asyncio.Queue[Command] = asyncio.Queue()
        reader = Reader(options.store, commands)
        outputs = Outputs(sink=reader, manager=Manager(reader))
        await watch(Options(rounds=options, inputs=InputOptions()), outputs, quiet, commands)

    asyncio.run(watch_until_told())
    assert Rounds(options, lambda _events: None).standing.keys() == set(names)
