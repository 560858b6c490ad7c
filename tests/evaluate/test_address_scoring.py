"""Labels of addresses against what trace and scan say of them."""

import gzip
import json
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.evaluate.accusations import NO_LINE, read_accusations
from unflux.evaluate.address_labels import (
    are_of_addresses,
    read_address_labels,
    who_is_labelled,
)
from unflux.evaluate.address_scoring import score_addresses
from unflux.model.address_evaluation import Accusation, AddressEvaluation, AddressLabel
from unflux.model.errors import UnfluxError

BEHIND = """\
network,address,role,ports
single,192.0.2.1,mothership,80 443
single,192.0.2.2,controller,80
double,2001:DB8::1,mothership,53 80 443
double,192.0.2.4,controller,80
double,192.0.2.4,chief,80
double,nowhere,controller,80
double,192.0.2.5
"""
AGENTS = (
    "address,network,asn\n198.51.100.1,single,1\n198.51.100.2,single,1\n198.51.100.3,double,1\n"
)


VERDICT_LINE = '{"schema": "unflux/verdict/1"}\n'


def line(address: str, role: str, verdict: str) -> str:
    told = {"schema": "unflux/trace/1", "address": address, "role": role, "verdict": verdict}
    return json.dumps(told) + "\n"


def network(*agents: str) -> str:
    return json.dumps({"schema": "unflux/network/1", "agents": [{"address": a} for a in agents]})


def score(folder: Path, labels: str, *lines: str) -> AddressEvaluation:
    path = folder / "labels.csv"
    path.write_text(labels)
    told, drops = read_address_labels(path)
    said = read_accusations(lines, who_is_labelled(told), drops, source="lines")
    return score_addresses(told, [said], drops)


def test_roles_strangers_and_who_is_first_are_counted(tmp_path: Path) -> None:
    found = score(
        tmp_path, BEHIND,
        line("203.0.113.9", "mothership", "innocent"),
        line("192.0.2.1", "mothership", "accused"),
        line("2001:db8::1", "name-mothership", "accused"),
        line("2001:db8::1", "controller", "accused"),
        line("203.0.113.7", "chained-proxy", "accused"),
        line("192.0.2.2", "controller", "suspected"),
        line("192.0.2.2", "controller", "undecided"),
        line("192.0.2.4", "controller", "undecided"),
        network("198.51.100.9"),
    )  # fmt: skip
    assert found.evaluated == "behind"
    assert (found.accused.count, found.accused.of) == (2, 4)
    # Taken for a controller as well, the second is not right.
    assert (found.right_role.count, found.right_role.of) == (1, 2)
    assert (found.suspected, found.undecided) == (1, 1)
    assert found.strangers == ("203.0.113.7",)
    assert found.is_first is True  # the innocent do not count
    assert [
        (g.network, g.role, g.accused.count, g.accused.of, g.right_role.count, g.right_role.of)
        for g in found.groups
    ] == [
        ("double", "controller", 0, 1, 0, 0), ("double", "mothership", 1, 1, 0, 1),
        ("single", "controller", 0, 1, 0, 0), ("single", "mothership", 1, 1, 1, 1),
    ]  # fmt: skip
    assert found.drops == {
        "label rows with too few or too many fields": 1,
        "labels whose address is none": 1,
        "labels whose role is neither mothership nor controller": 1,
    }


@pytest.mark.parametrize(
    ("lines", "firsts"),
    [
        ((), ()),
        ((line("203.0.113.7", "mothership", "undecided"),), ("stranger",)),
        ((line("192.0.2.1", "chained-proxy", "accused"),), ("another-role",)),
        ((line("192.0.2.1", "controller", "accused"),), ("another-role",)),
        ((line("192.0.2.2", "controller", "undecided"),), ("own-role",)),
    ],
)
def test_who_stands_first(tmp_path: Path, lines: tuple[str, ...], firsts: tuple[str, ...]) -> None:
    found = score(tmp_path, BEHIND, *lines)
    assert found.firsts == firsts
    assert found.is_first is ({"own-role": True}.get(firsts[0], False) if firsts else None)


