"""Wildcards: who is left out for whom, while answers agree, and never otherwise."""

from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from random import Random
from typing import Any

import pytest
from dns.name import NameTooLong

from unflux.model.endpoint import Endpoint
from unflux.track.agenda import Agenda
from unflux.track.exchange import Look
from unflux.track.family import Family, parent_of
from unflux.track.question import Question, QuestionType, Reply, compose_question
from unflux.track.rhythm import Bounds
from unflux.track.vantage import Vantage

HOUR_S, DAY_S = 3_600.0, 86_400.0
ONE, OTHER = (Vantage(resolver=Endpoint(ip_address(f"192.0.2.{n}"), 53)) for n in (53, 54))
TTL_S = 299
Zone = Callable[[str, float], Reply]
"""What a name is answered at a moment."""


def answered(*found: str) -> Reply:
    return Reply(outcome="answered", found=frozenset(found), ttl_s=TTL_S)


GONE = Reply(outcome="nxdomain")


class World:
    """Resolvers, a clock, and an agenda that is carried out."""

    def __init__(self, *names: str, zones: dict[Vantage, Zone], qtype: QuestionType = "A") -> None:
        self.names, self.zones, self.qtype = names, zones, qtype
        self.now_s = 0.0
        self.told: list[tuple[str, str]] = []
        self.asked: list[tuple[float, str, Vantage]] = []
        self.state: str | None = None
        self.begin()

    def begin(self) -> None:
        def tell(event: str, /, **fields: Any) -> None:
            self.told.append((event, fields.get("name") or fields["zone"]))

        self.agenda = Agenda(
            self.zones, self.names, (self.qtype,), Bounds(), chance=Random(7), tell=tell
        )
        self.agenda.begin(self.now_s, self.state)

    def pass_hours(self, hours: float) -> None:
        """Carry it out as a following does."""
        self.asked = []
        ends_s = self.now_s + hours * HOUR_S
        while (next_s := self.agenda.next_at_s) is not None and next_s <= ends_s:
            self.now_s = max(self.now_s, next_s)
            item = self.agenda.take(self.now_s)
            assert item is not None
            look = self._look(item.vantage, item.question)
            stranger = self.agenda.stranger_of(look)
            if stranger is not None:
                self.agenda.note_stranger(look, self._look(item.vantage, stranger).reply)
            self.agenda.note(look)
        self.now_s = ends_s
        self.state = self.agenda.render()

    def _look(self, vantage: Vantage, question: Question) -> Look:
        self.asked.append((self.now_s, question.name, vantage))
        return Look(
            vantage=vantage, question=question, at=datetime.fromtimestamp(self.now_s, UTC),
            reply=self.zones[vantage](question.name, self.now_s), wire=None,
        )  # fmt: skip

    def looks(self, name: str, vantage: Vantage = ONE) -> int:
        return sum((asked, at) == (name, vantage) for _, asked, at in self.asked)

    def strangers(self) -> int:
        return sum(name not in self.names for _, name, _ in self.asked)


HOSTS = tuple(f"h{n}.wild.example" for n in range(6))
APEX = "wild.example"


def wildcard(name: str, at_s: float) -> Reply:
    return answered("20.0.0.1") if name == APEX else answered("20.0.0.2", "20.0.0.3")


def test_of_names_that_a_wildcard_answers_one_stays_on_its_rhythm_and_the_apex_too() -> None:
    world = World(APEX, *HOSTS, zones={ONE: wildcard})
    world.pass_hours(1)
    assert ("wildcard", APEX) in world.told
    world.pass_hours(48)
    often = [name for name in world.names if world.looks(name) > 500]
    assert len(often) == 2
    assert APEX in often
    assert {world.looks(name) for name in HOSTS if name not in often} <= {1, 2}
    assert world.strangers() <= 49
    left_out = {name for event, name in world.told if event == "left-out"}
    assert left_out == set(HOSTS) - set(often)


def test_a_wildcard_to_a_harmless_address_hides_no_name_that_has_its_own() -> None:
    def zone(name: str, at_s: float) -> Reply:
        number = HOSTS.index(name) if name in HOSTS else None
        # Every answer holds the wildcard's address too: an operator might plant it.
        return answered("20.9.9.9", *(() if number is None else (f"20.1.{number}.1",)))

    world = World(*HOSTS, zones={ONE: zone})
    world.pass_hours(24)
    assert all(world.looks(name) > 200 for name in HOSTS)
    assert world.strangers() < 60  # ever more seldom, as nobody is of its kind


def test_a_wildcard_that_rotates_as_a_whole_is_one() -> None:
    def zone(name: str, at_s: float) -> Reply:
        return answered(*(f"20.{int(at_s // 1800) % 200}.{n}.1" for n in range(4)))

    world = World(*HOSTS, zones={ONE: zone})
    world.pass_hours(24)
    world.pass_hours(24)
    assert sum(world.looks(name) for name in HOSTS) < 2 * 288
    assert world.strangers() <= 100
    assert max(world.looks(name) for name in HOSTS) > 100


def test_a_resolver_that_denies_nothing_hides_no_name_of_its_own_or_of_another() -> None:
    def honest(name: str, at_s: float) -> Reply:
        return answered(f"20.2.{HOSTS.index(name)}.1") if name in HOSTS[:4] else GONE

    def rewriting(name: str, at_s: float) -> Reply:
        reply = honest(name, at_s)
        return answered("20.66.6.6") if reply is GONE else reply

    world = World(*HOSTS, zones={ONE: rewriting, OTHER: honest})
    world.pass_hours(24)
    for vantage in (ONE, OTHER):
        assert all(world.looks(name, vantage) > 200 for name in HOSTS[:4])
    assert world.looks(HOSTS[5]) < 10
    assert [zone for event, zone in world.told if event == "resolvers-differ"] == [APEX]


