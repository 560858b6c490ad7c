"""Reports of a store: networks found as scan finds them, measured, and drawn without harm."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from rich.console import Console

from unflux.engine.store import Store
from unflux.model.endpoint import Endpoint
from unflux.model.errors import StoreError
from unflux.model.tracks import NetworkTrack
from unflux.pipeline.gathering import Options, gather
from unflux.pipeline.track_reporting import report_tracks
from unflux.present.track_json import render_tracks
from unflux.present.track_screen import print_tracks
from unflux.read.source import Options as ReadOptions
from unflux.track.exchange import Look
from unflux.track.question import Question, Reply
from unflux.track.rhythm import Turn
from unflux.track.tally import tally
from unflux.track.vantage import Vantage

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schemas" / "track-1.schema.json").read_text()
)
_NETWORKS = (2, 5, 24, 31, 37, 46, 58, 62, 71, 77, 79, 82, 84, 85, 87, 88, 89, 91, 92, 95, 98, 109)
START_S = 1_763_600_400
HOURS = 72
OLD, NEW, OTHER = "flux-old.example", "flux-new.example", "shop.example"
HOSTILE = "\\027[31m<b>.flux-old.example"


def records() -> Iterator[str]:
    """Yield the records of a pool that turns over in a day and moves to another domain."""
    chance = np.random.default_rng(1)
    begin = chance.uniform(-72, HOURS, 240)
    end = begin + chance.exponential(24, 240)
    yield "ts,qname,rrtype,rdata,ttl"
    for look in range(HOURS * 6):
        moment_h = look / 6
        there = np.flatnonzero((begin <= moment_h) & (moment_h < end))
        name = OLD if moment_h < 30 else NEW
        for agent in chance.choice(there, min(6, len(there)), replace=False):
            octet = _NETWORKS[agent % len(_NETWORKS)]
            yield f"{START_S + look * 600},{name},A,{octet}.{agent}.{octet}.7,300"
    yield f"{START_S},{HOSTILE},A,2.1.2.7,300"
    yield f"{START_S},{OLD},A,127.0.0.1,300"
    for host in range(3):  # one rack is no pool: who is there too belongs to nobody
        yield f"{START_S + 600},{OLD},A,2.240.{host}.7,300"
        yield f"{START_S + 86_400},{OTHER},A,2.240.{host}.7,300"
    for host in range(4):
        yield f"{START_S + 86_400},{OTHER},A,2.241.{host}.7,300"


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> tuple[NetworkTrack, ...]:
    folder = tmp_path_factory.mktemp("tracks")
    (folder / "records.csv").write_text("\n".join(records()) + "\n")
    options = Options(store=folder / "store")
    gather([str(folder / "records.csv")], options, None)
    return report_tracks(["www." + OLD, "unknown.example"], options)


@pytest.mark.slow
def test_a_network_is_followed_from_one_domain_to_the_next(
    tracks: tuple[NetworkTrack, ...],
) -> None:
    (track,) = tracks
    assert {OLD, NEW} <= set(track.domains)
    assert (track.last_seen - track.first_seen).total_seconds() > 71 * 3600
    (move,) = [move for move in track.moves if move.domain == NEW]
    assert (move.since, move.has_ended) == (OLD, True)
    assert move.inherited_ratio > 0.2
    assert sum(track.newcomers) == track.addresses
    assert OTHER not in track.domains
    assert [(other.domain, other.shared) for other in track.neighbours] == [(OTHER, 3)]


@pytest.mark.slow
def test_what_is_measured_is_about_what_was_made(tracks: tuple[NetworkTrack, ...]) -> None:
    (track,) = tracks
    assert track.population is not None
    # 240 arrivals in 144 hours, a day each: forty at once.
    assert track.population.at_once.low <= 40 * 1.15
    assert track.population.at_once.high >= 40 * 0.85
    assert track.durability is not None
    assert track.durability.half_life_h is not None
    assert 6 < track.durability.half_life_h.value < 36
    # Every ten minutes some of those that are there: nearly always others.
    assert track.rotation_s is not None
    assert 590 <= track.rotation_s <= 610
    assert track.overlaps == ()
    assert track.vantages == ()
    assert track.is_per_client is None


@pytest.mark.slow
def test_json_meets_its_schema_and_no_name_disturbs_a_terminal(
    tracks: tuple[NetworkTrack, ...],
) -> None:
    (line,) = render_tracks(tracks)
    jsonschema.validate(json.loads(line), SCHEMA)
    assert line.isascii()
    console = Console(width=100, color_system=None, record=True)
    with console.capture() as captured:
        print_tracks(tracks, console)
    drawn = captured.get()
    assert "half as much after" in " ".join(drawn.split())
    assert "\x1b" not in drawn


def test_without_a_store_there_is_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        report_tracks([OLD], Options(store=tmp_path / "none"))


@pytest.mark.slow
def test_what_is_planted_is_no_part_of_what_a_vantage_saw(tmp_path: Path) -> None:
    lines = [f"{START_S + n},{OLD},A,20.{n}.0.1,300" for n in range(8)]
    (tmp_path / "records.csv").write_text("\n".join(["ts,qname,rrtype,rdata,ttl", *lines]) + "\n")
    options = Options(store=tmp_path / "store")
    gather([str(tmp_path / "records.csv")], options, None)
    found = frozenset({"20.0.0.1", "20.1.0.1", "10.0.0.1", "127.0.0.1"})
    look = Look(
        vantage=Vantage(resolver=Endpoint(ip_address("192.0.2.53"), 53)),
        question=Question(OLD, "A"), at=datetime.fromtimestamp(START_S, UTC),
        reply=Reply(outcome="answered", found=found, ttl_s=300), wire=None,
    )  # fmt: skip
    with Store.open(tmp_path / "store") as store:
        store.add_looks(tally([(look, Turn())]))
    (track,) = report_tracks([OLD], options)
    (view,) = track.vantages
    assert (track.addresses, view.addresses) == (8, 2)


def pool_of(days: int) -> Iterator[tuple[int, str]]:
    """Yield a moment and an address: forty agents, of which another comes every hour."""
    for hour in range(24 * days):
        for agent in range(hour, hour + 40):
            octet = _NETWORKS[agent % len(_NETWORKS)]
            yield START_S + hour * 3600, f"{octet}.{agent // 250}.{agent % 250}.7"


def summed(sights: list[tuple[int, str]]) -> Iterator[str]:
    """Yield a line of passive DNS (COF) for each address."""
    for address in {address for _, address in sights}:
        moments = [moment_s for moment_s, one in sights if one == address]
        yield json.dumps(
            {
                "rrname": OLD, "rrtype": "A", "rdata": address, "count": len(moments),
                "time_first": min(moments), "time_last": max(moments),
            }
        )  # fmt: skip


@pytest.mark.slow
def test_passive_records_that_are_spans_give_no_half_life(tmp_path: Path) -> None:
    (tmp_path / "records.cof").write_text("\n".join(summed(list(pool_of(6)))) + "\n")
    options = Options(store=tmp_path / "store")
    gather([str(tmp_path / "records.cof")], options, None)
    (track,) = report_tracks([OLD], options)
    assert track.are_spans
    assert track.durability is not None
    assert track.durability.half_life_h is None
    assert track.durability.lifetime_h is not None
    # An address is there for 39 hours from its first sight to its last.
    assert track.durability.lifetime_h.value == pytest.approx(39, abs=0.5)
    (line,) = render_tracks([track])
    jsonschema.validate(json.loads(line), SCHEMA)


@pytest.mark.slow
def test_a_report_is_of_the_time_that_is_asked_for(tmp_path: Path) -> None:
    rows = [f"{moment_s},{OLD},A,{address},300" for moment_s, address in pool_of(4)]
    rows.append(f"1000000000,{OLD},A,2.1.1.7,300")
    (tmp_path / "records.csv").write_text("ts,qname,rrtype,rdata,ttl\n" + "\n".join(rows) + "\n")
    options = Options(store=tmp_path / "store")
    gather([str(tmp_path / "records.csv")], options, None)
    (track,) = report_tracks([OLD], options)
    assert track.apart is not None
    assert (track.occasion_s, track.apart.answers) == (3600, 1)
    assert track.first_seen.timestamp() == START_S
    reading = ReadOptions(since_us=(START_S + 86_400) * 1_000_000)
    (later,) = report_tracks([OLD], replace(options, reading=reading))
    assert later.apart is None
    assert later.first_seen.timestamp() == START_S + 86_400
