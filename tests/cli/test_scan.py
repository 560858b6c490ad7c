import io
import json
import shlex
import sys
from pathlib import Path

import jsonschema
import pyarrow.parquet as pq
import pytest
from tests.cli.conftest import Run
from tests.cli.sample_records import FLUX_DOMAINS, INNOCENT_DOMAINS, write_records

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def verdicts(out: str) -> dict[str, str]:
    objects = [json.loads(line) for line in out.splitlines()]
    return {o["domain"]: o["verdict"] for o in objects if o["schema"] == "unflux/verdict/1"}


@pytest.mark.slow
def test_json_finds_the_network_and_spares_the_innocent(
    run: Run, records: Path, routes: Path
) -> None:
    ran = run("scan", records, "--asn", routes, "--format", "json", "--all")
    assert ran.status == 0
    said = verdicts(ran.out)
    assert {domain: said[domain] for domain in FLUX_DOMAINS} == dict.fromkeys(
        FLUX_DOMAINS, "fast-flux"
    )
    assert {said[domain] for domain in INNOCENT_DOMAINS} == {"benign"}
    networks = [o for o in map(json.loads, ran.out.splitlines()) if "agents" in o]
    assert len(networks) == 1
    assert networks[0]["kind"] == "double-flux"
    assert set(networks[0]["domains"]) == set(FLUX_DOMAINS)
    assert networks[0]["name_servers"] == ["ns1.servers.example"]

    assert_lines_meet_their_schemas(ran.out)


def assert_lines_meet_their_schemas(out: str) -> None:
    checked = set()
    for line in out.splitlines():
        value = json.loads(line)
        name = value["schema"].removeprefix("unflux/").replace("/", "-")
        jsonschema.validate(value, json.loads((SCHEMAS / f"{name}.schema.json").read_text()))
        checked.add(name)
    assert checked == {"verdict-1", "network-1"}


def test_a_pipe_gets_json_lines_and_standard_error_the_summary(
    run: Run, records: Path, routes: Path
) -> None:
    ran = run("scan", records, "--asn", routes)
    assert set(verdicts(ran.out)) == set(FLUX_DOMAINS)
    assert "8 fast-flux" not in ran.err
    assert "6 fast-flux" in ran.err
    assert "\x1b" not in ran.out + ran.err


@pytest.mark.slow
def test_table_names_verdicts_networks_and_summary(run: Run, records: Path, routes: Path) -> None:
    ran = run("scan", records, "--asn", routes, "--format", "table")
    for word in ("flux0.example", "double-flux", "Networks", "Summary", "unflux explain"):
        assert word in ran.out
    assert "static.example" not in ran.out


