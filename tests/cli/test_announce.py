"""``unflux announce`` as ExaBGP runs it: a pipe in, a pipe out, and a file that changes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest
from tests.act.plans import plan_of, proposal, routed_plan
from tests.cli.conftest import Run

from unflux.act.output import Options
from unflux.act.outputs.exabgp import Exabgp
from unflux.act.placing import place
from unflux.model.actions import Plan

pytestmark = pytest.mark.slow


def content(plan: Plan) -> bytes:
    text = Exabgp().render(plan, Options())[0].content
    return text.replace(b"until 2026", b"until 2096")


@contextmanager
def announcing(file: Path, *more: str) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "unflux", "announce", file, "--interval", "0.05", *more],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    ) as process:  # fmt: skip
        watchdog = Timer(60, process.kill)  # nobody waits for ever for a line that does not come
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def lines(process: "subprocess.Popen[str]", count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().strip() for _ in range(count)]


def test_it_announces_withdraws_and_ends_with_its_input(tmp_path: Path) -> None:
    file = tmp_path / "exabgp.txt"
    place(file, content(routed_plan()))
    with announcing(file) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        assert {line.split()[0] for line in lines(process, 7)} == {"announce"}
        print("error\n" + "done\n" * 6, end="", file=process.stdin, flush=True)
        said = process.stderr.readline() + process.stderr.readline()
        assert "announced 7, withdrew 0" in said
        assert "ExaBGP refused: announce flow route" in said
        place(file, content(plan_of()))
        assert {line.split()[0] for line in lines(process, 7)} == {"withdraw"}
        process.stdin.close()
        assert process.wait(timeout=120) == 0
    assert (tmp_path / "exabgp.txt.told").read_text() == ""


def test_a_killed_process_leaves_what_the_next_one_takes_back(tmp_path: Path) -> None:
    file, told = tmp_path / "exabgp.txt", tmp_path / "told"
    place(file, content(routed_plan()))
    with announcing(file, "--told", str(told)) as process:
        lines(process, 7)
        process.kill()
    file.unlink()
    with announcing(file, "--told", str(told)) as process:
        assert {line.split()[0] for line in lines(process, 7)} == {"withdraw"}


def test_while_nothing_can_be_kept_routes_are_withdrawn_and_no_other_is_announced(
    tmp_path: Path,
) -> None:
    file, taken = tmp_path / "exabgp.txt", tmp_path / ".exabgp.txt.told.new"
    old = plan_of(*(proposal("block-address", f"20.1.2.{n}") for n in (1, 2, 3)))
    new = plan_of(*(proposal("block-address", f"20.1.2.{n}") for n in (2, 4)))
    place(file, content(old))
    with announcing(file) as process:
        lines(process, 3)
        taken.mkdir()  # as a full disk: what is there can be read, and nothing be written
        file.unlink()
        said = lines(process, 3)
        assert [line.split()[:3] for line in said] == [
            ["withdraw", "route", f"20.1.2.{n}/32"] for n in (1, 2, 3)
        ]
        process.kill()
    place(file, content(new))
    with announcing(file) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        assert [line.split()[:3] for line in lines(process, 3)] == [
            ["withdraw", "route", "20.1.2.1/32"],
            ["withdraw", "route", "20.1.2.3/32"],
            ["announce", "route", "20.1.2.2/32"],
        ]
        assert "told.new: cannot be written" in process.stderr.readline()
        assert "announced 1, withdrew 2" in process.stderr.readline()
        taken.rmdir()
        assert lines(process, 1)[0].startswith("announce route 20.1.2.4/32 ")
        process.stdin.close()
        assert process.wait(timeout=120) == 0
        assert process.stderr.read() == "unflux: announced 1, withdrew 0 routes\n"
    told = (tmp_path / "exabgp.txt.told").read_text()
    assert [line.split()[1] for line in told.splitlines()] == ["20.1.2.2/32", "20.1.2.4/32"]


def test_nothing_is_announced_that_could_not_be_taken_back(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "exabgp.txt"
    place(file, content(routed_plan()))
    (tmp_path / "told").mkdir()
    ran = run("announce", file, "--told", tmp_path / "told")
    assert (ran.status, ran.out) == (1, "")
    assert "told" in ran.err


def test_more_routes_than_allowed_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "exabgp.txt"
    place(file, content(routed_plan()))
    with announcing(file, "--max-routes", "6") as process:
        assert process.stderr is not None
        assert process.stdin is not None
        assert "holds 7 routes, more than 6" in process.stderr.readline()
        process.stdin.close()
        assert process.stdout is not None
        assert process.stdout.read() == ""
