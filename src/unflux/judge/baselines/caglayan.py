"""Caglayan's footprint index: how many networks answer within ten minutes."""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.baselines.baseline import Doc, Inputs, count_distinct, per_domain

FOOTPRINT: Final = 6
"""Fast flux above it."""
STEP_S: Final = 300
"""The window of ten minutes moves by half its width, seconds."""


class Caglayan:
    """The score is the footprint index of the domain's widest ten minutes."""

    NAME = "caglayan"
    DOC = Doc(
        summary="A footprint of more than six networks within a moving ten minutes",
        references=(
            "Caglayan, Toothaker, Drapeau, Burke, Eaton: Real-Time Detection of Fast Flux Service "
            "Networks, CATCH 2009",
        ),
        limitations=(
            "The paper gives no formula of its footprint index, only that above 6 is flux and 0 is "
            "inactive. Read here as the number of ASNs of the A records, and of /16 where an "
            "address is in no known ASN.",
            "Its activity index, the change of unique addresses within ten minutes, has no printed "
            "threshold and is left out, as is the belief network that weighs both with the TTL, "
            "whose tables are not printed.",
            "The window moves by five minutes; an address that was seen longer counts at the first "
            "and the last moment of its time bucket.",
        ),
    )

    def weigh(self, inputs: Inputs) -> ir.Table:
        """Return domain, score and flagged; a domain without A records has score 0."""
        a = inputs.answers.filter(inputs.answers.rrtype == "A")
        asn = ibis.literal("AS") + a.asn.cast("string")
        a = a.mutate(network=ibis.coalesce(asn, a.slash16))
        seen = a.select("domain", "network", moment_s="first_s").union(
            a.select("domain", "network", moment_s="last_s")
        )
        seen = seen.mutate(step_s=seen.moment_s - seen.moment_s % STEP_S).drop("moment_s")
        windows = seen.union(seen.mutate(step_s=seen.step_s - STEP_S))
        counted = count_distinct(windows, "network", "networks", ("domain", "step_s"))
        widest = per_domain(inputs, counted.group_by("domain").agg(widest=counted.networks.max()))
        score = widest.widest.fill_null(0).cast("float64")
        return widest.select("domain", score=score, flagged=score > FOOTPRINT)
