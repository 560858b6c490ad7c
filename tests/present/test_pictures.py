"""The data of the pictures, against plain counting in sets and dicts."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.present.generated_results import make_agent, make_network
from tests.present.sample_result import START, address_text, rotating_network, rotation_table

from unflux.model.verdicts import ROTATION, SERVICE
from unflux.present.pictures import (
    MAX_COLUMNS,
    MAX_MAP_ASNS,
    MAX_MAP_DOMAINS,
    MAX_ROWS,
    OTHER,
    UNKNOWN,
    asn_groups,
    draw_growth,
    draw_rotation,
    draw_service_map,
    of_network,
)

Rows = list[tuple[str, int | None, int]]

rotations = st.lists(
    st.tuples(
        st.sampled_from([address_text(number) for number in range(12)]),
        st.none() | st.integers(0, 90).map(lambda bucket: bucket * 300),
        st.integers(1, 50),
    ),
    max_size=60,
)


def rotation_of(rows: Rows) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "network": "n",
                "address": address,
                "bucket_at": None if at is None else START + timedelta(seconds=at),
                "count": count,
            }
            for address, at, count in rows
        ],
        schema=ROTATION,
    )


def timed(rows: Rows) -> list[tuple[str, int, int]]:
    return [(address, at, count) for address, at, count in rows if at is not None]


@given(rotations)
def test_rotation_is_what_plain_counting_finds(rows: Rows) -> None:
    picture = draw_rotation(rotation_of(rows), 300, 40_000)
    known = timed(rows)
    if not known:
        assert picture is None
        return
    assert picture is not None
    assert picture.step_s == 300
    expected: dict[tuple[str, int], int] = defaultdict(int)
    first: dict[str, int] = {}
    for address, at, count in known:
        expected[address, at] += count
        first[address] = min(at, first.get(address, at))
    epoch = int(START.timestamp())
    drawn = {
        (picture.addresses[row], picture.start_s + column * 300 - epoch): count
        for row, column, count in zip(
            picture.rows.tolist(), picture.columns.tolist(), picture.counts.tolist(), strict=True
        )
    }
    assert drawn == expected
    assert list(picture.addresses) == sorted(first, key=lambda address: (first[address], address))
    assert picture.columns.max() < picture.column_count


@given(rotations)
def test_growth_is_what_plain_counting_finds(rows: Rows) -> None:
    curve = draw_growth(rotation_of(rows), 300)
    known = timed(rows)
    if not known:
        assert curve is None
        return
    assert curve is not None
    epoch = int(START.timestamp())
    seen: set[str] = set()
    expected = []
    for moment in sorted({at for _, at, _ in known}):
        now = {address for address, at, _ in known if at == moment}
        seen |= now
        answers = sum(count for _, at, count in known if at == moment)
        expected.append((epoch + moment, len(seen), len(now), answers))
    moments = (curve.start_s + curve.columns * curve.step_s).tolist()
    drawn = zip(moments, curve.cumulative.tolist(), curve.active.tolist(), curve.answers.tolist(),
                strict=True)  # fmt: skip
    assert list(drawn) == expected


@given(rotations, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: Rows, chance: random.Random) -> None:
    shuffled = list(rows)
    chance.shuffle(shuffled)
    one, other = (draw_rotation(rotation_of(r), 300, 50) for r in (rows, shuffled))
    if one is None or other is None:
        assert one is other
        return
    assert one.addresses == other.addresses
    for left, right in ((one.rows, other.rows), (one.columns, other.columns),
                        (one.counts, other.counts)):  # fmt: skip
        assert left.tolist() == right.tolist()


@pytest.mark.parametrize("span", [timedelta(minutes=9), timedelta(days=2), timedelta(days=4000)])
def test_any_span_fits_the_columns_and_keeps_every_answer(span: timedelta) -> None:
    step = span / 200
    rows: Rows = [(address_text(n % 7), int((step * n).total_seconds()), n + 1) for n in range(200)]
    table = rotation_of([(address, (at or 0) // 60 * 60, count) for address, at, count in rows])
    picture = draw_rotation(table, 60, 40_000)
    curve = draw_growth(table, 60)
    assert picture is not None
    assert curve is not None
    assert picture.column_count <= MAX_COLUMNS + 1
    assert picture.step_s % 60 == 0
    assert picture.counts.sum() == curve.answers.sum() == sum(range(1, 201))
    assert curve.cumulative[-1] == len(picture.addresses) == 7


def test_marks_keep_to_their_limit_by_wider_columns() -> None:
    network, served = rotating_network(
        "n", addresses=60, asns=5, domains=1, at_once=20, buckets=200, name_servers=False
    )
    table = rotation_table([(network, served)])
    fine, coarse = (draw_rotation(table, 300, limit) for limit in (40_000, 1_500))
    assert fine is not None
    assert coarse is not None
    assert len(fine.rows) > 1_500 >= len(coarse.rows)
    assert coarse.step_s > fine.step_s
    assert fine.counts.sum() == coarse.counts.sum()
    assert fine.addresses == coarse.addresses


def test_beyond_the_rows_an_even_sample_is_drawn() -> None:
    many = MAX_ROWS * 2
    picture = draw_rotation(
        rotation_of([(f"2001:db8::{number:x}", number * 300, 1) for number in range(many)]),
        300,
        10**6,
    )
    assert picture is not None
    assert picture.address_count == many
    assert len(picture.addresses) == MAX_ROWS
    numbers = [int(address.rsplit(":", 1)[1], 16) for address in picture.addresses]
    assert numbers[0] == 0
    assert numbers[-1] == many - 1
    assert {later - sooner for sooner, later in pairwise(numbers)} <= {2, 3}


def test_asns_are_grouped_by_size_then_other_then_unknown() -> None:
    sizes = {64_500 + number: 9 - number for number in range(8)}
    agents = [
        make_agent(0, asn=asn, holder=f"holder {asn}") for asn, n in sizes.items() for _ in range(n)
    ]
    agents += [make_agent(0, asn=None, holder=None)] * 3
    groups = asn_groups(agents)
    assert [(group.key, group.addresses) for group in groups] == [
        (64_500, 9), (64_501, 8), (64_502, 7), (64_503, 6), (64_504, 5), (64_505, 4),
        (OTHER, 3 + 2), (UNKNOWN, 3),
    ]  # fmt: skip
    assert groups[0].holder == "holder 64500"
    assert asn_groups(()) == ()


def service_of(rows: list[tuple[str, str, str]]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {"network": "n", "domain": domain, "address": address, "role": role, "count": 1}
            for domain, address, role in rows
        ],
        schema=SERVICE,
    )


@given(
    st.lists(
        st.tuples(
            st.integers(0, MAX_MAP_DOMAINS + 12).map("d{}.example".format),
            st.integers(0, 70).map(address_text),
            st.sampled_from(["answer", "name-server"]),
        ),
        min_size=1,
        max_size=150,
    )
)
def test_the_map_counts_distinct_agents_per_link(rows: list[tuple[str, str, str]]) -> None:
    agents = tuple(
        make_agent(number, address=address_text(number), asn=64_500 + number % 25)
        for number in range(70)
    )
    asn_of = {agent.address: agent.asn for agent in agents}
    drawn = draw_service_map(service_of(rows), make_network(agents=agents))
    assert drawn is not None
    shown = {domain for domain in drawn.domains if domain is not None}
    domains = {domain for domain, _, _ in rows}
    assert len(domains) == drawn.domain_count == len(shown) + drawn.remaining_domains
    named = set(drawn.right)
    expected: dict[tuple[str | None, int | str], tuple[set[str], set[str], set[str]]]
    expected = defaultdict(lambda: (set(), set(), set()))
    for domain, address, role in rows:
        asn = asn_of.get(address)
        grouped = UNKNOWN if asn is None else asn if asn in named else OTHER
        key = (domain if domain in shown else None, grouped if drawn.agents_grouped else address)
        for place in (0, 1 if role == "answer" else 2):
            expected[key][place].add(address)
    links = {
        (drawn.domains[left], drawn.right[right]): tuple(sizes)
        for left, right, *sizes in drawn.links.tolist()
    }
    assert links == {key: tuple(map(len, sets)) for key, sets in expected.items()}
    assert drawn.right_agents.sum() == drawn.agent_count == len({a for _, a, _ in rows})


def test_the_map_of_many_stays_small() -> None:
    network, _ = rotating_network(
        "n", addresses=150, asns=60, domains=300, at_once=5, buckets=10, seed=3
    )
    chance = random.Random(4)
    rows = [
        (domain, agent.address, "answer")
        for domain in network.domains
        for agent in chance.sample(network.agents, 40)
    ]
    drawn = draw_service_map(service_of(rows), network)
    assert drawn is not None
    assert len(drawn.domains) == MAX_MAP_DOMAINS + 1
    assert drawn.domains[-1] is None
    assert drawn.remaining_domains == len(network.domains) - MAX_MAP_DOMAINS
    assert len(drawn.right) == MAX_MAP_ASNS + 2
    assert drawn.other_asns == 59 - MAX_MAP_ASNS
    assert drawn.right[-2:] == (OTHER, UNKNOWN)
    sizes = drawn.domain_agents.tolist()[:-1]
    assert sizes == sorted(sizes, reverse=True)


def test_a_few_agents_are_drawn_one_by_one_by_asn() -> None:
    agents = tuple(
        replace(make_agent(number), address=address, asn=asn)
        for number, (address, asn) in enumerate(
            [("198.18.0.1", 64_501), ("198.18.0.2", None), ("198.18.0.3", 64_500)]
        )
    )
    rows = [("a.example", agent.address, "answer") for agent in agents]
    drawn = draw_service_map(service_of(rows), make_network(agents=agents))
    assert drawn is not None
    assert not drawn.agents_grouped
    assert drawn.right == ("198.18.0.3", "198.18.0.1", "198.18.0.2")
    assert drawn.typical_domains_per_agent == 1


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw_rotation(ROTATION.empty_table(), 300, 100) is None
    assert draw_growth(ROTATION.empty_table(), 300) is None
    assert draw_service_map(SERVICE.empty_table(), make_network()) is None


def test_only_the_rows_of_the_network_are_drawn() -> None:
    one, served = rotating_network("one", addresses=6, asns=2, domains=1, at_once=2, buckets=5)
    two, more = rotating_network("two", addresses=9, asns=2, domains=1, at_once=2, buckets=5)
    table = rotation_table([(one, served), (two, more)])
    assert of_network(table, "one").num_rows == len(served)
    assert of_network(table, "three").num_rows == 0


def test_moments_before_1970_do_not_break_the_columns() -> None:
    early = datetime(1960, 1, 1, tzinfo=UTC)
    table = pa.Table.from_pylist(
        [
            {"network": "n", "address": "198.18.0.1", "bucket_at": moment, "count": 1}
            for moment in (early, START)
        ],
        schema=ROTATION,
    )
    picture = draw_rotation(table, 300, 100)
    assert picture is not None
    assert picture.columns.tolist() == [0, picture.column_count - 1]
