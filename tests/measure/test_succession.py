"""How the address of a name gives way to the next."""

from typing import Any

from tests.measure import reference
from tests.measure.internet_of_rows import HOUR_S, Response, answer
from tests.measure.reference import assert_measures, measure_rows

from unflux.engine.connection import Engine
from unflux.measure.succession import measure_succession


def followed(engine: Engine, responses: list[Response]) -> dict[str, Any]:
    rows = measure_rows(engine, lambda _, observed: measure_succession(observed), responses)
    return rows.get("alpha.example", {})


def one_at_a_time(turns: str, name: str = "alpha.example", **others: Any) -> list[Response]:
    """Return an hourly look for each digit, which is the last of the address."""
    return [answer(name, [f"20.0.0.{n}"], at * HOUR_S, **others) for at, n in enumerate(turns)]


def test_succession_is_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(engine, lambda _, observed: measure_succession(observed), reference.succession)


def test_steps_and_changes(engine: Engine) -> None:
    row = followed(engine, one_at_a_time("1112223331"))
    assert (row["succession_steps"], row["succession_changes"]) == (9, 3)
    assert (row["succession_addresses"], row["succession_s"]) == (3, 9 * HOUR_S)
    # Of 90 ordered pairs of looks 4*3 + 3*2 + 3*2 are alike.
    assert row["succession_draw_ratio"] == 0.733333


def test_two_addresses_are_no_succession(engine: Engine) -> None:
    assert followed(engine, one_at_a_time("12121212")) == {}


def test_the_name_that_changed_most_is_followed(engine: Engine) -> None:
    responses = [
        *one_at_a_time("123123", "www.alpha.example"),
        *one_at_a_time("111112222233333", "cdn.alpha.example"),
    ]
    row = followed(engine, responses)
    assert (row["succession_steps"], row["succession_changes"]) == (5, 5)


def test_of_a_bucket_the_last_seen_counts(engine: Engine) -> None:
    late = [answer("alpha.example", ["20.0.0.9"], at * HOUR_S + 60) for at in range(4)]
    row = followed(engine, [*one_at_a_time("1234"), *late])
    assert (row["succession_steps"], row["succession_changes"]) == (3, 0)


def test_records_without_time_are_not_followed(engine: Engine) -> None:
    responses = [answer("alpha.example", [f"20.0.0.{n}"], None) for n in range(9)]
    assert followed(engine, responses) == {}
