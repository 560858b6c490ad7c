"""The plain rule that everybody tries first: five or more ASNs."""

from typing import Final

import ibis.expr.types as ir

from unflux.judge.baselines.baseline import Doc, Inputs, count_distinct, per_domain

ENOUGH_ASNS: Final = 5


class FiveAsns:
    """The score is the number of origin ASNs of all addresses, IPv4 and IPv6."""

    NAME = "five-asns"
    DOC = Doc(
        summary="A domain whose answers held addresses of five or more ASNs",
        references=("No paper: the rule of thumb that any detector has to beat.",),
        limitations=(
            "All addresses of the records count, however long they run.",
            "An address that no table maps counts for no ASN.",
        ),
    )

    def weigh(self, inputs: Inputs) -> ir.Table:
        """Return domain, score and flagged; the score is null where no address is mapped."""
        counted = per_domain(inputs, count_distinct(inputs.answers, "asn", "asns"))
        return counted.select(
            "domain",
            score=counted.asns.cast("float64"),
            flagged=(counted.asns >= ENOUGH_ASNS).fill_null(False),
        )
