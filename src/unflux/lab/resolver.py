"""A caching resolver of the lab: remaining TTLs count down, referrals bring fresh glue."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from unflux.lab.zones import Absence, RRset, Vantage, Zone, apex_of

MAX_CHAIN: Final = 8
"""CNAMEs followed before giving up."""

_HIT_DELAY_US: Final = (200, 1_800)
_FAILURE_DELAY_US: Final = (2_000_000, 4_500_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a client is told, TTLs as they are at ``answered_us``."""

    rcode: str
    answer: tuple[RRset, ...]
    authority: tuple[RRset, ...]
    additional: tuple[RRset, ...]
    answered_us: int


@dataclass(slots=True)
class _Entry:
    rrset: RRset
    """For an absence the SOA record of its zone (RFC 2308 section 5)."""
    absence: Absence | None
    stored_us: int
    turns: int = 0

    def is_live(self, moment_us: int) -> bool:
        return moment_us < self.stored_us + self.rrset.ttl_s * 1_000_000

    def remaining(self, moment_us: int) -> RRset:
        age_s = max(0, moment_us - self.stored_us) // 1_000_000
        return replace(self.rrset, ttl_s=max(0, self.rrset.ttl_s - age_s))


@dataclass(slots=True)
class _Cache:
    is_minimal: bool
    """Leaves out authority and additional records of a positive answer."""
    answers: dict[tuple[str, str], _Entry] = field(default_factory=dict)
    referrals: dict[str, tuple[_Entry, tuple[_Entry, ...]]] = field(default_factory=dict)
    """Apex to NS records and glue."""
    hosts: dict[tuple[str, str], _Entry] = field(default_factory=dict)
    """Glue by owner and type, where it is kept until it runs out."""


class _FetchFailedError(Exception):
    """No name server of the zone answered."""


