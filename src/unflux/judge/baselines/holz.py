"""Holz's flux score: a weighted sum of addresses and ASNs."""

from typing import Final

import ibis.expr.types as ir

from unflux.judge.baselines.baseline import Doc, Inputs, count_distinct, per_domain

ADDRESS_WEIGHT: Final = 1.32
ASN_WEIGHT: Final = 18.54
THRESHOLD: Final = 142.38
"""Fast flux above it. The paper's weight of name servers is 0."""
SHORT_TTL_S: Final = 1800
"""Only records that live shorter count, seconds."""

PAPER: Final = (
    "Holz, Gorecki, Rieck, Freiling: Measuring and Detecting Fast-Flux Service Networks, NDSS 2008"
)
GATE_NOTE: Final = (
    "The TTL gate looks at the longest remaining life seen of a record, which is nearest to what "
    "its zone says; where the TTL is unknown the gate is not applied."
)
UNMAPPED_NOTE: Final = "An address that no table maps counts as an address and for no ASN."


class Holz:
    """``1.32 * addresses + 18.54 * ASNs`` of the A records of two lookups, flagged above 142.38."""

    NAME = "holz"
    DOC = Doc(
        summary="Flux score over two lookups, the TTL and one second apart",
        references=(PAPER,),
        limitations=(
            "Two lookups are taken from records of others' lookups: the domain's earliest answer "
            "and the first one after its TTL that held a new address. The paper's second lookup "
            "may well find nothing new; this reading spares the score that loss.",
            "Lookups of any name of the domain count, because most names are asked once.",
            GATE_NOTE,
            UNMAPPED_NOTE,
        ),
    )

    def weigh(self, inputs: Inputs) -> ir.Table:
        """Return domain, score and flagged; a domain without such records has score 0."""
        a = self._rows(inputs)
        a = a.filter((a.rrtype == "A") & (a.ttl_max_s.isnull() | (a.ttl_max_s < SHORT_TTL_S)))
        counted = per_domain(
            inputs, count_distinct(a, "address", "addresses"), count_distinct(a, "asn", "asns")
        )
        score = (
            counted.addresses.fill_null(0) * ADDRESS_WEIGHT + counted.asns.fill_null(0) * ASN_WEIGHT
        ).round(6)
        return counted.select("domain", score=score, flagged=score > THRESHOLD)

    def _rows(self, inputs: Inputs) -> ir.Table:
        return inputs.two_lookups


class HolzAll(Holz):
    """The same sum over every lookup in the records."""

    NAME = "holz-all"
    DOC = Doc(
        summary="Flux score over every lookup in the records",
        references=(PAPER,),
        limitations=(
            "The threshold was learnt on two lookups; over long records the score only grows.",
            GATE_NOTE,
            UNMAPPED_NOTE,
        ),
    )

    def _rows(self, inputs: Inputs) -> ir.Table:
        return inputs.answers
