"""How fast new addresses come, and whether that growth saturates."""

import ibis
import ibis.expr.types as ir

from unflux.measure.records import epoch_s
from unflux.model.opening import OPENING_S


def measure_newcomers(observed: ir.Table) -> ir.Table:
    """Measure the arrival of new addresses in the answers of each domain.

    - ``newcomers``: addresses first seen after the first five minutes of their family (IPv4, IPv6).
      By family, because a name with both is often asked for the one long before the other.
    - ``late_newcomers``: addresses first seen after the middle of their family's span.
    - ``late_ratio``: their share of all addresses: one half for a pool that keeps bringing
      strangers evenly, zero for a set that is complete.
    - ``stranger_ratio``: the Good-Turing chance that the next address seen is new: addresses seen
      in one bucket only, over all (address, bucket) incidences (I. J. Good, Biometrika 40, 1953).
    - ``newcomers_per_hour``: newcomers over the span.
    - ``span_s``: from the first to the last sight of an address of the domain, seconds.

    The ratios are null where the span is zero; a domain without times has no row.
    """
    answers = _dated(observed)
    incidences = answers.group_by(["domain", "family", "address", "bucket"]).agg(
        first_s=answers.first_s.min()
    )
    per_address = incidences.group_by(["domain", "family", "address"]).agg(
        first_s=incidences.first_s.min(),
        buckets=incidences.count(),
    )
    dated = per_address.inner_join(_bounds(answers), ["domain", "family"])
    delay_s = dated.first_s - dated.family_first_s
    is_new = delay_s > OPENING_S
    is_late = is_new & (delay_s * 2 > dated.family_last_s - dated.family_first_s)
    summed = dated.group_by("domain").agg(
        newcomers=is_new.cast("int64").sum(),
        late_newcomers=is_late.cast("int64").sum(),
        once_seen=(dated.buckets == 1).cast("int64").sum(),
        incidences=dated.buckets.sum(),
        dated_addresses=dated.count(),
        span_s=dated.family_last_s.max() - dated.family_first_s.min(),
    )
    divisor = summed.span_s.nullif(0)
    has_span = summed.span_s > 0
    return summed.select(
        "domain",
        "newcomers",
        "late_newcomers",
        "span_s",
        late_ratio=_where(has_span, summed.late_newcomers / summed.dated_addresses),
        stranger_ratio=_where(has_span, summed.once_seen / summed.incidences),
        newcomers_per_hour=_where(has_span, summed.newcomers * 3600.0 / divisor),
    )


def measure_place_arrivals(observed: ir.Table) -> ir.Table:
    """Count ASNs and /16 that only newcomers brought: ``newcomer_asns``, ``newcomer_slash16``.

    A site that moves once, or a CDN that adds machines in a range it holds, brings none or one.
    """
    every = _dated(observed)
    bounds = _bounds(every)
    dated = every.filter(~every.is_special_use).inner_join(bounds, ["domain", "family"])
    dated = dated.mutate(delay_s=dated.first_s - dated.family_first_s)
    counted = bounds.select("domain").distinct()
    for column, name in (("asn", "newcomer_asns"), ("slash16", "newcomer_slash16")):
        known = dated.filter(dated[column].notnull())
        places = known.group_by(["domain", column]).agg(delay_s=known.delay_s.min())
        is_new = places.delay_s > OPENING_S
        arrived = places.group_by("domain").agg(**{name: is_new.cast("int64").sum()})
        counted = counted.left_join(arrived, "domain").drop("domain_right")
    return counted


def _dated(observed: ir.Table) -> ir.Table:
    """Answers with a time, as epoch seconds: exact, whatever the width of the buckets."""
    answers = observed.filter((observed.role == "answer") & observed.first_at.notnull())
    return answers.mutate(
        family=ibis.ifelse(answers.address.contains(":"), 6, 4),
        first_s=epoch_s(answers.first_at),
        last_s=epoch_s(answers.last_at),
    )


def _bounds(answers: ir.Table) -> ir.Table:
    return answers.group_by(["domain", "family"]).agg(
        family_first_s=answers.first_s.min(), family_last_s=answers.last_s.max()
    )


def _where(condition: ir.BooleanValue, ratio: ir.Value) -> ir.Value:
    return ibis.ifelse(condition, ratio.round(6), ibis.null("float64"))
