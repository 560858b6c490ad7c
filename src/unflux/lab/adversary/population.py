"""Who holds which addresses in a generated internet: access, hosting, cloud and content networks.

Nothing in it belongs to anybody. IPv4 lies in 240.0.0.0/4, reserved since RFC 1112 and announced
by nobody, which has room for networks of true size; IPv6 in 3fff::/20 (RFC 9637), a /32 for each
network. AS numbers are for private use (RFC 6996), countries are codes that ISO 3166-1 leaves to
its users.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from random import Random
from typing import Final, Literal

import numpy as np

HolderKind = Literal["access", "hosting", "cloud", "content"]

FIRST_SLASH16: Final = 240 << 8
LAST_SLASH16: Final = 255 << 8
"""Exclusive: 255/8 is left out, since its last address means everybody (RFC 919)."""
IPV6_SPACE: Final = IPv6Network("3fff::/20")
FIRST_ASN: Final = 4_200_000_000

COUNTRIES: Final = (
    "AA",
    *(f"Q{letter}" for letter in "MNOPQRSTUVWXYZ"),
    *(f"X{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWYZ"),
)
"""User-assigned codes of ISO 3166-1, without XX and ZZ, which tables use for unknown."""

SHARES: Final[dict[HolderKind, float]] = {
    "access": 0.70,
    "hosting": 0.18,
    "cloud": 0.07,
    "content": 0.05,
}
"""Of the /16s. Chosen: 2026-11-24; most of the announced space serves access lines."""

HOLDER_COUNTS: Final[dict[HolderKind, tuple[int, int]]] = {
    "access": (350, 650),
    "hosting": (110, 220),
    "cloud": (3, 6),
    "content": (16, 30),
}
"""Holz et al. 2008 section 4 met 818 ASNs among 18,214 agents in seven weeks, a case of a few
hours some 240 (the KYE case); Chosen: 2026-11-24 for the others."""

ZIPF: Final[dict[HolderKind, tuple[float, float]]] = {
    "access": (0.9, 1.1),
    "hosting": (0.7, 1.0),
    "cloud": (0.5, 1.0),
    "content": (0.4, 0.9),
}
"""Exponent of sizes by rank. At 1.0 the ten largest of 818 access networks hold 41 %; Holz et al.
2008 found 43.3 %. Chosen: 2026-11-24 for the others."""

_WORDS: Final[dict[HolderKind, tuple[str, ...]]] = {
    "access": ("Telecom", "Cable", "Broadband", "Fibre", "Mobile", "Net"),
    "hosting": ("Hosting", "Servers", "Datacentre", "VPS", "Colocation"),
    "cloud": ("Cloud", "Compute"),
    "content": ("Delivery", "Edge", "Media", "Portal"),
}
_PART_BITS: Final = 13
"""Networks smaller than a /16 are made of /19s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """An autonomous system: its prefixes as first address and length, and its share of hosts."""

    number: int
    kind: HolderKind
    asn: int
    name: str
    country: str
    prefixes: tuple[tuple[int, int], ...]
    prefix6: int
    """First address of its /32."""
    weight: float


