"""``unflux block --config --deliver``: what is deployed, what changes, and how it ends."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.cli.sample_records import FLUX_DOMAINS, START_S

from unflux.act.journal import read_journal
from unflux.act.standing import read_standing
from unflux.act.state import FolderState, StoredState

pytestmark = pytest.mark.slow

AT = ("--at", "2026-03-01T07:00:00Z")
ROOT = Path(__file__).parents[2]


class Site:
    """A machine that loads a zone by copying it, as its configuration says."""

    def __init__(self, folder: Path, records: Path, routes: Path) -> None:
        self.folder = folder
        self.store = folder / "dns.unflux"
        self.config = folder / "unflux.toml"
        self.zone = folder / "bind" / "rpz.zone"
        self.loaded = folder / "loaded"
        self.records = records
        self.routes = routes
        self.configure(["cp", str(self.zone), str(self.loaded)])

    def configure(self, reload: list[str], *, state: bool = False, timeout_s: float = 60) -> None:
        head = f'state = "{self.folder}/state"\n' if state else ""
        self.config.write_text(
            f'{head}[deliver.rpz]\npath = "{self.zone}"\nreload = {json.dumps(reload)}\n'
            f'timeout_s = {timeout_s}\n[deliver.list]\nfolder = "{self.folder}/lists"\n'
        )

    def words(self, *more: object) -> tuple[object, ...]:
        """Return a command that keeps its state in the store."""
        known = ("--asn", self.routes, *AT)
        return ("block", "--store", self.store, "--config", self.config, *known, *more)

    def blocks(self) -> set[str]:
        """Return which flux domains the loaded zone and the list hold; both must agree."""
        zone, names = self.loaded.read_text(), (self.folder / "lists/domains.txt").read_text()
        held = {name for name in FLUX_DOMAINS if f"\n{name} CNAME" in zone}
        assert held == {name for name in FLUX_DOMAINS if f"{name}\n" in names}
        return held

    @property
    def steps(self) -> dict[str, str]:
        return {d.output: d.step for d in read_journal(StoredState(self.store, "default"))}

    def start(self, *words: object) -> "subprocess.Popen[str]":
        """Run the command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "unflux", *map(str, words)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )  # fmt: skip


@pytest.fixture
def site(tmp_path: Path, records: Path, routes: Path) -> Site:
    return Site(tmp_path, records, routes)


def test_a_dry_run_shows_what_would_change_and_changes_nothing(run: Run, site: Site) -> None:
    dry = run(*site.words(site.records))
    assert dry.status == 0, dry.err
    assert f"--- /dev/null (deployed)\n+++ {site.zone} (planned)" in dry.out
    assert "+flux0.example CNAME . ; a-" in dry.out
    assert "dry run" in dry.err
    assert not site.zone.exists()
    assert site.steps == {}

    assert run(*site.words("--deliver")).status == 0
    dry = run(*site.words("--withdraw", "all"))
    assert f"--- {site.zone} (deployed)\n+++ {site.zone} (planned)" in dry.out
    assert "-flux0.example CNAME . ; a-" in dry.out
    assert site.blocks() == set(FLUX_DOMAINS)

    told = run(*site.words("--format", "json", "--withdraw", "all"))
    assert {json.loads(line)["schema"] for line in told.out.splitlines()} == {"unflux/action/1"}
    assert "-flux0.example" in told.err


def test_what_is_deployed_is_in_the_store_and_renewed(run: Run, site: Site) -> None:
    ran = run(*site.words(site.records, "--deliver"))
    assert ran.status == 0, ran.err
    assert "dry run" not in ran.err
    assert f"wrote         {site.zone}" in ran.err
    assert "reloaded      rpz: cp" in ran.err
    assert site.blocks() == set(FLUX_DOMAINS)
    assert site.steps == {"rpz": "done", "list": "done"}
    held = read_standing(StoredState(site.store, "default"))
    assert {a.target for a in held.actions if a.kind == "block-domain"} == set(FLUX_DOMAINS)
    assert run("scan", "--store", site.store, "--asn", site.routes).status == 0
    assert run(*site.words("--deliver")).status == 0
    assert (read_standing(StoredState(site.store, "default")).serial or 0) > (held.serial or 0)


def test_one_action_and_all_are_withdrawn_and_loaded(run: Run, site: Site) -> None:
    told = run(*site.words(site.records, "--deliver", "--format", "json")).out.splitlines()
    (id_,) = {v["id"] for v in map(json.loads, told)
              if (v["kind"], v["target"]) == ("block-domain", "flux2.example")}  # fmt: skip
    assert run(*site.words("--deliver", "--withdraw", id_)).status == 0
    assert site.blocks() == set(FLUX_DOMAINS) - {"flux2.example"}
    assert run(*site.words("--deliver", "--withdraw", "a-000000000000")).status == 2
    assert run(*site.words("--deliver", "--withdraw", "all")).status == 0
    assert site.blocks() == set()


