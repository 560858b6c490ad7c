"""Holz's flux score: the published sum, threshold and TTL gate."""

from tests.judge.baselines.asked_records import Row, answer, weigh_cases

from unflux.engine.connection import Engine
from unflux.judge.baselines.holz import Holz, HolzAll

PLACE = 1 << 24


def spread(addresses: int, asns: int) -> list[Row]:
    return [answer(PLACE + n, 64500 + n % asns) for n in range(addresses)]


def test_so_many_addresses_need_so_many_asns(engine: Engine) -> None:
    expected = {
        (8, 8): (158.88, True),
        (10, 7): (142.98, True),
        (9, 7): (141.66, False),
        (24, 6): (142.92, True),
        (23, 6): (141.6, False),
        (94, 1): (142.62, True),
        (93, 1): (141.3, False),
        (1, 1): (19.86, False),
    }
    cases = {f"{n} in {asns}": {"answers": spread(n, asns)} for n, asns in expected}
    assert weigh_cases(engine, Holz(), cases) == {
        f"{n} in {asns}": told for (n, asns), told in expected.items()
    }


def test_which_records_count(engine: Engine) -> None:
    one, nothing = (19.86, False), (0, False)
    ipv6 = answer(1, 64501) | {"rrtype": "AAAA", "address": "2001:db8::1", "number": None}
    cases = {
        "short": [answer(PLACE, 64500, ttl_max_s=1799)],
        "long, almost over": [answer(PLACE, 64500, ttl_min_s=1, ttl_max_s=1800)],
        "unknown": [answer(PLACE, 64500, ttl_min_s=None, ttl_max_s=None)],
        "seen thrice": [answer(PLACE, 64500, bucket=300 * n) for n in range(3)],
        "unmapped": [answer(PLACE), answer(PLACE + 1)],
        "with IPv6": [answer(PLACE, 64500), ipv6],
    }
    assert weigh_cases(
        engine, Holz(), {case: {"answers": rows} for case, rows in cases.items()}
    ) == {
        "short": one,
        "long, almost over": nothing,
        "unknown": one,
        "seen thrice": one,
        "unmapped": (2.64, False),
        "with IPv6": one,
    }


def test_one_reads_two_lookups_and_the_other_all(engine: Engine) -> None:
    cases = {"a": {"answers": spread(8, 8), "two_lookups": spread(2, 2)}}
    assert weigh_cases(engine, Holz(), cases) == {"a": (39.72, False)}
    assert weigh_cases(engine, HolzAll(), cases) == {"a": (158.88, True)}
