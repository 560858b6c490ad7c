"""Medians over all fast-flux domains: who is never flagged takes forever."""

from typing import Any

from tests.evaluate.judged_sample import judged, row

from unflux.evaluate.decision_times import decision_times
from unflux.model.evaluation import Quantiles


def timed(domain: str, seconds: float | None, **changed: Any) -> dict[str, Any]:
    lookups = None if seconds is None else int(seconds) + 1
    return row(
        domain, None, was_flagged=seconds is not None, decided_s=seconds, decided_lookups=lookups,
        **changed,
    )  # fmt: skip


def test_over_all_and_by_kind() -> None:
    (every, slow, wide) = decision_times(
        judged(
            timed("a", 0.0, kind="wide", ttl_s=60),
            timed("b", 30.0, kind="wide", ttl_s=60),
            timed("c", 120.0, kind="wide"),
            timed("d", None, kind="slow", ttl_s=0),
            timed("e", 9.0, label="benign"),
            row("untimed", "fast-flux"),
        )
    )
    assert (every.kind, every.domains, every.decided, every.with_ttl) == (None, 4, 3, 3)
    assert every.seconds == Quantiles(median=30.0, p90=None)
    assert every.lookups == Quantiles(median=31.0, p90=None)
    assert every.rotations == Quantiles(median=0.5, p90=None)
    assert (wide.kind, wide.seconds) == ("wide", Quantiles(median=30.0, p90=120.0))
    assert (slow.kind, slow.decided, slow.seconds.median) == ("slow", 0, None)


def test_a_ttl_of_zero_counts_as_a_second() -> None:
    (every,) = decision_times(judged(timed("a", 3.0, ttl_s=0)))
    assert every.rotations.median == 3.0


def test_where_lookups_are_not_told_none_are_counted() -> None:
    passive = {"lookups": None, "decided_lookups": None}
    (every,) = decision_times(
        judged(
            timed("a", 9.0), timed("b", 5.0) | passive, timed("c", None) | passive
        )
    )  # fmt: skip
    assert (every.domains, every.with_lookups) == (3, 1)
    assert every.lookups == Quantiles(median=10.0, p90=10.0)
    assert every.seconds == Quantiles(median=9.0, p90=None)


def test_nothing_without_times() -> None:
    assert decision_times(judged(row("a", "fast-flux"))) == ()
