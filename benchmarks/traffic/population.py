"""Who is asked: names, and what the DNS holds for each of them.

Nobody's measurement is copied; the shares below are round figures near to what a tap before the
resolvers of an access provider shows. By name:

- 2 in 3 are hosts with 1 to 10 A records (nearly half have one) and, half of them, 1 to 4 AAAA;
- 1 in 4 leads by one to three CNAME links into the zone of one of a few hundred providers;
- 1 in 10 does not exist (NXDOMAIN with the zone's SOA);
- 300, or one in twenty where that is fewer, are in the hands of six flux networks: agents spread
  over hundreds of /16, five to ten in an answer, another set in every edition. In half of these
  networks the name servers are agents, too;
- a third of the zones shows its NS in the authority section, with A and AAAA of the name servers
  in the additional section;
- where a type does not exist, the answer is empty and the SOA says so.

All names end in the reserved top level domains of RFC 2606. Addresses are drawn at random from
the globally routed space, since detectors set special-use addresses aside; nothing is ever sent
to them.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from random import Random
from typing import Final, NamedTuple

import numpy as np

FLUX_NETWORKS: Final = 6
FLUX_DOMAINS: Final = 300
AGENTS_PER_DOMAIN: Final = 30
"""Flux networks, the most domains of all of them, and agents of a network by its domains."""

PROVIDERS: Final = 300
"""Providers whose zones CNAME links lead to, and that run the name servers of the sites."""

TLDS: Final = ("example", "test", "invalid")
HOSTS: Final = ("www", "api", "mail", "static", "img", "m", "login", "update")
_SYLLABLES: Final = [c + v for c in "bcdfghjklmnprstvz" for v in "aeiou"]
_WORDS: Final = ("", "", "-online", "-shop", "-media", "cloud", "-services", "24")
_ADDRESS_COUNTS: Final = (1, 2, 3, 4, 5, 6, 8, 10)
_ADDRESS_WEIGHTS: Final = (46, 20, 8, 12, 4, 4, 4, 2)
_TTLS_S: Final = (20, 60, 60, 120, 300, 300, 600, 1800, 3600, 14_400, 86_400)
_FIRST_OCTETS: Final = [n for n in range(11, 224) if n not in (100, 127, 169, 172, 192, 198, 203)]


class Record(NamedTuple):
    """One resource record; ``rdata`` is the text of an address, a name, or the SOA's fields."""

    owner: str
    rrtype: str
    rdata: str
    ttl_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a name server says to a question, before anything has aged in a cache."""

    query: str
    qtype: str
    rcode: str
    answer: tuple[Record, ...]
    authority: tuple[Record, ...]
    additional: tuple[Record, ...]
    link_count: int
    """CNAME records before the addresses; these stay first, the addresses rotate."""


class Population:
    """Names 0 to ``name_count`` - 1, the most asked first; a seed gives the same ones for ever."""

    def __init__(self, seed: int, name_count: int) -> None:
        self._seed = seed
        rng = np.random.default_rng(seed)
        kinds = rng.random(name_count)
        self._is_absent = kinds < 0.10
        self._is_alias = kinds > 0.75
        self.is_fluxing = np.zeros(name_count, dtype=bool)
        """By name: whether it belongs to a flux network, and its answers change by edition."""
        first = min(100, name_count // 2)  # no flux domain is among the most asked names
        flux_count = min(FLUX_DOMAINS, name_count // 20)
        self.is_fluxing[rng.choice(np.arange(first, name_count), flux_count, replace=False)] = True
        agent_count = max(20, AGENTS_PER_DOMAIN * flux_count // FLUX_NETWORKS)
        self.agents = [
            [_ipv4(chance) for _ in range(agent_count)]
            for chance in (self._chance("agents", n) for n in range(FLUX_NETWORKS))
        ]
        """Their addresses, by network."""

    @property
    def flux_domains(self) -> frozenset[str]:
        """The domains of the fluxing names; all others are innocent."""
        return frozenset(_domain(int(number)) for number in np.flatnonzero(self.is_fluxing))

    def reply(self, number: int, qtype: str, edition: int) -> Reply:
        """Return what is said when name ``number`` is asked for ``qtype``, A or AAAA.

        ``edition`` tells the successive answers of a fluxing name apart; others have one only.
        """
        zone = _domain(number)
        query = f"{HOSTS[number % len(HOSTS)]}.{zone}"
        if self.is_fluxing[number]:
            return self._fluxing(number, zone, query, qtype, edition)
        if self._is_absent[number]:
            return _denial(query, qtype, zone, "NXDOMAIN")
        chance = self._chance("host", number)
        provider = chance.randrange(PROVIDERS)
        links: list[Record] = []
        if self._is_alias[number]:
            links, zone = _links(chance, query, provider)
        owner = links[-1].rdata if links else query
        # A provider's host has the same addresses for all its customers.
        holder = self._chance("holder", owner) if links else chance
        ttl_s = holder.choice(_TTLS_S)
        hosting = holder.randrange(2000)
        counts = {
            "A": holder.choices(_ADDRESS_COUNTS, _ADDRESS_WEIGHTS)[0],
            "AAAA": holder.choice((0, 1, 2, 4)) if holder.random() < 0.6 else 0,
        }
        addresses = _hosted(holder, hosting, qtype, counts[qtype])
        if not addresses:
            return _denial(query, qtype, zone, "NOERROR", links)
        authority, additional = self._delegation(zone, provider)
        return Reply(
            query=query, qtype=qtype, rcode="NOERROR",
            answer=(*links, *(Record(owner, qtype, a, ttl_s) for a in addresses)),
            authority=authority, additional=additional, link_count=len(links),
        )  # fmt: skip

    def _chance(self, *about: object) -> Random:
        """Return what decides about one thing, whatever was decided before."""
        return Random("/".join(map(str, (self._seed, *about))))

    def _delegation(
        self, zone: str, provider: int
    ) -> tuple[tuple[Record, ...], tuple[Record, ...]]:
        chance = self._chance("zone", zone)
        if chance.random() > 0.35:
            return (), ()
        servers = self._chance("servers", provider)
        count, operator = servers.choice((2, 2, 3, 4)), f"dns{provider}.example"
        names = [f"ns{n}.{operator}" for n in range(1, count + 1)]
        authority = tuple(Record(zone, "NS", name, 86_400) for name in names)
        additional = [Record(name, "A", _ipv4(servers), 3600) for name in names]
        if servers.random() < 0.5:
            additional += [Record(name, "AAAA", _ipv6(servers, provider), 3600) for name in names]
        return authority, tuple(additional)

    def _fluxing(self, number: int, zone: str, query: str, qtype: str, edition: int) -> Reply:
        network = number % FLUX_NETWORKS
        agents = self.agents[network]
        chance = self._chance("flux", number, edition)
        if qtype != "A":
            return _denial(query, qtype, zone, "NOERROR")
        answer = chance.sample(agents, 5 + number % 6)
        authority: tuple[Record, ...] = ()
        additional: tuple[Record, ...] = ()
        if network % 2:  # double flux
            names = [f"ns{n}.{zone}" for n in range(1, 4)]
            authority = tuple(Record(zone, "NS", name, 300) for name in names)
            additional = tuple(Record(name, "A", chance.choice(agents), 300) for name in names)
        return Reply(
            query=query, qtype=qtype, rcode="NOERROR",
            answer=tuple(Record(query, "A", address, 180) for address in answer),
            authority=authority, additional=additional, link_count=0,
        )  # fmt: skip


def _domain(number: int) -> str:
    """Return the domain of a name; every third site has two hosts."""
    return _zone(number * 3 // 4)


def _zone(number: int) -> str:
    """Return a made-up registrable domain; no two numbers have the same."""
    rest = number * 48_271 % 85**4  # scattered, and still one to one: 85 has no factor of it
    syllables = []
    while rest or len(syllables) < 3:
        rest, place = divmod(rest, 85)
        syllables.append(_SYLLABLES[place])
    word = "".join(syllables) + _WORDS[number % len(_WORDS)]
    return f"{word}.{TLDS[number % len(TLDS)]}"


def _links(chance: Random, query: str, provider: int) -> tuple[list[Record], str]:
    """Return one to three CNAME records from a name into a provider's zone, and that zone."""
    zone = f"edge{provider}.example"
    names = [f"{query}.{zone}", f"e{chance.randrange(40)}.g.{zone}"]
    if chance.random() < 0.3:
        names.insert(1, f"{query.split('.', 2)[1]}.map.{zone}")
    names = names[chance.randrange(len(names)) :]
    owners = (query, *names)
    links = [
        Record(owner, "CNAME", name, 3600 if owner == query else 300)
        for owner, name in zip(owners, names, strict=False)
    ]
    return links, zone


