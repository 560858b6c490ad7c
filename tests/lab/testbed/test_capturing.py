"""What is captured agrees with the testbed, with itself, and with what unflux says of it."""

import csv
import json
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.act.outputs.programs import checked, find
from tests.lab.testbed.beds import Bed, raised

from unflux.evaluate.accusations import read_accusations
from unflux.evaluate.address_labels import read_address_labels, who_is_labelled
from unflux.evaluate.address_scoring import score_addresses
from unflux.lab.testbed.captured import Captured
from unflux.lab.testbed.capturing import capture
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.programs import CAPTURE_PACKAGES
from unflux.model.address_evaluation import AddressEvaluation
from unflux.model.errors import UnfluxError
from unflux.pipeline.gathering import Options as ScanOptions
from unflux.pipeline.scanning import scan
from unflux.pipeline.tracing import TraceOptions, trace
from unflux.present import json_lines, trace_lines

pytestmark = pytest.mark.slow
SECONDS = 25.0


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    for command in CAPTURE_PACKAGES:
        find(command)
    folder = tmp_path_factory.mktemp("testbed") / "state"
    with raised(folder, Options(minutes=10, agents=12, compress=60)) as there:
        yield there


@pytest.fixture(scope="module")
def taken(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Captured]:
    out = tmp_path_factory.mktemp("captured")
    left = out / "edge" / "nfcapd"  # by a capture that was killed
    left.mkdir(parents=True)
    (left / "nfcapd.202611280000").touch()
    is_over = threading.Event()
    with ThreadPoolExecutor(1) as visitor:
        visited = visitor.submit(visit_honeypot, bed, is_over)
        try:
            found = capture(bed.state, out, SECONDS)
        finally:
            is_over.set()
        visited.result()
    return {one.vantage: one for one in found.vantages}


def visit_honeypot(bed: Bed, is_over: threading.Event) -> None:
    """Fetch a page from the honeypot again and again: half a minute may bring nobody else."""
    name = bed.blueprint.operations[1].domains[0]
    page = f"http://{bed.blueprint.hosts['honeypot'][0]}/"
    fetch = f"{find('curl')} -s --max-time 20 -o /dev/null -H 'Host: {name}' {page} || true"
    while not is_over.wait(1.5):
        bed.run("abroad", find("sh"), "-c", fetch)


def score(labels: Path, lines: Iterable[str]) -> AddressEvaluation:
    told, drops = read_address_labels(labels)
    said = read_accusations(lines, who_is_labelled(told), drops, source=labels.name)
    scored = score_addresses(told, [said], drops)
    assert not drops
    return scored


def read_log(path: Path) -> list[dict[str, str]]:
    lines = path.read_text().splitlines()
    fields = next(line for line in lines if line.startswith("#fields")).split("\t")[1:]
    return [dict(zip(fields, line.split("\t"), strict=True)) for line in lines if line[0] != "#"]


@pytest.mark.parametrize("source", ["dnstap.fstrm", "capture.pcap", "stretched.csv"])
def test_a_scan_finds_flux_and_accuses_nobody(
    bed: Bed, taken: dict[str, Captured], source: str
) -> None:
    folder = taken["resolver"].folder
    routes = (folder.parent / "asn.csv",)
    result = scan([str(folder / source)], ScanOptions(routes=routes, list_all=True), None)
    said = {verdict.domain: verdict.verdict for verdict in result.verdicts}
    lookups = {verdict.domain: verdict.counts.lookups for verdict in result.verdicts}
    truth = bed.blueprint.truth()
    for domain, verdict in said.items():  # of which clients happened to ask
        outcome, kind, _ = truth.get(domain, ("benign", "static", ""))
        if kind == "double-flux" and lookups[domain] >= 3:
            assert verdict == "fast-flux", domain
        elif outcome == "benign":
            assert verdict != "fast-flux", domain
        elif kind == "single-flux":  # half a minute is little, where name servers stand still
            assert verdict in {"fast-flux", "undecided"}, domain
    assert len(set(said) & {*bed.blueprint.operations[1].domains}) >= 2
    scored = score(folder.parent / "agents.csv", json_lines.render(result))
    assert scored.evaluated == "agents" and scored.accused.count > 2
    assert not scored.strangers


@pytest.mark.parametrize("sources", [["capture.pcap"], ["conn.log", "http.log"], ["flows.json"]])
def test_a_trace_finds_who_stands_behind_and_accuses_nobody_else(
    bed: Bed, taken: dict[str, Captured], sources: list[str]
) -> None:
    honeypot = bed.blueprint.hosts["honeypot"][0]
    behind = {
        address
        for operation in bed.blueprint.operations
        for address in (operation.mothership, operation.controller)
    }
    for vantage in ("honeypot", "edge", "resolver"):
        folder = taken[vantage].folder
        options = TraceOptions(
            agents=frozenset({honeypot}), routes=(folder.parent / "asn.csv",)
        )  # fmt: skip
        found = trace([str(folder / source) for source in sources], options)
        assert not any(source.error for source in found.sources)
        assert {host.address for host in found.hosts if host.verdict == "accused"} <= behind
        lines = trace_lines.render(found, list_all=False)
        scored = score(folder.parent / "motherships.csv", lines)
        assert (scored.strangers, scored.right_role.ratio) in {((), 1.0), ((), None)}
        if vantage == "honeypot":
            assert scored.is_first and scored.accused.count
            first = found.hosts[0]
            assert first.address == bed.blueprint.operations[1].mothership
            assert {agent.address for agent in first.agents} == {honeypot}