def test_what_stands_is_withdrawn_and_ends_when_the_records_are_gone(
    run: Run, site: Site, records: Path
) -> None:
    site.configure(["cp", str(site.zone), str(site.loaded)], state=True)
    base = ("block", "--config", site.config, "--deliver", "--asn", site.routes)
    assert run(*base, records, *AT).status == 0
    records.unlink()

    # Without records nothing is decided anew, and nothing is withdrawn before its time.
    ran = run(*base, *AT)
    assert ran.status == 0, ran.err
    assert "no records are named" in ran.err
    assert site.blocks() == set(FLUX_DOMAINS)
    assert run(*base, records, *AT).status == 1  # what was named cannot be read: it is said
    assert site.blocks() == set(FLUX_DOMAINS)

    id_ = next(a.id for a in read_standing(FolderState(site.folder / "state")).actions
               if a.target == "flux4.example")  # fmt: skip
    assert run(*base, records, *AT, "--withdraw", id_).status == 1
    assert site.blocks() == set(FLUX_DOMAINS) - {"flux4.example"}
    # A store that is gone hinders nothing that is kept elsewhere.
    gone = run(*base, "--store", site.folder / "none.unflux", "--at", "2026-03-09T07:00:00Z")
    assert gone.status == 1
    assert "no such store" in gone.err
    assert site.blocks() == set()


def test_everything_is_taken_back_though_store_and_state_are_lost(run: Run, site: Site) -> None:
    assert run(*site.words(site.records, "--deliver")).status == 0
    site.store.unlink()
    assert run(*site.words("--deliver", "--withdraw", "all")).status == 1
    assert site.blocks() == set()
    assert site.steps == {"rpz": "done", "list": "done"}


def test_what_expires_is_withdrawn_and_loaded(run: Run, site: Site) -> None:
    assert run(*site.words(site.records, "--deliver")).status == 0
    late = run(*site.words("--at", "2026-03-09T07:00:00Z", "--deliver", "--format", "json"))
    ended = [json.loads(line) for line in late.out.splitlines() if '"withdrawn"' in line]
    assert {v["target"] for v in ended if v["kind"] == "block-domain"} == set(FLUX_DOMAINS)
    assert site.blocks() == set()


def test_a_changed_verdict_is_withdrawn_and_loaded(run: Run, site: Site, tmp_path: Path) -> None:
    site.configure(["cp", str(site.zone), str(site.loaded)], state=True)
    base = ("block", "--config", site.config, "--deliver", "--format", "json", "--asn", site.routes)
    assert run(*base, site.records, *AT).status == 0
    later = tmp_path / "later.csv"
    rows = [f"{START_S + 7 * 3600 + 600 * n},flux0.example,A,192.0.2.80,3600,flux0.example,ans"
            for n in range(60)]  # fmt: skip
    later.write_text("\n".join(["ts,qname,rrtype,rdata,ttl,query,section", *rows]) + "\n")
    ran = run(*base, later, "--at", "2026-03-01T18:00:00Z")
    assert ran.status == 0, ran.err
    ended = {v["target"]: v["objections"][0]["rule"] for v in map(json.loads, ran.out.splitlines())
             if v["status"] == "withdrawn" and v["kind"] == "block-domain"}  # fmt: skip
    assert ended == {"flux0.example": "verdict-gone"}
    assert site.blocks() == set(FLUX_DOMAINS) - {"flux0.example"}


def test_a_reload_that_fails_fails_the_run_and_is_tried_again(run: Run, site: Site) -> None:
    site.configure(["sh", "-c", "printf 'no\\n\\033[31mzone'; exit 9"])
    ran = run(*site.words(site.records, "--deliver"))
    assert ran.status == 1
    assert "FAILED        rpz: reload sh: exit status 9: no\\x0a\\x1b[31mzone" in ran.err
    assert "1 of 2 outputs; the next run tries again" in ran.err
    assert site.steps == {"rpz": "written", "list": "done"}
    site.configure(["sleep", "30"], timeout_s=0.5)
    again = run(*site.words("--deliver"))
    assert "unfinished    rpz: written by the run of 2026-03-01T07:00:00Z" in again.err
    assert "no end after 0.5 s" in again.err
    site.configure(["cp", str(site.zone), str(site.loaded)])
    assert run(*site.words("--deliver")).status == 0
    assert site.blocks() == set(FLUX_DOMAINS)


def test_what_is_withdrawn_is_withdrawn_again_until_it_is_loaded(run: Run, site: Site) -> None:
    told = run(*site.words(site.records, "--deliver", "--format", "json")).out.splitlines()
    (id_,) = {v["id"] for v in map(json.loads, told)
              if (v["kind"], v["target"]) == ("block-domain", "flux2.example")}  # fmt: skip
    site.configure(["false"])
    assert run(*site.words("--deliver", "--withdraw", id_)).status == 1
    assert "flux2.example CNAME" in site.loaded.read_text()
    site.configure(["cp", str(site.zone), str(site.loaded)])
    again = run(*site.words("--deliver", "--withdraw", id_))
    assert again.status == 0, again.err
    assert site.blocks() == set(FLUX_DOMAINS) - {"flux2.example"}
    assert run(*site.words("--deliver", "--withdraw", "a-000000000000")).status == 2


