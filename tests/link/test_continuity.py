"""Ids of networks against what they were, as members come, go, meet and part."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.link.components import MEMBERS, network_id
from unflux.link.continuity import continue_ids, rename

NAMES = [f"d{n}.example" for n in range(8)]
IDS = [network_id(name) for name in NAMES[:4]]


def members(networks: dict[str, str]) -> pa.Table:
    columns = pa.array(networks.keys(), pa.string()), pa.array(networks.values(), pa.string())
    return pa.table(list(columns), schema=MEMBERS)


def goes_on(found: dict[str, str], held: dict[str, str]) -> dict[str, str]:
    """Return by domain the id that its network goes on with."""
    rows = members(found)
    renamed = rename(rows, "network", continue_ids(rows, members(held)))
    assert renamed.schema == MEMBERS
    return dict(zip(*renamed.to_pydict().values(), strict=True))


@pytest.mark.parametrize(
    ("found", "held", "expected"),
    [
        pytest.param({"b": "B", "c": "B"}, {"a": "A", "b": "A", "c": "A"},
                     {"b": "A", "c": "A"}, id="the first left"),
        pytest.param({"a": "A", "b": "A", "c": "A"}, {"b": "B"},
                     {"a": "B", "b": "B", "c": "B"}, id="an earlier one came"),
        pytest.param({"a": "A", "b": "A", "c": "A"}, {"a": "A", "b": "B", "c": "B"},
                     {"a": "B", "b": "B", "c": "B"}, id="two met"),
        pytest.param({"a": "A", "b": "B", "c": "B"}, {"a": "A", "b": "A", "c": "A"},
                     {"a": "?", "b": "A", "c": "A"}, id="the first parted"),
        pytest.param({"a": "A", "b": "A", "c": "C", "d": "C", "e": "C"},
                     {"a": "X", "b": "Y", "c": "X", "d": "X"},
                     {"a": "Y", "b": "Y", "c": "X", "d": "X", "e": "X"}, id="one took the other's"),
        pytest.param({"a": "A"}, {"b": "B"}, {"a": "A"}, id="another"),
        pytest.param({}, {"b": "B"}, {}, id="none"),
    ],
)  # fmt: skip
def test_an_id_goes_on_where_most_of_its_domains_are(
    found: dict[str, str], held: dict[str, str], expected: dict[str, str]
) -> None:
    said = goes_on(found, held)
    fresh = {id_ for domain, id_ in said.items() if expected[domain] == "?"}
    assert not fresh & {*found.values(), *held.values()}
    assert {d: "?" if id_ in fresh else id_ for d, id_ in said.items()} == expected


networks_of_names = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(IDS))


@given(networks_of_names, networks_of_names)
def test_networks_stay_apart_and_what_did_not_change_keeps_its_id(
    found: dict[str, str], held: dict[str, str]
) -> None:
    said = goes_on(found, held)
    assert said.keys() == found.keys()
    assert len({(found[domain], said[domain]) for domain in found}) == len(set(found.values()))
    assert len(set(said.values())) == len(set(found.values()))
    assert goes_on(found, said) == said
    assert goes_on({domain: f"other {id_}" for domain, id_ in found.items()}, said) == said


def test_networks_that_nobody_is_in_any_more_are_left_out() -> None:
    networks = pa.table({"domain": ["A", "B"], "llr": [1.0, 2.0]})
    assert rename(networks, "domain", {"B": "A"}).to_pydict() == {"domain": ["A"], "llr": [2.0]}
