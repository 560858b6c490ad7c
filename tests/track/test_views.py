"""Vantages: what each saw, and whether they are shown the same agents."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

import pyarrow as pa

from unflux.model.endpoint import Endpoint
from unflux.model.vantages import VANTAGE_ANSWERS, VANTAGE_SUBNETS, VANTAGE_TABLES
from unflux.track.exchange import Look
from unflux.track.question import SILENT, Question, QuestionType, Reply
from unflux.track.rhythm import Bounds, Rhythm, Turn, follow, measure_turn
from unflux.track.tally import tally
from unflux.track.vantage import Vantage
from unflux.track.views import find_views, is_per_client, leave_planted

START = datetime(2026, 11, 1, tzinfo=UTC)
NAMES = {"bad.example"}
VANTAGE = Vantage(resolver=Endpoint(ip_address("192.0.2.53"), 53))


def answer(vantage: str, hour: int, address: str, query: str = "bad.example") -> dict[str, Any]:
    return {
        "bucket_at": START + timedelta(hours=hour), "vantage": vantage, "query": query,
        "address": address,
    }  # fmt: skip


def looks(vantage: str) -> dict[str, Any]:
    return {
        "vantage": vantage, "query": "bad.example", "qtype": "A", "looks": 100, "answered": 90,
        "silent": 10, "first_at": START, "last_at": START + timedelta(hours=5),
    }  # fmt: skip


def pool(vantage: str, letter: str) -> list[dict[str, Any]]:
    return [answer(vantage, hour, f"{letter}{n}") for hour in range(4) for n in range(8)]


def test_what_each_saw() -> None:
    rows = [*pool("one", "a"), *pool("two", "a"), answer("two", 0, "b1")]
    rows.append(answer("two", 0, "c1", "other.example"))
    one, two = find_views([looks("one"), looks("two")], rows, [], NAMES)
    assert (one.vantage, one.looks, one.answered, one.addresses, one.own) == ("one", 100, 90, 8, 0)
    assert (two.addresses, two.own, two.rotation_s) == (9, 1, None)


# --- rotation -------------------------------------------------------------------------------

BOUNDS = Bounds()
Script = Iterable[tuple[float, str]]
"""Moments in seconds, and the only record of the answer; nothing: the reply is lost."""


def rotation_s(scripts: Mapping[QuestionType, Script], **changes: Any) -> float | None:
    """Return what is told of looks that are taken as a track takes them."""
    kept = list[tuple[Look, Turn]]()
    for qtype, script in scripts.items():
        rhythm = Rhythm(due_at_s=0.0)
        for at_s, record in script:
            reply = SILENT
            if record:
                reply = Reply(outcome="answered", found=frozenset({record}), ttl_s=300, **changes)
            at = START + timedelta(seconds=at_s)
            after = follow(rhythm, reply, at.timestamp(), BOUNDS, Random(1))
            turn = measure_turn(rhythm, after, at.timestamp(), BOUNDS)
            question = Question("bad.example", qtype)
            kept.append((Look(vantage=VANTAGE, question=question, at=at, reply=reply, wire=None),
                         turn))  # fmt: skip
            rhythm = after
    tables = {shape: table.to_pylist() for shape, table in tally(kept).items()}
    looked, answers, turns, _ = (tables[shape] for shape in VANTAGE_TABLES)
    (view,) = find_views(looked, answers, turns, NAMES)
    assert view.looks == len(kept)
    return view.rotation_s


def rotating(start_s: float = 0, every_s: float = 360, turns: int = 10) -> list[tuple[float, str]]:
    return [(start_s + n * every_s, f"20.0.{n}.1") for n in range(turns + 1)]


def test_ten_answers_that_differ_in_an_hour_are_one_every_six_minutes() -> None:
    assert rotation_s({"A": rotating()}) == 360.0
    # Looks in between see no other answer, and no other rotation.
    assert rotation_s({"A": sorted(rotating() + [(n * 360 + 180, f"20.0.{n}.1")
                                                 for n in range(10)])}) == 360.0  # fmt: skip


def test_name_servers_and_types_without_an_answer_add_no_time() -> None:
    servers = [(n * 360.0, "ns.bad.example") for n in range(11)]
    assert rotation_s({"A": rotating(), "NS": servers}) == 360.0
    assert rotation_s({"A": rotating(), "AAAA": [(n * 360.0, "") for n in range(11)]}) == 360.0
    assert rotation_s({"A": rotating(), "AAAA": rotating()}) == 360.0


def test_a_pause_is_no_time_that_was_looked_at() -> None:
    week_s = 7 * 86_400.0
    assert rotation_s({"A": rotating() + rotating(week_s)}) == 360.0
    # Of two changes one came while replies were lost: nobody knows how long it took.
    lost = [(0.0, "20.0.0.1"), (300.0, "20.0.0.2"), (600.0, ""), (900.0, "20.0.0.3")]
    assert rotation_s({"A": lost}) == 300.0


def test_without_a_change_or_from_answers_that_were_cut_there_is_no_rotation() -> None:
    assert rotation_s({"A": [(n * 360.0, "20.0.0.1") for n in range(11)]}) is None
    assert rotation_s({"A": rotating()}, is_truncated=True) is None


# --- one client or another ------------------------------------------------------------------


def test_vantages_that_are_shown_other_agents_are_told_from_a_large_pool() -> None:
    assert is_per_client([*pool("one", "a"), *pool("two", "a")], [], NAMES) is False
    assert is_per_client([*pool("one", "a"), *pool("two", "b")], [], NAMES) is True
    assert is_per_client(pool("one", "a"), [], NAMES) is None
    # Nobody sees an address of a very large pool twice: nothing speaks for a difference.
    large = [answer(v, hour, f"{v}{hour}{n}") for v in "xy" for hour in range(4) for n in range(8)]
    assert is_per_client(large, [], NAMES) is False


def drifting(vantage: str, hours: Iterable[int], every_h: int = 1) -> list[dict[str, Any]]:
    """Return answers of eight of a pool that has another one every so many hours."""
    return [answer(vantage, hour, f"a{hour // every_h + n}") for hour in hours for n in range(8)]


def test_vantages_of_other_weeks_are_not_compared() -> None:
    first, second = drifting("one", range(168)), drifting("two", range(168, 336))
    assert is_per_client([*first, *second], [], NAMES) is None
    # Nor are other names of other pools, and where both looked the hours that they share count.
    other = [{**row, "query": "worse.example", "address": "b" + row["address"]}
             for row in drifting("two", range(168))]  # fmt: skip
    assert is_per_client([*first, *other], [], {*NAMES, "worse.example"}) is None
    assert is_per_client([*drifting("one", range(168), 24), *drifting("two", range(100, 336), 24)],
                         [], NAMES) is False  # fmt: skip


def test_addresses_that_are_planted_for_each_client_are_no_agents() -> None:
    rows = [
        answer(vantage, hour, address)
        for hour in range(4)
        for vantage, planted in (("one", "10.1.0"), ("two", "10.2.0"))
        for address in (*(f"20.0.{n}.1" for n in range(20)), *(f"{planted}.{n}" for n in range(99)))
    ]
    table = pa.Table.from_pylist(
        [{**row, "looks": 1, "first_at": START, "last_at": START} for row in rows],
        schema=VANTAGE_ANSWERS.schema,
    )
    left = leave_planted(table).to_pylist()
    assert is_per_client(left, [], NAMES) is False
    (view, _) = find_views([looks("one"), looks("two")], left, [], NAMES)
    assert (view.addresses, view.own) == (20, 0)


def told(vantage: str, heeded: int) -> dict[str, Any]:
    return {"vantage": vantage, "query": "bad.example", "answers": 9, "heeded": heeded}


def test_a_vantage_whose_subnet_nobody_heeds_is_a_copy_and_says_nothing() -> None:
    plain, subnet = "192.0.2.53:53", "192.0.2.53:53 for 198.51.100.0/24"
    same, other = ([*pool(plain, "a"), *pool(subnet, letter)] for letter in "ab")
    assert is_per_client(same, [], NAMES) is None
    assert is_per_client(same, [told(subnet, 0)], NAMES) is None
    assert is_per_client(same, [told(subnet, 9)], NAMES) is False
    assert is_per_client(other, [told(subnet, 9)], NAMES) is True
    elsewhere = [*same, *pool("192.0.2.54:53", "a")]
    assert is_per_client(elsewhere, [told(subnet, 0)], NAMES) is False


def test_whether_a_subnet_was_heeded_is_counted_where_one_was_told() -> None:
    network = ip_network("198.51.100.0/24")
    kept = list[tuple[Look, Turn]]()
    for subnet, reply in (
        (None, Reply(outcome="answered")),
        (network, Reply(outcome="nxdomain")),
        *((network, Reply(outcome="answered", scope_bits=bits)) for bits in (None, 0, 24)),
    ):
        look = Look(
            vantage=replace(VANTAGE, subnet=subnet), question=Question("bad.example", "A", subnet),
            at=START, reply=reply, wire=None,
        )  # fmt: skip
        kept.append((look, Turn()))
    (row,) = tally(kept)[VANTAGE_SUBNETS].to_pylist()
    assert (row["vantage"], row["answers"], row["heeded"]) == (
        "192.0.2.53:53 for 198.51.100.0/24", 3, 1
    )  # fmt: skip
