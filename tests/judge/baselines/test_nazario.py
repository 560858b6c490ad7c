"""Nazario and Holz's points: each one alone, and how many it takes."""

from collections.abc import Sequence

from tests.judge.baselines.asked_records import Row, answer, server, weigh_cases

from unflux.engine.connection import Engine
from unflux.judge.baselines.nazario import Nazario

PLACE = 1 << 24


def near(count: int, ttl_s: int | None = 900) -> list[Row]:
    return [answer(PLACE + n, ttl_min_s=ttl_s and 10, ttl_max_s=ttl_s) for n in range(count)]


def apart(count: int, distance: int) -> list[Row]:
    return [answer(PLACE + n * distance, ttl_max_s=900) for n in range(count)]


def with_asns(rows: Sequence[Row], asns: int) -> list[Row]:
    return [row | {"asn": 64500 + n % asns} for n, row in enumerate(rows)]


def test_points_of_the_answers(engine: Engine) -> None:
    cases = {
        "nothing": (near(1), 0),
        "short TTL": (near(1, ttl_s=899), 1),
        "unknown TTL": (near(1, ttl_s=None), 0),
        "five addresses": (near(5), 0),
        "six addresses": (near(6), 1),
        "nine addresses side by side": (near(9), 1),
        "two not far enough": (apart(2, 65_535), 0),
        "two far apart": (apart(2, 65_536), 1),
        "eight far apart": (apart(8, 65_536), 2),
        "nine far apart": (apart(9, 65_536), 3),
        "two ASNs": (with_asns(near(3), 2), 0),
        "three ASNs": (with_asns(near(3), 3), 1),
    }
    told = weigh_cases(engine, Nazario(), {c: {"answers": rows} for c, (rows, _) in cases.items()})
    assert told == {case: (points, False) for case, (_, points) in cases.items()}


def test_points_of_the_name_servers(engine: Engine) -> None:
    cases = {
        "three hosts": ([server(None, host=f"ns{n}.a.test") for n in range(3)], 0),
        "four hosts": ([server(None, host=f"ns{n}.a.test") for n in range(4)], 1),
        "not far enough": ([server(PLACE), server(PLACE + 65_355)], 0),
        "far apart": ([server(PLACE), server(PLACE + 65_356)], 1),
        "two ASNs": ([server(PLACE + n, 64500 + n % 2) for n in range(3)], 0),
        "three ASNs": ([server(PLACE + n, 64500 + n) for n in range(3)], 1),
    }
    told = weigh_cases(
        engine, Nazario(), {c: {"name_servers": rows} for c, (rows, _) in cases.items()}
    )
    assert told == {case: (points, False) for case, (_, points) in cases.items()}


def test_five_points_are_flux_and_four_are_not(engine: Engine) -> None:
    wide = with_asns(apart(9, PLACE), 9)
    short = [row | {"ttl_max_s": 60} for row in wide]
    cases: dict[str, dict[str, list[Row]]] = {"four": {"answers": wide}, "five": {"answers": short}}
    assert weigh_cases(engine, Nazario(), cases) == {"four": (4, False), "five": (5, True)}
