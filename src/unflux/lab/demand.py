"""What clients of a lab's internet ask and when: in bursts, more by day than by night."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from unflux.lab.zones import VANTAGES, Vantage

DAY_US: Final = 24 * 3_600_000_000
QUIET_HOURS: Final = (0, 7)
"""Hours (UTC) at which people hardly ask."""
QUIET_ACTIVITY_RATIO: Final = 0.2

_RESOLVERS: Final[dict[Vantage, tuple[str, str]]] = {
    "north": ("192.0.2.53", "2001:db8:53::53"),
    "south": ("198.51.100.53", "2001:db8:153::53"),
}
_CLIENT_PREFIXES: Final[dict[Vantage, tuple[str, str]]] = {
    "north": ("192.0.2.", "2001:db8:c0:1::"),
    "south": ("198.51.100.", "2001:db8:c0:2::"),
}
IPV4_CLIENTS: Final = 40
IPV6_CLIENTS: Final = 8
EDNS_CLIENT_RATIO: Final = 0.8
TCP_CLIENT_STEP: Final = 20
"""Every so manyth IPv4 client asks over TCP only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A stub resolver and the recursive resolver it asks."""

    address: str
    resolver: str
    vantage: Vantage
    has_edns: bool
    is_over_tcp: bool


@dataclass(frozen=True, slots=True)
class Want:
    """One question of one client."""

    asked_us: int
    client: Client
    qname: str
    qtype: str


def build_clients(rng: Random) -> tuple[Client, ...]:
    """Return the clients of both vantages, over IPv4 and IPv6."""
    clients = []
    for vantage in VANTAGES:
        for family, count in ((0, IPV4_CLIENTS), (1, IPV6_CLIENTS)):
            for number in range(count):
                host = 100 + number if family == 0 else format(0x10 + number, "x")
                clients.append(
                    Client(
                        address=f"{_CLIENT_PREFIXES[vantage][family]}{host}",
                        resolver=_RESOLVERS[vantage][family],
                        vantage=vantage,
                        has_edns=rng.random() < EDNS_CLIENT_RATIO,
                        is_over_tcp=family == 0 and number % TCP_CLIENT_STEP == 0,
                    )
                )
    return tuple(clients)


class Demand:
    """Collects questions between ``start_us`` and ``end_us``."""

    def __init__(
        self, rng: Random, clients: Sequence[Client], *, start_us: int, end_us: int
    ) -> None:
        self._rng, self._clients = rng, clients
        self.start_us, self.end_us = start_us, end_us
        self._wants: list[Want] = []

    def taken_in_order(self) -> list[Want]:
        """Return all questions by time."""
        return sorted(self._wants, key=lambda want: want.asked_us)

    def burst(
        self,
        name_of: Callable[[], str],
        count: int,
        *,
        length_min: float,
        begin_us: int | None = None,
        aaaa_ratio: float = 0.0,
    ) -> None:
        """Let many clients ask ``count`` times for ``name_of()`` within some minutes."""
        length_us = int(length_min * 60_000_000)
        if begin_us is None:
            begin_us = self._human_moment(self.end_us - length_us)
        for _ in range(count):
            asked_us = begin_us + int(self._rng.random() * length_us)
            self._ask(asked_us, self._rng.choice(self._clients), name_of(), aaaa_ratio)

    def visits(
        self,
        name_of: Callable[[], str],
        count: int,
        *,
        per_visit: float = 1.6,
        pause_s: float = 45.0,
        aaaa_ratio: float = 0.0,
    ) -> None:
        """Let ``count`` visits happen: one client each, asking some ``per_visit`` times."""
        for _ in range(count):
            client = self._rng.choice(self._clients)
            moment = self._human_moment(self.end_us)
            name = name_of()
            while True:
                self._ask(moment, client, name, aaaa_ratio)
                if self._rng.random() < 1 / per_visit:
                    break
                moment += int(self._rng.expovariate(1 / pause_s) * 1_000_000)

    def poll(self, name: str, *, every_min: float, vantage: Vantage) -> None:
        """Let one machine ask day and night, about every ``every_min`` minutes."""
        client = self._rng.choice([c for c in self._clients if c.vantage == vantage])
        step_us = every_min * 60_000_000
        moment = self.start_us + int(self._rng.random() * step_us)
        while moment < self.end_us:
            self._ask(moment, client, name, 0.0)
            moment += int(step_us * self._rng.uniform(0.6, 1.4))

    def _ask(self, asked_us: int, client: Client, name: str, aaaa_ratio: float) -> None:
        if asked_us >= self.end_us:
            return
        self._wants.append(Want(asked_us, client, name, "A"))
        if aaaa_ratio and self._rng.random() < aaaa_ratio:
            # Stubs send both questions at once (RFC 8305 section 3).
            self._wants.append(Want(asked_us + 150, client, name, "AAAA"))

    def _human_moment(self, end_us: int) -> int:
        while True:
            moment = self._rng.randrange(self.start_us, end_us)
            hour = moment % DAY_US / 3_600_000_000
            if not QUIET_HOURS[0] <= hour < QUIET_HOURS[1]:
                return moment
            if self._rng.random() < QUIET_ACTIVITY_RATIO:
                return moment
