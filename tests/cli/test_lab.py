import csv
import json
from pathlib import Path

import jsonschema
import pytest
from tests.act.outputs.programs import find
from tests.cli.conftest import Run
from tests.lab.testbed.beds import require

from unflux.lab.testbed import namespaces
from unflux.lab.testbed.programs import CAPTURE_PACKAGES

pytestmark = pytest.mark.slow
TESTBED = Path(__file__).parents[2] / "docs" / "schemas" / "testbed-1.schema.json"


def test_what_is_generated_can_be_scanned(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "adversary"
    made = run("lab", "generate", "--seed", "3", "--scale", "0.01", "--out", folder)
    assert made.status == 0
    assert "records" in made.err and str(folder / "labels.csv") in made.err
    scanned = run(
        "scan", folder / "records.csv.gz", "--asn", folder / "asn.csv", "--all", "--format", "json"
    )
    assert scanned.status == 0
    said = [json.loads(line) for line in scanned.out.splitlines()]
    judged = {verdict["domain"] for verdict in said if verdict["schema"] == "unflux/verdict/1"}
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as stream:
        labelled = {row["domain"] for row in csv.DictReader(stream) if row["label"] != "unknown"}
    assert len(judged & labelled) > 0.8 * len(labelled)


def test_a_folder_with_other_things_is_left_alone(run: Run, tmp_path: Path) -> None:
    mine = tmp_path / "records.csv.gz"
    mine.write_text("mine")
    refused = run("lab", "generate", "--scale", "0.01", "--out", tmp_path)
    assert (refused.status, mine.read_text()) == (2, "mine")
    assert "--force" in refused.err and str(tmp_path) in refused.err
    assert run("lab", "generate", "--scale", "0.01", "--out", tmp_path, "--force").status == 0
    assert mine.read_bytes()[:2] == b"\x1f\x8b"


def test_a_folder_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failed = run("lab", "generate", "--scale", "0.01", "--out", tmp_path / "file" / "below")
    assert failed.status == 1
    assert "cannot be written" in failed.err


def test_wrong_scales_and_no_folder_are_wrong_usage(run: Run, tmp_path: Path) -> None:
    assert run("lab", "generate").status == 2
    assert run("lab", "generate", "--out", tmp_path / "new", "--scale", "0").status == 2
    assert not (tmp_path / "new").exists()


def test_a_testbed_is_raised_looked_at_and_taken_down(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require()
    for command in CAPTURE_PACKAGES:
        find(command)
    state = tmp_path / "state"
    try:
        made = run("lab", "up", "--agents", "4", "--clients", "2", "--state", state)
        assert made.status == 0, made.err
        seen = json.loads(run("lab", "status", "--state", state).out)
        jsonschema.validate(seen, json.loads(TESTBED.read_text()))
        assert (seen["standing"], seen["options"]["agents"]) == ("up", 4)
        table = run("lab", "status", "--format", "table", "--state", state)
        assert table.status == 0 and seen["honeypot"] in table.out
        out = tmp_path / "out"
        taken = run("lab", "capture", "--seconds", "1", "--out", out, "--state", state)
        assert taken.status == 0, taken.err
        assert "at the honeypot" in taken.err and (out / "labels.csv").exists()
        assert run("lab", "capture", "--out", out, "--state", state).status == 2
        again = run("lab", "up", "--state", state)
        assert again.status == 1 and "a testbed is there already" in again.err
    finally:
        gone = run("lab", "down", "--state", state)
    assert gone.status == 0 and not state.exists()
    # Whatever else there is on this machine.
    monkeypatch.setattr(namespaces, "NAMED", tmp_path / "none")
    assert run("lab", "status", "--state", state).status == 1
    assert run("lab", "capture", "--out", tmp_path / "other", "--state", state).status == 1
    assert not (tmp_path / "other").exists()
    none = run("lab", "down", "--state", state)
    assert none.status == 0 and "No testbed" in none.err


def test_a_folder_with_other_things_is_no_place_for_a_testbed(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require()
    monkeypatch.setattr(namespaces, "NAMED", tmp_path / "none")
    mine = tmp_path / "mine"
    mine.write_text("mine")
    assert "not empty" in run("lab", "up", "--state", tmp_path).err
    assert run("lab", "down", "--state", tmp_path).status == 0
    assert mine.read_text() == "mine"
    tmp_path.chmod(0o777)
    assert "others may write" in run("lab", "up", "--state", tmp_path).err
