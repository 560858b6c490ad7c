"""A pool of agents that come, go, sleep and change their addresses, and looks at it."""

from dataclasses import dataclass
from math import gamma

import numpy as np
from numpy.typing import NDArray

from pools.listing import find_half_life_h

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
HOUR_S = 3600
DAY_S = 86_400
PROVIDERS = 80
"""Sizes fall as one over the rank (Zipf)."""
LAW_HOSTS = 40_000
"""Lives of so many are drawn for the law of lifetimes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """How a pool behaves; drawn from a seed."""

    at_once: float
    """Hosts that belong to it at one time, on average."""
    lifetime_s: float
    shape: float
    """Of the Weibull distribution of lifetimes; 1 is exponential."""
    online_h: float
    """Hours of the day that a host is on; 24: always."""
    renewed_ratio: float
    """Share of hosts whose provider gives them another address every day."""
    weight_spread: float
    """Standard deviation of the logarithm of how often a host is answered; 0: all alike."""
    answers: int
    interval_s: float
    vantages: int
    span_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """What was seen, and what was true."""

    agent: Integers
    """Address of each row: (address, bucket) with how many answers held it."""
    bucket_s: Integers
    count: Integers
    first_s: Floats
    """By row: first and last moment within the bucket."""
    last_s: Floats
    host_of: Integers
    """By address."""
    provider_of: Integers
    """By address: ASN."""
    total_hosts: int
    """That were seen, or were there, and on, at a multiple of the width given."""
    total_addresses: int
    """The same of addresses."""
    mean_hosts: float
    """That belonged to the pool at one time."""
    hosts_now: int
    """When the last bucket begins."""
    half_life_h: float | None
    """Of lists of a day's addresses, by who could be answered."""


def draw_pool(seed: int, kind: str) -> Pool:
    """Draw a pool: ``plain``, of ``mixed`` lifetimes, ``day`` rhythm, ``renewed`` addresses,
    ``uneven`` answers, or ``all`` of it.
    """
    chance = np.random.default_rng([seed, 7])
    has = {kind} if kind != "all" else {"mixed", "day", "renewed", "uneven"}
    return Pool(
        at_once=float(np.exp(chance.uniform(np.log(30), np.log(400)))),
        lifetime_s=float(np.exp(chance.uniform(np.log(8), np.log(120)))) * HOUR_S,
        shape=float(chance.uniform(0.6, 0.9)) if "mixed" in has else 1.0,
        online_h=float(chance.uniform(8, 18)) if "day" in has else 24.0,
        renewed_ratio=float(chance.uniform(0.2, 0.7)) if "renewed" in has else 0.0,
        weight_spread=float(chance.uniform(0.3, 0.8)) if "uneven" in has else 0.0,
        answers=int(chance.integers(3, 13)),
        interval_s=float(chance.uniform(120, 600)),
        vantages=int(chance.integers(1, 4)),
        span_s=float(chance.uniform(3, 14)) * DAY_S,
    )


