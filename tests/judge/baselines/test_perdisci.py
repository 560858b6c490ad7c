"""Perdisci's filters: which answers, days and domains they let through."""

from typing import Any

from tests.judge.baselines.asked_records import Row, answer, answer_set, weigh_cases

from unflux.engine.connection import Engine
from unflux.judge.baselines.perdisci import Perdisci

PLACE = 1 << 24


def pool(count: int, places: int, *, moments: int = 1, **changed: Any) -> list[Row]:
    """Return addresses that came at so many moments, spread over so many /16."""
    return [
        answer(PLACE * (1 + n % places) + n, first_s=n % moments, **changed) for n in range(count)
    ]


def test_which_answers_pass_the_first_filter(engine: Engine) -> None:
    one: dict[str, int | None] = {"addresses": 1, "slash16s": 1}
    cases: dict[str, tuple[dict[str, int | None], bool]] = {
        "three addresses": ({}, True),
        "three hours": ({"ttl_min_s": 10_800}, True),
        "longer": ({"ttl_min_s": 10_801}, False),
        "unknown TTL": ({"ttl_min_s": None}, True),
        "two addresses": ({"addresses": 2, "slash16s": 2}, False),
        "one for 30 s": (one | {"ttl_min_s": 30}, True),
        "one for 31 s": (one | {"ttl_min_s": 31}, False),
        "one, unknown TTL": (one | {"ttl_min_s": None}, False),
        "two /16 of six": ({"addresses": 6, "slash16s": 2}, True),
        "two /16 of seven": ({"addresses": 7, "slash16s": 2}, False),
    }
    told = weigh_cases(
        engine,
        Perdisci(),
        {
            case: {"answers": pool(10, 2), "answer_sets": [answer_set(**changed)]}
            for case, (changed, _) in cases.items()
        },
    )
    assert told == {case: (float(passes), passes) for case, (_, passes) in cases.items()}


def test_a_busy_day_without_growth_is_dropped(engine: Engine) -> None:
    cases = {
        "busy, half as many /16": (101, pool(10, 5, moments=2), False),
        "less busy": (100, pool(10, 5, moments=2), True),
        "growing": (101, pool(10, 5, moments=3), True),
        "diverse": (101, pool(10, 6, moments=2), True),
        "small": (101, pool(5, 5, moments=2), False),
    }
    told = weigh_cases(
        engine,
        Perdisci(),
        {
            case: {"answers": rows, "answer_sets": [answer_set(responses=queries)]}
            for case, (queries, rows, _) in cases.items()
        },
    )
    assert {case: flagged for case, (_, flagged) in told.items()} == {
        case: kept for case, (_, _, kept) in cases.items()
    }


def test_rules_of_the_third_filter(engine: Engine) -> None:
    cases: dict[str, tuple[list[Row], int | None, int]] = {
        "none": (pool(4, 2), 60, 0),
        "TTL 29": (pool(4, 2), 29, 1),
        "TTL 30": (pool(4, 2), 30, 0),
        "TTL unknown": (pool(4, 2), None, 0),
        "nine addresses": (pool(9, 2), 60, 0),
        "ten addresses": (pool(10, 2), 60, 1),
        "grew four times": (pool(5, 2, moments=4), 60, 0),
        "grew five times": (pool(5, 2, moments=5), 60, 1),
        "four /16 of five": (pool(5, 4), 60, 1),
        "three /16 of five": (pool(5, 3), 60, 0),
        "all that grows": (pool(10, 5, moments=10), 3600, 3),
        "lives longer": (pool(10, 5, moments=10), 3601, 2),
        "in fewer /16": (pool(10, 4, moments=10), 3600, 2),
    }
    told = weigh_cases(
        engine,
        Perdisci(),
        {
            case: {"answers": rows, "answer_sets": [answer_set(ttl_max_s=ttl_s)]}
            for case, (rows, ttl_s, _) in cases.items()
        },
    )
    assert told == {case: (rules, rules > 0) for case, (_, _, rules) in cases.items()}


def test_only_one_day_and_accepted_answers_count_together(engine: Engine) -> None:
    days = (0, 86_400)
    sets = [answer_set(bucket=day, day=day) for day in days]
    apart = [row | {"bucket": days[n % 2]} for n, row in enumerate(pool(18, 4))]
    refused = pool(14, 2, query="b.a.test")
    cases = {
        "two days": {"answers": apart, "answer_sets": sets},
        "one day": {"answers": pool(18, 4), "answer_sets": sets},
        "another answer": {"answers": [*pool(4, 2), *refused], "answer_sets": sets},
    }
    assert weigh_cases(engine, Perdisci(), cases) == {
        "two days": (0, False),
        "one day": (1, True),
        "another answer": (0, False),
    }
