"""Family: the names below one parent, and which of them a wildcard answers (RFC 4592).

A wildcard is nothing that can be asked for: a name that nobody has shows what it answers, and a
name whose answers are all of that kind may be one that it answers.
"""

from collections.abc import Collection
from typing import Final

from unflux.model.names import registrable_domain
from unflux.track.hours import HOUR_S
from unflux.track.question import Question, Reply
from unflux.track.rhythm import DAY_S, DENIALS

Key = tuple[str, str, str]
"""Name, type and vantage of what is asked."""

"""From one name that nobody has to the next, where answers agree. Chosen: 2026-11-28; a wildcard's
change is known within the hour, for 24 questions a day."""
SHOWN_S: Final = DAY_S
"""How long an address of the wildcard is held to be one. Chosen: 2026-11-28, as the hour."""
LABEL_OCTETS: Final = 16
"""Of the label of a name that nobody has: 64 bits by chance, in hexadecimal."""
LONGEST_NAME: Final = 253
"""Of a name in text without escapes and final dot: 255 octets with its lengths and the root."""
MOST_SHOWN: Final = 1_024
"""Addresses that are remembered of a wildcard, so that none fills the memory. Chosen: 2026-11-28;
whoever answers from more of them is asked for by every name."""


def parent_of(question: Question) -> str | None:
    """Return below what the wildcard of a name would stand; null where none could answer it.

    A registrable domain exists, and RFC 4592 section 2.2.1 keeps a wildcard from answering what
    does. Null for NS too, which hardly anybody gives to a wildcard, and where a label more has no
    room (RFC 1035 section 2.3.4; an escape is longer than its octet).
    """
    if question.qtype == "NS" or question.name == registrable_domain(question.name):
        return None
    parent = question.name.partition(".")[2]
    return parent if 0 < len(parent) <= LONGEST_NAME - LABEL_OCTETS - 1 else None


class Family:
    """Names below a parent, of one type and from one vantage, as they are answered."""

    def __init__(self, parent: str, least_s: float) -> None:
        self.parent = parent
        self.is_wild: bool | None = None
        """Whether a name that nobody has is answered; null while that is not known."""
        self.twins: set[Key] = set()
        """Names all of whose last answer is the wildcard's."""
        self.leader: Key | None = None
        """Which of them is asked for on its rhythm."""
        self._least_s = least_s
        self._patience_s = least_s
        self._asked_at_s: float | None = None
        self._shown: dict[str, float] = {}

    def covers(self, found: Collection[str], at_s: float) -> bool | None:
        """Tell whether all of an answer is the wildcard's; null while that is not known."""
        if self.is_wild is None:
            return None
        return self.is_wild and all(
            at_s - self._shown.get(address, -SHOWN_S) < SHOWN_S for address in found
        )

    def wants_stranger(self, found: Collection[str], at_s: float) -> bool:
        """Tell whether a name that nobody has should be asked for, to hold an answer against it.

        At once where answers differ, and then ever later, since those of a pool always may.
        """
        if self._asked_at_s is None:
            return True
        wait_s = DAY_S
        if self.is_wild is not False:
            wait_s = HOUR_S if self.covers(found, at_s) is not False else self._patience_s
        return at_s - self._asked_at_s >= wait_s

    def note_asking(self, at_s: float) -> None:
        """Note that a name that nobody has is asked for now, so that no other is."""
        self._asked_at_s = at_s

    def note_stranger(self, reply: Reply | None, found: Collection[str], at_s: float) -> None:
        """Take in how a name that nobody has was answered; null where it may not be asked for.

        ``found``: what the name that it is held against was answered.
        """
        if reply is not None and reply.outcome == "answered":
            self.is_wild = True
            for address in reply.found:
                if len(self._shown) < MOST_SHOWN or address in self._shown:
                    self._shown[address] = at_s
            self._shown = {a: shown for a, shown in self._shown.items() if at_s - shown < SHOWN_S}
            is_alike = self.covers(found, at_s)
            self._patience_s = self._least_s if is_alike else min(self._patience_s * 2, HOUR_S)
        elif reply is None or reply.outcome in DENIALS:
            self.is_wild = False
            self._shown.clear()

    def place(self, key: Key, *, is_twin: bool) -> Key | None:
        """Put a name among the twins, or out of them; return whom it leaves the lead to, if any."""
        if is_twin:
            self.twins.add(key)
            self.leader = self.leader or key
            return None
        self.twins.discard(key)
        if self.leader != key:
            return None
        self.leader = min(self.twins, default=None)
        return self.leader
