"""Candidate edges against pairs counted one by one."""

import random
from collections import defaultdict
from itertools import combinations
from typing import Any

import pyarrow as pa
import pytest
from tests.measure.internet_of_rows import beside, rows_of, seeds

from unflux.engine.connection import Engine
from unflux.link.candidates import (
    HUBS,
    ROTATING_HOST_PLACES,
    answer_pairs,
    attachments,
    herd_edges,
    herd_pairs,
    movers,
    pool_edges,
    server_edges,
)
from unflux.link.components import join_components
from unflux.model.columns import MOMENT

FIRST_SEEN = pa.schema([("domain", pa.string()), ("first_at", MOMENT)])
Pair = tuple[str, str, str]
PAIRS = pa.schema([("domain", pa.string()), ("address", pa.string()), ("slash16", pa.string())])


MOVER: dict[str, Any] = {
    "addresses": 3, "special_use_addresses": 0, "slash24": 3, "slash16": 3, "asns": 3,
    "set_addresses_max": 1, "host_addresses_max": 3, "lookups": 9,
}  # fmt: skip


def place(n: int, host: int = 1) -> tuple[str, str]:
    return f"{20 + n // 200}.{n % 200}.0.{host}", f"{20 + n // 200}.{n % 200}.0.0/16"


def on(domain: str, *numbers: int) -> list[Pair]:
    return [(domain, *place(n)) for n in numbers]


def table_of(pairs: list[Pair]) -> pa.Table:
    columns = zip(*pairs, strict=True) if pairs else ((), (), ())
    return pa.table(dict(zip(PAIRS.names, map(list, columns), strict=True)), schema=PAIRS)


def edges(engine: Engine, pairs: list[Pair]) -> set[frozenset[str]]:
    found = rows_of(engine, pool_edges(engine.table("l_pairs", table_of(pairs))))
    return {frozenset(row) for row in found}


def naive_edges(pairs: list[Pair]) -> set[frozenset[str]]:
    held: dict[str, dict[str, str]] = defaultdict(dict)
    for domain, address, slash16 in pairs:
        held[domain][address] = slash16
    found = set()
    for left, right in combinations(held, 2):
        shared = held[left].keys() & held[right].keys()
        if len(shared) >= 3 and len({held[left][a] for a in shared}) >= 3:
            found.add(frozenset((left, right)))
    return found


def random_pairs(seed: int) -> list[Pair]:
    random_ = random.Random(seed)
    pool = [(n, host) for n in range(9) for host in (1, 2)]
    return [
        (f"d{domain}.example", *place(n, host))
        for domain in range(12)
        for n, host in random_.sample(pool, random_.randrange(1, 10))
    ]


def test_edges_are_the_pairs_that_share_three_addresses_in_three_places(engine: Engine) -> None:
    for seed in seeds(engine, many=12, few=2):
        pairs = random_pairs(seed)
        assert edges(engine, pairs) == naive_edges(pairs), seed


@pytest.mark.parametrize(
    ("shared", "is_joined"),
    [
        ([place(1), place(2)], False),
        ([place(1), place(2), place(2, 2)], False),
        ([place(1), place(2), place(3)], True),
    ],
)
def test_what_joins(engine: Engine, shared: list[tuple[str, str]], is_joined: bool) -> None:
    pairs = [(domain, *where) for domain in ("a", "b") for where in shared]
    pairs += on("a", 10, 11, 12) + on("b", 20, 21, 22)
    assert bool(edges(engine, pairs)) == is_joined


def test_shared_hosting_joins_nobody(engine: Engine) -> None:
    pairs = on("a", 1, 2, 3, 0) + on("b", 4, 5, 6, 0) + on("c", 7, 8, 9, 0)
    pairs += [pair for n in range(50) for pair in on(f"tenant{n}", 0)]
    assert edges(engine, pairs) == set()


def test_an_address_of_thousands_of_domains_costs_few_pairs(engine: Engine) -> None:
    count = 3_000 if engine.NAME == "duckdb" else 300
    crowd = [pair for n in range(count) for pair in on(f"d{n:04}.example", 1, 2, 3)]
    table = engine.table("l_crowd", table_of(crowd))
    found = engine.fetch(pool_edges(table))
    assert 0 < found.num_rows <= count * HUBS
    members = join_components(found, FIRST_SEEN.empty_table())
    assert len(set(members["network"].to_pylist())) == 1
    assert members.num_rows == count


def test_edges_are_the_same_on_every_engine_and_every_order(engine: Engine) -> None:
    pairs = random_pairs(99) + [pair for n in range(60) for pair in on(f"w{n}", 1, 2, 3, n)]
    turned = pairs[::-1]
    here = edges(engine, pairs)
    assert edges(engine, turned) == here
    for other in beside(engine):
        assert edges(other, pairs) == here


def test_a_name_server_joins_only_where_it_rotates(engine: Engine) -> None:
    delegations = engine.table(
        "l_delegations",
        pa.table(
            {
                "domain": ["a", "b", "c", "d", "e"],
                "ns_host": ["ns.flux", "ns.flux", "ns.host", "ns.host", "ns.brief"],
            }
        ),
    )
    rotation = engine.table(
        "l_rotation",
        pa.table(
            {
                "ns_host": ["ns.flux", "ns.host", "ns.brief"],
                "late_slash16": [ROTATING_HOST_PLACES, ROTATING_HOST_PLACES - 1, None],
            }
        ),
    )
    found = rows_of(engine, server_edges(delegations, rotation))
    assert found == [("a", "@ns.flux"), ("b", "@ns.flux")]


