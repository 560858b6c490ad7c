"""Rhythm: when a name is asked for next, from what came of the last look."""

import hashlib
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from unflux.track.question import Reply

DAY_S: Final = 86_400.0
DENIALS: Final = frozenset({"nxdomain", "empty"})
LATE_S: Final = 1.0
"""After the TTL has run out: caches count whole seconds, and drop a record in the second after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How fast and how slow looks may follow each other, seconds."""

    least_s: float = 60.0
    """Chosen: 2026-11-28; flux services were seen with TTLs of 0 (Storm, Kelihos) to 600 s (Holz et
    al. 2008, figure 3), and one of 0 must not make us ask without pause."""
    most_s: float = 3_600.0
    """Chosen: 2026-11-28; every hour is seen, as is the rhythm of a day, under any TTL."""
    slowest_s: float = DAY_S
    """Of a name that is not answered."""
    jitter_ratio: float = 0.1
    """Of the interval, added at random, so that many names are not asked for at once."""
    dead_after_s: float = 7 * DAY_S
    dead_after_looks: int = 8
    """So long, and so many denials, without an answer: dead. Chosen: 2026-11-28, not measured; at a
    look a day it costs little to wait a week for a name that comes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Of one question from one vantage."""

    due_at_s: float
    """Epoch seconds."""
    failures: int = 0
    """Looks in succession without an answer; those that nobody replied to are in it."""
    denials: int = 0
    """Of them such that the resolver said there is none."""
    denied_since_s: float | None = None
    """When the first of these came."""
    digest: str = ""
    """Of what the last answer held; empty where that was cut, or there is none."""
    answered_at_s: float | None = None
    """When the last answer came."""
    is_twin: bool = False
    """All of the last answer is what the zone answers names that nobody has."""
    is_dead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What a look says of how fast answers change."""

    is_change: bool = False
    """Its answer is another than the one before, however long ago that was."""
    watched_s: float | None = None
    """Time since the answer before; null where looks paused or were not answered in between."""


def follow(
    rhythm: Rhythm, reply: Reply, at_s: float, bounds: Bounds, chance: random.Random
) -> Rhythm:
    """Return the rhythm after a look: just after the TTL where there was an answer.

    Without one the interval doubles. A name dies of replies that deny it (RFC 2308 section 2);
    silence, and replies by which a resolver says that it cannot tell, only slow the looks.
    """
    if reply.outcome == "answered":
        interval_s = min(max((reply.ttl_s or 0) + LATE_S, bounds.least_s), bounds.most_s)
        return Rhythm(
            due_at_s=at_s + jittered(interval_s, bounds, chance),
            digest="" if reply.is_truncated else digest_of(reply.found),
            answered_at_s=at_s,
            is_twin=rhythm.is_twin,
        )
    is_denied = reply.outcome in DENIALS
    failures = rhythm.failures + 1
    denials = rhythm.denials + is_denied
    since_s = rhythm.denied_since_s
    if is_denied and since_s is None:
        since_s = at_s
    # 2.0 ** 1024 overflows; a day is reached long before.
    interval_s = min(bounds.least_s * 2.0 ** min(failures, 64), bounds.slowest_s)
    return replace(
        rhythm,
        due_at_s=at_s + jittered(interval_s, bounds, chance),
        failures=failures,
        denials=denials,
        denied_since_s=since_s,
        is_twin=rhythm.is_twin and not is_denied,
        is_dead=since_s is not None
        and is_denied
        and denials >= bounds.dead_after_looks
        and at_s - since_s >= bounds.dead_after_s,
    )


def measure_turn(before: Rhythm, after: Rhythm, at_s: float, bounds: Bounds) -> Turn:
    """Hold a look against the one before; ``after`` is what :func:`follow` returned for it.

    Only two whole answers in succession say how fast they change, and only where no more time lies
    between them than the rhythm explains.
    """
    is_answered = after.answered_at_s == at_s and bool(before.digest) and bool(after.digest)
    if not is_answered or before.answered_at_s is None:
        return Turn()
    between_s = max(at_s - before.answered_at_s, 0.0)
    longest_s = bounds.most_s * (1 + bounds.jitter_ratio) + bounds.least_s
    is_paused = before.failures > 0 or between_s > longest_s
    return Turn(is_change=before.digest != after.digest, watched_s=None if is_paused else between_s)


def move(rhythm: Rhythm, by_s: float) -> Rhythm:
    """Return the rhythm by a clock that is ahead by so much."""
    since_s, answered_at_s = rhythm.denied_since_s, rhythm.answered_at_s
    return replace(
        rhythm,
        due_at_s=rhythm.due_at_s + by_s,
        denied_since_s=None if since_s is None else since_s + by_s,
        answered_at_s=None if answered_at_s is None else answered_at_s + by_s,
    )


def digest_of(found: Iterable[str]) -> str:
    """Return a few characters that tell sets apart, whatever their order."""
    text = "\n".join(sorted(found)).encode()
    return hashlib.blake2b(text, digest_size=6).hexdigest()


def jittered(interval_s: float, bounds: Bounds, chance: random.Random) -> float:
    """Return an interval with up to its share of jitter added."""
    return interval_s * (1 + bounds.jitter_ratio * chance.random())
