"""A generated internet: every scenario as resolvers saw it, with labels and an address table."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import pyarrow as pa

from unflux.lab.adversary.asking import Asking
from unflux.lab.adversary.observation import observe
from unflux.lab.adversary.population import Population
from unflux.lab.adversary.scenarios import SCENARIOS
from unflux.lab.adversary.scene import Family, Scene, Truth
from unflux.lab.demand import DAY_US

START_AT: Final = datetime(2026, 3, 2, tzinfo=UTC)
SPAN_DAYS: Final = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """Records, the truth about every registrable domain in them, and who holds the addresses."""

    records: pa.Table
    truth: dict[str, Truth]
    population: Population


def build_scene(seed: int, scale: float = 1.0, start_at: datetime = START_AT) -> Scene:
    """Build the zones, the questions and the truth of four weeks from ``start_at`` (aware) on.

    ``scale`` multiplies families and domains; every scenario keeps at least one of each.
    """
    if start_at.tzinfo is None:
        raise ValueError(f"start_at {start_at} names no time zone")
    if not (math.isfinite(scale) and scale > 0):
        raise ValueError(f"scale {scale} is not above 0")
    start_us = round(start_at.timestamp()) * 1_000_000
    asking = Asking(start_us=start_us, end_us=start_us + SPAN_DAYS * DAY_US)
    scene = Scene(seed, scale, asking)
    for scenario in SCENARIOS:
        for number in range(max(1, round(scenario.families * min(1.0, scale)))):
            name = f"{scenario.kind}-{number + 1}"
            rng = scene.stream(name)
            scenario.add(
                Family(
                    scene=scene,
                    label=scenario.label,
                    kind=scenario.kind,
                    name=name,
                    number=number,
                    rng=rng,
                    draws=np.random.default_rng(rng.getrandbits(64)),
                )
            )
    return scene


def generate(seed: int, scale: float = 1.0, start_at: datetime = START_AT) -> Generated:
    """Generate four weeks of records from ``start_at`` (aware) on.

    Fast things happen within the first day, slow ones over all of it. The same seed, scale and
    start give the same records; another seed has other names, networks, sizes and rhythms.
    """
    scene = build_scene(seed, scale, start_at)
    records = observe(scene, scene.asking.taken_in_order())
    return Generated(records=records, truth=scene.truth, population=scene.population)
