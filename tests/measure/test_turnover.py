"""How often the answer set turns over, and how wide one answer is."""

from tests.measure import reference
from tests.measure.internet_of_rows import Response, address, alias, answer
from tests.measure.reference import assert_measures, measure_rows

from unflux.engine.connection import Engine
from unflux.measure.turnover import measure_turnover


def test_turnover_is_what_plain_python_counts(engine: Engine) -> None:
    assert_measures(engine, lambda records, _: measure_turnover(records), reference.turnover)


def test_order_makes_no_new_set_and_an_address_does(engine: Engine) -> None:
    responses = [
        answer("alpha.example", ["20.0.0.1", "21.0.0.1"], 0),
        answer("alpha.example", ["21.0.0.1", "20.0.0.1"], 900),
        answer("alpha.example", ["21.0.0.1"], 1800),
    ]
    row = measure_rows(engine, lambda records, _: measure_turnover(records), responses)
    alpha = row["alpha.example"]
    assert (alpha["lookups"], alpha["answer_sets"]) == (3, 2)
    assert (alpha["set_addresses_max"], alpha["set_slash16_max"]) == (2, 2)
    assert alpha["set_slash16_mean"] == 1.666667


def test_customers_lead_to_their_provider(engine: Engine) -> None:
    def chain(customer: str) -> Response:
        return Response(customer, (alias(customer, "e.cdn.net"), address("e.cdn.net", "20.0.0.1")))

    responses = [chain(f"www.customer{n}.example") for n in range(3)]
    rows = measure_rows(engine, lambda records, _: measure_turnover(records), responses)
    assert rows.keys() == {"cdn.net"}
    assert (rows["cdn.net"]["queries"], rows["cdn.net"]["query_domains"]) == (3, 3)


def test_no_answer_is_wider_than_what_the_domain_showed(engine: Engine) -> None:
    def chain(target: str, addresses: list[str], at_s: int) -> Response:
        records = (address(target, text) for text in addresses)
        return Response("www.alpha.example", (alias("www.alpha.example", target), *records), at_s)

    responses = [chain("front.slow.example", [f"2{n}.0.0.1"], n * 900) for n in range(3)]
    responses.append(chain("edge.twin.example", ["30.0.0.1", "31.1.0.1"], 910))
    rows = measure_rows(engine, lambda records, _: measure_turnover(records), responses)
    slow, twin = rows["slow.example"], rows["twin.example"]
    widest = ("set_addresses_max", "set_slash24_max", "set_slash16_max", "set_slash16_mean")
    assert [slow[name] for name in widest] == [1, 1, 1, 1]
    assert [twin[name] for name in widest[:3]] == [2, 2, 2]


def test_records_without_time_are_one_moment(engine: Engine) -> None:
    responses = [answer("alpha.example", [f"2{n}.0.0.1"], None) for n in range(3)]
    row = measure_rows(engine, lambda records, _: measure_turnover(records), responses)
    assert row["alpha.example"]["answer_sets"] == 3
