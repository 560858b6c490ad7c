"""Agenda: every question from every vantage with its rhythm, which a restart goes on from."""

import heapq
import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from operator import attrgetter
from typing import Final

from unflux.model.names import registrable_domain
from unflux.track.exchange import Look
from unflux.track.question import Question, QuestionType
from unflux.track.rhythm import Bounds, Rhythm, follow
from unflux.track.vantage import Vantage

VERSION: Final = 1
_FIELDS: Final = attrgetter(*(field.name for field in fields(Rhythm)))


@dataclass(frozen=True, slots=True)
class Item:
    """A question from a vantage."""

    vantage: Vantage
    question: Question

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it in the state."""
        return self.question.name, self.question.qtype, str(self.vantage)


class Agenda:
    """What is due, soonest first. A look that was taken comes back by :meth:`note`."""

    def __init__(
        self,
        vantages: Iterable[Vantage],
        names: Iterable[str],
        qtypes: Iterable[QuestionType],
        bounds: Bounds,
        chance: random.Random,
    ) -> None:
        self._bounds = bounds
        self._chance = chance
        self._items: dict[tuple[str, str, str], Item] = {}
        vantages, qtypes = tuple(vantages), tuple(qtypes)
        for name in names:
            for qtype in qtypes:
                for vantage in vantages:
                    item = Item(vantage, Question(name, qtype, vantage.subnet))
                    self._items[item.key] = item
        self._rhythms: dict[tuple[str, str, str], Rhythm] = {}
        self._left_alone: dict[tuple[str, str, str], Rhythm] = {}
        self._heap: list[tuple[float, float, tuple[str, str, str]]] = []
        self._in_flight: set[tuple[str, str, str]] = set()
        self.wildcards: dict[str, bool] = {}
        """Zones, and whether they answer any name."""

    def begin(self, now_s: float, state: str | None) -> None:
        """Take up what an earlier run knew; what it did not know is due now."""
        kept = _scan(state)
        self.wildcards = kept.wildcards
        for key in self._items:
            rhythm = kept.rhythms.get(key) or Rhythm(due_at_s=now_s)
            # A clock that was set back, or a hand in the state, must not still a name for years.
            latest_s = now_s + self._bounds.slowest_s * (1 + self._bounds.jitter_ratio)
            self._rhythms[key] = replace(rhythm, due_at_s=min(rhythm.due_at_s, latest_s))
            self._push(key)
        self._left_alone = {
            key: rhythm for key, rhythm in kept.rhythms.items() if key not in self._items
        }

    def render(self) -> str:
        """Return the state, also of names that this run does not ask for."""
        rhythms = {**self._left_alone, **self._rhythms}
        rows = [[*key, *_FIELDS(rhythm)] for key, rhythm in rhythms.items()]
        return json.dumps(
            {"version": VERSION, "wildcards": self.wildcards, "rhythms": rows},
            separators=(",", ":"),
        )

    @property
    def wild_zones(self) -> list[str]:
        """Zones that answer any name, of earlier runs too."""
        return sorted(zone for zone, is_wild in self.wildcards.items() if is_wild)

    @property
    def next_at_s(self) -> float | None:
        """When the next look is due; null where none is planned."""
        return self._heap[0][0] if self._heap else None

    @property
    def is_over(self) -> bool:
        """Whether nothing is planned, and nothing is on its way."""
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
        if not self._heap or self._heap[0][0] > now_s:
            return None
        _, _, key = heapq.heappop(self._heap)
        self._in_flight.add(key)
        return self._items[key]

    def note(self, look: Look) -> bool:
        """Plan the next look after one; return whether it was answered otherwise than before."""
        key = Item(look.vantage, look.question).key
        before = self._rhythms[key]
        after = follow(before, look.reply, look.at.timestamp(), self._bounds, self._chance)
        self._rhythms[key] = after
        self._in_flight.discard(key)
        self._push(key)
        return look.reply.outcome == "answered" and before.digest not in ("", after.digest)

    def put_back(self, item: Item) -> None:
        """Plan a look again that was not made."""
        self._in_flight.discard(item.key)
        self._push(item.key)

    def drop_twins(self, zone: str) -> list[str]:
        """Ask for one name alone of a zone that answers any; return the others.

        Before anything is taken: a look on its way would come back to a name that is gone.
        """
        names = sorted({key[0] for key in self._items if registrable_domain(key[0]) == zone})
        twins = [name for name in names if name != zone] if zone in names else names[1:]
        gone = {key for key in self._items if key[0] in twins}
        self._items = {key: item for key, item in self._items.items() if key not in gone}
        self._heap = [entry for entry in self._heap if entry[2] not in gone]
        heapq.heapify(self._heap)
        for key in gone:
            self._left_alone[key] = self._rhythms.pop(key)
        return twins

    def _push(self, key: tuple[str, str, str]) -> None:
        rhythm = self._rhythms[key]
        if not rhythm.is_dead:
            heapq.heappush(self._heap, (rhythm.due_at_s, self._chance.random(), key))


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    rhythms: dict[tuple[str, str, str], Rhythm]
    wildcards: dict[str, bool]


def _scan(text: str | None) -> _State:
    """Read a state; one of another version is none."""
    value = json.loads(text or "{}")
    if value.get("version") != VERSION:
        return _State(rhythms={}, wildcards={})
    rhythms = {}
    names = [field.name for field in fields(Rhythm)]
    for name, qtype, vantage, *values in value["rhythms"]:
        rhythms[name, qtype, vantage] = Rhythm(**dict(zip(names, values, strict=True)))
    return _State(rhythms=rhythms, wildcards=value["wildcards"])
