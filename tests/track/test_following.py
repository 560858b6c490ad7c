"""Followings: what a clock that is set does to a run, which is nothing."""

import asyncio
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.track.resolvers import answering, grant, replied

from unflux.engagement.ledger import Ledger
from unflux.engagement.permit import Permit
from unflux.model.endpoint import Endpoint
from unflux.track.agenda import Agenda
from unflux.track.exchange import Exchange, Look
from unflux.track.following import Following
from unflux.track.rhythm import Bounds, Turn
from unflux.track.run_clock import RunClock
from unflux.track.vantage import Vantage

HOUR_S, DAY_S = 3_600.0, 86_400.0
YEAR_S = 365 * DAY_S
START_S = 1_500_000_000.0


class Clocks:
    """A machine's clock that is set while a run goes on, which waits for nothing."""

    def __init__(self) -> None:
        self.agenda: Agenda | None = None
        self.set_by_s = self._passed_s = 0.0

    def wall(self) -> float:
        return START_S + self._passed_s + self.set_by_s

    def steady(self) -> float:
        """Return how much has passed: until the next look is due, where one is planned."""
        next_at_s = self.agenda and self.agenda.next_at_s
        self._passed_s = max(self._passed_s, (next_at_s or START_S) - START_S)
        return self._passed_s


class Run:
    """A name that was followed for some looks, while the clock was set after ``after`` of them."""

    def __init__(self, folder: Path, answer: Callable[[bytes], bytes], **set_: float) -> None:
        self._folder, self._answer = folder, answer
        self._set_by_s, self._after, self._looks = set_["by_s"], set_["after"], set_["looks"]
        self.clocks, self.turns = Clocks(), list[Turn]()
        self.clock = RunClock(self.clocks.wall, self.clocks.steady)
        asyncio.run(self._run())

    async def _run(self) -> None:
        room = asyncio.Event()
        room.set()
        async with answering(self._answer) as endpoint:
            self.endpoint = endpoint
            self.agenda = self.clocks.agenda = _agenda(endpoint)
            self.agenda.begin(self.clock.now_s(), None)
            with Ledger.kept(self._folder / "ledger") as ledger:
                permit = Permit(grant(endpoint), ledger)
                async with Exchange(permit, [endpoint], "test") as exchange:
                    self._following = Following(self.agenda, exchange, self._take, room, self.clock)
                    async with asyncio.timeout(60):
                        await self._following.run()

    def _take(self, look: Look, turn: Turn) -> None:
        self.turns.append(turn)
        if len(self.turns) == self._after:
            self.clocks.set_by_s = self._set_by_s
        if len(self.turns) == self._looks:
            self._following.end()

    def kept(self) -> dict[str, Any]:
        return _row(self.agenda.render(self.clock.set_by_s()))


def _agenda(endpoint: Endpoint) -> Agenda:
    return Agenda(
        [Vantage(resolver=endpoint)], ["www.bad.example"], ["A"], Bounds(),
        chance=Random(1), tell=lambda *_, **__: None,
    )  # fmt: skip


def _row(state: str) -> dict[str, Any]:
    (row,) = json.loads(state)["rhythms"]
    names = ("due_at_s", "failures", "denials", "denied_since_s", "digest", "answered_at_s")
    return dict(zip(names, row[3:9], strict=True))


@pytest.mark.parametrize("by_s", [-YEAR_S, YEAR_S])
def test_a_clock_that_is_set_stills_no_name_and_makes_no_pause(tmp_path: Path, by_s: float) -> None:
    addresses = itertools.count(1)
    run = Run(
        tmp_path, lambda wire: replied(wire, f"20.0.0.{next(addresses)}"),
        by_s=by_s, after=1, looks=4,
    )  # fmt: skip
    assert [turn.is_change for turn in run.turns] == [False, True, True, True]
    for turn in run.turns[1:]:
        assert turn.watched_s is not None
        assert 60 <= turn.watched_s <= 70
    # What is kept is by the machine's clock, with which the next run begins.
    kept = run.kept()
    assert kept["answered_at_s"] == pytest.approx(run.clocks.wall(), abs=HOUR_S)
    assert 60 <= kept["due_at_s"] - kept["answered_at_s"] <= 67


def test_a_clock_that_is_set_forward_kills_no_name(tmp_path: Path) -> None:
    run = Run(tmp_path, lambda wire: replied(wire, code=3), by_s=8 * DAY_S, after=7, looks=8)
    assert run.agenda.dead == set()
    assert run.kept()["denials"] == 8


def test_what_a_clock_that_was_ahead_left_is_not_in_the_future(tmp_path: Path) -> None:
    run = Run(tmp_path, lambda wire: replied(wire, code=3), by_s=YEAR_S, after=1, looks=2)
    now_s = run.clocks.wall() - YEAR_S
    assert run.kept()["denied_since_s"] > now_s
    again = _agenda(run.endpoint)
    again.begin(now_s, run.agenda.render(YEAR_S))
    kept = _row(again.render())
    assert kept["denied_since_s"] == now_s
    assert now_s < kept["due_at_s"] <= now_s + 1.1 * DAY_S
