"""ExaBGP is told what stands, and holds nothing that does not."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.act.plans import NOW

from unflux.act.announcing import RETRY, Announcer

LATER = NOW + timedelta(hours=1)


def said(announcer: Announcer, *wanted: str, now: timedelta = timedelta()) -> list[str]:
    return [str(c) for c in announcer.step(dict.fromkeys(wanted, LATER), NOW + now)]


def test_new_routes_are_announced_once_and_gone_ones_withdrawn_first() -> None:
    announcer = Announcer()
    assert said(announcer, "b", "a") == ["announce a", "announce b"]
    assert said(announcer, "b", "a") == []
    assert announcer.told == {"a", "b"}
    assert said(announcer, "b", "c") == ["withdraw a", "announce c"]
    assert announcer.told == {"b", "c"}


def test_a_route_ends_by_the_clock() -> None:
    announcer = Announcer()
    said(announcer, "a")
    assert said(announcer, "a", now=timedelta(minutes=59)) == []
    assert said(announcer, "a", now=timedelta(hours=1)) == ["withdraw a"]
    assert announcer.told == frozenset()


def test_what_an_earlier_process_told_is_told_again_or_withdrawn() -> None:
    announcer = Announcer(["gone", "kept"])
    assert announcer.told == {"gone", "kept"}
    assert said(announcer, "kept") == ["withdraw gone", "announce kept"]


def test_what_is_refused_is_tried_again_later_and_stays_known_until_withdrawn() -> None:
    announcer = Announcer()
    said(announcer, "a", "b")
    assert [str(c) for c in announcer.answered(["done", "error"], NOW)] == ["announce b"]
    assert said(announcer, "a", "b") == []
    assert said(announcer, "a", "b", now=RETRY) == ["announce b"]
    said(announcer, "a", now=RETRY)
    assert [str(c) for c in announcer.answered(["done", "error"], NOW + RETRY)] == ["withdraw b"]
    assert "b" in announcer.told
    assert said(announcer, "a", now=RETRY) == []
    assert said(announcer, "a", now=RETRY * 2) == ["withdraw b"]


def test_answers_to_nothing_and_other_words_are_passed_over() -> None:
    announcer = Announcer()
    assert list(announcer.answered(["done", "error", "shutdown 1 2", ""], NOW)) == []
    said(announcer, "a")
    assert list(announcer.answered(["shutdown", "done"], NOW)) == []


@given(st.lists(st.tuples(st.sets(st.sampled_from("abcd")), st.booleans(), st.integers(0, 3))))
def test_whatever_happens_what_exabgp_holds_is_told_and_in_the_end_right(
    events: list[tuple[set[str], bool, int]],
) -> None:
    announcer, held, now = Announcer(), set[str](), NOW
    for wanted, is_refused, half_times in events:
        now += RETRY / 2 * half_times
        for command in announcer.step(dict.fromkeys(wanted, now + RETRY), now):
            list(announcer.answered(["error" if is_refused else "done"], now))
            if not is_refused:
                (held.add if command.verb == "announce" else held.discard)(command.route)
        assert held <= announcer.told
    now += RETRY
    for command in announcer.step({}, now):
        held.discard(command.route)
    assert held == set()
    assert announcer.told == frozenset()