def test_the_honeypot_shows_the_relaying(bed: Bed, taken: dict[str, Captured]) -> None:
    """What comes in is asked of the mothership at once, and the sizes agree."""
    operation = bed.blueprint.operations[1]
    honeypot = bed.blueprint.hosts["honeypot"][0]
    rows = read_log(taken["honeypot"].folder / "http.log")
    inbound = [r for r in rows if r["id.resp_h"] == honeypot and r["status_code"] == "200"]
    onward = [
        r for r in rows if (r["id.orig_h"], r["id.resp_h"]) == (honeypot, operation.mothership)
    ]
    assert inbound and onward
    asked = {(r["host"], r["uri"], r["response_body_len"]) for r in onward}
    whole = [(r["host"], r["uri"], r["response_body_len"]) in asked for r in inbound]
    assert sum(whole) >= 0.8 * len(whole), (inbound, onward)  # the last may be cut by the end
    polls = [r for r in rows if r["id.resp_h"] == operation.controller]
    assert {(r["id.orig_h"], r["uri"]) for r in polls} == {(honeypot, "/config.json")}
    relayed = [r for r in read_log(taken["honeypot"].folder / "conn.log") if r["id.resp_p"] == "53"]
    assert {r["id.resp_h"] for r in relayed} >= {honeypot, operation.mothership}


def test_logs_and_flows_count_what_the_capture_holds(taken: dict[str, Captured]) -> None:
    for one in taken.values():
        rows = read_log(one.folder / "conn.log")
        assert len(rows) == one.connections
        packets = sum(int(r["orig_pkts"]) + int(r["resp_pkts"]) for r in rows)
        octets = sum(int(r["orig_ip_bytes"]) + int(r["resp_ip_bytes"]) for r in rows)
        flows = json.loads((one.folder / "flows.json").read_text())
        flows = [flow for flow in flows if flow["proto"] in {6, 17}]
        assert packets == one.packets == sum(flow["in_packets"] for flow in flows)
        assert octets == sum(flow["in_bytes"] for flow in flows)
        with (one.folder / "flows.csv").open() as stream:
            assert sum(row["pr"] in {"TCP", "UDP"} for row in csv.DictReader(stream)) == len(flows)


def test_the_log_of_dns_is_what_another_decoder_reads(taken: dict[str, Captured]) -> None:
    folder = taken["resolver"].folder
    said = checked(find("tcpdump"), "-n", "-r", folder / "capture.pcap", "udp dst port 53")
    rows = read_log(folder / "dns.log")
    assert len(rows) == len([line for line in said.splitlines() if " > " in line])
    answered = [row for row in rows if row["rcode"] != "-"]
    assert len(answered) > 0.8 * len(rows)


def test_edge_sees_subscribers_who_relay(bed: Bed, taken: dict[str, Captured]) -> None:
    near = {a.address: o for o, a in bed.blueprint.agents() if a.segment == "subscribers"}
    relayed = [
        row for row in read_log(taken["edge"].folder / "conn.log")
        if row["id.orig_h"] in near
        and row["id.resp_h"] == near[row["id.orig_h"]].mothership
    ]  # fmt: skip
    assert relayed


def test_a_capture_has_the_testbed_for_itself(bed: Bed, tmp_path: Path) -> None:
    with bed.state.locked(), pytest.raises(UnfluxError, match="another run is at work"):
        capture(bed.state, tmp_path, 1)
    (tmp_path / "file").touch()
    with pytest.raises(UnfluxError, match="not captured to the end"):
        capture(bed.state, tmp_path / "file", 1)


def test_truth_lies_beside_it(bed: Bed, taken: dict[str, Captured]) -> None:
    out = taken["edge"].folder.parent
    with (out / "agents.csv").open() as stream:
        agents = list(csv.DictReader(stream))
    assert {row["address"] for row in agents} == {a.address for _, a in bed.blueprint.agents()}
    assert sum(row["vantage"] == "honeypot" for row in agents) == 1
    with (out / "motherships.csv").open() as stream:
        stood = {row["address"] for row in csv.DictReader(stream) if row["role"] == "mothership"}
    assert stood == {operation.mothership for operation in bed.blueprint.operations}
    online = {}
    with (out / "presence.csv").open() as stream:
        for row in csv.DictReader(stream):
            online[row["address"]] = row["online"]
    assert set(online) == {row["address"] for row in agents}
