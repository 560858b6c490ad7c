"""The footprint index: networks within ten minutes."""

from typing import Any

from tests.judge.baselines.asked_records import Row, answer, weigh_cases

from unflux.engine.connection import Engine
from unflux.judge.baselines.caglayan import Caglayan

PLACE = 1 << 24


def spread(networks: range, **changed: Any) -> list[Row]:
    return [answer(PLACE + n, 64500 + n, **changed) for n in networks]


def test_more_than_six_networks_are_flux(engine: Engine) -> None:
    cases: dict[str, list[Row]] = {
        "six": spread(range(6)),
        "seven": spread(range(7)),
        "seven in one ASN": [answer(PLACE + n, 64500) for n in range(7)],
        # Unmapped addresses count by /16, of which these have two.
        "unmapped": [answer(PLACE * (1 + n % 2) + n) for n in range(9)],
        "IPv6": [row | {"rrtype": "AAAA"} for row in spread(range(9))],
    }
    told = weigh_cases(
        engine, Caglayan(), {case: {"answers": rows} for case, rows in cases.items()}
    )
    assert told == {
        "six": (6, False),
        "seven": (7, True),
        "seven in one ASN": (1, False),
        "unmapped": (2, False),
        "IPv6": (0, False),
    }


def test_they_must_be_seen_within_ten_minutes(engine: Engine) -> None:
    def later(first_s: int, last_s: int) -> list[Row]:
        rest = spread(range(4, 8), bucket=first_s, first_s=first_s, last_s=last_s)
        return [*spread(range(4)), *rest]

    cases = {"soon": later(599, 599), "later": later(600, 600), "no time": later(-1, -1)}
    cases["no time"] = [
        row | {"bucket": -1, "first_s": -1, "last_s": -1} for row in spread(range(8))
    ]
    cases["lasting"] = [
        *spread(range(4), last_s=3000),
        *spread(range(4, 8), bucket=3000, first_s=3100, last_s=3100),
    ]
    told = weigh_cases(
        engine, Caglayan(), {case: {"answers": rows} for case, rows in cases.items()}
    )
    assert {case: score for case, (score, _) in told.items()} == {
        "soon": 8, "later": 4, "no time": 8, "lasting": 8,
    }  # fmt: skip
