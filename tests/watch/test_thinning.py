"""What is left of a batch when a flood of names came, and that nothing is when none did."""

from collections import Counter
from dataclasses import replace

import pyarrow.compute as pc
import pytest
from tests.measure.internet_of_rows import Response, address, alias, answer, glue, name_server, roll

from unflux.model.rollup import Rollup, tables_of
from unflux.watch.cropping import BEYOND, CROWDED, DOUBLED
from unflux.watch.thinning import NOWHERE, RARE, ROLLED_UP, SINGLE, Limits, thin

EVERYDAY = [
    *(answer(f"www.site{n}.example", ["20.0.0.1"], at) for n in range(40) for at in range(3)),
    *(answer(f"host{n}.provider.example", [f"20.1.{n}.1"]) for n in range(40)),
    Response("alias.example", (alias("alias.example", "host1.provider.example"),)),
]
LIMITS = Limits(names_per_domain=50, nowhere=30, records_per_domain=80, rows=600)


def asked(rollup: Rollup, domain: str) -> dict[str, int]:
    rows = rollup.lookups.filter(pc.equal(rollup.lookups["domain"], domain)).to_pylist()
    return {row["query"]: row["responses"] for row in rows}


def held(rollup: Rollup, domain: str) -> set[str]:
    s = rollup.sightings
    return set(s.filter(pc.equal(s["owner_domain"], domain))["rdata"].to_pylist())


def counted(rollup: Rollup, domain: str) -> Counter[str]:
    s = rollup.sightings
    rows = s.filter(pc.equal(s["owner_domain"], domain)).to_pylist()
    return sum((Counter({row["rdata"]: row["count"]}) for row in rows), Counter[str]())


def test_everyday_traffic_is_left_alone() -> None:
    rollup = roll(EVERYDAY)
    assert thin(rollup, LIMITS, ()) == (rollup, {})


def test_names_of_one_domain_are_counted_under_it() -> None:
    flood = [Response(f"x{n}.victim.example", rcode="NXDOMAIN") for n in range(500)]
    often = [answer("www.victim.example", ["20.2.0.1"], at) for at in range(5)]
    thinned, shed = thin(roll([*EVERYDAY, *flood, *often]), LIMITS, ())
    counts = asked(thinned, "victim.example")
    # The most answered stay apart, and every response is still counted for the domain.
    assert counts["www.victim.example"] == 5
    assert len(counts) <= 51
    assert shed[ROLLED_UP] + shed[NOWHERE] >= 450
    assert sum(counts.values()) + shed[NOWHERE] == 505
    assert counts["*.victim.example"] == 451
    nxdomain = pc.sum(thinned.lookups["nxdomain"]).as_py()
    assert nxdomain + shed[NOWHERE] == 500
    everyday, _ = thin(roll(EVERYDAY), LIMITS, ())
    assert asked(thinned, "provider.example") == asked(everyday, "provider.example")


def test_customers_of_a_domain_do_not_become_one_name_of_many_addresses() -> None:
    customers = [answer(f"c{n}.dyn.example", [f"20.{n % 200}.{n // 200}.9"]) for n in range(300)]
    rollup = roll(customers)
    thinned, _ = thin(rollup, replace(LIMITS, records_per_domain=1000), ())
    sightings = thinned.sightings
    assert "*.dyn.example" not in sightings["qname"].to_pylist()
    assert len(held(thinned, "dyn.example")) == 50
    # Of a convicted domain every address stays.
    limits = replace(LIMITS, records_per_domain=1000, rows=2000)
    thinned, shed = thin(rollup, limits, ["dyn.example"])
    assert held(thinned, "dyn.example") == held(rollup, "dyn.example")
    assert sum(asked(thinned, "dyn.example").values()) == 300
    assert set(shed) == {ROLLED_UP}


def test_domains_that_led_nowhere_go_first_and_convicted_ones_never() -> None:
    storm = [Response(f"d{n}.example", rcode="NXDOMAIN") for n in range(1000)]
    mine = [Response(f"m{n}.flux.example", rcode="NXDOMAIN") for n in range(20)]
    thinned, shed = thin(roll([*EVERYDAY, *storm, *mine]), LIMITS, ["flux.example"])
    assert shed == {NOWHERE: 970}
    assert len(asked(thinned, "flux.example")) == 20
    assert held(thinned, "provider.example") == held(roll(EVERYDAY), "provider.example")


