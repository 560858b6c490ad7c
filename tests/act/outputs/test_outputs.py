"""What holds for every output."""

import ast
import csv
import io
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.act.hostile import HOSTILE_NAMES
from tests.act.plans import NOW, agent, gate, plan_of, proposal, protected, routed_plan, small_plan

from unflux.act.output import Options, Output, Rendered
from unflux.act.outputs import OUTPUTS
from unflux.act.outputs.abuse import Abuse
from unflux.act.outputs.csv_table import HEADER, CsvTable
from unflux.act.outputs.misp import Misp
from unflux.act.outputs.plain_list import PlainList
from unflux.act.outputs.stix import Stix
from unflux.act.outputs.takedown import Takedown
from unflux.act.outputs.zeek_intel import FIELDS, ZeekIntel
from unflux.act.policy import decide
from unflux.cli.block import Format
from unflux.model.actions import BLOCKS, Objection, Plan, Withdrawal
from unflux.model.errors import UnfluxError

SOURCE = Path(__file__).parents[3] / "src" / "unflux" / "act" / "outputs"
OPTIONS = Options(subscribers=protected("20.0.0.0/8"))
TEXTS = st.text(max_size=60)


def content(files: Iterable[Rendered]) -> dict[str, str]:
    return {file.name: file.content.decode("ascii") for file in files}


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda o: o.NAME)
def test_every_output_is_documented_deterministic_and_says_how_to_undo(output: Output) -> None:
    assert output.DOC.summary
    assert output.DOC.references
    assert output.DOC.limitations
    files = output.render(small_plan(), OPTIONS)
    assert files == output.render(small_plan(), OPTIONS)
    text = "".join(content(files).values())
    assert re.search(r"undo|cannot be taken back", text)
    if output.NAME != "nftables-isp":  # a policy, not a verdict
        assert re.search(r"2026-1[12]-\d\dT", text)


def test_the_command_line_knows_every_output_and_every_file_is_one() -> None:
    names = [output.NAME for output in OUTPUTS]
    assert [form.value for form in Format] == ["table", "json", *names]
    classes = {
        node.name
        for path in SOURCE.glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    }
    assert {type(output).__name__ for output in OUTPUTS} == classes


@pytest.mark.parametrize(("output", "library"), [(Stix(), "stix2"), (Misp(), "pymisp")])
def test_a_library_that_is_not_installed_is_named_with_its_extra(
    output: Output, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # as the import system marks what is not there
    with pytest.raises(UnfluxError, match=rf"{output.NAME} needs {library}: .*unflux\[sharing\]"):
        output.render(plan_of(), OPTIONS)


def test_no_two_outputs_write_the_same_file() -> None:
    names = [file.name for output in OUTPUTS for file in output.render(small_plan(), OPTIONS)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda o: o.NAME)
def test_an_empty_plan_withdraws_everything(output: Output) -> None:
    text = "".join(content(output.render(plan_of(), OPTIONS)).values())
    for target in ("bad.example", "20.1.2.3", "2a09::7"):
        assert target not in text


@settings(max_examples=80)
@given(HOSTILE_NAMES, TEXTS)
def test_no_name_holder_or_network_adds_a_line_or_leaves_ascii_anywhere(
    name: str, holder: str
) -> None:
    def lines(target: str, who: str) -> dict[str, int]:
        told = agent("20.1.2.3", holder=who)
        network = who or "-"  # without one, each target is a network of its own
        plan = plan_of(
            proposal("block-domain", target, network=network),
            proposal("report-domain", target, network=network),
            proposal("block-address", "20.1.2.3", agent=told, related=(target,), network=network),
            proposal("report-address", "20.1.2.3", agent=told, related=(target,), network=network),
        )  # fmt: skip
        found: dict[str, int] = {}
        for output in OUTPUTS:
            for file in output.render(plan, OPTIONS):
                text = file.content.decode("ascii")
                assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text), file.name
                top = re.sub(r"takedown/.*\.", "takedown.", file.name)
                found[top] = max(found.get(top, 0), text.count("\n"))
        return found

    if any(a.kind == "block-domain" for a in plan_of(proposal("block-domain", name)).actions):
        usual = lines("bad.example", "Example")
        for file, count in lines(name, holder).items():
            assert count <= usual[file], file


