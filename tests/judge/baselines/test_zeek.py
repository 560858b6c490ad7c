"""The Zeek script's score: damped, per name, forgotten after 31 minutes, two names let through."""

from typing import Any

from tests.judge.baselines.asked_records import Row, answer, weigh_cases

from unflux.engine.connection import Engine
from unflux.judge.baselines.zeek import Zeek

PLACE = 1 << 24


def spread(addresses: int, asns: int, *, start: int = 0, **changed: Any) -> list[Row]:
    return [answer(PLACE + n, 64500 + n % asns, **changed) for n in range(start, start + addresses)]


def test_the_share_of_asns_damps_the_score(engine: Engine) -> None:
    expected = {
        (8, 8): (158.88, True),  # 1 * (10.56 + 148.32)
        (7, 7): (139.02, False),
        (16, 8): (84.72, False),  # 1/2 * (21.12 + 148.32)
        (1, 1): (19.86, False),
    }
    cases = {f"{n} in {asns}": {"answers": spread(n, asns)} for n, asns in expected}
    assert weigh_cases(engine, Zeek(), cases) == {
        f"{n} in {asns}": told for (n, asns), told in expected.items()
    }


def test_which_records_count(engine: Engine) -> None:
    ipv6 = [row | {"rrtype": "AAAA"} for row in spread(8, 8)]
    cases = {
        "half an hour": (spread(8, 8, ttl_min_s=1800, ttl_max_s=9000), True),
        "longer": (spread(8, 8, ttl_min_s=1801), False),
        "unknown": (spread(8, 8, ttl_min_s=None), True),
        "IPv6": (ipv6, False),
        "unmapped": ([answer(PLACE + n) for n in range(8)], False),
        "a pool": (spread(8, 8, query="0.pool.ntp.org"), False),
    }
    told = weigh_cases(
        engine, Zeek(), {case: {"answers": rows} for case, (rows, _) in cases.items()}
    )
    assert {case: flagged for case, (_, flagged) in told.items()} == {
        case: flagged for case, (_, flagged) in cases.items()
    }


def test_a_name_is_forgotten_after_31_minutes_and_names_do_not_add_up(engine: Engine) -> None:
    early = spread(4, 8, first_s=0, last_s=100)
    cases = {
        "in time": [*early, *spread(4, 8, start=4, bucket=1800, first_s=1960, last_s=1960)],
        "too late": [*early, *spread(4, 8, start=4, bucket=1800, first_s=1961, last_s=1961)],
        "kept alive": [
            *early,
            *spread(1, 8, bucket=1500, first_s=1900, last_s=1900),
            *spread(4, 8, start=4, bucket=3600, first_s=3700, last_s=3700),
        ],
        "two names": [*early, *spread(4, 8, start=4, query="b.a.test")],
    }
    told = weigh_cases(engine, Zeek(), {case: {"answers": rows} for case, rows in cases.items()})
    assert told == {
        "in time": (158.88, True),
        "too late": (79.44, False),
        "kept alive": (158.88, True),
        "two names": (79.44, False),
    }
