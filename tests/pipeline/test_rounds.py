"""Rounds of a watch: clocks that go forward and back, windows that slide."""

import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.measure.internet_of_rows import HOUR_S, START_US, Response, answer, roll
from tests.pipeline.test_batch_reading import batch, tap

from unflux.engine.retention import Bounds
from unflux.model.events import Event
from unflux.model.times import moment_at
from unflux.pipeline.batch_reading import BatchRead
from unflux.pipeline.rounds import Options, Rounds
from unflux.read.source import Drops

BEGIN = moment_at(START_US)
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_a_clock_that_was_ahead_fills_no_window_once_it_is_right(tmp_path: Path) -> None:
    rounds = Rounds(Options(store=tmp_path / "store"), lambda _events: None)
    wrong = NOW + timedelta(days=30)
    rounds.keep(rounds.read(batch(("dnstap", tap(wrong))), wrong), wrong)
    assert rounds.load(wrong).rollup.lookups.num_rows == 1
    assert rounds.load(NOW).rollup.lookups.num_rows == 0
    rounds.keep(rounds.read(batch(("dnstap", tap(NOW))), NOW), NOW)
    assert rounds.load(NOW).rollup.lookups.num_rows == 1
    assert rounds.load(wrong).rollup.lookups.num_rows == 1


def read_of(responses: Iterable[Response]) -> BatchRead:
    """Return what was read of a batch with these responses."""
    return BatchRead(
        rollup=roll(responses), drops=Drops(), formats=frozenset({"zeek"}), errors=(),
        positions={}, shed=Counter(),
    )  # fmt: skip


def flux(names: Iterable[str], since_s: int, until_s: int) -> Iterable[Response]:
    """Have names move through one pool together, asked for at any moment of five minutes each."""
    random_ = random.Random(since_s)
    for at_s in range(since_s, until_s, 300):
        turn = at_s // 150
        live = [f"{23 + n % 180}.{n % 223}.{n % 90 + 9}.7" for n in range(turn, turn + 40)]
        for name in names:
            yield answer(name, random_.sample(live, 5), at_s + random_.randrange(300), ttl_s=60)


def test_a_network_keeps_its_id_while_the_window_slides(tmp_path: Path) -> None:
    """Whichever of its names is seen first in a window names it there."""
    told: list[Event] = []
    bounds = Bounds(window=timedelta(hours=3))
    rounds = Rounds(Options(store=tmp_path / "store", bounds=bounds), told.extend)
    names = [f"flux-{n}.example" for n in range(6)]
    changes = []
    before_s = 0
    for end_s in range(3 * HOUR_S, 4 * HOUR_S, 1200):
        now = BEGIN + timedelta(seconds=end_s)
        rounds.keep(read_of(flux(names, before_s, end_s)), now)
        rounds.judge(rounds.load(now), now)
        changes.append(Counter(event.change for event in told))
        told.clear()
        before_s = end_s
    assert changes == [{"new": 6}, {}, {}]
    assert len({conviction.network for conviction in rounds.standing.values()}) == 1
