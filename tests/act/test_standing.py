"""What stands survives, rises, and is never half read."""

import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.act.hostile import HOSTILE_NAMES
from tests.act.plans import NOW, SEEN, agent, gate, plan_of, proposal, routed_plan, small_plan

from unflux.act.action_json import action_object, parse_action, render_plan
from unflux.act.policy import decide
from unflux.act.standing import Deployed, next_serial, read_standing, write_standing
from unflux.act.state import FolderState
from unflux.model.actions import BLOCKS, Delegation, Plan
from unflux.model.errors import UnfluxError

SCHEMA = jsonschema.Draft202012Validator(
    json.loads(
        (Path(__file__).parents[2] / "docs" / "schemas" / "action-1.schema.json").read_text()
    )
)


@pytest.mark.parametrize("plan", [small_plan(), routed_plan(), plan_of()])
def test_what_was_written_is_read_back(tmp_path: Path, plan: Plan) -> None:
    state = FolderState(tmp_path / "new")
    write_standing(state, plan.of_kind(*BLOCKS), 7)
    assert read_standing(state) == Deployed(actions=plan.of_kind(*BLOCKS), serial=7)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["standing.jsonl"]


def test_a_folder_without_state_holds_nothing(tmp_path: Path) -> None:
    assert read_standing(FolderState(tmp_path / "none")) == Deployed()


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{}\n",
        b'{"schema":"unflux/standing/2"}\n',
        b'{"schema":"unflux/standing/1","serial":1,"actions":0}\n',
        b"[1]\n",
        b"x\n",
        b"\xff\n",
    ],
)
def test_damaged_state_stops_the_run(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "standing.jsonl").write_bytes(damage)
    with pytest.raises(UnfluxError, match="damaged"):
        read_standing(FolderState(tmp_path))


def test_state_that_was_cut_stops_the_run(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    write_standing(state, small_plan().of_kind(*BLOCKS), 7)
    path = tmp_path / "standing.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(UnfluxError, match="damaged"):
        read_standing(state)


@given(st.integers(0, 2**32 - 1), st.integers(0, 4_000_000_000))
def test_serials_rise_by_rfc_1982(before: int, clock: int) -> None:
    now = NOW.fromtimestamp(clock, NOW.tzinfo)
    after = next_serial(before, now)
    assert 0 < (after - before) % 2**32 < 2**31
    assert 0 <= after < 2**32
    assert next_serial(None, now) == clock % 2**32


def test_every_line_meets_the_schema() -> None:
    moved = (Delegation(host="ns1.bad.example", addresses=("20.1.2.3",), first_seen=SEEN),)
    standing = plan_of(
        *(action.proposal for action in small_plan().actions if action.target != "worse.example"),
        proposal("report-domain", "worse.example", delegations=moved),
    )
    refused = plan_of(
        proposal("block-domain", "bad.example", score=0.5), proposal("block-address", "0.0.0.0/0"),
        proposal("block-mothership", "20.1.2.3"), proposal("filter-address", "20.1.2.3"),
    )  # fmt: skip
    jsonschema.Draft202012Validator.check_schema(SCHEMA.schema)
    plans = (standing, routed_plan(), refused)
    told = [json.loads(line) for plan in plans for line in render_plan(plan)]
    for value in told:
        SCHEMA.validate(value)
    assert {value["status"] for value in told} == {"stands", "refused"}
    assert all(line.isascii() and line.count("\n") == 1 for line in render_plan(standing))


def test_the_name_servers_of_a_report_are_read_back_and_may_be_absent() -> None:
    moved = (Delegation(host="ns1.bad.example", addresses=("20.1.2.3",), first_seen=SEEN),)
    (action,) = plan_of(proposal("report-domain", "bad.example", delegations=moved)).actions
    value = action_object(action)
    assert parse_action(value) == action
    del value["delegations"]
    assert parse_action(value).proposal.delegations == ()


@given(HOSTILE_NAMES, st.text(max_size=40))
def test_hostile_names_and_words_are_read_back_from_one_line_each(name: str, words: str) -> None:
    moved = (Delegation(host=name),)
    told = agent("20.1.2.3", holder=words)
    plan = plan_of(
        proposal("block-domain", name, reason=words or "-"),
        proposal("report-domain", name, related=(name,), delegations=moved),
        proposal("block-address", "20.1.2.3", agent=told, related=(name,)),
    )
    lines = list(render_plan(plan))
    for line in lines:
        assert line.isascii()
        assert line.rstrip("\n").isprintable()
        SCHEMA.validate(json.loads(line))
    values = [json.loads(line) for line in lines]
    stand = [parse_action(value) for value in values if value["status"] == "stands"]
    assert tuple(stand) == plan.actions


def test_a_withdrawal_is_written_with_what_ended_it() -> None:
    later = gate(now=NOW + timedelta(days=40))
    plan = decide([], later, standing=small_plan().of_kind("block-domain"))
    told = [json.loads(line) for line in render_plan(plan)]
    assert {(v["status"], v["objections"][0]["rule"]) for v in told} == {("withdrawn", "expired")}
    for value in told:
        SCHEMA.validate(value)