@settings(max_examples=80)
@given(HOSTILE_NAMES, TEXTS)
def test_csv_gives_back_its_cells_and_runs_nothing(name: str, reason: str) -> None:
    plan = plan_of(proposal("block-domain", name, reason=reason, network=reason))
    (text,) = content(CsvTable().render(plan, OPTIONS)).values()
    head, *rows = csv.reader(io.StringIO(text, newline=""))
    assert tuple(head) == HEADER
    assert len(rows) == len(plan.actions)
    for row, action in zip(rows, plan.actions, strict=True):
        assert len(row) == len(HEADER)
        assert row[2].lstrip("'") == action.target.lstrip("'")
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)


@settings(max_examples=60)
@given(HOSTILE_NAMES)
def test_zeek_and_lists_hold_plain_names_only(name: str) -> None:
    plan = plan_of(proposal("block-domain", name), proposal("block-domain", "bad.example"))
    (file,) = ZeekIntel().render(plan, OPTIONS)
    head, *rows = file.content.decode().splitlines()
    assert head == "#fields\t" + "\t".join(FIELDS)
    items = [row.split("\t") for row in rows if not row.startswith("#")]
    assert all(len(item) == len(FIELDS) for item in items)
    left = {omission.target for omission in file.omissions}
    assert {item[0] for item in items} | left == {a.target for a in plan.actions}
    listed = content(PlainList().render(plan, OPTIONS))["domains.txt"].splitlines()
    assert [row for row in listed if not row.startswith("#")] == [item[0] for item in items]


def test_zeek_and_lists_hold_every_kind() -> None:
    (intel,) = content(ZeekIntel().render(small_plan(), OPTIONS)).values()
    assert "20.1.2.3\tIntel::ADDR\tunflux\t" in intel
    assert "ns1.bad.example\tIntel::DOMAIN\tunflux\t" in intel
    lists = content(PlainList().render(small_plan(), OPTIONS))
    assert lists["addresses.txt"].splitlines()[-3:] == ["20.1.2.3", "20.9.8.7", "2a09::7"]
    assert lists["name-servers.txt"].splitlines()[-1] == "ns1.bad.example"


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda o: o.NAME)
def test_time_and_withdrawal_end_what_stands_in_every_output(output: Output) -> None:
    def held(plan: Plan) -> set[str]:
        # Some formats tell once what is withdrawn, as revoked.
        files = output.render(replace(plan, withdrawals=()), options)
        text = "".join(content(files).values())
        return {a.target for a in blocked if a.target in text or reverse(a.target) in text}

    def reverse(target: str) -> str:  # as policy zones write addresses
        return ".".join(["32", *reversed(target.split("."))])

    options = replace(OPTIONS, triggers=frozenset({"ip", "nsdname"}))
    begun = small_plan().of_kind(*BLOCKS)
    blocked, standing = begun, begun
    first = held(plan_of(*(action.proposal for action in begun)))
    assert first or output.NAME in ("nftables-isp", "abuse", "takedown")  # a policy, and reports
    for hours in (0, 22, 23, 150, 166, 167, 400):
        now = NOW + timedelta(hours=hours)
        plan = decide((), gate(now=now), standing=standing)  # no records come any more
        alive = {action.target for action in begun if action.expires_at > now}
        assert {action.target for action in plan.actions} == alive
        assert held(plan) == first & alive, hours
        ended = {withdrawal.action.target for withdrawal in plan.withdrawals}
        assert ended == {action.target for action in standing} - alive
        standing = plan.actions
    assert not standing
    back = gate(withdrawn=frozenset({"all"}))
    again = [action.proposal for action in begun]
    assert not held(decide(again, back, standing=begun))
    assert not held(decide((), back, standing=begun))


