"""Ways of answering beyond those of the small internet: per vantage, per look-up, gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from unflux.lab.zones import Timeline, Vantage


@dataclass(frozen=True, slots=True)
class NearRecords:
    """Each vantage is told its own records, and they change on their own."""

    ttl_s: int
    timelines: Mapping[Vantage, Timeline]

    def at(self, moment_us: int, vantage: Vantage) -> tuple[str, ...]:
        """Return the set of the vantage and moment."""
        return self.timelines[vantage].at(moment_us)


@dataclass(frozen=True, slots=True)
class FreshRecords:
    """Every look-up draws anew from the set of the moment, as for each client its own answer."""

    ttl_s: int
    candidates: Timeline
    count: int
    seed: str

    def at(self, moment_us: int, vantage: Vantage) -> tuple[str, ...]:
        """Return a draw that depends on the very microsecond and on who asks."""
        among = self.candidates.at(moment_us)
        rng = Random(f"{self.seed}/{vantage}/{moment_us}")  # noqa: S311 - a simulation
        return tuple(rng.sample(among, min(self.count, len(among))))
