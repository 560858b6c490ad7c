"""One profile per domain: every measurement, joined."""

import ibis.expr.types as ir

from unflux.measure.name_servers import measure_name_servers, measure_overlap
from unflux.measure.newcomers import measure_newcomers, measure_place_arrivals
from unflux.measure.records import Records, join_on_domain
from unflux.measure.spread import measure_spread
from unflux.measure.tenancy import measure_asked, measure_tenancy
from unflux.measure.turnover import measure_turnover
from unflux.measure.words import measure_words
from unflux.model.columns import PROFILE


def measure_profiles(records: Records, observed: ir.Table) -> ir.Table:
    """Join every measurement to one row per domain of shape ``PROFILE``.

    A domain is in when one of its names was asked or when it owns an address in an answer.
    Counts that nothing was seen for are null where the source could not have shown them, and 0
    where it could: a domain that was asked and answered with no address has 0 addresses.
    """
    asked = measure_asked(records)
    spread = measure_spread(observed)
    domains = asked.select("domain").union(spread.select("domain"), distinct=True)
    joined = join_on_domain(
        domains,
        asked,
        spread,
        measure_newcomers(observed),
        measure_place_arrivals(observed),
        measure_turnover(records),
        measure_name_servers(records, observed),
        measure_overlap(records, observed),
        measure_tenancy(observed),
        measure_words(records),
    )
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
