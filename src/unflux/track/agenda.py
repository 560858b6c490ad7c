"""Agenda: every question from every vantage with its rhythm, which a restart goes on from."""

import heapq
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Final

from unflux.model.telling import Tell
from unflux.track.exchange import Look
from unflux.track.family import LABEL_OCTETS, Family, Key, parent_of
from unflux.track.question import Question, QuestionType, Reply
from unflux.track.rhythm import Bounds, Rhythm, Turn, follow, jittered, measure_turn, move
from unflux.track.vantage import Vantage

VERSION: Final = 2
_FIELDS: Final = attrgetter(*(field.name for field in fields(Rhythm)))


@dataclass(frozen=True, slots=True)
class Item:
    """A question from a vantage."""

    vantage: Vantage
    question: Question


class Agenda:
    """What is due, soonest first. A look that was taken comes back by :meth:`note`.

    All moments, those of looks too, are by one clock that never steps (``run_clock.py``).
    """

    def __init__(
        self,
        vantages: Iterable[Vantage],
        names: Iterable[str],
        qtypes: Iterable[QuestionType],
        bounds: Bounds,
        *,
        chance: random.Random,
        tell: Tell,
    ) -> None:
        self._bounds = bounds
        self._chance = chance
        self._tell = tell
        self._items: dict[Key, Item] = {}
        vantages, qtypes = tuple(vantages), tuple(qtypes)
        for name in names:
            for qtype in qtypes:
                for vantage in vantages:
                    item = Item(vantage, Question(name, qtype, vantage.subnet))
                    self._items[_key_of(item)] = item
        self._families = _find_families(self._items, bounds.least_s)
        self._rhythms: dict[Key, Rhythm] = {}
        self._left_alone: dict[Key, Rhythm] = {}
        self._heap: list[tuple[float, float, Key]] = []
        self._in_flight: set[Key] = set()
        self._looked_at_s: dict[Key, float] = {}
        self._told = set[Key]()
        self._strangers: dict[tuple[str, str], dict[str, bool]] = {}

    def begin(self, now_s: float, state: str | None) -> None:
        """Take up what an earlier run knew; what it did not know is due now."""
        kept = _scan(state)
        for key in self._items:
            rhythm = kept.get(key) or Rhythm(due_at_s=now_s)
            # A clock that was set back, or a hand in the state, must not still a name for years.
            latest_s = now_s + self._bounds.slowest_s * (1 + self._bounds.jitter_ratio)
            rhythm = replace(
                rhythm,
                due_at_s=min(rhythm.due_at_s, latest_s),
                denied_since_s=_earlier(rhythm.denied_since_s, now_s),
                answered_at_s=_earlier(rhythm.answered_at_s, now_s),
            )
            family = self._families.get(key)
            self._rhythms[key] = rhythm
            if rhythm.answered_at_s is not None:
                self._looked_at_s[key] = rhythm.answered_at_s
            if rhythm.is_twin and (family is None or rhythm.is_dead):
                due_at_s = min(rhythm.due_at_s, self._not_before(key, now_s))
                self._rhythms[key] = replace(rhythm, is_twin=False, due_at_s=due_at_s)
            self._push(key)
        self._find_leaders(now_s)
        self._left_alone = {key: rhythm for key, rhythm in kept.items() if key not in self._items}

    def render(self, set_by_s: float = 0.0) -> str:
        """Return the state, also of names that this run does not ask for.

        ``set_by_s``: how far the machine's clock, by which the next run begins, is ahead.
        """
        rhythms = self._rhythms
        if set_by_s:
            rhythms = {key: move(rhythm, set_by_s) for key, rhythm in rhythms.items()}
        rhythms = {**self._left_alone, **rhythms}
        rows = [[*key, *_FIELDS(rhythm)] for key, rhythm in rhythms.items()]
        return json.dumps({"version": VERSION, "rhythms": rows}, separators=(",", ":"))

    @property
    def next_at_s(self) -> float | None:
        """When the next look is due; null where none is planned."""
        self._pass_stale()
        return self._heap[0][0] if self._heap else None

    @property
    def is_over(self) -> bool:
        """Whether nothing is planned, and nothing is on its way."""
        self._pass_stale()
        return not self._heap and not self._in_flight

    @property
    def dead(self) -> set[str]:
        """Names that no vantage asks for any more."""
        living = {key[0] for key, rhythm in self._rhythms.items() if not rhythm.is_dead}
        return {key[0] for key in self._rhythms} - living

    def count_due(self, now_s: float) -> int:
        """Count the names that some vantage should have asked for by now."""
        rhythms = self._rhythms.items()
        return len({k[0] for k, one in rhythms if not one.is_dead and one.due_at_s <= now_s})

    def take(self, now_s: float) -> Item | None:
        """Return what is due, soonest first; null where nothing is."""
        self._pass_stale()
        if not self._heap or self._heap[0][0] > now_s:
            return None
        _, _, key = heapq.heappop(self._heap)
        self._in_flight.add(key)
        return self._items[key]

    def stranger_of(self, look: Look) -> Question | None:
        """Return a name that nobody has, to hold an answered look against; null: there is no need.

        What comes of it goes to :meth:`note_stranger`, before the look goes to :meth:`note`.
        """
        family = self._families.get(_key_of(look))
        if family is None or look.reply.outcome != "answered":
            return None
        at_s = look.at.timestamp()
        if not family.wants_stranger(look.reply.found, at_s):
            return None
        family.note_asking(at_s)
        name = f"{self._chance.getrandbits(64):0{LABEL_OCTETS}x}.{family.parent}"
        return replace(look.question, name=name)

    def note_stranger(self, look: Look, reply: Reply | None) -> None:
        """Take in how the name that nobody has was answered; null where it may not be asked for."""
        family, at_s = self._families[_key_of(look)], look.at.timestamp()
        was_wild = family.is_wild
        family.note_stranger(reply, look.reply.found, at_s)
        if reply is not None and family.is_wild is not None:
            self._compare_resolvers(look, family.parent, is_answered=family.is_wild)
        if family.is_wild and not was_wild:
            self._tell("wildcard", zone=family.parent, vantage=str(look.vantage))
        elif was_wild and not family.is_wild:
            self._tell("no-wildcard", zone=family.parent, vantage=str(look.vantage))
            for key in family.twins:
                self._rhythms[key] = replace(self._rhythms[key], is_twin=False)
                self._wake(key, at_s)
            family.twins.clear()
            family.leader = None

    def _compare_resolvers(self, look: Look, zone: str, *, is_answered: bool) -> None:
        """Tell once of a zone where one resolver answers names that nobody has, another denies."""
        by = self._strangers.setdefault((zone, look.question.qtype), {})
        did_differ = len(set(by.values())) > 1
        by[str(look.vantage.resolver)] = is_answered
        if len(set(by.values())) > 1 and not did_differ:
            answering, denying = (
                next(resolver for resolver, answers in by.items() if answers == wanted)
                for wanted in (True, False)
            )
            self._tell("resolvers-differ", zone=zone, answered_by=answering, denied_by=denying)

    def note(self, look: Look) -> Turn:
        """Plan the next look after one; return what it says of how fast answers change."""
        key, at_s = _key_of(look), look.at.timestamp()
        before = self._rhythms[key]
        after = follow(before, look.reply, at_s, self._bounds, self._chance)
        self._rhythms[key] = self._placed(key, after, look)
        self._in_flight.discard(key)
        self._looked_at_s[key] = at_s
        self._push(key)
        return measure_turn(before, after, at_s, self._bounds)

    def _placed(self, key: Key, rhythm: Rhythm, look: Look) -> Rhythm:
        """Return the rhythm slowed where another name is asked for in its stead."""
        family, at_s = self._families.get(key), look.at.timestamp()
        if family is None:
            return rhythm
        is_twin = rhythm.is_twin
        if look.reply.outcome == "answered":
            is_covered = family.covers(look.reply.found, at_s)
            is_twin = is_twin if is_covered is None else is_covered
        successor = family.place(key, is_twin=is_twin)
        if successor is not None:
            self._wake(successor, at_s)
        if not is_twin or family.leader == key:
            return replace(rhythm, is_twin=is_twin)
        if key not in self._told:
            self._told.add(key)
            self._tell("left-out", name=key[0], vantage=key[2], because="as its zone's wildcard")
        slow_s = jittered(self._bounds.slowest_s, self._bounds, self._chance)
        return replace(rhythm, is_twin=True, due_at_s=at_s + slow_s)

    def put_back(self, item: Item) -> None:
        """Plan a look again that was not made."""
        self._in_flight.discard(_key_of(item))
        self._push(_key_of(item))

    def _find_leaders(self, now_s: float) -> None:
        """Let of each family's twins the one lead that is due first: it did so before."""
        for key in sorted(self._families, key=lambda key: self._rhythms[key].due_at_s):
            if self._rhythms[key].is_twin:
                self._families[key].place(key, is_twin=True)
        for family in set(self._families.values()):
            if family.leader is not None:
                self._wake(family.leader, now_s + self._bounds.most_s)

    def _wake(self, key: Key, now_s: float) -> None:
        """Bring a name that was slowed back to its rhythm, at a moment by chance."""
        rhythm = self._rhythms[key]
        due_at_s = now_s + self._bounds.least_s * self._chance.random()
        due_at_s = self._not_before(key, due_at_s)
        if key not in self._in_flight and due_at_s < rhythm.due_at_s:
            self._rhythms[key] = replace(rhythm, due_at_s=due_at_s)
            self._push(key)

    def _not_before(self, key: Key, at_s: float) -> float:
        """Return a moment, or the first at which a name may be looked at again."""
        looked_at_s = self._looked_at_s.get(key)
        return at_s if looked_at_s is None else max(at_s, looked_at_s + self._bounds.least_s)

    def _push(self, key: Key) -> None:
        rhythm = self._rhythms[key]
        if not rhythm.is_dead:
            heapq.heappush(self._heap, (rhythm.due_at_s, self._chance.random(), key))

    def _pass_stale(self) -> None:
        """Drop what is first and was planned anew since."""
        while self._heap:
            due_at_s, _, key = self._heap[0]
            rhythm = self._rhythms[key]
            if due_at_s == rhythm.due_at_s and not rhythm.is_dead and key not in self._in_flight:
                return
            heapq.heappop(self._heap)