class Resolver:
    """One vantage. More than one cache makes it a farm: each question meets a random one."""

    def __init__(
        self,
        vantage: Vantage,
        zones: Mapping[str, Zone],
        rng: Random,
        *,
        cache_count: int = 1,
        minimal_count: int = 0,
        is_cyclic: bool = False,
        glue_age_s: int = 0,
    ) -> None:
        """Build empty caches, ``minimal_count`` of them of the kind that says no more than asked.

        ``is_cyclic`` turns the order of address records by one with every reply. Where
        ``glue_age_s`` is not 0, a cache knows name servers already, since up to so long, because
        others asked before, and keeps their addresses until the TTL ends, whichever zone's
        referral brought them: in the dig records of 2009 (SSFD) they have 27 to 48 h left of 48.
        """
        self._vantage: Vantage = vantage
        self._zones = zones
        self._rng = rng
        self._caches = tuple(
            _Cache(is_minimal=number < minimal_count) for number in range(cache_count)
        )
        self._is_cyclic = is_cyclic
        self._glue_age_us = glue_age_s * 1_000_000

    def resolve(self, qname: str, qtype: str, asked_us: int) -> Reply:
        """Answer from the cache, or fetch; ``asked_us`` must not go back between calls."""
        cache = self._rng.choice(self._caches)
        try:
            chain = self._follow(cache, qname, qtype, asked_us)
        except _FetchFailedError:
            delay_us = self._rng.randint(*_FAILURE_DELAY_US)
            return Reply(
                rcode="SERVFAIL",
                answer=(),
                authority=(),
                additional=(),
                answered_us=asked_us + delay_us,
            )
        fetched_us = max(entry.stored_us for entry in chain)
        answered_us = max(asked_us, fetched_us) + self._rng.randint(*_HIT_DELAY_US)
        answer = tuple(
            self._turned(entry, entry.remaining(answered_us))
            for entry in chain
            if entry.absence is None
        )
        last = chain[-1]
        if last.absence is not None:
            authority: tuple[RRset, ...] = (last.remaining(answered_us),)
            additional: tuple[RRset, ...] = ()
        else:
            authority, additional = _delegation(cache, apex_of(last.rrset.owner), answered_us)
        return Reply(
            rcode="NXDOMAIN" if last.absence == "NXDOMAIN" else "NOERROR",
            answer=answer,
            authority=authority,
            additional=additional,
            answered_us=answered_us,
        )

    def _follow(self, cache: _Cache, qname: str, qtype: str, asked_us: int) -> list[_Entry]:
        chain: list[_Entry] = []
        name = qname
        while len(chain) < MAX_CHAIN:
            entry = _live(cache, name, (qtype, "CNAME"), asked_us)
            if entry is None:
                entry = self._fetch(cache, name, qtype, asked_us)
            chain.append(entry)
            if entry.absence is not None or entry.rrset.rrtype != "CNAME":
                return chain
            name = entry.rrset.rdatas[0]
        raise _FetchFailedError

    def _fetch(self, cache: _Cache, name: str, qtype: str, asked_us: int) -> _Entry:
        zone = self._zones.get(apex_of(name))
        if zone is None:
            zone = self._zones[name.rsplit(".", 1)[-1]]  # the parent says NXDOMAIN
        if self._rng.random() < zone.failure_ratio:
            raise _FetchFailedError
        delay_us = int(zone.delay_ms * 1000 * self._rng.lognormvariate(0, 0.6))
        stored_us = asked_us + delay_us
        referral = cache.referrals.get(zone.apex)
        if referral is None or not referral[0].is_live(asked_us):
            # A new referral replaces the glue of the old one: equal credibility (RFC 2181 5.4.1).
            ns_rrset = zone.delegation.ns_rrset(zone.apex)
            glue = self._glue(cache, zone, asked_us, stored_us)
            cache.referrals[zone.apex] = (_Entry(ns_rrset, None, stored_us), glue)
        found = zone.lookup(name, qtype, asked_us, self._vantage)
        if zone.warm_ratio and isinstance(found, RRset) and self._rng.random() < zone.warm_ratio:
            # Somebody else asked before: a fresh look at what was there then.
            stored_us = asked_us - int(self._rng.random() * found.ttl_s * 1_000_000)
            found = zone.lookup(name, qtype, stored_us, self._vantage)
        if isinstance(found, RRset):
            entry = _Entry(found, None, stored_us)
            cache.answers[name, found.rrtype] = entry
        else:
            entry = _Entry(zone.soa_rrset(), found, stored_us)
            cache.answers[name, qtype] = entry
        return entry

    def _glue(self, cache: _Cache, zone: Zone, asked_us: int, stored_us: int) -> tuple[_Entry, ...]:
        """Return the addresses of a zone's name servers as the cache holds them from now on."""
        if not self._glue_age_us:
            rrsets = zone.delegation.glue_rrsets(asked_us, self._vantage)
            return tuple(_Entry(rrset, None, stored_us) for rrset in rrsets)
        entries = []
        for owner in zone.delegation.hosts:
            for rrtype, records in zone.delegation.glue[owner].items():
                held = cache.hosts.get((owner, rrtype))
                if held is None or not held.is_live(asked_us):
                    brought_us = stored_us
                    if held is None:
                        brought_us -= int(self._rng.random() * self._glue_age_us)
                    rdatas = records.at(brought_us, self._vantage)
                    held = _Entry(RRset(owner, rrtype, records.ttl_s, rdatas), None, brought_us)
                    cache.hosts[owner, rrtype] = held
                entries.append(held)
        return tuple(entries)

    def _turned(self, entry: _Entry, rrset: RRset) -> RRset:
        if not self._is_cyclic or len(rrset.rdatas) < 2:
            return rrset
        turn = entry.turns % len(rrset.rdatas)
        entry.turns += 1
        return replace(rrset, rdatas=rrset.rdatas[turn:] + rrset.rdatas[:turn])


def _live(cache: _Cache, name: str, rrtypes: tuple[str, ...], moment_us: int) -> _Entry | None:
    for rrtype in rrtypes:
        entry = cache.answers.get((name, rrtype))
        if entry is not None and entry.is_live(moment_us):
            return entry
    return None


def _delegation(
    cache: _Cache, apex: str, moment_us: int
) -> tuple[tuple[RRset, ...], tuple[RRset, ...]]:
    referral = cache.referrals.get(apex)
    if cache.is_minimal or referral is None or not referral[0].is_live(moment_us):
        return (), ()
    ns_entry, glue = referral
    return (
        (ns_entry.remaining(moment_us),),
        tuple(entry.remaining(moment_us) for entry in glue if entry.is_live(moment_us)),
    )
