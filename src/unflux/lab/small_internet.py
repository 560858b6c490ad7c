"""The embedded example: 72 hours of a small internet with three fast-flux operations in it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from unflux.lab.address_plan import AddressPlan, build_address_plan
from unflux.lab.capture_writer import write_capture
from unflux.lab.demand import DAY_US, Demand, build_clients
from unflux.lab.draft import Draft
from unflux.lab.edge_population import add_content_delivery
from unflux.lab.exchange import Exchange, compose_exchange
from unflux.lab.flux_population import add_double_flux, add_single_flux, add_slow_flux
from unflux.lab.innocents import (
    add_dynamic_dns,
    add_migrating_site,
    add_parents,
    add_parked_names,
    add_peer_seed,
    add_pool,
    add_round_robins,
    add_shared_hosting,
    add_sinkhole,
    add_static_sites,
    add_wikis,
)
from unflux.lab.resolver import Resolver
from unflux.lab.zones import Vantage
from unflux.model.verdicts import Kind, Outcome

DEFAULT_SEED: Final = 20_260_302
DEFAULT_START_AT: Final = datetime(2026, 3, 2, tzinfo=UTC)
SPAN_US: Final = 3 * DAY_US
FARM_CACHES: Final = 4
"""Caches behind the one address of the southern resolver."""
MINIMAL_CACHES: Final = 2
"""Of them, those that leave out name servers and glue, as many resolvers do today."""

_POPULATIONS: Final[tuple[Callable[[Draft], None], ...]] = (
    add_parents,
    add_double_flux,
    add_single_flux,
    add_slow_flux,
    add_content_delivery,
    add_pool,
    add_peer_seed,
    add_round_robins,
    add_dynamic_dns,
    add_parked_names,
    add_sinkhole,
    add_shared_hosting,
    add_static_sites,
    add_migrating_site,
    add_wikis,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallInternet:
    """A small internet as two resolvers' clients saw it, and the truth about every name."""

    exchanges: tuple[Exchange, ...]
    """Questions with their replies, by the time of the question."""
    truth: dict[str, tuple[Outcome, Kind]]
    """Registrable domain to what it is; every domain that was asked is in it."""
    plan: AddressPlan

    def write_capture(self, path: Path) -> None:
        """Write the exchanges as a pcap file (Ethernet, microseconds)."""
        with path.open("wb") as stream:
            write_capture(stream, self.exchanges)

    def write_routes(self, path: Path) -> None:
        """Write who announces the addresses, as CSV with ``prefix,asn,name,country``."""
        with path.open("w", encoding="utf-8", newline="") as stream:
            self.plan.write_routes(stream)


def build_small_internet(
    seed: int = DEFAULT_SEED, start_at: datetime = DEFAULT_START_AT
) -> SmallInternet:
    """Build 72 hours of a small internet from ``start_at`` on (aware).

    Only reserved names and addresses occur (RFC 2606, RFC 5737, RFC 3849, RFC 1918, RFC 6598,
    RFC 2544, RFC 5398). The same seed and start give the same bytes.
    """
    if start_at.tzinfo is None:
        raise ValueError(f"start_at {start_at} names no time zone")
    start_us = round(start_at.timestamp()) * 1_000_000
    rng = Random(f"{seed}/clients")  # noqa: S311 - a simulation, not a secret
    clients = build_clients(rng)
    demand = Demand(rng, clients, start_us=start_us, end_us=start_us + SPAN_US)
    plan = build_address_plan(Random(f"{seed}/plan"))  # noqa: S311
    draft = Draft(seed, plan, demand)
    for add_population in _POPULATIONS:
        add_population(draft)
    resolvers: dict[Vantage, Resolver] = {
        "north": Resolver("north", draft.zones, draft.stream("north"), is_cyclic=True),
        "south": Resolver(
            "south",
            draft.zones,
            draft.stream("south"),
            cache_count=FARM_CACHES,
            minimal_count=MINIMAL_CACHES,
        ),
    }
    wire_rng = draft.stream("wire")
    exchanges: list[Exchange] = []
    for want in demand.taken_in_order():
        resolver = resolvers[want.client.vantage]
        reply = resolver.resolve(want.qname, want.qtype, want.asked_us)
        exchanges.append(compose_exchange(want, reply, wire_rng))
    return SmallInternet(exchanges=tuple(exchanges), truth=draft.truth, plan=plan)
