"""Agendas: soonest first, and a state that a restart goes on from."""

import json
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from random import Random
from typing import Any

from unflux.model.endpoint import Endpoint
from unflux.track.agenda import Agenda, Item
from unflux.track.exchange import Look
from unflux.track.question import Reply
from unflux.track.rhythm import Bounds, Turn
from unflux.track.vantage import Vantage

RESOLVER = Endpoint(ip_address("192.0.2.53"), 53)
PLAIN = Vantage(resolver=RESOLVER)
SUBNET = Vantage(resolver=RESOLVER, subnet=ip_network("198.51.100.0/24"))


def agenda(*names: str, vantages: tuple[Vantage, ...] = (PLAIN,), **changes: Any) -> Agenda:
    bounds = Bounds(**changes)
    return Agenda(vantages, names, ("A",), bounds, chance=Random(5), tell=lambda *_, **__: None)


def taken(agenda: Agenda, at_s: float) -> list[Item]:
    found = []
    while (item := agenda.take(at_s)) is not None:
        found.append(item)
    return found


def look(item: Item, at_s: float, *found: str, outcome: Any = "answered") -> Look:
    return Look(
        vantage=item.vantage,
        question=item.question,
        at=datetime.fromtimestamp(at_s, UTC),
        reply=Reply(outcome=outcome, found=frozenset(found), ttl_s=300 if found else None),
        wire=None,
    )


def test_every_vantage_asks_and_what_comes_back_is_due_after_its_ttl() -> None:
    plan = agenda("bad.example", vantages=(PLAIN, SUBNET))
    plan.begin(1000.0, None)
    items = taken(plan, 1000.0)
    assert {str(item.vantage) for item in items} == {
        "192.0.2.53:53", "192.0.2.53:53 for 198.51.100.0/24"
    }  # fmt: skip
    assert {item.question.subnet for item in items} == {None, SUBNET.subnet}
    assert plan.take(9999.0) is None
    assert not plan.is_over
    assert plan.note(look(items[0], 1001.0, "192.0.2.1")) == Turn()
    assert plan.next_at_s is not None
    assert plan.next_at_s >= 1302
    (again,) = taken(plan, 1400.0)
    assert plan.note(look(again, 1400.0, "192.0.2.2")) == Turn(is_change=True, watched_s=399.0)
    (again,) = taken(plan, 1800.0)
    assert plan.note(look(again, 1800.0, "192.0.2.2")) == Turn(is_change=False, watched_s=400.0)


def test_a_restart_goes_on_where_the_last_run_was_and_keeps_what_it_does_not_ask() -> None:
    plan = agenda("bad.example", "other.example")
    plan.begin(1000.0, None)
    for item in taken(plan, 1000.0):
        plan.note(look(item, 1000.0, "192.0.2.1"))
    again = agenda("bad.example", "new.example")
    again.begin(1100.0, plan.render())
    assert [item.question.name for item in taken(again, 1100.0)] == ["new.example"]
    third = agenda("other.example")
    third.begin(1100.0, again.render())
    assert taken(third, 1100.0) == []


def test_a_state_of_the_far_future_or_of_another_version_stills_nothing() -> None:
    plan = agenda("bad.example")
    plan.begin(1000.0, None)
    for item in taken(plan, 1000.0):
        plan.note(look(item, 9e9, "192.0.2.1"))
    again = agenda("bad.example")
    again.begin(1000.0, plan.render())
    assert len(taken(again, 1000.0 + 86_400 * 1.2)) == 1
    third = agenda("bad.example")
    third.begin(1000.0, json.dumps({"version": 99}))
    assert len(taken(third, 1000.0)) == 1


def test_the_dead_are_not_asked_for_and_when_all_are_it_is_over() -> None:
    plan = agenda("bad.example", dead_after_s=1, dead_after_looks=2)
    at_s = 1000.0
    plan.begin(at_s, None)
    while not plan.is_over:
        for item in taken(plan, at_s):
            plan.note(look(item, at_s, outcome="nxdomain"))
        at_s += 1000.0
    assert plan.dead == {"bad.example"}
    again = agenda("bad.example")
    again.begin(at_s, plan.render())
    assert again.is_over


def test_a_look_that_was_not_made_stays_due() -> None:
    plan = agenda("bad.example")
    plan.begin(0.0, None)
    (item,) = taken(plan, 0.0)
    plan.put_back(item)
    assert taken(plan, 0.0) == [item]
