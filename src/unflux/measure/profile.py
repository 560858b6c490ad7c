"""One profile per domain: every measurement, joined."""

from collections.abc import Callable
from typing import Final

import ibis.expr.types as ir

from unflux.measure.name_servers import delegations, measure_name_servers, measure_overlap
from unflux.measure.newcomers import measure_newcomers, measure_place_arrivals
from unflux.measure.providers import (
    measure_provider_servers,
    measure_provider_zones,
    measure_providers,
)
from unflux.measure.records import Records, hold, join_on_domain
from unflux.measure.spread import measure_presence, measure_spread
from unflux.measure.succession import measure_succession
from unflux.measure.tenancy import measure_asked, measure_tenancy
from unflux.measure.turnover import measure_turnover
from unflux.measure.words import measure_words
from unflux.model.columns import PROFILE

Measurement = Callable[[Records, ir.Table, ir.Table, ir.Table], ir.Table]
"""From the records, their delegations, their incidences and what is held of these, located."""

MEASUREMENTS: Final[dict[str, Measurement]] = {
    "asked": lambda records, _pairs, _seen, _held: measure_asked(records),
    "spread": lambda _records, _pairs, _seen, held: measure_spread(held),
    "presence": lambda _records, _pairs, seen, _held: measure_presence(seen),
    "newcomers": lambda _records, _pairs, seen, _held: measure_newcomers(seen),
    "place_arrivals": lambda _records, _pairs, _seen, held: measure_place_arrivals(held),
    "succession": lambda _records, _pairs, seen, _held: measure_succession(seen),
    "turnover": lambda records, _pairs, _seen, _held: measure_turnover(records),
    "name_servers": lambda _records, pairs, _seen, held: measure_name_servers(pairs, held),
    "overlap": lambda _records, pairs, _seen, held: measure_overlap(pairs, held),
    "tenancy": lambda _records, _pairs, _seen, held: measure_tenancy(held),
    "providers": lambda _records, _pairs, _seen, held: measure_providers(held),
    "provider_servers": lambda records, pairs, _seen, _held: measure_provider_servers(
        records, pairs
    ),
    "provider_zones": lambda records, _pairs, _seen, held: measure_provider_zones(records, held),
    "words": lambda records, _pairs, _seen, _held: measure_words(records),
}
"""What a profile is joined from, each by itself: the first two say which domains have one."""

RELATED: Final = frozenset({"name_servers", "overlap", "tenancy"})
"""Those that ask of a domain what others do, too: who else is on its addresses and its name-server
hosts, and where these are. All others ask its own records alone, and those of who led to it."""


def measure_profiles(records: Records, observed: ir.Table) -> ir.Table:
    """Measure everything and join it; see :func:`join_profiles`."""
    tables = records, delegations(records), observed, hold(observed)
    return join_profiles(*(measure(*tables) for measure in MEASUREMENTS.values()))


def join_profiles(asked: ir.Table, spread: ir.Table, *others: ir.Table) -> ir.Table:
    """Join every measurement to one row per domain of shape ``PROFILE``.

    A domain is in when one of its names was asked or when it owns an address in an answer.
    Counts that nothing was seen for are null where the source could not have shown them, and 0
    where it could: a domain that was asked and answered with no address has 0 addresses.
    """
    domains = asked.select("domain").union(spread.select("domain"), distinct=True)
    joined = join_on_domain(domains, asked, spread, *others)
    return joined.select(
        **{
            column.name: (
                joined[column.name]
                if column.nullable or column.name == "domain"
                else joined[column.name].fill_null(0)
            )
            for column in PROFILE.columns
        }
    )
