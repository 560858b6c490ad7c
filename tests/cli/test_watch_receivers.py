"""Receivers of a whole watch: one that is down delays nobody, and a kill loses nothing of it."""

import json
import signal
from pathlib import Path
from threading import Thread

import pytest
from tests.act.outputs.programs import free_port
from tests.cli.conftest import Run
from tests.cli.test_watch import FLUX, folder, watching
from tests.cli.test_watch_blocks import send_history
from tests.watch.test_webhook import receiving

from unflux.engine.store import Store

__all__ = ["folder"]


def with_secret(folder: Path, mode: int = 0o600) -> Path:
    path = folder / "secret"
    path.write_text("0123456789abcdef\n")
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--webhook", "https://hooks.example/"], "needs a --webhook-secret"),
        (["--webhook", "http://hooks.example/", "--webhook-secret", "S"], "not on loopback"),
        (["--webhook", "https://h.example/", "--webhook-secret", "none"], "none: cannot be read"),
        (["--syslog", "tls:127.0.0.1"], "is not unix:PATH"),
        (["--syslog", "udp:collector.example:514"], "is not ADDRESS:PORT"),
        (["--syslog", "udp:127.0.0.1", "--syslog", "udp:127.0.0.1:514"], "is named twice"),
    ],
)
def test_a_receiver_that_makes_no_sense_is_said(
    run: Run, tmp_path: Path, options: list[str], said: str
) -> None:
    words = [str(with_secret(tmp_path)) if word == "S" else word for word in options]
    ran = run("watch", "--store", tmp_path / "store", "--dnstap", tmp_path / "s", *words)
    assert (ran.status > 0, said in ran.err) == (True, True), ran.err
    assert not (tmp_path / "store").exists()


def test_a_secret_that_others_may_read_or_that_is_short_is_refused(
    run: Run, tmp_path: Path
) -> None:
    words = ("watch", "--store", tmp_path / "store", "--dnstap", tmp_path / "s",
             "--webhook", "https://hooks.example/", "--webhook-secret")  # fmt: skip
    ran = run(*words, with_secret(tmp_path, 0o644))
    assert "its mode is 644" in ran.err
    with_secret(tmp_path).write_text("short")
    ran = run(*words, tmp_path / "secret")
    assert "fewer than 16 octets" in ran.err


@pytest.mark.slow
def test_events_wait_for_a_receiver_across_a_kill_and_come_with_their_ids(folder: Path) -> None:
    """Nobody listens at the collector and the webhook fails until the watch was killed."""
    with receiving() as receiver:
        receiver.answer = 503, {"Retry-After": "1"}
        options = (
            "--webhook", receiver.url, "--webhook-secret", with_secret(folder),
            "--syslog", f"tcp:127.0.0.1:{free_port()}",
        )  # fmt: skip
        with watching(folder, *options) as watch:
            sending = Thread(target=send_history, args=(watch.socket, 400))
            sending.start()
            watch.until(lambda: sum(watch.health()["waiting"].values()) >= 2 * len(FLUX))
            sending.join()
            watch.until(lambda: len(watch.health()["receiver_failures"]) == 2)
            status = watch.health()
            assert status["failure"] is None
            assert "answered 503" in status["receiver_failures"].values()
            assert watch.end(signal.SIGKILL) == -signal.SIGKILL
        told = {event["id"]: event for event in watch.events()}
        receiver.answer, receiver.got[:] = (200, {}), []
        with watching(folder, *options) as watch:
            watch.until(lambda: sum(watch.health()["sent"].values()) >= len(FLUX))
            assert watch.end(signal.SIGTERM) == 0
        got = {headers["Idempotency-Key"]: json.loads(body) for _, headers, body in receiver.got}
        assert {event["domain"] for event in got.values()} >= set(FLUX)
        assert all(told.get(id_, body) == body for id_, body in got.items())
        assert told.keys() & got.keys()
    with Store.open(folder / "store") as store:
        (waits,) = store.waiting_counts()
        assert waits.startswith("syslog tcp:")
