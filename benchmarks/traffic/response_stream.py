"""The responses, in order of time: which name was asked by whom, when, and what came back."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from traffic.message_template import MessageTemplate, compose_template
from traffic.population import Population

CHUNK_RESPONSES: Final = 100_000
"""Responses in the making at once; some 100 MB in all forms."""

KEPT_TEMPLATES: Final = 150_000
"""Templates remembered; those of more names are made again when needed."""

START_US: Final = 1_714_521_600_000_000
"""The first moment of the traffic: 2024-05-01 00:00 UTC."""

EDITION_US: Final = 10_000_000
"""How long the answer of a fluxing name stays."""

AAAA_RATIO: Final = 0.28
CLIENTS: Final = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficShape:
    """What the traffic is like; the same shape gives the same octets."""

    responses: int = 1_000_000
    names: int = 20_000
    skew: float = 1.0
    """Zipf's exponent: the name of rank r is asked in proportion to 1/r^skew; 0 asks all alike."""
    rate_per_s: float = 20_000.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Responses that follow each other, as columns of one entry each, and their templates."""

    first_number: int
    """How many responses came before these."""
    templates: list[MessageTemplate]
    template: np.ndarray
    """int64: which of ``templates`` it is."""
    moment_us: np.ndarray
    """int64: microseconds since the epoch, never falling."""
    message_id: np.ndarray
    """uint16."""
    client: np.ndarray
    """int64: 0..CLIENTS-1. Three in ten use IPv6, three in five EDNS, one in 32 mixes case."""
    port: np.ndarray
    """uint16: the client's."""
    age_s: np.ndarray
    """int64: a TTL of t in the zone is ``t - age_s % t`` in the response."""
    rotation: np.ndarray
    """int64: the address record that comes first, modulo their number."""
    case_bits: np.ndarray
    """uint64: letters of the question in upper case (DNS 0x20); 0 for most clients."""
    delay_us: np.ndarray
    """int64: from question to response."""

    @property
    def is_ipv6(self) -> np.ndarray:
        """Which responses go over IPv6."""
        return self.client % 10 < 3

    @property
    def has_edns(self) -> np.ndarray:
        """Which responses carry an OPT record."""
        return self.client % 5 < 3


def stream_responses(shape: TrafficShape) -> Iterator[Chunk]:
    """Yield all responses, chunk by chunk."""
    population = Population(shape.seed, shape.names)
    templates = _Templates(population)
    rng = np.random.default_rng((shape.seed, 1))
    weights = np.cumsum(1.0 / np.arange(1, shape.names + 1) ** shape.skew)
    for first in range(0, shape.responses, CHUNK_RESPONSES):
        count = min(CHUNK_RESPONSES, shape.responses - first)
        spacing_us = 1e6 / shape.rate_per_s
        numbers = np.arange(first, first + count) + rng.random(count)
        moment_us = START_US + (numbers * spacing_us).astype(np.int64)
        name = np.searchsorted(weights, rng.random(count) * weights[-1], side="right")
        edition = np.where(population.is_fluxing[name], (moment_us - START_US) // EDITION_US, 0)
        is_aaaa = rng.random(count) < AAAA_RATIO
        used, template = templates.of(name, is_aaaa, edition)
        client = rng.integers(0, CLIENTS, count)
        bits = rng.integers(0, 2**64, count, dtype=np.uint64)
        yield Chunk(
            first_number=first,
            templates=used,
            template=template,
            moment_us=moment_us,
            message_id=rng.integers(0, 2**16, count, dtype=np.uint16),
            client=client,
            port=rng.integers(32_768, 61_000, count, dtype=np.uint16),
            age_s=rng.integers(0, 86_400, count),
            rotation=rng.integers(0, 256, count),
            case_bits=np.where(client % 32 == 0, bits, np.uint64(0)),
            delay_us=rng.integers(80, 60_000, count),
        )


class _Templates:
    """Makes each template when it is first needed, and keeps the latest used."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._kept: OrderedDict[tuple[int, int, int], MessageTemplate] = OrderedDict()

    def of(
        self, name: np.ndarray, is_aaaa: np.ndarray, edition: np.ndarray
    ) -> tuple[list[MessageTemplate], np.ndarray]:
        """Return the templates of some responses, each once, and the place of each one's."""
        keys = np.stack([name, is_aaaa.astype(np.int64), edition], axis=1)
        distinct, place = np.unique(keys, axis=0, return_inverse=True)
        return [self._get(*key) for key in distinct.tolist()], place.reshape(-1).astype(np.int64)

    def _get(self, name: int, is_aaaa: int, edition: int) -> MessageTemplate:
        key = name, is_aaaa, edition
        template = self._kept.get(key)
        if template is None:
            reply = self._population.reply(name, "AAAA" if is_aaaa else "A", edition)
            template = self._kept[key] = compose_template(reply)
            if len(self._kept) > KEPT_TEMPLATES:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        return template
