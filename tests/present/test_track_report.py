"""Tracks drawn: the page by a real browser, the JSON by its schema, hostile names by nobody."""

import json
from dataclasses import replace
from math import inf
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console
from tests.present.conftest import Browser
from tests.present.sample_track import bare_track, sample_track
from tests.present.test_report import HOSTILE_NAMES, Page

from unflux.model.tracks import Estimate
from unflux.present.track_json import render_tracks
from unflux.present.track_report import MOST_NEIGHBOURS, render_track_report
from unflux.present.track_screen import MOST_ROWS, print_tracks
from unflux.present.track_wording import sentences

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schemas" / "track-1.schema.json").read_text()
)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_are_text_and_nothing_else(name: str) -> None:
    track = sample_track(name)
    page = Page(render_track_report([track])).root
    assert len(page.find("script")) == len(
        Page(render_track_report([sample_track()])).root.find("script")
    )
    assert not page.find("img")
    assert not any(key.startswith("on") for node in page.walk() for key in node.attributes)
    (line,) = render_tracks([track])
    assert json.loads(line)["domains"][0].encode("utf-8", "strict")
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        print_tracks([track], console)
    assert "\x1b" not in captured.get()
    assert "\u202e" not in captured.get()


def test_what_is_there_and_what_is_not_meets_the_schema_and_is_said() -> None:
    for line in render_tracks([sample_track(), bare_track()]):
        jsonschema.validate(json.loads(line), SCHEMA)
    text = Page(render_track_report([sample_track()])).root.text
    for said in (
        "26 (23 to 31) agents; now 25", "70 (63 to 84) addresses, of 60 (54 to 72) hosts",
        "covers 100% of the answers when new, and half as much after 24 (22 to 29) h: block the",
        "half of the agents have gone after 30 (27 to 36) h", "agents come back at the same hours",
        "another answer every 302 s", "are shown the same agents",
    ):  # fmt: skip
        assert said in text
    bare = Page(render_track_report([bare_track()])).root
    assert dict(sentences(bare_track()))["seen"] == "60 addresses"
    fast = dict(sentences(replace(bare_track(), new_per_hour=99.6)))
    assert fast["seen"] == "60 addresses, 100 new ones an hour"
    assert "too little was seen more than once" in bare.text
    pictures = [node.attributes["data-picture"] for node in bare.walk()
                if "data-picture" in node.attributes]  # fmt: skip
    assert pictures == ["agents"]


def test_what_the_records_do_not_bound_is_null_and_more() -> None:
    durability = sample_track().durability
    assert durability is not None
    open_ended = replace(sample_track(), durability=replace(
        durability, half_life_h=Estimate(value=24, low=20, high=inf)
    ))  # fmt: skip
    (line,) = render_tracks([open_ended])
    jsonschema.validate(json.loads(line), SCHEMA)
    assert json.loads(line)["durability"]["half_life_h"]["high"] is None
    assert "after 24 (20 or more) h: block the name" in dict(sentences(open_ended))["blocklist"]


def test_what_was_left_out_and_what_spans_do_not_tell_is_said() -> None:
    said = dict(sentences(sample_track()))
    assert said["left out"].startswith("2 answers of 1970-01-02, far from the others")
    spans = replace(bare_track(), are_spans=True)
    (line,) = render_tracks([spans])
    jsonschema.validate(json.loads(line), SCHEMA)
    said = dict(sentences(spans))
    assert "are spans of time" in said["records"]
    assert "population" not in said
    durability = sample_track().durability
    assert durability is not None
    spans = replace(spans, durability=replace(durability, coverage=(), half_life_h=None))
    text = Page(render_track_report([spans])).root.text
    assert "How long agents stay" in text
    assert "blocklist" not in text
    assert "between first and last sight" in text


def test_a_lifetime_that_is_not_told_says_why() -> None:
    durability = sample_track().durability
    assert durability is not None
    for survival, said in (
        (((0.0, 1.0), (60.0, 0.7)), "fewer than half of the agents were seen to leave"),
        (((0.0, 1.0), (60.0, 0.2)), "not told: too few came"),
        ((), "not told: too few came"),
    ):
        parts = replace(durability, lifetime_h=None, survival=survival)
        assert said in dict(sentences(replace(sample_track(), durability=parts)))["lifetime"]


def test_a_list_that_never_was_good_does_not_go_stale() -> None:
    durability = sample_track().durability
    assert durability is not None
    for coverage, said in (
        (((0.5, 0.38), (48.0, 0.36)), "never covers half of the answers, 38% when new"),
        (((0.5, 0.98), (48.0, 0.9)), "covers 98% of the answers when new, and 90% after 48"),
    ):
        parts = replace(durability, half_life_h=None, coverage=coverage)
        assert said in dict(sentences(replace(sample_track(), durability=parts)))["blocklist"]


def test_the_same_track_gives_the_same_page() -> None:
    assert render_track_report([sample_track()]) == render_track_report([sample_track()])


def test_rows_that_are_left_out_are_counted() -> None:
    neighbours = sample_track().neighbours * (MOST_NEIGHBOURS + 7)
    track = replace(sample_track(), neighbours=neighbours)
    console = Console(width=100, color_system=None)
    with console.capture() as captured:
        print_tracks([track], console)
    assert f"and {len(neighbours) - MOST_ROWS} more" in captured.get()
    assert "and 7 more" in Page(render_track_report([track])).root.text
    (line,) = render_tracks([track])
    assert len(json.loads(line)["neighbours"]) == len(neighbours)
    with console.capture() as captured:
        print_tracks([sample_track()], console)
    assert " more" not in captured.get()


@pytest.mark.slow
def test_a_browser_draws_every_picture_and_asks_for_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    path = tmp_path / "track.html"
    path.write_text(render_track_report([sample_track("<b>.example"), bare_track()]))
    browser.open(path)
    browser.wait_for("document.querySelectorAll('[data-drawn] canvas').length === 4")
    assert browser.complaints() == []
    assert [address for address in browser.requests() if not address.startswith("file:")] == []
