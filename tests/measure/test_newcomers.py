"""How fast new addresses come."""

from tests.measure import reference
from tests.measure.internet_of_rows import HOUR_S, Route, answer
from tests.measure.reference import assert_measures, measure_rows

from unflux.engine.connection import Engine
from unflux.measure.newcomers import measure_newcomers, measure_place_arrivals
from unflux.model.opening import OPENING_S


def test_newcomers_are_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(engine, lambda _, observed: measure_newcomers(observed), reference.newcomers)


def test_arrived_places_are_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(
        engine, lambda _, observed: measure_place_arrivals(observed), reference.place_arrivals
    )


def test_what_comes_within_five_minutes_is_no_newcomer(engine: Engine) -> None:
    responses = [
        answer("alpha.example", ["20.0.0.1"], 0),
        answer("alpha.example", ["20.0.0.2"], OPENING_S),
        answer("alpha.example", ["20.0.0.3"], OPENING_S + 1),
    ]
    row = measure_rows(engine, lambda _, observed: measure_newcomers(observed), responses)
    assert row["alpha.example"]["newcomers"] == 1
    assert row["alpha.example"]["span_s"] == OPENING_S + 1


def test_an_even_stream_of_strangers_is_half_late(engine: Engine) -> None:
    responses = [answer("alpha.example", [f"20.0.0.{n}"], n * HOUR_S) for n in range(1, 10)]
    row = measure_rows(engine, lambda _, observed: measure_newcomers(observed), responses)
    alpha = row["alpha.example"]
    assert (alpha["newcomers"], alpha["late_newcomers"]) == (8, 4)
    assert (alpha["late_ratio"], alpha["stranger_ratio"]) == (0.444444, 1.0)
    assert alpha["newcomers_per_hour"] == 1.0


def test_a_closed_set_brings_nobody(engine: Engine) -> None:
    responses = [answer("alpha.example", ["20.0.0.1", "20.0.0.2"], n * HOUR_S) for n in range(5)]
    row = measure_rows(engine, lambda _, observed: measure_newcomers(observed), responses)
    alpha = row["alpha.example"]
    assert (alpha["newcomers"], alpha["late_ratio"], alpha["stranger_ratio"]) == (0, 0.0, 0.0)


def test_one_moment_and_no_time_give_no_ratio(engine: Engine) -> None:
    responses = [
        answer("alpha.example", ["20.0.0.1"], 7),
        answer("beta.example", ["20.0.0.2"], None),
    ]
    rows = measure_rows(engine, lambda _, observed: measure_newcomers(observed), responses)
    assert rows.keys() == {"alpha.example"}
    alpha = rows["alpha.example"]
    assert (alpha["span_s"], alpha["newcomers"]) == (0, 0)
    assert alpha["late_ratio"] is alpha["stranger_ratio"] is alpha["newcomers_per_hour"] is None


def test_a_neighbour_in_a_known_asn_is_no_new_place(engine: Engine) -> None:
    routes = {"20.0.0.1": Route(1), "20.0.0.2": Route(1), "21.0.0.1": Route(2)}
    responses = [
        answer("alpha.example", ["20.0.0.1"], 0),
        answer("alpha.example", ["20.0.0.2", "10.0.0.1"], HOUR_S),
        answer("beta.example", ["20.0.0.1"], 0),
        answer("beta.example", ["21.0.0.1", "22.0.0.1"], HOUR_S),
    ]
    rows = measure_rows(
        engine, lambda _, observed: measure_place_arrivals(observed), responses, routes
    )
    assert (rows["alpha.example"]["newcomer_asns"], rows["alpha.example"]["newcomer_slash16"]) == (
        0,
        0,
    )
    assert (rows["beta.example"]["newcomer_asns"], rows["beta.example"]["newcomer_slash16"]) == (
        1,
        2,
    )