def test_a_narrow_domain_attaches_to_the_pool_that_holds_it(engine: Engine) -> None:
    pairs = (
        on("m1", 1, 2, 3, 4) + on("m2", 1, 2, 3, 5) + on("n1", 11, 12, 13) + on("n2", 11, 12, 13)
        + on("narrow", 4, 5)
        + on("one only", 4)
        + on("mostly elsewhere", 4, 5, 31, 32, 33)
        + on("half", 4, 5, 31, 32)
        + on("between", 1, 2, 11, 12)
        + on("nowhere", 41, 42)
        + [("one place", *place(1)), ("one place", place(1, 2)[0], place(1)[1])]
        + [("m1", place(1, 2)[0], place(1)[1])]
    )  # fmt: skip
    members = engine.table(
        "l_members",
        pa.table({"domain": ["m1", "m2", "n1", "n2"], "network": ["M", "M", "N", "N"]}),
    )
    delegated = [("m1", "ns.m"), ("served", "ns.m"), ("served elsewhere", "ns.h"), ("m2", "ns.h"),
              ("customer", "ns.h"), ("one only", "ns.n"), ("n1", "ns.n")]  # fmt: skip
    pairs += on("served", 4) + on("served elsewhere", 4)
    rows = [{"domain": domain, "ns_host": host} for domain, host in delegated]
    delegations = engine.table("l_delegated", pa.Table.from_pylist(rows))
    # A CDN's addresses, planted in the answers of two members: most of its domains stay.
    cdn = on("m1", 51, 52) + on("m2", 51, 52) + on("seen once", 51, 52)
    cdn += [row for number in range(3) for row in on(f"stays{number}", 51, 52)]
    pairs += cdn
    moving, staying = (
        engine.table(f"l_{name}", pa.table({"domain": domains}))
        for name, domains in (
            ("moving", ["m1", "m2"]), ("staying", [f"stays{number}" for number in range(3)]),
        )
    )  # fmt: skip
    found = rows_of(
        engine,
        attachments(
            engine.table("l_pairs", table_of(pairs)), members, delegations, moving, staying
        ),
    )
    assert found == [("between", "M"), ("half", "M"), ("narrow", "M"), ("served", "M")]


def test_who_moves_among_strangers(engine: Engine) -> None:
    rows: dict[str, dict[str, Any]] = {
        "moves": {},
        "ASNs unknown": {"asns": None},
        "glimpsed once": {"set_addresses_max": 3, "lookups": 1},
        "stays": {"set_addresses_max": 3},
        "a glimpse of two": {"addresses": 2, "slash24": 2, "slash16": 2, "set_addresses_max": 2,
                             "host_addresses_max": 2, "lookups": 1},
        "each name its own": {"host_addresses_max": 1},
        "in one rack": {"slash24": 1},
        "in one /16": {"slash16": 1},
        "at one holder": {"asns": 1},
        "answer sets unknown": {"set_addresses_max": 0, "lookups": 0},
    }  # fmt: skip
    table = pa.Table.from_pylist([MOVER | row | {"domain": name} for name, row in rows.items()])
    found = rows_of(engine, movers(engine.table("l_profiles", table)))
    assert {name for (name,) in found} == {"moves", "ASNs unknown", "glimpsed once"}


def test_a_herd_joins_who_shares_its_few_with_some(engine: Engine) -> None:
    herd = on("a", 1, 2) + on("b", 2, 3) + on("c", 3, 1)
    pairs = (
        herd
        + on("shares one", 1, 21)
        + on("leans", 4, 5) + on("on leaning", 5, 22)  # 5 is shared with one that shares no more
        + on("other herd", 31, 32) + on("its twin", 31, 32)
        + on("hosted", 41, 42) + on("hosted too", 41, 42)
        + [row for n in range(3) for row in on(f"stays{n}", 41, 42)]
        + on("one place", 51) + [("one place", *place(51, 2))]
        + on("its copy", 51) + [("its copy", *place(51, 2))]
    )  # fmt: skip
    moving = sorted({domain for domain, _, _ in pairs if not domain.startswith("stays")})
    found = rows_of(
        engine,
        herd_edges(
            herd_pairs(
                engine.table("l_pairs", table_of(pairs)),
                engine.table("l_moving", pa.table({"domain": moving})),
            )
        ),
    )
    at = {address: number for number in range(60) for address in (place(number)[0],)}
    assert {(left, at[right.removeprefix("@ ")]) for left, right in found} == {
        ("a", 1), ("a", 2), ("b", 2), ("b", 3), ("c", 3), ("c", 1),
        ("other herd", 31), ("other herd", 32), ("its twin", 31), ("its twin", 32),
    }  # fmt: skip


def test_private_addresses_and_glue_are_no_pool(engine: Engine) -> None:
    observed = engine.table(
        "l_observed",
        pa.table(
            {
                "role": ["answer", "answer", "glue", "answer"],
                "domain": ["a", "a", "a", "a"],
                "address": ["20.0.0.1", "10.0.0.1", "21.0.0.1", "20.0.0.1"],
                "slash16": ["20.0.0.0/16", "10.0.0.0/16", "21.0.0.0/16", "20.0.0.0/16"],
                "is_special_use": [False, True, False, False],
                "bucket": [0, 0, 0, 300],
            }
        ),
    )
    assert rows_of(engine, answer_pairs(observed)) == [("a", "20.0.0.1", "20.0.0.0/16")]


def test_nothing_joins_nothing(engine: Engine) -> None:
    assert edges(engine, []) == set()
