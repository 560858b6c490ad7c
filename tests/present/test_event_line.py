import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unflux.present.event_line import event_json, event_line
from unflux.present.visible import make_visible

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_an_event_is_a_line() -> None:
    fields: dict[str, str | int | float | None] = {
        "peer": "127.0.0.1",
        "serial": 7,
        "key": None,
        "because": 'it "is"',
        "empty": "",
    }
    assert event_line("refused", fields, AT) == (
        '2026-11-24T12:00:00Z refused peer=127.0.0.1 serial=7 because="it \\"is\\"" empty=""'
    )
    assert json.loads(event_json("refused", fields, AT)) == {
        "at": "2026-11-24T12:00:00Z", "event": "refused", **fields
    }  # fmt: skip


def test_no_field_takes_the_place_of_the_moment_or_the_event() -> None:
    fields = {"at": "127.0.0.1:53", "event": "x", "on": "y"}
    assert json.loads(event_json("listening", fields, AT)) == {
        "at": "2026-11-24T12:00:00Z", "event": "listening", "on": "y"
    }  # fmt: skip


@pytest.mark.parametrize("text", ["a\nb", "\x1b[31m", "\u202e", "a b=c", 'x" y="z', "\\", "\x85"])
def test_hostile_text_stays_in_its_field(text: str) -> None:
    line = event_line("e", {"name": text, "next": 1}, AT)
    assert line.isprintable()
    value = line.partition("name=")[2].removesuffix(" next=1")
    assert json.loads(value) == make_visible(text)


@given(st.text())
def test_any_text_makes_one_line(text: str) -> None:
    for compose in (event_line, event_json):
        assert len(compose("e", {"name": text}, AT).splitlines()) == 1
