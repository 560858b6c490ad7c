"""The closed loop: flux begins, is judged, refused by the very resolver, ends, and is let go."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dns.message
import dns.rrset
import pytest
from tests.act.outputs.programs import Server, free_port
from tests.cli.conftest import Run
from tests.cli.test_watch import (
    FLUX,
    LOOK_ALIKES,
    NETWORKS,
    SOON_S,
    authority,
    folder,
    named,
    rotate,
    tapped,
    watching,
)
from tests.serve.commands import primary
from tests.watch.streams import close_stream, connect, open_stream, response_frame

from unflux.act.standing import read_standing
from unflux.act.state import StoredState

__all__ = ["folder"]

ZONE = "rpz.unflux.invalid"
EARLIER = [f"{octet}.{turn * 7 + 20}.{octet}.9" for turn in range(32) for octet in NETWORKS]
"""Agents that the flux domains had before the test began."""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--deliver"], "--deliver needs a --block FILE"),
        (["--block", "missing.toml"], "missing.toml: cannot be read"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_is_made(
    run: Run, tmp_path: Path, options: list[str], said: str
) -> None:
    ran = run("watch", "--store", tmp_path / "store", "--dnstap", tmp_path / "s", *options)
    assert (ran.status > 0, said in ran.err) == (True, True), ran.err
    assert list(tmp_path.iterdir()) == []


def configure(folder: Path, *, domain_days: float) -> Path:
    """Write block's configuration, with a policy folder that ``unflux serve`` serves."""
    (folder / "policy").mkdir()
    (folder / "allow.txt").write_text("flux-c.example\n")
    path = folder / "unflux.toml"
    path.write_text(
        f'[gate]\nallow = ["{folder}/allow.txt"]\ndomain_days = {domain_days}\n'
        f'[deliver.rpz]\npath = "{folder}/policy/rpz.zone"\n'
    )
    return path


@contextmanager
def bind_resolver(
    folder: Path, port: int, upstream: int, tap: Path, primary: int
) -> Iterator[Server]:
    """Run BIND as a resolver that sends dnstap, and takes the policy zone by transfer."""
    folder.mkdir()
    options = (
        f"{tapped(upstream, tap)} allow-notify {{ 127.0.0.1; }};"
        f'response-policy {{ zone "{ZONE}"; }} min-update-interval 0;'
    )
    zones = (
        f'zone "{ZONE}" {{ type secondary; file "rpz.zone"; masterfile-format text;'
        f"primaries {{ 127.0.0.1 port {primary}; }}; min-refresh-time 1; max-refresh-time 5; }};"
    )
    with named(folder, options, zones, port) as server:
        yield server


def stands(folder: Path) -> set[str]:
    """Return the names that the store says are blocked."""
    actions = read_standing(StoredState(folder / "store", "default")).actions
    return {action.target for action in actions if action.kind == "block-domain"}


def send_history(tap: Path, seconds: int) -> None:
    """Tell what a resolver would have been answered until now: the flux domains, turning."""
    now = time.time()
    with connect(tap) as sender:
        open_stream(sender)
        for turn in range(seconds // 5):
            for number, domain in enumerate(FLUX):
                answer = dns.message.make_response(dns.message.make_query(domain, "A"))
                held = [EARLIER[(turn * 5 + number * 17 + n) % len(EARLIER)] for n in range(5)]
                answer.answer.append(dns.rrset.from_text_list(f"{domain}.", 1, "IN", "A", held))
                sender.sendall(response_frame(answer.to_wire(), now - seconds + turn * 5))
        close_stream(sender)


@pytest.mark.slow
def test_flux_is_refused_and_let_go_and_look_alikes_are_answered_throughout(folder: Path) -> None:
    """flux-c is on the allow-list, flux-b comes on it, flux-a is asked for no more."""
    config, port = configure(folder, domain_days=30 / 86_400), free_port()
    with (
        watching(folder, "--block", config, "--deliver", "--json") as watch,
        authority(folder / "authority") as source,
        primary(folder / "policy", "--unsigned", "--notify", f"127.0.0.1:{port}") as policy,
        bind_resolver(
            folder / "resolver", port, source.port, watch.socket, policy.port
        ) as resolver,
    ):  # fmt: skip
        resolver.until("still.example", ("NOERROR", ["20.2.0.1"]))

        def until(expected: dict[str, str]) -> None:
            ends, turn = time.monotonic() + SOON_S, 0
            while {name: resolver.ask(name)[0] for name in expected} != expected:
                assert time.monotonic() < ends, (watch.health(), watch.said())
                for name in LOOK_ALIKES:
                    assert resolver.ask(name)[0] == "NOERROR"
                rotate(source, turn)
                turn += 1
                time.sleep(1.1)  # the answers' TTL is a second

        send_history(watch.socket, 400)
        until(dict(zip(FLUX, ("NXDOMAIN", "NXDOMAIN", "NOERROR"), strict=True)))
        assert stands(folder) == {"flux-a.example", "flux-b.example"}

        with (folder / "allow.txt").open("a") as listed:
            listed.write("flux-b.example\n")
        watch.process.send_signal(signal.SIGHUP)
        until({"flux-b.example": "NOERROR"})
        watch.until(lambda: stands(folder) == set())
        watch.until(lambda: watch.said().count('"withdraw"') >= 2)  # told once all is delivered
        said = [json.loads(line) for line in watch.said().splitlines() if line.startswith("{")]
        ended = {told["target"]: told["rule"] for told in said if told["event"] == "withdraw"}
        assert ended["flux-b.example"] == "allowed-name"
        assert ended["flux-a.example"] in {"expired", "not-recent"}
        resolver.until("still.example", ("NOERROR", ["20.2.0.1"]))
        spared = [told for told in said if told.get("target") == "flux-c.example"]
        assert [told["rule"] for told in spared].count("allowed-name") == 1
        status = watch.health()
        assert status["failure"] is None
        assert status["begun"]["block-domain"] == 2
        assert watch.end(signal.SIGTERM) == 0


@pytest.mark.slow
def test_lists_are_read_again_while_a_delivery_lasts(folder: Path) -> None:
    config, going = configure(folder, domain_days=1), folder / "going"
    os.mkfifo(going)
    with config.open("a") as more:
        more.write(f'reload = ["cat", "{going}"]\ntimeout_s = 300\n')
    with watching(folder, "--block", config, "--deliver") as watch, ExitStack() as reloads:

        def is_reloading() -> bool:
            """Hold up the reload, which ends when what it reads does."""
            try:
                opened = os.open(going, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads it
                return False
            reloads.callback(os.close, opened)
            return True

        watch.until(is_reloading)
        (folder / "allow.txt").write_text("no name\n")
        (folder / "events.jsonl").rename(folder / "events.1")
        (folder / "events.jsonl").mkdir()
        watch.process.send_signal(signal.SIGHUP)
        watch.until(lambda: watch.said().count("reopen-refused") == 2)
        assert f"{folder}/events.jsonl: cannot be written (Is a directory)" in watch.said()
        assert f"{folder}/allow.txt" in watch.said()

        (folder / "allow.txt").write_text("bank.example\n")
        watch.process.send_signal(signal.SIGHUP)
        watch.until(lambda: watch.said().count("reopen-refused") == 3)
        assert watch.said().count("allow.txt") == 1
        assert "delivered" not in watch.said()
        reloads.close()
        watch.until(lambda: watch.said().count("delivered") == 1)
        watch.until(is_reloading)
        reloads.close()
        watch.until(lambda: watch.said().count("delivered") == 2)
        assert watch.end(signal.SIGTERM) == 0
