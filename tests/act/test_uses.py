"""Who uses what, and who said so: the same on every engine."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import ibis.expr.types as ir
import pyarrow as pa
import pytest
from tests.measure.internet_of_rows import (
    DOMAINS,
    HOSTS,
    HOUR_S,
    START_US,
    V4,
    Response,
    address,
    alias,
    answer,
    beside,
    glue,
    name_server,
    random_internet,
    roll,
    rows_of,
    seeds,
)

from unflux.act import uses
from unflux.engine.connection import Engine
from unflux.model.columns import MOMENT, TEXT

BAD, BANK, SHOP = "bad.example", "bank.example", "shop.example"

RESPONSES = (
    # Both planes by its own word, and a stranger's records beside them.
    answer(BAD, ["20.0.0.1", "20.0.0.2"], 0, name_server(BAD, "ns1.bad.example"),
           glue("ns1.bad.example", "20.0.0.1"), name_server(BAD, "ns.bank.example"),
           glue("ns.bank.example", "20.0.0.3"), name_server(BANK, "ns1.bad.example")),
    Response("www.bad.example", (alias("www.bad.example", "www.bank.example"),
                                 address("www.bank.example", "20.0.0.1"),
                                 address("www.bank.example", "20.0.0.2")), 60),
    answer("www.bank.example", ["20.9.0.80"], 120, name_server(BANK, "ns.bank.example"),
           glue("ns.bank.example", "20.9.0.53")),
    answer(SHOP, ["20.9.0.81"], 180, name_server(SHOP, "ns.bank.example"),
           glue("ns.bank.example", "20.9.0.53"), glue("ns.bank.example", "20.9.0.54")),
)  # fmt: skip


@pytest.fixture
def sightings(engine: Engine) -> ir.Table:
    return engine.table("u_sightings", roll(RESPONSES).sightings)


def asked(engine: Engine, column: str, *values: str) -> ir.Table:
    return engine.table(f"u_{column}", pa.table({column: pa.array(values, TEXT)}))


def test_an_address_is_used_by_owners_aliases_and_whom_its_name_server_serves(
    engine: Engine, sightings: ir.Table
) -> None:
    told = uses.address_uses(sightings, asked(engine, "address", "20.0.0.1", "20.9.0.53"))
    assert rows_of(engine, told.select("address", "host", "domain", "is_glue")) == [
        ("20.0.0.1", "bad.example", BAD, False),
        ("20.0.0.1", "ns1.bad.example", BAD, False),
        ("20.0.0.1", "ns1.bad.example", BAD, True),
        ("20.0.0.1", "ns1.bad.example", BANK, False),
        ("20.0.0.1", "www.bank.example", BAD, False),
        ("20.0.0.1", "www.bank.example", BANK, False),
        ("20.9.0.53", "ns.bank.example", BAD, False),
        ("20.9.0.53", "ns.bank.example", BANK, False),
        ("20.9.0.53", "ns.bank.example", BANK, True),
        ("20.9.0.53", "ns.bank.example", SHOP, False),
    ]


def test_an_address_of_a_host_is_its_own_word_where_its_domain_was_asked(
    engine: Engine, sightings: ir.Table
) -> None:
    told = uses.host_addresses(sightings, asked(engine, "host", "ns.bank.example"))
    assert rows_of(engine, told) == [
        ("ns.bank.example", "20.0.0.3", False),
        ("ns.bank.example", "20.9.0.53", True),
        ("ns.bank.example", "20.9.0.54", False),
    ]


def test_whom_a_host_serves_is_told_by_anybody(engine: Engine, sightings: ir.Table) -> None:
    told = uses.host_uses(sightings, asked(engine, "host", "ns1.bad.example", "ns.bank.example"))
    assert rows_of(engine, told.select("host", "domain")) == [
        ("ns.bank.example", BAD), ("ns.bank.example", BANK), ("ns.bank.example", SHOP),
        ("ns1.bad.example", BAD), ("ns1.bad.example", BANK),
    ]  # fmt: skip


def test_fronts_are_a_domains_own_word_where_it_was_asked(
    engine: Engine, sightings: ir.Table
) -> None:
    told = uses.fronts(sightings, asked(engine, "domain", BAD, BANK, "gone.example"))
    assert rows_of(engine, told.drop("last_at")) == [(BAD, 2, 2), (BANK, 3, 1)]
    seen = rows_of(engine, told.select("domain", second=told.last_at.epoch_seconds() % 3600))
    assert seen == [(BAD, 0), (BANK, 120)]


def test_servers_are_a_domains_own_word_where_it_chose_them_and_it_or_they_say_where(
    engine: Engine, sightings: ir.Table
) -> None:
    told = uses.servers(sightings, asked(engine, "domain", BAD, BANK, SHOP))
    assert rows_of(engine, told.drop("last_at")) == [
        (BAD, "ns.bank.example", "20.0.0.3", True),  # it chose that host, and says so itself
        (BAD, "ns.bank.example", "20.9.0.53", True),
        (BAD, "ns.bank.example", "20.9.0.54", False),
        (BAD, "ns1.bad.example", "20.0.0.1", True),
        (BANK, "ns.bank.example", "20.0.0.3", False),
        (BANK, "ns.bank.example", "20.9.0.53", True),
        (BANK, "ns.bank.example", "20.9.0.54", False),
        (BANK, "ns1.bad.example", "20.0.0.1", False),  # which others say it chose
        (SHOP, "ns.bank.example", "20.0.0.3", False),
        (SHOP, "ns.bank.example", "20.9.0.53", True),
        (SHOP, "ns.bank.example", "20.9.0.54", True),
    ]


def test_a_domain_moved_when_an_answer_was_given_that_is_not_the_latest(engine: Engine) -> None:
    def asked_at(name: str, addresses: list[str], *hours: float) -> list[Response]:
        return [answer(name, addresses, hour * HOUR_S) for hour in hours]

    led = (alias("www.led.example", "www.bank.example"), address("www.bank.example", "20.0.0.9"))
    responses = [
        # Round one set, then another; each type by itself, and names that pass as one.
        *asked_at("www.moves.example", ["20.0.0.1", "20.0.0.2"], 0, 30),
        *asked_at("www.moves.example", ["20.0.0.3"], 31, 90),
        *asked_at("www.moves.example", ["2a09::1"], 32, 60),
        *asked_at("www.stands.example", ["20.0.0.4"], 0, 90),
        *asked_at("mail.stands.example", ["20.0.0.5"], 1, 91),
        *(answer(f"x{n}.passes.example", [f"20.0.1.{n}"], n * HOUR_S) for n in range(40)),
        # What others' addresses are led to by aliases, and refusals, are no moves.
        *asked_at("www.led.example", ["20.0.0.6"], 0, 90),
        *(Response("www.led.example", led, hour * HOUR_S) for hour in (91, 92)),
        Response("www.stands.example", (), 95 * HOUR_S, rcode="NXDOMAIN"),
    ]
    rollup = roll(
        replace(r, qtype="AAAA") if any(record[1] == "AAAA" for record in r.records) else r
        for r in responses
    )
    names = ("moves.example", "stands.example", "passes.example", "led.example", "gone.example")
    told = uses.moves(
        engine.table("u_sightings", rollup.sightings),
        engine.table("u_answer_sets", rollup.answer_sets),
        asked(engine, "domain", *names),
    )
    hours = (told.moved_at.epoch_seconds() - START_US // 1_000_000) / HOUR_S
    assert rows_of(engine, told.select("domain", hours=hours.cast("int64"))) == [
        ("moves.example", 30), ("passes.example", 38)
    ]  # fmt: skip


def test_who_shows_no_address_is_told_of_only_where_convicted(engine: Engine) -> None:
    decided = engine.table("u_decided", pa.table({
        "domain": ["a.example", "b.example", "c.example", "d.example"],
        "addresses": pa.array([3, 0, 0, 1], pa.int64()),
        "verdict": ["benign", "undecided", "fast-flux", "benign"],
        "last_at": pa.array([1, None, 3, 1], MOMENT),
    }))  # fmt: skip
    told = uses.outcomes(decided, asked(engine, "domain", "a.example", "b.example", "c.example"))
    seen = [(domain, verdict, at.microsecond) for domain, verdict, at in rows_of(engine, told)]
    assert seen == [("a.example", "benign", 1), ("c.example", "fast-flux", 3)]


@pytest.fixture
def other(engine: Engine) -> Iterator[Engine]:
    yield from beside(engine)


Ask = Callable[[ir.Table, ir.Table], ir.Table]
ASKED: tuple[tuple[Ask, str, tuple[str, ...]], ...] = (
    (uses.address_uses, "address", V4),
    (uses.host_addresses, "host", HOSTS),
    (uses.host_uses, "host", HOSTS),
    (uses.fronts, "domain", DOMAINS),
    (uses.servers, "domain", DOMAINS),
    (uses.delegations, "domain", DOMAINS),
)


def test_every_engine_finds_the_same_moves(engine: Engine, other: Engine) -> None:
    for seed in seeds(engine):
        rollup = roll(random_internet(seed)[0])
        found = [
            rows_of(
                each,
                uses.moves(
                    each.table("u_random", rollup.sightings),
                    each.table("u_random_sets", rollup.answer_sets),
                    asked(each, "domain", *DOMAINS),
                ),
            )
            for each in (engine, other)
        ]
        assert found[0] == found[1]


@pytest.mark.parametrize(("ask", "column", "values"), ASKED)
def test_every_engine_gives_the_same_rows_of_random_internets(
    engine: Engine, other: Engine, ask: Ask, column: str, values: tuple[str, ...]
) -> None:
    for seed in seeds(engine):
        responses, _ = random_internet(seed)
        some = random.Random(seed).sample(values, len(values) // 2)
        rollup = roll(responses)
        found = [
            rows_of(each, ask(each.table("u_random", rollup.sightings), asked(each, column, *some)))
            for each in (engine, other)
        ]
        assert found[0] == found[1]
        assert len(set(found[0])) == len(found[0])
