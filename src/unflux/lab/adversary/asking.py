"""What is asked of a generated internet and when: campaigns, visitors, machines that poll."""

from collections.abc import Callable
from random import Random
from typing import Final, NamedTuple

from unflux.lab.agents import HOUR_US, MINUTE_US
from unflux.lab.demand import DAY_US, QUIET_ACTIVITY_RATIO, QUIET_HOURS
from unflux.lab.zones import Vantage

VANTAGES: Final[tuple[Vantage, ...]] = ("one", "two", "three", "four", "five", "six")
"""Resolvers of six companies or providers, in six places."""

TALKATIVE: Final[tuple[Vantage, ...]] = ("one", "four", "six")
"""Those that also tell name servers and glue."""

Name = str | Callable[[], str]
"""A name, or where the next one comes from."""


class Question(NamedTuple):
    """One question to one resolver."""

    asked_us: int
    vantage: Vantage
    qname: str
    qtype: str


class Asking:
    """Collects questions between ``start_us`` and ``end_us``."""

    def __init__(self, *, start_us: int, end_us: int) -> None:
        self.start_us, self.end_us = start_us, end_us
        self._questions: list[Question] = []

    def taken_in_order(self) -> list[Question]:
        """Return all questions by time."""
        return sorted(self._questions)

    def ask(self, moment_us: int, vantage: Vantage, name: Name, qtypes: tuple[str, ...]) -> None:
        """Ask once for each type."""
        if not self.start_us <= moment_us < self.end_us:
            return
        qname = name if isinstance(name, str) else name()
        for number, qtype in enumerate(qtypes):
            # Stubs send both questions at once (RFC 8305 section 3).
            self._questions.append(Question(moment_us + 150 * number, vantage, qname, qtype))

    def burst(
        self,
        rng: Random,
        name: Name,
        count: int,
        *,
        begin_us: int,
        length_us: int,
        vantages: tuple[Vantage, ...] = VANTAGES,
        qtypes: tuple[str, ...] = ("A",),
    ) -> None:
        """Ask ``count`` times within ``length_us``, evenly: a campaign, or a script that digs."""
        for _ in range(count):
            moment_us = begin_us + int(rng.random() * length_us)
            self.ask(moment_us, rng.choice(vantages), name, qtypes)

    def visits(
        self,
        rng: Random,
        name: Name,
        count: int,
        *,
        begin_us: int,
        end_us: int,
        vantages: tuple[Vantage, ...] = VANTAGES,
        qtypes: tuple[str, ...] = ("A",),
    ) -> None:
        """Ask ``count`` times, as people do: less by night."""
        for _ in range(count):
            while True:
                moment_us = begin_us + int(rng.random() * (end_us - begin_us))
                is_quiet = QUIET_HOURS[0] <= moment_us % DAY_US / HOUR_US < QUIET_HOURS[1]
                if not is_quiet or rng.random() < QUIET_ACTIVITY_RATIO:
                    break
            self.ask(moment_us, rng.choice(vantages), name, qtypes)

    def poll(
        self,
        rng: Random,
        name: Name,
        *,
        every_min: float,
        vantage: Vantage,
        begin_us: int | None = None,
        end_us: int | None = None,
        qtypes: tuple[str, ...] = ("A",),
    ) -> None:
        """Let a machine ask day and night, about every ``every_min`` minutes."""
        step_us = every_min * MINUTE_US
        begin_us = self.start_us if begin_us is None else begin_us
        moment = begin_us + rng.random() * step_us
        while moment < (self.end_us if end_us is None else end_us):
            self.ask(int(moment), vantage, name, qtypes)
            moment += step_us * rng.uniform(0.75, 1.25)