def _denial(
    query: str, qtype: str, zone: str, rcode: str, links: list[Record] | None = None
) -> Reply:
    soa = f"ns1.{zone} hostmaster.{zone} 2024050101 7200 3600 1209600 300"
    links = links or []
    return Reply(
        query=query, qtype=qtype, rcode=rcode,
        answer=tuple(links), authority=(Record(zone, "SOA", soa, 300),), additional=(),
        link_count=len(links),
    )  # fmt: skip


def _hosted(chance: Random, hosting: int, qtype: str, count: int) -> list[str]:
    """Return distinct addresses of one hosting company: neighbours, in one to three networks."""
    if qtype == "AAAA":
        return [_ipv6(chance, hosting) for _ in range(count)]
    networks = [hosting * 40_503 + n * 7919 for n in range(1 + (count > 4) + (count > 7))]
    found: dict[str, None] = {}
    while len(found) < count:
        network = chance.choice(networks)
        first = _FIRST_OCTETS[network % len(_FIRST_OCTETS)]
        place = network // len(_FIRST_OCTETS) % 256
        found[f"{first}.{place}.{chance.randrange(4)}.{chance.randrange(1, 255)}"] = None
    return list(found)


def _ipv4(chance: Random) -> str:
    octets = (chance.choice(_FIRST_OCTETS), *(chance.randrange(1, 255) for _ in range(3)))
    return str(IPv4Address(bytes(octets)))


def _ipv6(chance: Random, holder: int) -> str:
    """Return an address in the network of a holder, 0..2^15-1."""
    network = 0x2A00_0000 + holder * 8
    return str(IPv6Address(network << 96 | chance.getrandbits(16) << 64 | chance.getrandbits(64)))