def test_each_source_has_somebody_first() -> None:
    labels = [AddressLabel(address="192.0.2.1", network="n", role="mothership")]
    right, wrong, silent = (
        [Accusation(address=address, role="mothership", verdict=verdict)]
        for address, verdict in (
            ("192.0.2.1", "accused"), ("203.0.113.7", "suspected"), ("203.0.113.8", "innocent"),
        )
    )  # fmt: skip
    for sources, firsts, is_first in (
        ([right, wrong], ("own-role", "stranger"), False),
        ([silent, right, right], ("own-role", "own-role"), True),
        ([silent], (), None),
    ):
        found = score_addresses(labels, sources, {})
        assert (found.firsts, found.is_first) == (firsts, is_first)


def test_who_was_taken_for_another_is_in_no_group_of_the_right(tmp_path: Path) -> None:
    found = score(
        tmp_path, BEHIND,
        line("192.0.2.1", "controller", "accused"), line("192.0.2.2", "chained-proxy", "accused"),
    )  # fmt: skip
    assert (found.accused.count, found.right_role.count) == (2, 0)
    assert {(g.accused.count, g.right_role.count) for g in found.groups} == {(1, 0), (0, 0)}


def test_agents_of_networks_are_agents(tmp_path: Path) -> None:
    found = score(
        tmp_path, AGENTS, network("198.51.100.1", "192.0.2.1"), network("198.51.100.1"),
        line("198.51.100.3", "mothership", "accused"),
        VERDICT_LINE,
    )  # fmt: skip
    assert found.evaluated == "agents" and found.is_first is None
    assert (found.accused.count, found.accused.of, found.right_role.count) == (1, 3, 1)
    assert found.strangers == ("192.0.2.1",)
    assert found.drops == {}


def test_labels_of_names_are_told_from_those_of_addresses(tmp_path: Path) -> None:
    for name, text, is_so in (
        ("a.csv", AGENTS, True), ("b.csv", BEHIND, True), ("c.csv", "domain,label\n", False),
        ("d.csv", "address,domain,kind\n", False), ("e.csv", "", False), ("f.csv", "\0", False),
    ):  # fmt: skip
        (tmp_path / name).write_text(text)
        assert are_of_addresses(tmp_path / name) is is_so
    (tmp_path / "g.csv.gz").write_bytes(gzip.compress(AGENTS.encode()))
    assert are_of_addresses(tmp_path / "g.csv.gz")
    assert not are_of_addresses(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("address,role\n192.0.2.1,mothership\n", "one column network is needed"),
        ("address,network\n", "no usable label"),
        ("address,network\nx,single\n", "no usable label"),
    ],
)
def test_labels_that_are_none_are_told(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "labels.csv").write_text(text)
    with pytest.raises(UnfluxError, match=says):
        read_address_labels(tmp_path / "labels.csv")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(("schema", "agents", "address", "role", "verdict")), inner, max_size=5
    ),
)  # fmt: skip


@given(
    st.text(max_size=40)
    | st.builds(
        lambda value, schema: json.dumps({**value, "schema": schema}),
        st.dictionaries(st.sampled_from(("agents", "address", "role", "verdict")), JSON),
        st.sampled_from(("unflux/trace/1", "unflux/network/1", "other", 7)),
    )
)
def test_any_line_is_read_or_dropped(text: str) -> None:
    for evaluated in ("behind", "agents"):
        drops: Counter[str] = Counter()
        with suppress(UnfluxError):
            read_accusations([text], evaluated, drops, source="lines")
        assert set(drops) <= {NO_LINE}


@pytest.mark.parametrize(
    ("labels", "lines"),
    [
        (BEHIND, ("\xd4\xc3\xb2\xa1\0", "domain\n")),
        (BEHIND, (network("192.0.2.1"), VERDICT_LINE)),
        (AGENTS, (line("198.51.100.1", "mothership", "accused"),)),
        (AGENTS, ('{"schema": "unflux/network/1", "agents": [{"address": "x"}]}',)),
    ],
)
def test_what_says_nothing_of_whom_is_labelled_is_no_zero(
    tmp_path: Path, labels: str, lines: tuple[str, ...]
) -> None:
    with pytest.raises(UnfluxError, match=r"lines: no line of unflux (trace|scan)"):
        score(tmp_path, labels, *lines)


@pytest.mark.parametrize(
    ("labels", "lines"), [(BEHIND, ()), (AGENTS, ("\n",)), (AGENTS, (VERDICT_LINE,))]
)
def test_a_run_that_found_nobody_accused_nobody(
    tmp_path: Path, labels: str, lines: tuple[str, ...]
) -> None:
    found = score(tmp_path, labels, *lines)
    assert (found.accused.count, found.strangers, found.is_first) == (0, (), None)