def test_single_answers_go_before_those_asked_again() -> None:
    once = [answer(f"o{n}.example", ["20.3.0.1"]) for n in range(400)]
    twice = [answer(f"t{n}.example", ["20.3.0.2"], at) for n in range(150) for at in (0, 1)]
    thinned, shed = thin(roll([*once, *twice]), LIMITS, ())
    assert thinned.lookups.num_rows == 200
    assert shed == {SINGLE: 1050}
    assert pc.sum(pc.greater(thinned.lookups["responses"], 1)).as_py() == 150
    thinned, shed = thin(roll(twice), replace(LIMITS, rows=300, nowhere=0), ())
    assert (thinned.lookups.num_rows, shed) == (100, {RARE: 150})


def test_a_domain_with_very_many_addresses_is_cropped() -> None:
    many = [answer("many.example", [f"20.4.{n}.{m}" for m in range(20)], n) for n in range(10)]
    thinned, shed = thin(roll([*EVERYDAY, *many]), LIMITS, ())
    assert len(held(thinned, "many.example")) == 80
    assert shed == {CROWDED: 120}


def test_of_a_convicted_domain_records_seen_elsewhere_go_first_then_those_answered_least() -> None:
    agents = [f"20.{n}.4.1" for n in range(60)]
    often = [answer("www.flux.example", agents[n : n + 5], at) for n in range(60) for at in (0, 1)]
    names = [answer(f"n{n}.flux.example", agents[n : n + 5]) for n in range(12)]
    rollup = roll([*EVERYDAY, *often, *names])
    thinned, shed = thin(rollup, LIMITS, ["flux.example"])
    assert counted(thinned, "flux.example") == counted(rollup, "flux.example")
    assert thinned.sightings.num_rows < rollup.sightings.num_rows
    assert set(shed) == {DOUBLED}

    # An operator who answers with ever other addresses pushes out none of those that serve.
    planted = [answer("www.flux.example", [f"21.{n}.{m}.1" for m in range(20)]) for n in range(50)]
    served = [
        Response("www.flux.example", (name_server("flux.example", host), glue(host, "20.1.4.1")))
        for host in (f"ns{n}.flux.example" for n in range(8))
    ]
    thinned, shed = thin(roll([*EVERYDAY, *often, *planted, *served]), LIMITS, ["flux.example"])
    left = held(thinned, "flux.example")
    assert set(agents) <= left
    assert {f"ns{n}.flux.example" for n in range(8)} <= left
    assert len(left & {f"21.{n}.{m}.1" for n in range(50) for m in range(20)}) < 20
    assert shed[BEYOND] > 980


def test_convicted_domains_share_half_of_the_rows_and_the_small_ones_lose_nothing() -> None:
    floods = [
        answer(f"f{n}.example", [f"20.{n}.{turn}.{m}" for m in range(20)], turn)
        for n in range(20)
        for turn in range(4)
    ]
    small = [answer("small.example", ["30.1.1.1", "30.2.1.1"], at) for at in range(3)]
    kept = [*(f"f{n}.example" for n in range(20)), "small.example"]
    thinned, shed = thin(roll([*EVERYDAY, *floods, *small]), LIMITS, kept)
    assert held(thinned, "small.example") == {"30.1.1.1", "30.2.1.1"}
    everyday, _ = thin(roll(EVERYDAY), LIMITS, ())
    assert held(thinned, "provider.example") == held(everyday, "provider.example")
    rows = sum(table.num_rows for table in tables_of(thinned))
    assert rows <= LIMITS.rows
    assert {len(held(thinned, name)) for name in kept[:-1]} == {9}
    assert shed == {BEYOND: 20 * (80 - 9)}


def test_few_names_with_very_many_records_are_within_the_rows_too() -> None:
    crowd = [
        answer(f"crowd{n}.example", [f"20.{6 + n}.{turn}.{m}" for m in range(20)], turn)
        for n in range(10)
        for turn in range(4)
    ]
    thinned, shed = thin(roll(crowd), replace(LIMITS, rows=300), ["crowd0.example"])
    assert thinned.sightings.num_rows + thinned.answer_sets.num_rows <= 300
    assert len(held(thinned, "crowd0.example")) == 80
    assert set(shed) == {RARE}


@pytest.mark.parametrize("query", ["", "com", "1.0.0.20.in-addr.arpa"])
def test_odd_names_do_no_harm(query: str) -> None:
    odd = [Response(query, (address(query, "20.5.0.1"),), at) for at in range(3)]
    many = [Response(f"{n}.0.20.in-addr.arpa", rcode="NXDOMAIN") for n in range(200)]
    thinned, _ = thin(roll([*odd, *many]), LIMITS, ())
    assert query in thinned.lookups["query"].to_pylist()
