"""How fast new addresses come, and whether that growth saturates."""

import ibis
import ibis.expr.types as ir

from unflux.measure.records import NO_BUCKET


def measure_newcomers(observed: ir.Table) -> ir.Table:
    """Measure the arrival of new addresses in the answers of each domain.

    - ``newcomers``: addresses first seen after the domain's first bucket.
    - ``late_newcomers``: addresses first seen after the middle of the domain's buckets.
    - ``late_ratio``: their share of all addresses (null before two buckets): one half for a pool
      that keeps bringing strangers evenly, zero for a set that is complete.
    - ``stranger_ratio``: the Good-Turing chance that the next address seen is new: addresses seen
      in one bucket only, over all (address, bucket) incidences (I. J. Good, Biometrika 40, 1953).
    - ``newcomers_per_hour``: newcomers over the time between the first and last bucket.
    - ``newcomer_asns`` and ``newcomer_slash16``: places that only newcomers brought, over the
      places known in the first bucket.

    Records without time fall into one bucket and give null ratios.
    """
    answers = observed.filter((observed.role == "answer") & (observed.bucket != NO_BUCKET))
    incidences = answers.group_by(["domain", "address", "bucket"]).agg(seen=answers.count())
    per_address = incidences.group_by(["domain", "address"]).agg(
        first_bucket=incidences.bucket.min(),
        buckets=incidences.count(),
    )
    bounds = answers.group_by("domain").agg(
        domain_first=answers.bucket.min(), domain_last=answers.bucket.max()
    )
    dated = per_address.inner_join(bounds, "domain")
    is_new = dated.first_bucket > dated.domain_first
    is_late = is_new & (dated.first_bucket * 2 > dated.domain_first + dated.domain_last)
    summed = dated.group_by("domain").agg(
        newcomers=is_new.cast("int64").sum(),
        late_newcomers=is_late.cast("int64").sum(),
        once_seen=(dated.buckets == 1).cast("int64").sum(),
        incidences=dated.buckets.sum(),
        dated_addresses=dated.count(),
        first_bucket=dated.domain_first.min(),
        last_bucket=dated.domain_last.max(),
    )
    span_s = summed.last_bucket - summed.first_bucket
    null_ratio = ibis.null("float64")
    return summed.select(
        "domain",
        "newcomers",
        "late_newcomers",
        bucket_span_s=span_s,
        late_ratio=ibis.ifelse(
            span_s > 0, (summed.late_newcomers / summed.dated_addresses).round(6), null_ratio
        ),
        stranger_ratio=ibis.ifelse(
            span_s > 0, (summed.once_seen / summed.incidences).round(6), null_ratio
        ),
        newcomers_per_hour=ibis.ifelse(
            span_s > 0, (summed.newcomers * 3600.0 / span_s).round(6), null_ratio
        ),
    )


def measure_place_arrivals(observed: ir.Table) -> ir.Table:
    """Count ASNs and /16 that only newcomers brought: ``newcomer_asns``, ``newcomer_slash16``.

    A site that moves once, or a CDN that adds machines in a range it holds, brings none or one.
    """
    answers = observed.filter(
        (observed.role == "answer") & (observed.bucket != NO_BUCKET) & ~observed.is_special_use
    )
    bounds = answers.group_by("domain").agg(domain_first=answers.bucket.min())
    counted = bounds.select("domain")
    for column, name in (("asn", "newcomer_asns"), ("slash16", "newcomer_slash16")):
        known = answers.filter(answers[column].notnull())
        places = known.group_by(["domain", column]).agg(first_bucket=known.bucket.min())
        dated = places.inner_join(bounds, "domain")
        arrived = dated.group_by("domain").agg(
            **{name: (dated.first_bucket > dated.domain_first).cast("int64").sum()}
        )
        counted = counted.left_join(arrived, "domain").drop("domain_right")
    return counted