def simulate(pool: Pool, seed: int, width_s: float = HOUR_S) -> Simulated:
    """Look at a pool for its span, each vantage at its own jittered rhythm."""
    chance = np.random.default_rng([seed, 8])
    scale_s = pool.lifetime_s / _mean_of_weibull(pool.shape)
    # Long enough before the looks that the pool has settled.
    warm_s = 8 * pool.lifetime_s
    arrivals = chance.poisson(pool.at_once / pool.lifetime_s * (pool.span_s + warm_s))
    begin = chance.uniform(-warm_s, pool.span_s, arrivals)
    end = begin + scale_s * chance.weibull(pool.shape, arrivals)
    kept = end > 0
    begin, end = begin[kept], end[kept]
    hosts = len(begin)
    # A host joins while it is on.
    wakes_h = (begin / HOUR_S - chance.uniform(0, pool.online_h, hosts)) % 24
    is_renewed = chance.random(hosts) < pool.renewed_ratio
    renews_s = chance.uniform(0, DAY_S, hosts)
    weight = np.exp(pool.weight_spread * chance.standard_normal(hosts))
    shares = 1 / np.arange(1, PROVIDERS + 1)
    provider = chance.choice(PROVIDERS, hosts, p=shares / shares.sum())

    def turn_of(moment_s: Floats | float) -> Integers:
        turns = np.floor((moment_s - renews_s) / DAY_S).astype(np.int64)
        return np.where(is_renewed, turns, 0)

    address_number: dict[tuple[int, int], int] = {}
    rows: dict[tuple[int, int], list[float]] = {}
    for _ in range(pool.vantages):
        moment_s = float(chance.uniform(0, pool.interval_s))
        while moment_s < pool.span_s:
            alive = (begin <= moment_s) & (moment_s < end)
            hour = (moment_s / HOUR_S - wakes_h) % 24
            online = np.flatnonzero(alive & (hour < pool.online_h))
            if len(online):
                # Without replacement, by weight (Efraimidis and Spirakis 2006).
                keys = chance.exponential(size=len(online)) / weight[online]
                drawn = online[np.argsort(keys)[: pool.answers]]
                turns = turn_of(moment_s)
                bucket = int(moment_s // HOUR_S) * HOUR_S
                for host in drawn:
                    key = int(host), int(turns[host])
                    address = address_number.setdefault(key, len(address_number))
                    row = rows.setdefault((address, bucket), [0, moment_s, moment_s])
                    row[0] += 1
                    row[1], row[2] = min(row[1], moment_s), max(row[2], moment_s)
            moment_s += pool.interval_s * (1 + 0.1 * float(chance.random()))
    grid = np.linspace(0, pool.span_s, 500)
    now_s = float(max(bucket for _, bucket in rows))
    alive_at = [(begin <= at).sum() - (end <= at).sum() for at in grid]
    served_until_s = np.minimum(end, pool.span_s)
    spells = {
        (host, turn): _spell(begin[host], end[host], renews_s[host], turn, bool(is_renewed[host]))
        for host in range(hosts)
        for turn in range(
            int(turn_of(np.maximum(begin, 0.0))[host]), int(turn_of(served_until_s)[host]) + 1
        )
    }
    long = {
        key
        for key, (start, stop) in spells.items()
        if _serves_at_border(
            max(start, 0.0), min(stop, pool.span_s), width_s, wakes_h[key[0]], pool.online_h
        )
    }
    total = long | address_number.keys()
    host_of = np.array([host for host, _ in address_number], np.int64)
    items = list(rows.items())
    return Simulated(
        agent=np.array([key[0] for key, _ in items], np.int64),
        bucket_s=np.array([key[1] for key, _ in items], np.int64),
        count=np.array([row[0] for _, row in items], np.int64),
        first_s=np.array([row[1] for _, row in items]),
        last_s=np.array([row[2] for _, row in items]),
        host_of=host_of,
        provider_of=provider[host_of],
        total_hosts=len({host for host, _ in total}),
        total_addresses=len(total),
        mean_hosts=float(np.mean(alive_at)),
        hosts_now=int(((begin <= now_s) & (now_s < end)).sum()),
        half_life_h=find_half_life_h(_stood(pool, spells, wakes_h, weight)),
    )


def find_lifetime_h(pool: Pool) -> float:
    """Return the median time from when an address is first on to when it last is, by the law.

    Not by the addresses of one pool, most of which end after one looks.
    """
    chance = np.random.default_rng(0)
    begin = chance.uniform(0, DAY_S, LAW_HOSTS)
    scale_s = pool.lifetime_s / _mean_of_weibull(pool.shape)
    end = begin + scale_s * chance.weibull(pool.shape, LAW_HOSTS)
    wakes_h = (begin / HOUR_S - chance.uniform(0, pool.online_h, LAW_HOSTS)) % 24
    renews_s = chance.uniform(0, DAY_S, LAW_HOSTS)
    is_renewed = chance.random(LAW_HOSTS) < pool.renewed_ratio
    turns = np.where(is_renewed, np.floor((np.stack([begin, end]) - renews_s) / DAY_S), 0)
    of = np.repeat(np.arange(LAW_HOSTS), (turns[1] - turns[0]).astype(np.int64) + 1)
    turn = turns[0][of] + np.arange(len(of)) - np.searchsorted(of, of)
    since_s = renews_s[of] + turn * DAY_S
    start_s = np.where(is_renewed[of], np.maximum(begin[of], since_s), begin[of])
    stop_s = np.where(is_renewed[of], np.minimum(end[of], since_s + DAY_S), end[of])
    phase_h = (np.stack([start_s, stop_s]) / HOUR_S - wakes_h[of]) % 24
    is_off = phase_h >= pool.online_h
    on_s = start_s + np.where(is_off[0], 24 - phase_h[0], 0) * HOUR_S
    off_s = stop_s - np.where(is_off[1], phase_h[1] - pool.online_h, 0) * HOUR_S
    return float(np.median((off_s - on_s)[off_s > on_s])) / HOUR_S


def _stood(
    pool: Pool, spells: dict[tuple[int, int], tuple[float, float]], wakes_h: Floats, weight: Floats
) -> Floats:
    """Return [address, hour], how much of what may be answered in an hour is the address."""
    host = np.array([host for host, _ in spells])
    start_s, stop_s = np.array(list(spells.values())).T
    edges_s = np.arange(int(pool.span_s) // HOUR_S + 1) * HOUR_S
    inside_s = np.minimum(stop_s[:, None], edges_s[1:]) - np.maximum(start_s[:, None], edges_s[:-1])
    middle_h = (edges_s[1:] + edges_s[:-1]) / 2 / HOUR_S
    is_on = (middle_h - wakes_h[host][:, None]) % 24 < pool.online_h
    stood: Floats = np.maximum(inside_s, 0) * is_on * weight[host][:, None]
    return stood


def _spell(
    begin: float, end: float, renews_s: float, turn: int, is_renewed: bool
) -> tuple[float, float]:
    """Return when a host had an address."""
    if not is_renewed:
        return begin, end
    start = renews_s + turn * DAY_S
    return max(begin, start), min(end, start + DAY_S)


def _serves_at_border(
    start_s: float, stop_s: float, width_s: float, wakes_h: float, online_h: float
) -> bool:
    """Tell whether a host is on at a multiple of the width, between two moments."""
    borders = np.arange(start_s // width_s + 1, stop_s // width_s + 1) * width_s
    return bool(((borders / HOUR_S - wakes_h) % 24 < online_h).any())


def _mean_of_weibull(shape: float) -> float:
    return gamma(1 + 1 / shape)