def _key_of(asked: Item | Look) -> Key:
    """Return what names a question to a vantage in the state."""
    return asked.question.name, asked.question.qtype, str(asked.vantage)


def _find_families(items: Mapping[Key, Item], least_s: float) -> dict[Key, Family]:
    """Return the family of each question that has brothers: who has none stands for nobody."""
    keys: dict[tuple[str, str, str], list[Key]] = {}
    for key, item in items.items():
        parent = parent_of(item.question)
        if parent is not None:
            keys.setdefault((parent, *key[1:]), []).append(key)
    found: dict[Key, Family] = {}
    for (parent, _, _), members in keys.items():
        if len(members) > 1:
            found |= dict.fromkeys(members, Family(parent, least_s))
    return found


def _earlier(moment_s: float | None, latest_s: float) -> float | None:
    return None if moment_s is None else min(moment_s, latest_s)


def _scan(text: str | None) -> dict[Key, Rhythm]:
    """Read a state; one of another version is none."""
    value = json.loads(text or "{}")
    if value.get("version") != VERSION:
        return {}
    rhythms = {}
    names = [field.name for field in fields(Rhythm)]
    for name, qtype, vantage, *values in value["rhythms"]:
        rhythms[name, qtype, vantage] = Rhythm(**dict(zip(names, values, strict=True)))
    return rhythms