@pytest.mark.parametrize(
    "name", ["rpz", "nftables", "exabgp", "bird", "suricata", "snort", "zeek", "list", "csv",
             "stix", "misp"],
)  # fmt: skip
def test_a_proved_mothership_is_in_what_acts_on_addresses(name: str) -> None:
    output = next(each for each in OUTPUTS if name == each.NAME)
    options = replace(OPTIONS, triggers=frozenset({"ip"}))
    text = "".join(content(output.render(routed_plan(), options)).values())
    assert ("32.5.5.5.20.rpz-ip" if name == "rpz" else "20.5.5.5") in text
    if name in ("suricata", "snort"):
        assert "traffic with a mothership 20.5.5.5" in text


def test_holders_get_their_own_addresses_with_times_roles_and_ports() -> None:
    files = content(Abuse().render(small_plan(), OPTIONS))
    assert set(files) == {f"abuse/AS{asn}.{kind}" for asn in (64500, 64501) for kind in
                          ("csv", "txt")}  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(files["abuse/AS64500.csv"], newline="")))
    assert [row["address"] for row in rows] == ["20.1.2.3", "2a09::7"]
    assert rows[0]["first_seen_utc"] == "2026-11-24T06:00:00Z"
    assert rows[0]["ports"] == "tcp/80 tcp/443 udp/53"
    assert "20.9.8.7" not in files["abuse/AS64500.txt"]
    (other,) = csv.DictReader(io.StringIO(files["abuse/AS64501.csv"], newline=""))
    assert other["holder"] == '\'=Exam\\x0aple, <b>"Two"'
    assert "=Exam\\x0aple" in files["abuse/AS64501.txt"]


def test_addresses_of_unknown_holders_have_a_bundle_of_their_own() -> None:
    plan = plan_of(proposal("report-address", "20.1.2.3", agent=agent("20.1.2.3", None, None)))
    assert set(content(Abuse().render(plan, OPTIONS))) == {
        "abuse/AS-unknown.csv", "abuse/AS-unknown.txt",
    }  # fmt: skip


def test_registries_get_domains_name_servers_and_evidence() -> None:
    told = ("48 addresses came, and new ones still come. (Holz 2008)",)
    plan = plan_of(
        proposal("report-domain", "bad.example", related=("ns1.bad.example",), evidence=told),
        proposal("report-domain", "bad.test"),
    )
    files = content(Takedown().render(plan, OPTIONS))
    assert set(files) == {f"takedown/{tld}.{kind}" for tld in ("example", "test") for kind in
                          ("json", "txt")}  # fmt: skip
    (value,) = json.loads(files["takedown/example.json"])
    assert value["name_servers"] == ["ns1.bad.example"]
    assert value["evidence"] == list(told)
    assert told[0] in files["takedown/example.txt"]
    assert "Subject: 1 domain served by fast-flux networks\n" in files["takedown/example.txt"]


@given(HOSTILE_NAMES)
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    plan = plan_of(proposal("report-domain", name))
    for file in Takedown().render(plan, OPTIONS):
        assert re.fullmatch(r"takedown/[a-z0-9_-]+\.(?:json|txt)", file.name)


def test_reports_and_blocks_do_not_mix() -> None:
    plan: Plan = plan_of(proposal("report-domain", "bad.example"))
    for output in OUTPUTS:
        if output.NAME not in ("csv", "takedown", "stix", "misp"):  # which mark it for no action
            files = output.render(plan, OPTIONS)
            assert "bad.example" not in "".join(content(files).values()), output.NAME


@pytest.mark.parametrize("output", OUTPUTS, ids=lambda o: o.NAME)
def test_filters_at_subscribers_stay_in_the_house(output: Output) -> None:
    over = Objection(rule="expired", because="its time was over")
    ended = (Withdrawal(action=action, objection=over) for action in routed_plan().actions)
    for plan in (routed_plan(), replace(plan_of(), withdrawals=tuple(ended))):
        text = "".join(content(output.render(plan, OPTIONS)).values())
        is_told = output.NAME in ("exabgp", "bird", "csv") and bool(plan.actions)
        assert ("20.64.0.9" in text) == is_told
