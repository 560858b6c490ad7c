"""Who holds which addresses in the lab's internets; nothing outside reserved space."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network
from random import Random
from typing import Final, Literal, TextIO

NetworkKind = Literal["access", "hosting", "content"]

ALLOWED_IPV4: Final = tuple(
    IPv4Network(text)
    for text in (
        "10.0.0.0/8",  # RFC 1918
        "100.64.0.0/10",  # RFC 6598
        "172.16.0.0/12",  # RFC 1918
        "198.18.0.0/15",  # RFC 2544
        "192.0.2.0/24",  # RFC 5737
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
)
"""The only IPv4 space the lab may name."""

ALLOWED_IPV6: Final = IPv6Network("2001:db8::/32")
"""The only IPv6 space the lab may name (RFC 3849)."""

PRIVATE_ASNS: Final = (
    range(64496, 64512),
    range(65536, 65552),
    range(4_200_000_000, 4_294_967_295),
)
"""AS numbers for documentation (RFC 5398) and private use (RFC 6996)."""

COUNTRIES: Final = tuple(f"X{letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
"""ISO 3166-1 user-assigned codes: no country has them."""

_LINES: Final = ("Cable", "DSL", "Fibre", "Mobile", "Telecom", "Broadband", "Net", "Wireless")
_REGIONS: Final = ("North", "East", "South", "West", "Harbour", "Valley", "Coast", "Hills",
                   "Island", "Plains")  # fmt: skip
_HOSTING: Final = ("Hosting", "Servers", "Cloud", "Colocation", "Webspace", "Datacentre")
_CONTENT: Final = ("Swift Edge", "Swift Edge Two", "Nimbus Delivery", "Nimbus Delivery Two",
                   "Relay Media", "Portal", "Name Services", "Domain Parking")  # fmt: skip

ACCESS_NETWORK_COUNT: Final = len(_LINES) * len(_REGIONS)
LARGE_ACCESS_NETWORK_COUNT: Final = 10
LARGE_ACCESS_WEIGHT: Final = 5.25
"""Weight of a large access network against 1 for another, so that the ten largest hold 43 % of
the agents, as in Holz et al. 2008 section 4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """An autonomous system and its prefixes (each a /16 or a /40)."""

    kind: NetworkKind
    asn: int
    name: str
    country: str
    prefixes: tuple[IPv4Network, ...]
    prefix6: IPv6Network | None = None
    weight: float = 1.0
    """Share of hosts, relative to other networks of the kind."""


