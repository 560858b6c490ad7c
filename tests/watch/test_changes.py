"""What of two judgements is an event."""

from dataclasses import replace
from datetime import UTC, datetime

from tests.present.generated_results import make_verdict

from unflux.watch.changes import find_changes, follow

AT = datetime(2026, 11, 24, tzinfo=UTC)
LATER = datetime(2026, 11, 25, tzinfo=UTC)
FLUX = replace(
    make_verdict(), domain="a.example", verdict="fast-flux", kind="single-flux", network="n-1"
)
BENIGN = replace(FLUX, verdict="benign", kind="cdn", network=None)


def test_a_conviction_is_new_once_and_cleared_once() -> None:
    events = find_changes({}, [FLUX, replace(BENIGN, domain="b.example")], AT)
    assert [(e.change, e.domain, e.before, e.verdict) for e in events] == [
        ("new", "a.example", None, FLUX)
    ]
    standing = follow({}, events)
    assert find_changes(standing, [replace(FLUX, score=0.97)], LATER) == ()
    (cleared,) = find_changes(standing, [BENIGN], LATER)
    assert (cleared.change, cleared.verdict) == ("cleared", BENIGN)
    assert cleared.before == standing["a.example"]
    assert follow(standing, [cleared]) == {}


def test_a_domain_that_left_the_window_is_cleared_without_a_verdict() -> None:
    standing = follow({}, find_changes({}, [FLUX], AT))
    (cleared,) = find_changes(standing, [], LATER)
    assert (cleared.change, cleared.verdict, cleared.before) == (
        "cleared", None, standing["a.example"]
    )  # fmt: skip


def test_another_kind_or_network_is_a_change_and_keeps_since() -> None:
    standing = follow({}, find_changes({}, [FLUX], AT))
    for other in (replace(FLUX, kind="double-flux"), replace(FLUX, network="n-2")):
        (changed,) = find_changes(standing, [other], LATER)
        assert changed.change == "changed"
        after = follow(standing, [changed])["a.example"]
        assert (after.kind, after.network, after.since) == (other.kind, other.network, AT)
