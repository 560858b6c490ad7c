"""The whole command: what it refuses to do, and what dig, kdig, signals and crashes find."""

import re
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from tests.act.outputs.programs import find, free_port
from tests.cli.conftest import Run
from tests.cli.sample_records import FLUX_DOMAINS
from tests.serve.commands import Primary, make_key, primary, wait_for
from tests.serve.zones import ORIGIN, large_text, replace_zone, zone_text

SERIAL = re.compile(rf"^{re.escape(ORIGIN)}\.\s+60\s+IN\s+SOA\s+\S+ \S+ (\d+)", re.MULTILINE)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "name --keys FILE, or allow --unsigned"),
        (["--unsigned", "--listen", "192.0.2.1:53"], "192.0.2.1:53 is not on loopback"),
        (["--unsigned", "--listen", "0.0.0.0:53"], "0.0.0.0:53 is not on loopback"),
        (["--unsigned", "--listen", "[::]:53"], r"\[::\]:53 is not on loopback"),
        (["--unsigned", "--notify", "192.0.2.1"], "192.0.2.1:53 is not on loopback"),
        (["--unsigned", "--notify", "a..b@127.0.0.1"], "is not the name of a key"),
        (["--unsigned", "--notify", "localhost"], "is not ADDRESS:PORT"),
        (["--unsigned", "--allow", "127.0.0.1/8"], "is not an address or a prefix"),
        (["--unsigned", "--allow", "all"], "is not an address or a prefix"),
        (["--unsigned", "--policy", "nowhere"], "neither a folder nor a zone file"),
        (["--unsigned", "--policy", "nowhere/rpz.zone"], "neither a folder nor a zone file"),
    ],
)
def test_what_is_not_safe_or_makes_no_sense_is_wrong_usage(
    run: Run, tmp_path: Path, options: list[str], said: str
) -> None:
    ran = run("serve", "--policy", tmp_path, *options)
    assert ran.status == 2
    assert re.search(said, ran.err)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_needed_must_be_there(run: Run, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    ran = run("serve", "--policy", tmp_path, "--keys", keys)
    assert (ran.status, "cannot be read" in ran.err) == (1, True)
    keys.write_text('key "a" { algorithm hmac-sha256; secret "MDEyMzQ1Njc4OWFiY2RlZg=="; };')
    keys.chmod(0o600)
    ran = run("serve", "--policy", tmp_path, "--keys", keys, "--notify", "b@127.0.0.1")
    assert (ran.status, "no key b. is known, which 127.0.0.1:53 needs" in ran.err) == (1, True)


def dig(port: int, *words: str, key: Path | None = None) -> str:
    signing = [] if key is None else ["-k", str(key)]
    return output(find("dig"), "@127.0.0.1", "-p", str(port), *signing, ORIGIN, *words)


def output(*command: str) -> str:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    return done.stdout


def secret_of(key: Path) -> str:
    return key.read_text().split('"')[3]


@pytest.mark.slow
def test_dig_and_kdig_transfer_the_zone_signed_and_not(tmp_path: Path) -> None:
    key = make_key(tmp_path / "policy.key")
    replace_zone(tmp_path, zone_text("bad.example", serial=7))
    with primary(tmp_path, "--keys", key) as served:
        served.until("serving", serial=7, records=4)
        port = served.port
        assert SERIAL.findall(dig(port, "SOA")) == ["7"]
        assert SERIAL.findall(dig(port, "SOA", "+tcp")) == ["7"]
        assert "Transfer failed" in dig(port, "AXFR")
        assert served.told("refused") == [
            served.until("refused", kind="refused-unsigned", peer="127.0.0.1")
        ]
        taken = dig(port, "AXFR", key=key)
        assert SERIAL.findall(taken) == ["7", "7"]
        assert f"*.bad.example.{ORIGIN}. 60 IN CNAME ." in re.sub(r"\s+", " ", taken)
        assert "verify failure" not in taken
        assert "BADSIG" in dig(port, "AXFR", key=make_key(tmp_path / "other.key"))
        assert "BADKEY" in dig(port, "AXFR", key=make_key(tmp_path / "third.key", "third"))
        replace_zone(tmp_path, zone_text(serial=8))
        served.until("serving", serial=8)
        assert SERIAL.findall(dig(port, "IXFR=7", key=key)) == ["8", "7", "8", "8"]
        assert SERIAL.findall(dig(port, "IXFR=8", key=key)) == ["8"]
        assert SERIAL.findall(dig(port, "IXFR=6", key=key)) == ["8", "8"]

        kdig = [find("kdig"), "@127.0.0.1", "-p", str(port), ORIGIN]
        assert "REFUSED" in output(*kdig, "AXFR")
        signing = ["-y", f"hmac-sha256:policy:{secret_of(key)}"]
        assert SERIAL.findall(output(*kdig, *signing, "AXFR")) == ["8", "8"]
        assert SERIAL.findall(output(*kdig, *signing, "IXFR=7")) == ["8", "7", "8", "8"]
        assert served.end() == 0
        ended = served.told("ended")[0]
        assert (ended["axfr"], ended["ixfr"], ended["refused-badsig"]) == (2, 2, 1)

    with primary(tmp_path, "--unsigned") as served:
        served.until("serving", serial=8)
        assert SERIAL.findall(dig(served.port, "AXFR")) == ["8", "8"]
        assert SERIAL.findall(dig(served.port, "IXFR=7")) == ["8", "7", "8", "8"]


@pytest.mark.slow
def test_a_file_that_is_not_right_is_refused_and_the_zone_stays(tmp_path: Path) -> None:
    whole = zone_text("bad.example", serial=7)
    replace_zone(tmp_path, whole)
    later = zone_text("bad.example", "worse.example", serial=8)
    with primary(tmp_path, "--unsigned") as served:
        served.until("serving", serial=7)
        for text, said in (
            (later[:-40], "cut short"),
            (later.replace("CNAME", "\x1b[31m", 1), "line 8"),
            (zone_text("bad.example", serial=6), "serial 6 does not follow 7"),
            (zone_text("worse.example", serial=7), "records are not those"),
            ("", "cut short"),
        ):
            replace_zone(tmp_path, text)

            def is_told(said: str = said) -> bool:
                return any(said in str(t["because"]) for t in served.told("zone-refused", served=7))

            wait_for(is_told, served.server.said)
            assert SERIAL.findall(dig(served.port, "AXFR")) == ["7", "7"]
        (tmp_path / "rpz.zone").unlink()
        served.until("zone-missing")
        assert served.end() == 0

    # A restart finds no file, then a broken one, and serves what it served before.
    with primary(tmp_path, "--unsigned") as served:
        served.until("serving", serial=7)
        assert len(dig(served.port, "AXFR").split("CNAME")) == 3
        replace_zone(tmp_path, later[:-40])
        served.until("zone-refused", served=7)
        replace_zone(tmp_path, later)
        served.until("serving", serial=8)
        assert SERIAL.findall(dig(served.port, "IXFR=7")) == ["8", "7", "8", "8"]


def kill_when(served: Primary, is_time: Callable[[], object]) -> None:
    """Kill a server at a moment that lasts for milliseconds."""
    ends = time.monotonic() + 120
    while not is_time():
        assert served.server.process.poll() is None, served.server.said()
        assert time.monotonic() < ends, served.server.said()
    served.server.process.kill()
    served.server.process.wait()


def written_at(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def is_written_after(path: Path, moment_ns: int) -> bool:
    return written_at(path) > moment_ns


@pytest.mark.slow
def test_the_history_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    journal = tmp_path / "rpz.history-journal"
    replace_zone(tmp_path, large_text(3_000, serial=1))
    with primary(tmp_path, "--unsigned") as served:
        kill_when(served, partial(served.told, "serving", serial=1))
    for serial in range(2, 10):
        with primary(tmp_path, "--unsigned") as served:
            served.until("serving", serial=serial - 1)
            before = written_at(journal)
            replace_zone(tmp_path, large_text(3_000, serial, serial - 1))
            # While the version is written, or when it is served.
            told = partial(served.told, "serving", serial=serial)
            is_writing = partial(is_written_after, journal, before)
            kill_when(served, is_writing if serial % 2 else told)
    with primary(tmp_path, "--unsigned") as served:
        served.until("serving", serial=9)
        assert served.told("history-damaged") == []
        assert SERIAL.findall(dig(served.port, "IXFR=1")) == [
            "9", *(text for i in range(1, 9) for text in (str(i), str(i + 1))), "9"
        ]  # fmt: skip
        assert served.until("transfer", kind="ixfr")


@pytest.mark.slow
def test_a_history_that_is_damaged_is_set_aside(tmp_path: Path) -> None:
    replace_zone(tmp_path, zone_text("bad.example", serial=7))
    (tmp_path / "rpz.history").write_bytes(b"not what it was" * 1_000)
    with primary(tmp_path, "--unsigned") as served:
        served.until("history-damaged", what="file")
        served.until("serving", serial=7)
        assert SERIAL.findall(dig(served.port, "IXFR=6")) == ["7", "7"]
        assert (tmp_path / "rpz.history.damaged").read_bytes().startswith(b"not what")


@pytest.mark.slow
def test_signals(tmp_path: Path) -> None:
    key = make_key(tmp_path / "policy.key")
    replace_zone(tmp_path, zone_text(serial=7))
    with primary(tmp_path, "--keys", key) as served:
        served.until("serving", serial=7)
        process = served.server.process
        old = key.read_text()
        make_key(tmp_path / "policy.key")
        assert key.read_text() != old
        assert "BADSIG" in dig(served.port, "AXFR", key=key)
        process.send_signal(signal.SIGHUP)
        wait_for(lambda: "BADSIG" not in dig(served.port, "AXFR", key=key), served.server.said)
        key.chmod(0o644)
        process.send_signal(signal.SIGHUP)
        served.until("keys-refused")
        key.chmod(0o600)
        assert SERIAL.findall(dig(served.port, "AXFR", key=key)) == ["7", "7"]
        process.send_signal(signal.SIGUSR1)
        assert served.until("status", serial=7)["axfr"] == 2
        assert served.end(signal.SIGINT) == 0
        assert served.told("ended", serial=7)


@pytest.mark.slow
def test_a_history_elsewhere_is_held_by_one_server(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    history = tmp_path / "there" / "h"
    replace_zone(tmp_path, zone_text(serial=7))
    with primary(tmp_path, "--unsigned", "--history", history) as served:
        served.until("serving", serial=7)
        assert not (tmp_path / "rpz.history").exists()
        ran = run(
            "serve", "--unsigned", "--policy", tmp_path / "rpz.zone", "--history", history,
            "--listen", f"127.0.0.1:{free_port()}",
        )  # fmt: skip
        assert (ran.status, "another server uses this history" in ran.err) == (1, True)


@pytest.mark.slow
def test_what_block_decides_is_served_and_what_it_withdraws_is_gone(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    block = ("block", records, "--asn", routes, "--at", "2026-03-01T07:00:00Z", "--out", out)
    assert run(*block, "--format", "rpz").status == 0
    with primary(tmp_path, "--unsigned", "--policy", out) as served:
        first = served.until("serving")["serial"]
        taken = dig(served.port, "AXFR")
        assert all(f"\n{name}.{ORIGIN}." in taken for name in FLUX_DOMAINS)
        assert run(*block, "--withdraw", "all").status == 0
        served.until("serving", differences=1)
        gone = dig(served.port, f"IXFR={first}")
        last = served.until("transfer", kind="ixfr", since=first)["serial"]
        deleted = gone.partition(f" {first} ")[2].partition(f" {last} ")[0]
        assert all(f"\n{name}.{ORIGIN}." in deleted for name in FLUX_DOMAINS)
        assert "CNAME" not in dig(served.port, "AXFR")
