"""``unflux block``: a dry run by default, files in a folder, and what ends."""

import json
from datetime import UTC, datetime
from pathlib import Path

import dns.name
import dns.zone
import jsonschema
import pytest
from tests.cli.conftest import Ran, Run
from tests.cli.sample_records import FLUX_DOMAINS, INNOCENT_DOMAINS

from unflux.model.markers import Marker, compose_marker

pytestmark = pytest.mark.slow

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schemas" / "action-1.schema.json").read_text()
)
AT = ("--at", "2026-03-01T07:00:00Z")


def targets(ran: Ran, status: str, kind: str) -> set[str]:
    told = [json.loads(line) for line in ran.out.splitlines()]
    for value in told:
        jsonschema.validate(value, SCHEMA)
    return {v["target"] for v in told if v["status"] == status and v["kind"] == kind}


def zone_names(folder: Path) -> tuple[set[str], int]:
    zone = dns.zone.from_file(str(folder / "rpz.zone"), dns.name.from_text("rpz.unflux.invalid"))
    return {name.to_text() for name in zone.nodes}, zone.get_soa().serial


def test_a_pipe_gets_json_lines_and_nothing_is_written(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    before = sorted(tmp_path.iterdir())
    ran = run("block", records, "--asn", routes, *AT)
    assert ran.status == 0, ran.err
    assert targets(ran, "stands", "block-domain") == set(FLUX_DOMAINS)
    assert targets(ran, "stands", "block-address") == set()
    refused = [json.loads(line) for line in ran.out.splitlines() if '"refused"' in line]
    told = {o["rule"] for v in refused for o in v["objections"]}
    assert {"special-use-address", "thin-records"} <= told
    assert not set(INNOCENT_DOMAINS) & {v["target"] for v in map(json.loads, ran.out.splitlines())}
    assert "dry run" in ran.err
    assert sorted(tmp_path.iterdir()) == before


def test_the_table_names_actions_and_refusals_with_their_rules(
    run: Run, records: Path, routes: Path
) -> None:
    ran = run("block", records, "--asn", routes, *AT, "--format", "table")
    for word in ("block domain", "flux0.example", "Refused", "special-use-address", "Summary",
                 "2026-03-08 05:50"):  # fmt: skip
        assert word in ran.out, word


def test_old_records_block_nothing_unless_asked_as_of_then(
    run: Run, records: Path, routes: Path
) -> None:
    ran = run("block", records, "--asn", routes, "--at", "2026-11-24")
    assert targets(ran, "stands", "block-domain") == set()
    assert targets(ran, "refused", "block-domain") == set(FLUX_DOMAINS)
    assert "not-recent" in ran.out


def test_a_folder_is_written_renewed_and_withdrawn(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    out, allow = tmp_path / "out", tmp_path / "allow.txt"
    base = ("block", records, "--asn", routes, "--out", out)
    first = run(*base, *AT, "--format", "rpz", "--format", "list")
    assert first.status == 0, first.err
    names, serial = zone_names(out)
    assert {f"{name}" for name in FLUX_DOMAINS} < names
    assert "dry run" not in first.err

    # A dry run with a folder compares, and leaves it.
    state = (out / "standing.jsonl").read_bytes()
    dry = run(*base, *AT, "--dry-run", "--withdraw", "all", "--format", "json")
    assert targets(dry, "withdrawn", "block-domain") == set(FLUX_DOMAINS)
    assert (out / "standing.jsonl").read_bytes() == state

    allow.write_text("*.flux1.example\n")
    second = run(*base, *AT, "--allow", allow, "--format", "json")
    assert targets(second, "withdrawn", "block-domain") == {"flux1.example"}
    names, later = zone_names(out)  # written again, though not asked for
    assert "flux1.example" not in names
    assert "flux0.example" in names
    assert later > serial
    assert "flux1.example" not in (out / "domains.txt").read_text()

    third = run(*base, *AT, "--withdraw", "all")
    assert third.status == 0, third.err
    names, last = zone_names(out)
    assert names == {"@"}
    assert last > later


def test_one_action_is_withdrawn_by_its_id(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    base = ("block", records, "--asn", routes, "--out", tmp_path / "out", *AT, "--format", "json")
    told = map(json.loads, run(*base).out.splitlines())
    (id_,) = {
        v["id"] for v in told if (v["kind"], v["target"]) == ("block-domain", "flux2.example")
    }
    ran = run(*base, "--withdraw", id_)
    assert targets(ran, "withdrawn", "block-domain") == {"flux2.example"}
    assert run(*base, "--withdraw", "a-000000000000").status == 2


def test_a_rendering_goes_to_standard_output_where_no_folder_is_named(
    run: Run, records: Path, routes: Path
) -> None:
    ran = run("block", records, "--asn", routes, *AT, "--format", "rpz", "--answer", "garden",
              "--garden", "walled.test")  # fmt: skip
    assert ran.status == 0, ran.err
    assert "flux0.example CNAME walled.test. ;" in ran.out
    many = run("block", records, "--asn", routes, *AT, "--format", "abuse")
    assert many.status == 2
    assert "--out" in many.err


def test_own_names_are_spared(run: Run, records: Path, routes: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("flux3.example\n10.0.0.0/8\n")
    ran = run("block", records, "--asn", routes, *AT, "--own", own)
    assert "flux3.example" in targets(ran, "refused", "block-domain")
    assert '"own-name"' in ran.out


def test_forwarders_of_this_machine_are_known(
    run: Run, records: Path, routes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 10.0.0.0\nnameserver fe80::1%eth0\noptions x\nnameserver\n")
    monkeypatch.setattr("unflux.cli.blocking.RESOLV_CONF", conf)
    from unflux.cli.blocking import _resolvers

    assert _resolvers().block_of("10.0.0.0") == "10.0.0.0/32"
    assert _resolvers().block_of("fe80::1") == "fe80::1/128"
    monkeypatch.setattr("unflux.cli.blocking.RESOLV_CONF", tmp_path / "none")
    assert _resolvers().networks() == []


@pytest.mark.parametrize(
    "words",
    [("--garden", "walled.test"), ("--answer", "garden"), ("--zone", "a..b"),
     ("--answer", "garden", "--garden", "a b"), ("--at", "yesterday"), ("--address-hours", "25"),
     ("--min-score", "0.5"), ("--format", "nftables-isp"),
     ("--format", "hosts", "--answer", "nodata")],
)  # fmt: skip
def test_wrong_usage_exits_two(
    run: Run, records: Path, routes: Path, words: tuple[str, ...]
) -> None:
    assert run("block", records, "--asn", routes, *words).status == 2


def test_markers_become_rules_and_a_damaged_one_stops_the_run(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    marker = Marker(
        token="k2m9q4x1c8v5b3n7", agent="192.0.2.7", prober="192.0.2.99",
        expires_at=datetime(2026, 3, 2, tzinfo=UTC),
    )  # fmt: skip
    markers = tmp_path / "markers.jsonl"
    markers.write_text(compose_marker(marker) * 2)
    words = ("block", records, "--asn", routes, *AT, "--format", "suricata", "--markers", markers)
    told = [line for line in run(*words).out.splitlines() if "marker leaves" in line]
    assert [line.split(" (")[0] for line in told] == [
        f"alert {protocol} 192.0.2.7 any -> !192.0.2.99 !514" for protocol in ("tcp", "udp")
    ]
    markers.write_text(compose_marker(marker).replace("192.0.2.7", "any"))
    ran = run(*words)
    assert ran.status == 1
    assert f"{markers.name}, line 1" in ran.err
    assert ran.out == ""


def test_a_list_that_is_not_understood_stops_the_run(
    run: Run, records: Path, tmp_path: Path
) -> None:
    allow = tmp_path / "allow.txt"
    allow.write_text("bank example\n")
    ran = run("block", records, "--allow", allow)
    assert ran.status == 1
    assert "line 1" in ran.err
    assert ran.out == ""


def test_a_source_that_cannot_be_read_fails_the_run(run: Run, records: Path, routes: Path) -> None:
    ran = run("block", records, records.with_name("none.pcap"), "--asn", routes, *AT)
    assert ran.status == 1
    assert targets(ran, "stands", "block-domain") == set(FLUX_DOMAINS)


def test_a_source_that_cannot_be_read_lets_nothing_new_be_written(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    broken, out, allow = (tmp_path / name for name in ("neighbours.pcap", "out", "allow.txt"))
    broken.write_bytes(bytes(range(256)))
    base = ("block", records, "--asn", routes, *AT, "--format", "list", "--out", out)
    ran = run(*base, broken)
    assert ran.status == 1
    assert "neighbours.pcap" in ran.err
    assert not (out / "domains.txt").exists()

    allow.write_text("flux1.example\n")
    assert run(*base, "--allow", allow).status == 0
    stood = (out / "domains.txt").read_text()
    assert "flux0.example" in stood
    ran = run(*base, broken)
    assert ran.status == 1
    assert "neighbours.pcap" in ran.err
    assert "nothing is decided anew" in ran.err
    assert (out / "domains.txt").read_text() == stood
    assert run(*base, broken, "--withdraw", "all").status == 1
    assert "flux0.example" not in (out / "domains.txt").read_text()


def test_bundles_name_who_reports(run: Run, records: Path, routes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    base = ("block", records, "--asn", routes, *AT, "--out", out)
    told = [word for form in ("stix", "misp", "snort", "takedown")
            for word in ("--format", form)]  # fmt: skip
    ran = run(*base, *told, "--reporter", "Example CERT <abuse@cert.example>")
    assert ran.status == 0, ran.err
    objects = json.loads((out / "unflux.stix.json").read_text())["objects"]
    (identity,) = [held["name"] for held in objects if held["type"] == "identity"]
    assert identity == "Example CERT"
    named = {held["value"] for held in objects if held["type"] == "domain-name"}
    assert set(FLUX_DOMAINS) <= named
    events = json.loads((out / "unflux.misp.json").read_text())["response"]
    marked = {a["value"] for e in events for a in e["Event"]["Attribute"] if a["to_ids"]}
    assert set(FLUX_DOMAINS) <= marked
    histories = [d for path in (out / "takedown").glob("*.json")
                 for d in json.loads(path.read_text())]  # fmt: skip
    assert {d["domain"] for d in histories} == set(FLUX_DOMAINS)
    wrong = run(*base, *told, "--reporter", "abuse@cert.example")
    assert (wrong.status, "is no reporter" in wrong.err) == (2, True)


def test_what_a_format_cannot_do_is_said_before_records_are_read(run: Run, tmp_path: Path) -> None:
    ran = run("block", tmp_path / "none.pcap", "--format", "hosts", "--answer", "nodata")
    assert ran.status == 2
    assert "hosts cannot answer nodata" in ran.err
    assert "none.pcap" not in ran.err
