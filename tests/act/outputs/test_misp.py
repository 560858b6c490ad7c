"""pymisp reads the events back; its schema, its types and its templates judge them."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import jsonschema
from pymisp import MISPAttribute, MISPEvent
from tests.act.hostile import crafted_names
from tests.act.plans import NOW, agent, gate, plan_of, proposal, small_plan

from unflux.act.output import Options
from unflux.act.outputs.misp import Misp
from unflux.act.policy import decide
from unflux.act.reporter import Reporter
from unflux.model.actions import Plan

SCHEMA = json.loads(files("pymisp").joinpath("data", "schema-lax.json").read_text("utf-8"))


def events(plan: Plan, options: Options | None = None) -> list[MISPEvent]:
    """Return the events as pymisp reads them, each held against the schema first."""
    (file,) = Misp().render(plan, options or Options())
    found = []
    for value in json.loads(file.content.decode("ascii"))["response"]:
        jsonschema.validate(value, SCHEMA)
        event = MISPEvent(strict_validation=True)
        event.load(value)
        found.append(event)
    return found


def attributes(event: MISPEvent) -> dict[str, MISPAttribute]:
    return {attribute.value: attribute for attribute in event.attributes}


def test_an_event_a_network_marks_what_is_blocked_and_only_that() -> None:
    plan = plan_of(
        *(action.proposal for action in small_plan().actions),
        proposal("report-address", "20.5.5.5", agent=agent("20.5.5.5"), related=("bad.example",)),
    )
    first, second = sorted(events(plan), key=lambda event: str(event.info))
    assert (first.info, second.info) == ("fast-flux network n-1", "fast-flux network n-2")
    marked = {value: bool(attribute.to_ids) for value, attribute in attributes(first).items()}
    # The report of this domain names another network than its block.
    assert marked.pop("worse.example") is False
    assert marked == {
        "bad.example": True, "ns1.bad.example": True, "20.1.2.3": True, "20.9.8.7": True,
        "2a09::7": True, "20.5.5.5": False,
    }  # fmt: skip
    types = {value: attribute.type for value, attribute in attributes(first).items()}
    assert types["bad.example"] == "domain"
    assert types["ns1.bad.example"] == "hostname"
    assert types["2a09::7"] == "ip-dst"
    assert not any(a.to_ids for held in first.objects for a in held.attributes)


def test_events_carry_the_technique_times_the_end_and_how_to_undo() -> None:
    (event,) = events(plan_of(proposal("block-domain", "bad.example")))
    assert [tag.name for tag in event.tags] == [
        "tlp:amber", 'misp-galaxy:mitre-attack-pattern="Fast Flux DNS - T1568.001"',
    ]  # fmt: skip
    assert event.timestamp == NOW
    attribute = attributes(event)["bad.example"]
    assert attribute.first_seen == datetime(2026, 11, 24, 6, tzinfo=UTC)
    assert attribute.last_seen == datetime(2026, 11, 24, 11, tzinfo=UTC)
    assert "until 2026-12-01T11:00:00Z" in attribute.comment
    assert "undo: unflux block --withdraw a-" in attribute.comment


def test_domains_stand_with_their_addresses_and_systems_with_their_holders() -> None:
    event = min(events(small_plan()), key=lambda found: str(found.info))
    held = {(found.name, *(a.value for a in found.attributes)) for found in event.objects}
    assert held == {
        ("domain-ip", "bad.example", "20.1.2.3", "20.9.8.7", "2a09::7"),
        ("asn", "64500", "Example Access"),
        ("asn", "64501", '=Exam\\x0aple, <b>"Two"'),
    }


def test_ids_stay_and_those_of_two_reporters_differ() -> None:
    plan = plan_of(proposal("block-domain", "bad.example"))
    us = Options(reporter=Reporter(organisation="Us", mailbox="abuse@us.example"))

    def ids(options: Options) -> tuple[Any, Any]:
        (event,) = events(plan, options)
        return event.uuid, attributes(event)["bad.example"].uuid

    assert ids(Options()) == ids(Options())
    assert not set(ids(us)) & set(ids(Options()))


def test_what_is_withdrawn_is_deleted() -> None:
    before = plan_of(proposal("block-domain", "bad.example"))
    after = decide([], gate(withdrawn=frozenset({"all"})), standing=before.actions)
    (gone,), (stood,) = events(after), events(before)
    attribute = attributes(gone)["bad.example"]
    assert attribute.deleted
    assert not attribute.to_ids
    assert attribute.uuid == attributes(stood)["bad.example"].uuid
    assert gone.uuid == stood.uuid


def test_what_is_still_reported_stands_unmarked_though_its_block_is_withdrawn() -> None:
    before = plan_of(proposal("block-domain", "bad.example"))
    report = proposal("report-domain", "bad.example")
    after = decide([report], gate(withdrawn=frozenset({"all"})), standing=before.actions)
    assert len(after.withdrawals) == 1
    (event,) = events(after)
    attribute = attributes(event)["bad.example"]
    assert not getattr(attribute, "deleted", False)
    assert not attribute.to_ids


def test_hostile_names_and_words_change_nothing_but_themselves() -> None:
    names = crafted_names()
    told = [agent(f"20.3.{n // 250}.{n % 250}", 64500 + n, name) for n, name in enumerate(names)]
    plan = plan_of(
        *(proposal("block-domain", name, reason=name) for name in names),
        *(proposal("block-address", a.address, agent=a, related=tuple(names)) for a in told),
        proposal("block-domain", "bad.example", network="\x1b[31m\n<b>"),
    )
    (file,) = Misp().render(plan, Options())
    left = {omission.target for omission in file.omissions}
    found = events(plan)
    values = {value for event in found for value in attributes(event)}
    blocked = plan.of_kind("block-domain", "block-address")
    assert values == {action.target for action in blocked} - left
    assert "fast-flux network \\x1b[31m\\x0a<b>" in {event.info for event in found}
    for event in found:
        for attribute in (*event.attributes, *(a for o in event.objects for a in o.attributes)):
            assert attribute.type in {"domain", "ip-dst", "AS", "text"}
            assert str(attribute.value).isprintable()
