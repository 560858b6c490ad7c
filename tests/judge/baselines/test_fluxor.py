"""FluXOR's naive Bayes: densities by hand, three hours, unknown left out."""

import math

from scipy.stats import norm
from tests.judge.baselines.asked_records import Row, answer, weigh_cases

from unflux.engine.connection import Engine
from unflux.judge.baselines.fluxor import Fluxor

PLACE = 1 << 24


def ratio(value: float, benign: float, flux: float) -> float:
    return float(norm.logpdf(value, flux, flux) - norm.logpdf(value, benign, benign))


def test_the_product_of_densities(engine: Engine) -> None:
    rows = [answer(PLACE * (1 + n % 4) + n, 64500 + n % 3, ttl_max_s=300) for n in range(10)]
    expected = (
        ratio(10, 2.86, 98.1)
        + ratio(300, 4593.0, 261.0)
        + ratio(4, 1.27, 63.8)
        + ratio(3, 1.11, 38.4)
        + ratio(3, 1.07, 41.5)
    )
    ((score, flagged),) = weigh_cases(engine, Fluxor(), {"a": {"answers": rows}}).values()
    assert score is not None and math.isclose(score, expected, abs_tol=1e-5)
    assert flagged is (expected > 0)


def test_what_is_unknown_says_nothing(engine: Engine) -> None:
    rows: list[Row] = [answer(PLACE, ttl_max_s=None)]
    ((score, flagged),) = weigh_cases(engine, Fluxor(), {"a": {"answers": rows}}).values()
    expected = ratio(1, 2.86, 98.1) + ratio(1, 1.27, 63.8)
    assert score is not None and math.isclose(score, expected, abs_tol=1e-5)
    assert not flagged


def test_only_the_first_three_hours_count(engine: Engine) -> None:
    one = [answer(PLACE, 64500, first_s=100, last_s=100)]
    more = [answer(PLACE * n, 64500 + n, bucket=9000, first_s=10_899) for n in range(2, 40)]
    late = [row | {"first_s": 10_900} for row in more]
    told = weigh_cases(
        engine,
        Fluxor(),
        {"in": {"answers": one + more}, "late": {"answers": one + late}, "one": {"answers": one}},
    )
    assert told["in"][1]
    assert told["late"] == told["one"]
    assert not told["one"][1]
