"""JSON lines hold the contract and their schemas, and cannot disturb a terminal."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from tests.present.generated_results import (
    HOSTILE,
    check_golden,
    make_agent,
    make_network,
    make_result,
    make_verdict,
    results,
)

from unflux.model.verdicts import Evidence, ScanResult
from unflux.present.json_lines import measured, render, rounded

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


def _validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}-1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


VALIDATORS = {f"unflux/{name}/1": _validator(name) for name in ("verdict", "network")}


def _refuse(constant: str) -> None:
    raise AssertionError(constant)


def _parse(result: ScanResult) -> list[dict[str, Any]]:
    lines = list(render(result))
    assert all(line.count("\n") == 1 and line.endswith("\n") for line in lines)
    assert all(line.removesuffix("\n").isascii() for line in lines)
    assert all(line.removesuffix("\n").isprintable() for line in lines)
    return [json.loads(line, parse_constant=_refuse) for line in lines]


def test_golden() -> None:
    check_golden("json_lines/expected.jsonl", "".join(render(make_result())))


def test_golden_holds_the_schemas() -> None:
    objects = _parse(make_result())
    assert [o["schema"] for o in objects] == ["unflux/verdict/1"] * 4 + ["unflux/network/1"] * 2
    for value in objects:
        VALIDATORS[value["schema"]].validate(value)


@settings(max_examples=60, deadline=None)
@given(results)
def test_any_result_holds_the_schemas(result: ScanResult) -> None:
    objects = _parse(result)
    assert len(objects) == len(result.verdicts) + len(result.networks)
    for value in objects:
        VALIDATORS[value["schema"]].validate(value)


def test_keys_stand_in_the_order_of_the_contract() -> None:
    verdict, network = (_parse(make_result())[index] for index in (0, -1))
    assert list(verdict) == [
        "schema", "domain", "verdict", "kind", "score", "network", "first_seen", "last_seen",
        "counts", "ttl_s", "evidence", "alternatives", "missing",
    ]  # fmt: skip
    assert list(verdict["counts"]) == [
        "lookups", "addresses", "slash24", "slash16", "asns", "countries", "ns_hosts",
        "ns_addresses",
    ]  # fmt: skip
    assert list(verdict["ttl_s"]) == ["min", "max"]
    assert list(verdict["evidence"][0]) == ["name", "value", "llr", "says", "source"]
    assert list(verdict["alternatives"][0]) == ["hypothesis", "outcome", "because"]
    assert list(network) == [
        "schema", "id", "kind", "score", "domains", "agents", "name_servers", "motherships",
        "first_seen", "last_seen", "counts",
    ]  # fmt: skip
    assert list(network["agents"][0]) == [
        "address", "asn", "holder", "country", "first_seen", "last_seen", "roles", "domains",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("verdict",), "malicious"),
        (("score",), 1.5),
        (("extra",), 1),
        (("counts", "addresses"), None),
        (("counts", "extra"), 1),
        (("first_seen",), "2026-11-01 10:00"),
        (("kind",), "Has Spaces"),
        (("evidence", 0, "llr"), None),
        (("alternatives", 0, "outcome"), "maybe"),
    ],
)
def test_schema_refuses(path: tuple[str | int, ...], value: object) -> None:
    whole = _parse(make_result())[0]
    place: Any = whole
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert not VALIDATORS["unflux/verdict/1"].is_valid(whole)


def test_numbers_are_rounded() -> None:
    assert rounded(0.12345678, 6) == 0.123457
    assert math.copysign(1, rounded(-0.000001, 4)) == 1
    assert measured(0.1 + 0.2) == 0.3
    assert measured(1e-9) == 1e-9
    assert measured(float("nan")) is None
    assert measured(float("-inf")) is None
    assert measured(sys.float_info.max) == sys.float_info.max
    assert measured(2**60) == 2**60
    assert json.dumps(measured(np.float32(0.5))) == "0.5"  # type: ignore[arg-type]
    assert json.dumps(measured(np.int64(7))) == "7"  # type: ignore[arg-type]


@pytest.mark.parametrize("llr", [float("nan"), float("inf")])
def test_llr_that_is_no_number_is_a_defect(llr: float) -> None:
    piece = Evidence(name="x", value=None, llr=llr, says="", source="")
    with pytest.raises(ValueError, match="not JSON compliant"):
        list(render(make_result(verdicts=(make_verdict(evidence=(piece,)),))))


def test_hostile_text_survives_exactly_and_escaped() -> None:
    holder = HOSTILE + "\x7f\u2028"
    network = make_network(agents=(make_agent(0, holder=holder),))
    (value,) = _parse(make_result(verdicts=(), networks=(network,)))
    assert value["agents"][0]["holder"] == holder


def test_lone_surrogate_is_spelt_out() -> None:
    (value,) = _parse(make_result(verdicts=(make_verdict(missing="a\udc80"),), networks=()))
    assert value["missing"] == r"a\udc80"


def test_unmapped_agents_have_unknown_asns() -> None:
    network = make_network(agents=(make_agent(2), make_agent(5)))
    (value,) = _parse(make_result(verdicts=(), networks=(network,)))
    assert value["counts"]["asns"] is None
    assert value["counts"]["agents"] == 2