@dataclass(slots=True)
class AddressPlan:
    """All networks, and the addresses given out so far; no address is given twice."""

    networks: tuple[Network, ...]
    _given: set[int] = field(default_factory=set)

    def of_kind(self, kind: NetworkKind) -> tuple[Network, ...]:
        """Return the networks of one kind, by AS number order of the plan."""
        return tuple(network for network in self.networks if network.kind == kind)

    def allocate(self, rng: Random, network: Network) -> str:
        """Return an IPv4 address of the network, from any of its prefixes."""
        while True:
            number = self._host_of(rng, rng.choice(network.prefixes))
            if number not in self._given:
                return self._give(number)

    def allocate_block(self, rng: Random, network: Network, count: int) -> tuple[str, ...]:
        """Return ``count`` (1..200) distinct addresses of one /24, as a rack would have them."""
        while True:
            start = self._host_of(rng, rng.choice(network.prefixes)) & 0xFFFFFF00
            if not any(start + last in self._given for last in range(256)):
                break
        lasts = sorted(rng.sample(range(10, 250), count))
        return tuple(self._give(start + last) for last in lasts)

    def allocate_spread(
        self, rng: Random, networks: Sequence[Network], count: int
    ) -> tuple[str, ...]:
        """Return ``count`` addresses scattered over the networks by their weights."""
        weights = [network.weight for network in networks]
        chosen = rng.choices(networks, weights, k=count)
        return tuple(self.allocate(rng, network) for network in chosen)

    def allocate6(self, rng: Random, network: Network) -> str:
        """Return an IPv6 address of a hosting or content network; others have none."""
        if network.prefix6 is None:
            raise ValueError(f"{network.name} has no IPv6 prefix in the plan")
        subnet, host = rng.randrange(2**8), rng.randrange(1, 2**16)
        return str(IPv6Address(int(network.prefix6.network_address) + (subnet << 80) + host))

    def write_routes(self, stream: TextIO) -> None:
        """Write the plan as CSV with the columns ``prefix,asn,name,country``."""
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("prefix", "asn", "name", "country"))
        rows: list[tuple[int, int, tuple[str, int, str, str]]] = []
        for network in self.networks:
            prefixes: Iterable[IPv4Network | IPv6Network] = network.prefixes
            if network.prefix6 is not None:
                prefixes = (*network.prefixes, network.prefix6)
            for prefix in prefixes:
                row = (str(prefix), network.asn, network.name, network.country)
                rows.append((prefix.version, int(prefix.network_address), row))
        writer.writerows(row for _, _, row in sorted(rows))

    @staticmethod
    def _host_of(rng: Random, prefix: IPv4Network) -> int:
        return int(prefix.network_address) + rng.randrange(256) * 256 + rng.randrange(1, 255)

    def _give(self, number: int) -> str:
        self._given.add(number)
        return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def build_address_plan(rng: Random) -> AddressPlan:
    """Split the reserved space into access, hosting and content networks.

    Access networks share 10/8 and 198.18/15, a few large ones with many scattered /16s; hosting
    networks share 100.64/10, content networks 172.16/12; both also have a /40 of 2001:db8::/32.
    """
    access_space = _slash16s("10.0.0.0/8") + _slash16s("198.18.0.0/15")
    hosting_space = _slash16s("100.64.0.0/10")
    rng.shuffle(access_space)
    rng.shuffle(hosting_space)
    return AddressPlan(
        (
            *_access_networks(rng, access_space),
            *_hosting_networks(rng, hosting_space),
            *_content_networks(rng, _slash16s("172.16.0.0/12")),
        )
    )


def _slash16s(text: str) -> list[IPv4Network]:
    return list(IPv4Network(text).subnets(new_prefix=16))


def _access_networks(rng: Random, space: list[IPv4Network]) -> list[Network]:
    names = [f"Example {line} {region}" for region in _REGIONS for line in _LINES]
    weights = [
        LARGE_ACCESS_WEIGHT if number < LARGE_ACCESS_NETWORK_COUNT else 1.0
        for number in range(ACCESS_NETWORK_COUNT)
    ]
    rng.shuffle(weights)
    shares = [7 if weight > 1 else 2 for weight in weights]
    smaller = [number for number, weight in enumerate(weights) if weight == 1]
    for number in rng.sample(smaller, len(space) - sum(shares)):
        shares[number] += 1
    networks, start = [], 0
    for number, (name, weight, share) in enumerate(zip(names, weights, shares, strict=True)):
        networks.append(
            Network(
                kind="access",
                asn=4_200_000_000 + number,
                name=name,
                country=rng.choice(COUNTRIES),
                prefixes=tuple(sorted(space[start : start + share])),
                weight=weight,
            )
        )
        start += share
    return networks


def _hosting_networks(rng: Random, space: list[IPv4Network]) -> list[Network]:
    asns = [*range(65536, 65552), *range(64496, 64504)]
    names = [f"Example {word} {region}" for region in _REGIONS[:4] for word in _HOSTING]
    return [
        Network(
            kind="hosting",
            asn=asn,
            name=name,
            country=rng.choice(COUNTRIES),
            prefixes=tuple(sorted(space[number :: len(asns)])),
            prefix6=_slash40(number),
        )
        for number, (asn, name) in enumerate(zip(asns, names, strict=True))
    ]


def _content_networks(rng: Random, space: list[IPv4Network]) -> list[Network]:
    return [
        Network(
            kind="content",
            asn=64504 + number,
            name=f"Example {name}",
            country=rng.choice(COUNTRIES),
            prefixes=tuple(space[2 * number : 2 * number + 2]),
            prefix6=_slash40(128 + number),
        )
        for number, name in enumerate(_CONTENT)
    ]


def _slash40(number: int) -> IPv6Network:
    return IPv6Network((int(ALLOWED_IPV6.network_address) + (number << 88), 40))
