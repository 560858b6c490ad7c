"""Connected components against a naive union-find."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from unflux.link.components import MEMBERS, join_components, network_id
from unflux.model.columns import MOMENT

START = datetime(2026, 11, 22, tzinfo=UTC)
NAMES = [f"d{n}.example" for n in range(12)]
HOSTS = [f"@ns{n}.example" for n in range(3)]


def edges_of(pairs: list[tuple[str, str]]) -> pa.Table:
    return pa.table(
        {
            "left": pa.array([left for left, _ in pairs], pa.string()),
            "right": pa.array([right for _, right in pairs], pa.string()),
        }
    )


def seen(moments: dict[str, int | None]) -> pa.Table:
    at = [None if m is None else START + timedelta(minutes=m) for m in moments.values()]
    return pa.table(
        {"domain": pa.array(list(moments), pa.string()), "first_at": pa.array(at, MOMENT)}
    )


def joined(pairs: list[tuple[str, str]], moments: dict[str, int | None]) -> dict[str, str]:
    table = join_components(edges_of(pairs), seen(moments))
    assert table.schema == MEMBERS
    found = dict(zip(table["domain"].to_pylist(), table["network"].to_pylist(), strict=True))
    assert len(found) == table.num_rows
    return found


def union_find(pairs: list[tuple[str, str]], moments: dict[str, int | None]) -> dict[str, str]:
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            name = parent[name]
        return name

    for left, right in pairs:
        parent[root(left)] = root(right)
    groups: dict[str, list[str]] = {}
    for name in list(parent):
        if not name.startswith("@"):
            groups.setdefault(root(name), []).append(name)

    def age(name: str) -> tuple[bool, int, str]:
        minute = moments.get(name)
        return minute is None, minute or 0, name

    return {
        name: network_id(min(names, key=age))
        for names in groups.values()
        if len(names) > 1
        for name in names
    }


pairs_of_names = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from([*NAMES, *HOSTS])).filter(
        lambda pair: pair[0] != pair[1]
    ),
    max_size=14,
)
moments_of_names = st.dictionaries(st.sampled_from(NAMES), st.none() | st.integers(0, 5))


@given(pairs_of_names, moments_of_names)
def test_components_are_those_of_a_naive_union_find(
    pairs: list[tuple[str, str]], moments: dict[str, int | None]
) -> None:
    assert joined(pairs, moments) == union_find(pairs, moments)


@given(pairs_of_names, moments_of_names, st.randoms())
def test_neither_the_order_nor_the_direction_of_edges_matters(
    pairs: list[tuple[str, str]], moments: dict[str, int | None], random: object
) -> None:
    turned = [pair[::-1] if not pair[1].startswith("@") else pair for pair in pairs]
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert joined(turned + pairs, moments) == joined(pairs, moments)


def test_the_id_stays_when_later_records_add_members() -> None:
    pairs = [("b", "c")]
    moments: dict[str, int | None] = {"b": 5, "c": 9}
    before = joined(pairs, moments)
    after = joined([*pairs, ("a", "c"), ("d", "@ns")], {**moments, "a": 10, "d": None})
    assert before["b"] == after["a"] == after["b"] == network_id("b")


def test_a_host_joins_and_is_no_member() -> None:
    assert joined([("a", "@ns"), ("b", "@ns")], {}).keys() == {"a", "b"}
    assert joined([("a", "@ns")], {}) == {}


def test_no_edges_no_networks() -> None:
    assert joined([], {"a": 1}) == {}


def test_an_id_holds_nothing_of_the_name() -> None:
    assert network_id(r"<script>\"\010.example").removeprefix("ffn-").isalnum()
    assert network_id("a.example") != network_id("b.example")
    assert len(network_id("a" * 250)) == len("ffn-") + 10
