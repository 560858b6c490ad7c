"""Rounds of a watch whose clock goes forward and back."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.pipeline.test_batch_reading import batch, tap

from unflux.pipeline.rounds import Options, Rounds

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
