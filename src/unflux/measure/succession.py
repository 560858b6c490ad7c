"""How the address of a name gives way to the next: steps that were watched, and changes.

A name that has one address at a time is judged by the hazard of its next change: a dynamic line
changes once a day or less, a rotation that answers one of a set changes at nearly every look, and
slow flux lies between.
"""

import ibis
import ibis.expr.types as ir

MIN_ADDRESSES = 3
"""Names with fewer addresses have no succession worth the sorting: one or two are a move."""


def measure_succession(observed: ir.Table) -> ir.Table:
    """Follow the answers of the name of each domain that changed its address most often.

    - ``succession_steps``: pairs of a time bucket with an address and the next such bucket.
    - ``succession_changes``: steps after which the address was another. Of several addresses in a
      bucket the one seen last counts (the least in text order, where that is a tie).
    - ``succession_addresses``: distinct addresses along the steps.
    - ``succession_draw_ratio``: the chance that two of these buckets, taken at random, differ in
      address (Simpson's index): how often a rotation without memory would change. Null where no
      step was seen.
    - ``succession_s``: from the first such bucket to the last, seconds.

    IPv4 and IPv6 are followed apart. A domain has a row where one of its names showed
    ``MIN_ADDRESSES`` addresses of a family in records with times.
    """
    answers = observed.filter((observed.role == "answer") & (observed.bucket >= 0))
    answers = answers.mutate(family=ibis.ifelse(answers.address.contains(":"), 6, 4))
    key = ["domain", "host", "family"]
    each = answers.group_by([*key, "address"]).agg(seen=answers.count())
    several = each.group_by(key).agg(several=each.count())
    several = several.filter(several.several >= MIN_ADDRESSES)
    followed = answers.inner_join(several, key)
    latest = ibis.window(
        group_by=[followed[name] for name in (*key, "bucket")],
        order_by=[followed.last_at.desc(), followed.address.asc()],
    )
    ranked = followed.mutate(rank=ibis.row_number().over(latest))
    shown = ranked.filter(ranked["rank"] == 0).select(*key, "bucket", "address")
    in_order = ibis.window(group_by=[shown[name] for name in key], order_by=shown.bucket)
    steps = shown.mutate(before=shown.address.lag().over(in_order))
    counted = steps.group_by(key).agg(
        succession_steps=steps.before.notnull().cast("int64").sum(),
        succession_changes=(steps.before != steps.address).fill_null(False).cast("int64").sum(),
        succession_s=steps.bucket.max() - steps.bucket.min(),
    )
    distinct = steps.group_by([*key, "address"]).agg(seen=steps.count())
    widths = distinct.group_by(key).agg(
        succession_addresses=distinct.count(),
        alike=(distinct.seen * (distinct.seen - 1)).sum(),
    )
    joined = counted.inner_join(widths, key)
    most = ibis.window(
        group_by=joined.domain,
        order_by=[
            joined.succession_changes.desc(), joined.succession_steps.desc(),
            joined.host.asc(), joined.family.asc(),
        ],
    )  # fmt: skip
    first = joined.mutate(rank=ibis.row_number().over(most))
    first = first.filter(first["rank"] == 0)
    pairs = first.succession_steps * (first.succession_steps + 1)
    return first.select(
        "domain", "succession_steps", "succession_changes", "succession_addresses", "succession_s",
        succession_draw_ratio=(1 - first.alike / pairs.nullif(0)).round(6),
    )  # fmt: skip