def test_a_run_that_was_killed_while_it_loads_is_finished_by_the_next(run: Run, site: Site) -> None:
    site.configure(["sh", "-c", "kill -9 $PPID"])
    killed = site.start(*site.words(site.records, "--deliver"))
    killed.communicate(timeout=120)
    assert killed.returncode == -9
    assert site.steps == {"rpz": "written", "list": "intent"}
    site.configure(["cp", str(site.zone), str(site.loaded)])
    ran = run(*site.words("--deliver"))
    assert ran.status == 0
    assert "unfinished    rpz: written by the run of" in ran.err
    assert "unfinished    list: intent by the run of" in ran.err
    assert site.blocks() == set(FLUX_DOMAINS)


def test_a_second_run_waits_for_nobody_and_does_nothing(run: Run, site: Site) -> None:
    flag, go = site.folder / "flag", site.folder / "go"
    site.configure(["sh", "-c", f"touch {flag}; while test ! -e {go}; do sleep 0.1; done; "
                    f"cp {site.zone} {site.loaded}"])  # fmt: skip
    first = site.start(*site.words(site.records, "--deliver"))
    ends = time.monotonic() + 60
    while not flag.exists():
        assert time.monotonic() < ends
        assert first.poll() is None
        time.sleep(0.05)
    second = run(*site.words("--deliver", "--withdraw", "all"))
    assert second.status == 1
    assert f"another run is at work here (process {first.pid}" in second.err
    go.touch()
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert site.blocks() == set(FLUX_DOMAINS)


def test_what_is_no_target_any_more_fails_every_run_until_it_is_gone(run: Run, site: Site) -> None:
    assert run(*site.words(site.records, "--deliver")).status == 0
    old = site.zone
    site.zone = site.folder / "bind" / "moved.zone"
    site.configure(["cp", str(site.zone), str(site.loaded)])
    for _ in range(2):
        ran = run(*site.words("--deliver"))
        assert ran.status == 1
        assert f"left behind   {old} (rpz) is no target any more" in ran.err
    old.unlink()
    assert run(*site.words("--deliver")).status == 0


def test_hostile_content_that_is_deployed_is_shown_and_does_nothing(run: Run, site: Site) -> None:
    site.zone.parent.mkdir()
    site.zone.write_bytes(b"\x1b[2J\x1b]0;title\x07" + "\u202e\n".encode() + b"\xff" + b"x" * 9_999)
    ran = run(*site.words(site.records))
    assert "-\\x1b[2J" in ran.out
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)
    assert all(len(line) < 1_000 for line in ran.out.splitlines() if line.startswith("-"))


def test_a_diff_of_many_files_is_bounded_and_says_what_it_left_out(
    tmp_path: Path,
) -> None:
    from unflux.act.output import Rendered
    from unflux.act.standing import Deployed
    from unflux.act.targets import Target
    from unflux.cli.deployment import FOR_ALL, compare
    from unflux.pipeline.deployment import Deployment

    target = Target(output="abuse", path=tmp_path, is_folder=True)
    files = [Rendered(name=f"{n}.txt", content=b"x\n" * 100) for n in range(50)]
    deployed = Deployment(
        state=FolderState(tmp_path), targets=(target,), standing=Deployed(), journal=()
    )
    told = list(compare(deployed, {"abuse": files}))
    assert len(told) < FOR_ALL + 70
    shown = len([line for line in told if line.startswith("+++")])
    assert told[-1] == f"... and {50 - shown} more files"


def test_a_table_that_is_gone_hinders_no_withdrawal(run: Run, site: Site) -> None:
    assert run(*site.words(site.records, "--deliver")).status == 0
    site.routes.unlink()
    ran = run(*site.words("--deliver", "--withdraw", "all"))
    assert ran.status == 1
    assert "what stands ends when it must" in ran.err
    assert site.blocks() == set()


@pytest.mark.parametrize(
    ("more", "told"),
    [(("--out", "x"), "two places"), (("--format", "rpz"), "name it there"),
     (("--deliver", "--dry-run"), "no --dry-run"), (("--next-hop", "there"), "no address")],
)  # fmt: skip
def test_wrong_usage_exits_two(run: Run, site: Site, more: tuple[str, ...], told: str) -> None:
    ran = run(*site.words(site.records, *more))
    assert ran.status == 2
    assert told in ran.err


def test_delivering_needs_a_place_and_a_memory(run: Run, site: Site) -> None:
    assert run("block", site.records, "--deliver").status == 2
    ran = run("block", site.records, "--config", site.config, "--deliver")
    assert ran.status == 2
    assert "state folder" in ran.err
