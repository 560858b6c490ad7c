import json
from pathlib import Path

import pytest
from tests.cli.conftest import Run


@pytest.mark.slow
def test_any_name_of_the_domain_is_explained_with_its_records(
    run: Run, records: Path, routes: Path
) -> None:
    ran = run("explain", "WWW.flux0.example.", records, "--asn", routes)
    assert ran.status == 0
    for word in ("flux0.example", "fast-flux", "server-rotation", "prior", "10.", "Example Access"):
        assert word in ran.out


@pytest.mark.slow
def test_json_holds_evidence_alternatives_network_and_records(
    run: Run, records: Path, routes: Path
) -> None:
    ran = run("explain", "flux0.example", records, "--asn", routes, "--format", "json")
    value = json.loads(ran.out)
    names = {piece["name"] for piece in value["verdict"]["evidence"]}
    assert {"prior", "server-rotation", "network-membership"} <= names
    assert value["verdict"]["network"] == value["network"]["id"]
    behind = {row["evidence"] for row in value["records"]}
    assert behind == names - {"prior"}
    shared = [r for r in value["records"] if r["evidence"] == "network-membership"]
    assert shared
    assert all(r["qname"] != "flux0.example" for r in shared)


@pytest.mark.slow
def test_an_innocent_domain_is_explained_too(run: Run, records: Path, routes: Path) -> None:
    ran = run("explain", "robin.example", records, "--asn", routes)
    assert ran.status == 0
    assert "benign" in ran.out
    assert "round-robin" in ran.out


def test_a_domain_that_was_not_seen_is_said_and_exits_one(run: Run, records: Path) -> None:
    ran = run("explain", "unseen.example", records)
    assert ran.status == 1
    assert "no name of unseen.example was seen" in ran.err


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example"])
def test_what_is_no_name_is_wrong_usage(run: Run, records: Path, name: str) -> None:
    ran = run("explain", name, records)
    assert ran.status == 2
    assert "not a domain name" in ran.err