def test_a_wildcard_that_is_taken_away_or_given_later_is_noticed() -> None:
    is_wild = [False]

    def zone(name: str, at_s: float) -> Reply:
        if is_wild[0]:
            return wildcard(name, at_s)
        return answered("20.0.0.2", "20.0.0.3") if name in HOSTS else GONE

    world = World(*HOSTS, zones={ONE: zone})
    world.pass_hours(24)
    assert all(world.looks(name) > 200 for name in HOSTS)
    is_wild[0] = True
    world.pass_hours(26)
    world.pass_hours(24)
    assert sum(world.looks(name) > 200 for name in HOSTS) == 1
    is_wild[0] = False
    world.pass_hours(2)
    world.pass_hours(24)
    assert all(world.looks(name) > 200 for name in HOSTS)
    assert ("no-wildcard", APEX) in world.told


def test_where_the_leader_gets_an_answer_of_its_own_another_leads_at_once() -> None:
    own: dict[str, Reply] = {}

    def zone(name: str, at_s: float) -> Reply:
        return own.get(name) or wildcard(name, at_s)

    world = World(*HOSTS, zones={ONE: zone})
    world.pass_hours(5)
    world.pass_hours(5)
    (leader,) = (name for name in HOSTS if world.looks(name) > 40)
    own[leader] = answered("20.5.5.5")
    world.pass_hours(5)
    assert sum(world.looks(name) > 40 for name in HOSTS) == 2
    assert world.looks(leader) > 40
    own[leader] = GONE
    world.pass_hours(5)
    assert sum(world.looks(name) > 40 for name in HOSTS) == 1


def test_a_restart_leaves_out_whom_the_run_before_left_out() -> None:
    world = World(*HOSTS, zones={ONE: wildcard})
    world.pass_hours(5)
    world.begin()
    world.pass_hours(5)
    assert sorted(world.looks(name) for name in HOSTS)[:5] == [0] * 5
    # Alone, a name stands for nobody: it is followed.
    world.names = HOSTS[4:5]
    world.begin()
    world.pass_hours(5)
    assert world.looks(HOSTS[4]) > 40
    assert world.strangers() == 0


def test_whoever_is_followed_again_is_not_looked_at_before_its_time() -> None:
    world = World(*HOSTS, zones={ONE: wildcard})
    world.pass_hours(5)
    world.pass_hours(5)
    (leader,) = (name for name in HOSTS if world.looks(name) > 40)
    last_s = world.now_s
    looks = {name: world._look(ONE, Question(name, "A")) for name in HOSTS}
    for look in looks.values():
        world.agenda.note(look)
    # A twin whose zone lost its wildcard just now, and one that a run before left out.
    state = world.agenda.render()
    world.now_s += 5
    world.agenda.note_stranger(looks[leader], GONE)
    world.pass_hours(1)
    first_s = {name: at_s for at_s, name, _ in reversed(world.asked) if name in HOSTS}
    assert first_s.keys() == set(HOSTS)
    assert min(first_s.values()) >= last_s + 60
    world.names = (min(set(HOSTS) - {leader}),)
    world.now_s, world.state = last_s + 5, state
    world.begin()
    world.pass_hours(1)
    assert world.asked[0][0] >= last_s + 60


def test_a_zone_that_denies_strangers_is_asked_for_one_a_day() -> None:
    def zone(name: str, at_s: float) -> Reply:
        return answered("20.0.0.2") if name in HOSTS else GONE

    world = World(*HOSTS, zones={ONE: zone})
    world.pass_hours(72)
    assert 3 <= world.strangers() <= 4
    assert all(world.looks(name) > 600 for name in HOSTS)


@pytest.mark.parametrize(
    ("name", "qtype", "parent"),
    [
        ("a.wild.example", "A", "wild.example"),
        ("b.a.wild.example", "AAAA", "a.wild.example"),
        ("wild.example", "A", None),
        ("wild.co.uk", "A", None),
        ("a.wild.example", "NS", None),
    ],
)
def test_below_what_a_wildcard_would_stand(
    name: str, qtype: QuestionType, parent: str | None
) -> None:
    assert parent_of(Question(name, qtype)) == parent


def test_where_another_label_has_no_room_nobody_stands_for_anybody() -> None:
    for octets, has_room in ((236, True), (237, False)):
        parent = ("a" * 60 + ".") * 3 + "b" * (octets - 3 * 61 - 8) + ".example"
        assert len(parent) == octets
        question = Question(f"{'c' * 16}.{parent}", "A")
        if has_room:
            compose_question(question, 1)
        else:
            with pytest.raises(NameTooLong):
                compose_question(question, 1)
        assert parent_of(Question(f"w.{parent}", "A")) == (parent if has_room else None)


def test_no_wildcard_fills_the_memory() -> None:
    family = Family("wild.example", 60.0)
    for n in range(100):
        found = [f"20.{n}.{m}.1" for m in range(250)]
        family.note_stranger(answered(*found), found, 0.0)
    assert family.covers(["20.0.0.1"], 1.0)
    assert not family.covers(["20.99.0.1"], 1.0)
    assert len(family._shown) == 1_024