def test_the_next_command_reads_the_same_records(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    bounds = ("--since", "2026-03-01T01:00:00Z", "--until", "20260302")
    read = ("--asn", routes, *bounds, "--port", 53, "--port", 5353, "--utc-offset", "-5.5")
    for store in ((), ("--store", tmp_path / "kept.unflux")):
        command = run("scan", records, *read, *store).err.partition("unflux explain ")[2]
        options = "--asn {} --since 2026-03-01T01:00:00Z --until 2026-03-02T00:00:00Z --port 53 "
        assert options.format(routes) + "--port 5353 --utc-offset -5.5 " in command
        ran = run("explain", *shlex.split(command))
        assert (ran.status, "flux" in ran.out) == (0, True), ran.err


@pytest.mark.slow
def test_csv_and_parquet_hold_the_same_verdicts(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    table = run("scan", records, "--asn", routes, "--format", "csv", "--all").out
    path = tmp_path / "out.parquet"
    assert run("scan", records, "--asn", routes, "--format", "parquet", "--all",
               "--out", path).status == 0  # fmt: skip
    rows = pq.read_table(path).to_pylist()
    assert len(rows) == len(table.strip().splitlines()) - 1
    assert {row["domain"] for row in rows} >= {*FLUX_DOMAINS, *INNOCENT_DOMAINS}


def test_a_table_holds_every_row_where_all_are_asked_for_or_it_goes_to_a_file(
    run: Run, tmp_path: Path
) -> None:
    table, out = tmp_path / "many.csv", tmp_path / "out.txt"
    rows = (f"1772323200,d{number}.example,A,192.0.2.1,60\n" for number in range(102))
    table.write_text("ts,qname,rrtype,rdata,ttl\n" + "".join(rows))
    shown = run("scan", table, "--all", "--format", "table").out
    run("scan", table, "--all", "--format", "table", "--out", out)
    for drawn in (shown, out.read_text()):
        assert drawn.count(".example") > 102
        assert "more (use" not in drawn


def test_report_is_written_and_holds_the_network(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    assert run("scan", records, "--asn", routes, "--report", report).status == 0
    page = report.read_text(encoding="utf-8")
    assert "flux0.example" in page
    assert "double-flux" in page


@pytest.mark.slow
def test_fail_on_flux_exits_three_only_where_flux_is(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    assert run("scan", records, "--asn", routes, "--fail-on-flux").status == 3
    quiet = tmp_path / "quiet.csv"
    quiet.write_text("ts,qname,rrtype,rdata,ttl\n1772323200,a.example,A,192.0.2.1,60\n")
    assert run("scan", quiet, "--fail-on-flux").status == 0


def test_an_unreadable_source_is_named_the_rest_is_done(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    noise = tmp_path / "noise.bin"
    noise.write_bytes(bytes(range(256)) * 8)
    ran = run("scan", noise, tmp_path / "missing.pcap", records, "--asn", routes)
    assert ran.status == 1
    assert "noise.bin" in ran.err
    assert "missing.pcap" in ran.err
    assert set(verdicts(ran.out)) == set(FLUX_DOMAINS)


def test_dropped_rows_are_counted_by_reason_in_the_summary(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "bad.csv"
    table.write_text(
        "ts,qname,rrtype,rdata,ttl\n"
        "1772323200,a.example,A,192.0.2.1,60\n"
        "1772323200,a.example,A,192.0.2.300,60\n"
    )
    ran = run("scan", table)
    assert ran.status == 0
    assert "skipped" in ran.err


def test_standard_input_is_a_source(
    run: Run, records: Path, routes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped = io.TextIOWrapper(io.BytesIO(records.read_bytes()))
    monkeypatch.setattr(sys, "stdin", piped)
    ran = run("scan", "-", "--asn", routes)
    assert set(verdicts(ran.out)) == set(FLUX_DOMAINS)


@pytest.mark.slow
def test_store_adds_up_and_knows_a_source_again(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    later = write_records(tmp_path / "later.csv", seed=2)
    store = tmp_path / "kept.unflux"
    together = run("scan", records, later, "--asn", routes, "--all").out
    assert run("scan", records, "--asn", routes, "--store", store).status == 0
    assert run("scan", later, "--asn", routes, "--store", store, "--all").out == together
    again = run("scan", later, "--asn", routes, "--store", store, "--all")
    assert again.out == together
    assert "in the store already" in again.err
    assert run("scan", "--asn", routes, "--store", store, "--all").out == together


@pytest.mark.slow
def test_a_store_keeps_sources_whole_whatever_time_is_asked_for(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    store = tmp_path / "kept.unflux"
    bounds = ("--since", "2026-03-01T01:00:00Z", "--until", "2026-03-01T02:00:00Z")
    part = run("scan", records, "--asn", routes, "--store", store, "--all", *bounds)
    lookups = {o["counts"]["lookups"] for o in map(json.loads, part.out.splitlines())
               if "evidence" in o}  # fmt: skip
    assert lookups == {6}
    whole = run("scan", records, "--asn", routes, "--store", store, "--all").out
    assert whole == run("scan", records, "--asn", routes, "--all").out


@pytest.mark.slow
def test_workers_do_not_change_the_result(
    run: Run, records: Path, routes: Path, tmp_path: Path
) -> None:
    later = write_records(tmp_path / "later.csv", seed=2)
    one = run("scan", records, later, "--asn", routes, "--all", "--workers", 1)
    two = run("scan", records, later, "--asn", routes, "--all", "--workers", 2)
    assert (one.status, one.out) == (two.status, two.out) != (1, "")


@pytest.mark.slow
def test_since_and_until_cut_the_records(run: Run, records: Path, routes: Path) -> None:
    ran = run("scan", records, "--asn", routes, "--all",
              "--since", "2026-03-01T01:00:00Z", "--until", "2026-03-01T02:00:00")  # fmt: skip
    seen = [json.loads(line) for line in ran.out.splitlines()]
    assert all(o["first_seen"] >= "2026-03-01T01:00:00Z" for o in seen)
    assert all(o["last_seen"] < "2026-03-01T02:00:00Z" for o in seen)
    assert {o["counts"]["lookups"] for o in seen if "evidence" in o} == {6}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "nothing to read"),
        (("{records}", "--engine", "sqlite"), "engine 'sqlite'"),
        (("{records}", "--since", "2026-03-02", "--until", "2026-03-01"), "not before"),
        (("{records}", "--since", "yesterday"), "ISO 8601"),
        (("{records}", "--since", "1767225600000"), "epoch times are in seconds"),
        (("{records}", "--until", "1e30"), "between 1970 and 2100"),
        (("{records}", "--since", "1969-12-31"), "between 1970 and 2100"),
        (("{records}", "--port", "70000"), "port"),
    ],
)
def test_wrong_usage_exits_two(
    run: Run, records: Path, arguments: tuple[str, ...], says: str
) -> None:
    ran = run("scan", *(a.replace("{records}", str(records)) for a in arguments))
    assert ran.status == 2
    assert says in ran.err


def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(
    run: Run, records: Path, tmp_path: Path
) -> None:
    store = tmp_path / "kept.unflux"
    missing, folder = tmp_path / "no" / "such" / "page.html", tmp_path
    for option, place in (("--report", missing), ("--report", folder), ("--out", records / "x")):
        ran = run("scan", records, "--store", store, option, place)
        assert ran.status == 1
        assert f"unflux: {place}: cannot be written (" in ran.err
        assert not store.exists()


def test_parquet_on_a_terminal_is_told_before_anything_is_read(
    run: Run, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    ran = run("scan", records, "--store", tmp_path / "kept.unflux", "--format", "parquet")
    assert ran.status == 2
    assert "not for a terminal" in ran.err
    assert not (tmp_path / "kept.unflux").exists()


def test_a_report_that_fails_leaves_the_result_whole(run: Run, records: Path) -> None:
    ran = run("scan", records, "--all", "--report", "/dev/full")
    assert ran.status == 1
    assert verdicts(ran.out)
    assert "Summary" in ran.err
    assert "unflux: /dev/full: cannot be written (" in ran.err


def test_what_cannot_be_used_or_written_exits_one_with_one_line(
    run: Run, records: Path, tmp_path: Path
) -> None:
    missing = run("scan", records, "--asn", tmp_path / "none.mmdb")
    unwritable = run("scan", records, "--out", tmp_path / "no" / "such" / "folder.json")
    not_a_store = run("scan", records, "--store", records)
    for ran, name in ((missing, "none.mmdb"), (unwritable, "folder.json"),
                      (not_a_store, "records.csv")):  # fmt: skip
        assert ran.status == 1
        line = next(line for line in ran.err.splitlines() if line.startswith("unflux: "))
        assert name in line
        assert "Traceback" not in ran.err
