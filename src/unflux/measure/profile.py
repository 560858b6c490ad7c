"""One profile per domain: every measurement, joined."""

from collections.abc import Callable
from typing import Final

import ibis.expr.types as ir

from unflux.measure.name_servers import measure_name_servers, measure_overlap
from unflux.measure.newcomers import measure_newcomers, measure_place_arrivals
from unflux.measure.records import Records, hold, join_on_domain
from unflux.measure.spread import measure_presence, measure_spread
from unflux.measure.tenancy import measure_asked, measure_tenancy
from unflux.measure.turnover import measure_turnover
from unflux.measure.words import measure_words
from unflux.model.columns import PROFILE

Measurement = Callable[[Records, ir.Table, ir.Table], ir.Table]
"""From the records, what ``observe`` made of them and what ``hold`` made of that."""

MEASUREMENTS: Final[dict[str, Measurement]] = {
    "asked": lambda records, _observed, _held: measure_asked(records),
    "spread": lambda _records, _observed, held: measure_spread(held),
    "presence": lambda _records, observed, _held: measure_presence(observed),
    "newcomers": lambda _records, observed, _held: measure_newcomers(observed),
    "place_arrivals": lambda _records, _observed, held: measure_place_arrivals(held),
    "turnover": lambda records, _observed, _held: measure_turnover(records),
    "name_servers": lambda records, _observed, held: measure_name_servers(records, held),
    "overlap": lambda records, _observed, held: measure_overlap(records, held),
    "tenancy": lambda _records, _observed, held: measure_tenancy(held),
    "words": lambda records, _observed, _held: measure_words(records),
}
"""What a profile is joined from, each by itself: the first two say which domains have one."""


def measure_profiles(records: Records, observed: ir.Table) -> ir.Table:
    """Measure everything and join it; see :func:`join_profiles`."""
    held = hold(observed)
    return join_profiles(*(measure(records, observed, held) for measure in MEASUREMENTS.values()))


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
