"""Allowance: how much of what a name is answered may be stored, so that no operator fills a disk.

Who answers for a name chooses how many addresses it has, and one look a minute at answers of
65,535 octets brings some 240,000 new ones an hour.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from unflux.model.vantages import LOOK_BUCKET_S
from unflux.track.exchange import Look
from unflux.track.question import crop_reply, parse_reply
from unflux.track.rhythm import Turn

MOST_RECORDS: Final = 128
"""Of an answer, all sections together. Chosen: 2026-11-29; BIND takes in no more than 100 of a type
(max-records-per-type since 9.18.28), and the others are the way there and name servers."""
MOST_FOUND: Final = 2_000
"""Addresses of a name in an hour. Chosen: 2026-11-29; five new ones a minute from six vantages are
1,800, and whoever has more shows too few of them twice to be estimated."""
LONG: Final = "record beyond the most of an answer"
BEYOND: Final = "answer with more addresses than a name may have in an hour"

Kept = tuple[Look, Turn]
"""A look, and what it says of how fast answers change."""


class Allowance:
    """Knows what was stored of each name in the hour of its last look."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[int, set[str]]] = {}

    def admit(self, looks: Sequence[Kept]) -> tuple[list[Kept], Counter[str]]:
        """Return looks with what may be stored of them, and what may not, by reason.

        Every look still counts as one that was made. The first records of a long answer stay. Once
        a name has had its most in an hour, an answer that holds another address has no octets any
        more. The same looks again give the same.
        """
        shed = Counter[str]()
        return [(self._admit(look, shed), turn) for look, turn in looks], shed

    def _admit(self, look: Look, shed: Counter[str]) -> Look:
        if look.wire is None:
            return look
        wire, gone = crop_reply(look.wire, look.question, MOST_RECORDS)
        if gone:
            shed[LONG] += gone
            found = parse_reply(wire, look.question).found
            look = replace(look, wire=wire, reply=replace(look.reply, found=found))
        hour = int(look.at.timestamp()) // LOOK_BUCKET_S
        known_hour, known = self._found.get(look.question.name, (hour, set()))
        if known_hour != hour:
            known = set()
        self._found[look.question.name] = hour, known
        found = look.reply.found
        if len(known) + len(found - known) > MOST_FOUND:
            shed[BEYOND] += 1
            return replace(look, wire=None, reply=replace(look.reply, found=found & known))
        known |= found
        return look
