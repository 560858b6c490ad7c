"""OASIS' own validator and pattern parser judge the bundle; stix2 reads it back."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import stix2
from stix2patterns.validator import run_validator
from tests.act.hostile import crafted_names
from tests.act.plans import NOW, agent, gate, plan_of, proposal, small_plan

from unflux.act.output import Options
from unflux.act.outputs.stix import Stix
from unflux.act.policy import decide
from unflux.model.actions import Delegation, Plan

UNASKED = "103,302"
"""What the standard recommends and we do not follow: random ids, hashes of web pages."""


def bundle_text(plan: Plan) -> str:
    (file,) = Stix().render(plan, Options())
    return file.content.decode("ascii")


def objects(plan: Plan) -> list[dict[str, Any]]:
    held: list[dict[str, Any]] = json.loads(bundle_text(plan))["objects"]
    return held


def of_type(found: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [held for held in found if held["type"] == kind]


def relations(found: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    named = {held["id"]: str(held.get("value") or held.get("number") or held["type"])
             for held in found}  # fmt: skip
    return {
        (named[r["source_ref"]], r["relationship_type"], named[r["target_ref"]])
        for r in of_type(found, "relationship")
    }


def hostile_plan() -> Plan:
    names = crafted_names()
    told = [agent(f"20.3.0.{n}", holder=name) for n, name in enumerate(names[:200])]
    return plan_of(
        *(proposal("block-domain", name, reason=name, network=name) for name in names),
        *(proposal("report-domain", name, related=tuple(names[:20])) for name in names),
        *(proposal("block-address", a.address, agent=a, related=tuple(names)) for a in told),
        proposal("block-domain", "bad.example"),
    )


@pytest.mark.slow
@pytest.mark.parametrize("plan", [small_plan(), hostile_plan(), plan_of()])
def test_the_validator_finds_nothing_to_complain_of(plan: Plan) -> None:
    validator = pytest.importorskip("stix2validator")
    options = validator.ValidationOptions(
        version="2.1", strict=True, strict_properties=True, enforce_refs=True, disabled=UNASKED
    )
    result = validator.validate_string(bundle_text(plan), options)
    assert result.is_valid, [str(error) for error in result.errors]


@pytest.mark.parametrize("plan", [small_plan(), hostile_plan()])
def test_patterns_hold_the_targets_that_are_blocked_and_nothing_else(plan: Plan) -> None:
    bundle = stix2.parse(bundle_text(plan), allow_custom=False)
    indicators = [held for held in bundle.objects if held.type == "indicator"]
    (file,) = Stix().render(plan, Options())
    left = {omission.target for omission in file.omissions}
    values = set()
    for indicator in indicators:
        assert run_validator(indicator.pattern, stix_version="2.1") == []
        values.add(indicator.pattern.split("'")[1])
    blocked = plan.of_kind("block-domain", "block-name-server", "block-address")
    assert values == {action.target for action in blocked} - left
    assert "bad.example" in values


def test_networks_consist_of_their_parts_and_domains_resolve_to_agents() -> None:
    front = replace(agent("20.5.5.5"), roles=("answer",))
    moved = (Delegation(host="ns1.bad.example", addresses=("20.1.2.3",)),
             Delegation(host="ns.hosting.example"))  # fmt: skip
    plan = plan_of(
        *(action.proposal for action in small_plan().actions if action.kind != "report-domain"),
        proposal("report-domain", "bad.example", related=("ns1.bad.example",), delegations=moved),
        proposal("report-address", "20.5.5.5", agent=front, related=("bad.example",)),
    )
    found = objects(plan)
    told = relations(found)
    assert {
        ("infrastructure", "consists-of", "bad.example"),
        ("infrastructure", "consists-of", "ns1.bad.example"),
        ("infrastructure", "consists-of", "20.5.5.5"),
        ("bad.example", "resolves-to", "20.5.5.5"),
        ("bad.example", "related-to", "20.1.2.3"),
        ("bad.example", "related-to", "ns1.bad.example"),
        ("20.1.2.3", "belongs-to", "64500"),
        ("indicator", "indicates", "infrastructure"),
        ("indicator", "indicates", "attack-pattern"),
    } <= told
    assert "ns.hosting.example" not in {name for held in told for name in held}
    (technique,) = of_type(found, "attack-pattern")
    assert technique["external_references"][0]["external_id"] == "T1568.001"
    assert not any("20.5.5.5" in held["pattern"] for held in of_type(found, "indicator"))


def test_indicators_end_say_how_to_undo_and_keep_their_ids() -> None:
    (first,) = of_type(objects(plan_of(proposal("block-domain", "bad.example"))), "indicator")
    assert first["pattern"] == (
        "[domain-name:value = 'bad.example' OR domain-name:value LIKE '%.bad.example']"
    )
    assert (first["valid_from"], first["valid_until"]) == (
        "2026-11-24T12:00:00Z", "2026-12-01T11:00:00Z",
    )  # fmt: skip
    assert "unflux block --withdraw a-" in first["description"]
    before = plan_of(proposal("block-domain", "bad.example"))
    later = NOW + timedelta(hours=2)
    renewed = decide(
        [proposal("block-domain", "bad.example", last_seen=later)],
        gate(now=later), standing=before.actions,
    )  # fmt: skip
    (second,) = of_type(objects(renewed), "indicator")
    assert (second["id"], second["created"]) == (first["id"], first["created"])
    assert second["modified"] > first["modified"]
    assert second["valid_until"] > first["valid_until"]


def test_sightings_say_when() -> None:
    found = objects(plan_of(proposal("block-domain", "bad.example")))
    (sighting,) = of_type(found, "sighting")
    assert (sighting["first_seen"], sighting["last_seen"]) == (
        "2026-11-24T06:00:00Z", "2026-11-24T11:00:00Z",
    )  # fmt: skip
    assert sighting["sighting_of_ref"] == of_type(found, "indicator")[0]["id"]
    silent = plan_of(proposal("block-domain", "bad.example", first_seen=None))
    assert of_type(objects(silent), "sighting") == []


def test_what_is_withdrawn_is_revoked() -> None:
    before = plan_of(proposal("block-domain", "bad.example"))
    after = decide([], gate(withdrawn=frozenset({"all"})), standing=before.actions)
    (indicator,) = of_type(objects(after), "indicator")
    assert indicator["revoked"] is True
    assert indicator["id"] == of_type(objects(before), "indicator")[0]["id"]
    assert of_type(objects(after), "infrastructure") == []
