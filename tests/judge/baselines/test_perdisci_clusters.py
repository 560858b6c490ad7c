"""Perdisci's clusters: which days are similar, and every leaf of the tree."""

from typing import Any

from tests.judge.baselines.asked_records import (
    Records,
    Row,
    answer,
    answer_set,
    inputs_of,
    weigh_cases,
)

from unflux.engine.connection import Engine
from unflux.judge.baselines.perdisci_clusters import PerdisciClusters, similar_days

PLACE = 1 << 24
DAY_S = 86_400


def day(numbers: range, *, number: int = 0, responses: int = 1, **changed: Any) -> Records:
    """Return one day of a domain that F1 to F3 let pass: addresses each in a /16 of its own."""
    rows = [answer(PLACE * (1 + n), bucket=number * DAY_S, **changed) for n in numbers]
    sets = answer_set(
        bucket=number * DAY_S, day=number * DAY_S, responses=responses, addresses=len(rows),
        slash16s=len(rows), **{k: v for k, v in changed.items() if k.startswith("ttl")},
    )  # fmt: skip
    return {"answers": rows, "answer_sets": [sets]}


def test_days_are_similar_by_jaccard_and_size(engine: Engine) -> None:
    cases = {
        "a": day(range(20)),
        "b": day(range(5, 20)),  # 15 of 20 common, 15 in the smaller: 0.75
        "c": day(range(12, 32)),  # 8 of 32 with a: 0.25; with b 8 of 27: 0.30
        "d": day(range(100, 110)),
        "e": day(range(100, 107)),  # 7 of 10, 7 in the smaller: 0.70 / (1 + exp(-4)) = 0.687
        "f": day(range(20), number=1),  # another day
    }
    pairs = engine.fetch(similar_days(inputs_of(engine, cases))).to_pylist()
    told = {(pair["left"], pair["right"]) for pair in pairs}
    assert told == {("a 0", "b 0"), ("d 0", "e 0")}
    assert len(pairs) == len(told)


def test_few_addresses_say_little(engine: Engine) -> None:
    """The same three addresses give 1 / (1 + exp(0)) = 0.5, two 0.27: only three are enough."""
    tiny = {"ttl_min_s": 20, "ttl_max_s": 20}
    cases = {
        "a": day(range(3), **tiny),
        "b": day(range(3), **tiny),
        "c": day(range(50, 52), **tiny),
        "d": day(range(50, 52), **tiny),
    }
    pairs = engine.fetch(similar_days(inputs_of(engine, cases))).to_pylist()
    assert [(pair["left"], pair["right"]) for pair in pairs] == [("a 0", "b 0")]


def one(numbers: range, responses: int, **changed: Any) -> Records:
    return day(numbers, responses=responses, **changed)


def in_one_place(records: Records) -> Records:
    """Put the addresses into one /16; the answers F1 saw were wider."""
    return records | {"answers": [row | {"slash16": "1.0.0.0/16"} for row in records["answers"]]}


LEAVES = {
    "growth 1": (one(range(10), 10), True),
    "nine addresses are not judged": (one(range(9), 1), False),
    "growth 0.12195": (one(range(10), 82), False),
    "growth 0.65, few domains, long TTL": (one(range(13), 20, ttl_max_s=235), False),
    "growth 0.65, few domains, shorter TTL": (one(range(13), 20, ttl_max_s=234), True),
    "no TTL": (one(range(13), 20, ttl_max_s=None, ttl_min_s=None), False),
    "tiny TTL, one domain": (one(range(10), 1, ttl_min_s=30, ttl_max_s=30), False),
    "no entropy": (in_one_place(one(range(10), 1)), False),
}


def test_leaves_of_the_tree_for_one_domain(engine: Engine) -> None:
    told = weigh_cases(engine, PerdisciClusters(), {leaf: row for leaf, (row, _) in LEAVES.items()})
    assert {leaf: flag for leaf, (_, flag) in told.items()} == {
        leaf: flag for leaf, (_, flag) in LEAVES.items()
    }


def crowd(size: int, **changed: Any) -> dict[str, Records]:
    """Return as many domains of one cluster, on the same ten addresses."""

    def member(number: int) -> Records:
        rows: Row = {"node": f"d{number} 0", "cluster": "c"}
        return {**one(range(10), 10, **changed), "clusters": [rows]}

    return {f"d{number}": member(number) for number in range(size)}


def test_a_large_cluster_is_flux_whatever_its_ttl(engine: Engine) -> None:
    tiny = {"ttl_min_s": 30, "ttl_max_s": 30}
    assert all(
        flag for _, flag in weigh_cases(engine, PerdisciClusters(), crowd(25, **tiny)).values()
    )
    assert not any(
        flag for _, flag in weigh_cases(engine, PerdisciClusters(), crowd(24, **tiny)).values()
    )


def test_addresses_are_those_of_the_cluster(engine: Engine) -> None:
    """Two domains of six addresses each are ten together."""
    first, second = one(range(6), 1), one(range(4, 10), 1)
    joined = {
        "a": {**first, "clusters": [{"node": "a 0", "cluster": "c"}]},
        "b": {**second, "clusters": [{"node": "b 0", "cluster": "c"}]},
    }
    assert weigh_cases(engine, PerdisciClusters(), joined) == {"a": (1, True), "b": (1, True)}
    apart = {"a": first, "b": second}
    assert weigh_cases(engine, PerdisciClusters(), apart) == {"a": (0, False), "b": (0, False)}
