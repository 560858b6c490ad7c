"""The Zeek script's variant of Holz's score: damped where few ASNs hold many addresses."""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.baselines.baseline import Doc, Inputs, count_distinct, per_domain
from unflux.judge.baselines.holz import ADDRESS_WEIGHT, ASN_WEIGHT, PAPER, THRESHOLD

LONGEST_TTL_S: Final = 1800
EXPIRY_S: Final = 1860
"""State about a name is dropped when nothing was added for so long, seconds."""
WHITELIST: Final = ("pool.ntp.org", "chat.freenode.net")

_STATE: Final = ("domain", "query", "session")


class Zeek:
    """``ASNs / addresses * (1.32 * addresses + 18.54 * ASNs)`` of a name's A records over 142.38.

    The score is that of the domain's best name in its best session.
    """

    NAME = "zeek"
    DOC = Doc(
        summary="Flux score times ASNs over addresses, while a name is looked up within 31 minutes",
        references=(
            "anomalous-dns, an-dns-fast_flux.zeek (S. Hall, B. Kellogg, J. Baggs), 2020",
            PAPER,
        ),
        limitations=(
            "State is kept by the name that was asked; the script keeps it by the owner of the "
            "address record, which differs at the end of a CNAME.",
            "Within a time bucket nothing expires; between buckets state expires by the last "
            "address before and the first one after.",
            "The TTL is the shortest remaining life seen in the bucket; where it is unknown the "
            "gate is not applied.",
            "An address that no table maps counts as an address and for no ASN.",
        ),
    )

    def weigh(self, inputs: Inputs) -> ir.Table:
        """Return domain, score and flagged; a domain without such records has score 0."""
        a = inputs.answers
        a = a.filter((a.rrtype == "A") & (a.ttl_min_s.isnull() | (a.ttl_min_s <= LONGEST_TTL_S)))
        for name in WHITELIST:
            a = a.filter(~a["query"].contains(name))
        held = a.inner_join(_sessions(a), ["query", "bucket"])
        addresses = count_distinct(held, "address", "addresses", _STATE)
        asns = count_distinct(held, "asn", "asns", _STATE)
        states = addresses.inner_join(asns, list(_STATE))
        summed = states.addresses * ADDRESS_WEIGHT + states.asns * ASN_WEIGHT
        scored = states.mutate(score=(states.asns / states.addresses * summed).round(6))
        best = per_domain(inputs, scored.group_by("domain").agg(best=scored.score.max()))
        score = best.best.fill_null(0.0)
        return best.select("domain", score=score, flagged=score > THRESHOLD)


def _sessions(a: ir.Table) -> ir.Table:
    """Number the runs of buckets between which a name's state lives on: query, bucket, session."""
    moments = a.group_by(["query", "bucket"]).agg(first_s=a.first_s.min(), last_s=a.last_s.max())
    in_order = ibis.window(group_by=moments["query"], order_by=moments.bucket)
    gaps = moments.mutate(gap_s=moments.first_s - moments.last_s.lag().over(in_order))
    starts = gaps.mutate(is_start=(gaps.gap_s > EXPIRY_S).fill_null(False).cast("int64"))
    so_far = ibis.cumulative_window(group_by=starts["query"], order_by=starts.bucket)
    return starts.select("query", "bucket", session=starts.is_start.sum().over(so_far))
