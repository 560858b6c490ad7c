"""A track as a report may hold it, with names that are meant to do harm."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from unflux.model.tracks import (
    Apart,
    DayRhythm,
    Durability,
    Estimate,
    Move,
    Neighbour,
    NetworkOverlap,
    NetworkTrack,
    OverlapDay,
    Renumbering,
    TrackPopulation,
    VantageView,
)

EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
START = datetime(2026, 11, 1, tzinfo=UTC)


def estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value * 0.9, high=value * 1.2)


def sample_track(name: str = "bad.example") -> NetworkTrack:
    """Return a track of which every part is there; ``name`` stands wherever a name may."""
    return NetworkTrack(
        network="ffn-0123456789",
        domains=(name, "worse.example"),
        first_seen=START,
        last_seen=START + timedelta(days=4),
        answers=1000,
        addresses=60,
        apart=Apart(answers=2, first_seen=EPOCH, last_seen=EPOCH),
        are_spans=False,
        start=START,
        occasion_s=3600 * 12,
        seen=(20, 22, 25, 21, 23, 24, 22, 20),
        newcomers=(20, 8, 6, 5, 6, 5, 5, 5),
        new_per_hour=0.4,
        rotation_s=310.0,
        population=TrackPopulation(
            total=estimate(70), at_once=estimate(26), now=estimate(25), hosts=estimate(60),
            detection_ratio=0.8, away_ratio=0.2, alive=(25.0, 26.0, 27.0, 26.0, 26.0, 25.0, 25.5),
        ),
        renumbering=Renumbering(
            newcomers=40, pairs=30, by_chance=20.5, renewed=estimate(9.5), between=estimate(0.5)
        ),
        durability=Durability(
            lifetime_h=estimate(30), agents=40, censored=12, half_life_h=estimate(24),
            survival=((0.0, 1.0), (30.0, 0.5), (60.0, 0.2)),
            coverage=((0.0, 1.0), (24.0, 0.5), (48.0, 0.2)),
        ),
        day_rhythm=DayRhythm(
            excess=0.2, p_value=0.0001, seen_by_hour=(None, *map(float, range(23)))
        ),
        vantages=(
            VantageView(vantage="192.0.2.53:53 for 198.51.100.0/24", looks=900, answered=890,
                        addresses=50, own=5, rotation_s=301.5),
        ),
        is_per_client=False,
        moves=(
            Move(domain="worse.example", at=START + timedelta(days=2), since=name, shared=12,
                 inherited_ratio=0.6, has_ended=True),
        ),
        neighbours=(
            Neighbour(domain=name, network=None, shared=4, first_seen=START,
                      last_seen=START + timedelta(days=1)),
        ),
        overlaps=(
            NetworkOverlap(
                network="ffn-9876543210", shared=6, of_other=12, ratio=0.5,
                days=(OverlapDay(at=START, shared=4, addresses=20, of_other=8),),
            ),
            NetworkOverlap(network="ffn-1111111111", shared=3, of_other=90, ratio=0.05, days=()),
        ),
    )  # fmt: skip


def bare_track() -> NetworkTrack:
    """Return one of which nothing could be measured."""
    return replace(
        sample_track(), population=None, renumbering=None, durability=None, day_rhythm=None,
        new_per_hour=None, vantages=(), is_per_client=None, moves=(), neighbours=(),
        overlaps=(), rotation_s=None, apart=None,
    )  # fmt: skip