@dataclass(frozen=True)
class Population:
    """All holders, and addresses drawn from what they hold."""

    holders: tuple[Holder, ...]

    def of_kind(self, kind: HolderKind) -> tuple[Holder, ...]:
        """Return the holders of a kind, the largest first."""
        return tuple(holder for holder in self.holders if holder.kind == kind)

    def address(self, rng: Random, holder: Holder) -> str:
        """Return an address anywhere in a holder's prefixes."""
        start, length = rng.choice(holder.prefixes)
        return dotted(start + host_part(rng.randrange(1 << (32 - length))))

    def addresses(self, draws: np.random.Generator, holders: np.ndarray) -> list[str]:
        """Return an address of each holder (by its number), anywhere in its prefixes."""
        starts, ends, first, sizes = self._space
        places = first[holders] + (draws.random(len(holders)) * sizes[holders]).astype(np.int64)
        prefixes = np.searchsorted(ends, places, side="right")
        inside = places - np.concatenate(([0], ends[:-1]))[prefixes]
        numbers = starts[prefixes] + inside
        lasts = numbers & 0xFF
        numbers += np.where(lasts == 0, 1, 0) - np.where(lasts == 255, 1, 0)
        return [dotted(number) for number in numbers.tolist()]

    def region(self, rng: Random, holder: Holder, count: int) -> Holder:
        """Return a part of a holder: ``count`` of its prefixes, or all there are."""
        prefixes = rng.sample(holder.prefixes, min(count, len(holder.prefixes)))
        return replace(holder, prefixes=tuple(prefixes))

    def holder_of(self, address: str) -> Holder:
        """Return who holds an IPv4 address of the population."""
        number = int(IPv4Address(address))
        return next(
            holder
            for holder in self.holders
            for start, length in holder.prefixes
            if start <= number < start + (1 << (32 - length))
        )

    def block(self, rng: Random, holder: Holder, count: int) -> tuple[str, ...]:
        """Return ``count`` (up to 250) addresses of one /24, in order."""
        start, length = rng.choice(holder.prefixes)
        rack = start + rng.randrange(1 << (24 - length)) * 256
        return tuple(dotted(rack + last) for last in sorted(rng.sample(range(2, 254), count)))

    def address6(self, rng: Random, holder: Holder) -> str:
        """Return a server's IPv6 address: a low number in one of few /64s."""
        subnet = rng.randrange(1 << 12) << 80
        return str(IPv6Address(holder.prefix6 + subnet + rng.randrange(1, 1 << 16)))

    def slash64(self, rng: Random, holder: Holder) -> int:
        """Return the first address of a home's /64: one of a /56 that the holder delegates."""
        return holder.prefix6 + (rng.getrandbits(24) << 72) + (rng.randrange(4) << 64)

    def pick(self, rng: Random, kind: HolderKind, count: int) -> list[Holder]:
        """Return ``count`` holders of a kind (or all), the larger ones more likely."""
        left = list(self.of_kind(kind))
        picked: list[Holder] = []
        while left and len(picked) < count:
            holder = rng.choices(left, [holder.weight for holder in left])[0]
            left.remove(holder)
            picked.append(holder)
        return picked

    def spread(self, draws: np.random.Generator, among: Sequence[Holder], count: int) -> np.ndarray:
        """Return the numbers of ``count`` holders, each as often as its weight says."""
        weights = np.array([holder.weight for holder in among])
        numbers = np.array([holder.number for holder in among])
        return numbers[draws.choice(len(among), count, p=weights / weights.sum())]

    def route_rows(self) -> Iterator[tuple[str, int, str, str]]:
        """Yield prefix, AS number, holder and country, by address."""
        rows = [
            (start, str(IPv4Network((start, length))), holder)
            for holder in self.holders
            for start, length in holder.prefixes
        ]
        rows += [(h.prefix6, str(IPv6Network((h.prefix6, 32))), h) for h in self.holders]
        for _, prefix, holder in sorted(rows, key=lambda row: row[0]):
            yield prefix, holder.asn, holder.name, holder.country

    @cached_property
    def _space(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Prefix starts, their cumulated sizes, and where each holder begins and how much it has.

        Addresses are counted through all prefixes, holder after holder.
        """
        starts = np.array([start for h in self.holders for start, _ in h.prefixes], dtype=np.int64)
        lengths = np.array([bits for h in self.holders for _, bits in h.prefixes], dtype=np.int64)
        sizes = np.array(
            [sum(1 << (32 - bits) for _, bits in h.prefixes) for h in self.holders], dtype=np.int64
        )
        return starts, np.cumsum(1 << (32 - lengths)), np.cumsum(sizes) - sizes, sizes


def dotted(number: int) -> str:
    """Write an IPv4 address."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def host_part(number: int) -> int:
    """Return the number, moved off the first and last address of its /24."""
    return number + (1 if number & 255 == 0 else -1 if number & 255 == 255 else 0)


def build_population(rng: Random) -> Population:
    """Split the space among holders; every seed has others, of other sizes."""
    space = _shuffled_runs(rng)
    weight_of = {country: 1 / rank for rank, country in enumerate(_shuffled(rng, COUNTRIES), 1)}
    holders: list[Holder] = []
    start = 0
    for kind, share in SHARES.items():
        count = rng.randint(*HOLDER_COUNTS[kind])
        exponent = rng.uniform(*ZIPF[kind])
        weights = [rank**-exponent * rng.lognormvariate(0, 0.3) for rank in range(1, count + 1)]
        part = space[start : start + int(share * len(space))]
        start += len(part)
        for weight, prefixes in zip(weights, _split(weights, part), strict=True):
            number = len(holders)
            word = rng.choice(_WORDS[kind])
            holders.append(
                Holder(
                    number=number,
                    kind=kind,
                    asn=FIRST_ASN + number,
                    name=f"Example {word} {number}",
                    country=rng.choices(list(weight_of), list(weight_of.values()))[0],
                    prefixes=prefixes,
                    prefix6=int(IPV6_SPACE.network_address) + (number << 96),
                    weight=weight,
                )
            )
    return Population(tuple(holders))


def _shuffled(rng: Random, values: Sequence[str]) -> list[str]:
    return rng.sample(values, len(values))


def _shuffled_runs(rng: Random) -> list[int]:
    """Return the /16s in runs of neighbours, as registries gave them out; the runs shuffled."""
    runs, start = [], FIRST_SLASH16
    while start < LAST_SLASH16:
        length = min(rng.choice((1, 1, 1, 2, 2, 4, 8)), LAST_SLASH16 - start)
        runs.append(list(range(start, start + length)))
        start += length
    rng.shuffle(runs)
    return [number << 16 for run in runs for number in run]


def _split(weights: list[float], space: list[int]) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield the prefixes of each holder: whole /16s by weight, or /19s of a shared /16."""
    total, left, parts = sum(weights), list(space), list[int]()
    for weight in weights:
        due = weight / total * len(space) * 0.9
        if due >= 1 and len(left) > int(due):
            yield tuple((left.pop(0), 16) for _ in range(int(due)))
            continue
        wanted = max(1, round(due * 8))
        while len(parts) < wanted:
            slash16 = left.pop(0)
            parts += [slash16 + (part << _PART_BITS) for part in range(8)]
        yield tuple((parts.pop(0), 32 - _PART_BITS) for _ in range(wanted))
