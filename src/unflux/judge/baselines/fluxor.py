"""FluXOR's features that records hold, weighed by Gaussian naive Bayes."""

import math
from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.baselines.baseline import Doc, Inputs, count_distinct, per_domain

WINDOW_S: Final = 3 * 3600
"""The printed means are of three hours of lookups."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Mean of one feature over benign and over fast-flux domains, as printed."""

    benign: float
    flux: float


FEATURES: Final = {
    "addresses": Feature(2.86, 98.1),
    "ttl_s": Feature(4593.0, 261.0),
    "networks": Feature(1.27, 63.8),
    "asns": Feature(1.11, 38.4),
    "holders": Feature(1.07, 41.5),
}


class Fluxor:
    """The score is the log-odds of fast flux, flagged above 0."""

    NAME = "fluxor"
    DOC = Doc(
        summary="Naive Bayes over addresses, TTL, networks, ASNs and organisations of three hours",
        references=(
            "Passerini, Paleari, Martignoni, Bruschi: FluXOR, Detecting and Monitoring Fast-Flux "
            "Service Networks, DIMVA 2008",
        ),
        limitations=(
            "Five of nine features: domain age, registrar, reverse names and net names are in no "
            "DNS record. They help the paper most with what looks alike in DNS.",
            "Means are as printed; standard deviations are not printed, and each is taken to be as "
            "large as its mean, as for counts that have no typical size. Both classes are equally "
            "likely beforehand.",
            "A network is a /16, an organisation the holder of an ASN.",
            "The three hours begin with the domain's first answer in the records. The TTL is the "
            "longest remaining life seen in them; what is unknown is left out of the product.",
        ),
    )

    def weigh(self, inputs: Inputs) -> ir.Table:
        """Return domain, score and flagged; the score is null for a domain without A records."""
        a = inputs.answers.filter(inputs.answers.rrtype == "A")
        starts = a.group_by("domain").agg(start_s=a.first_s.min())
        early = a.inner_join(starts, "domain")
        early = early.filter(early.first_s < early.start_s + WINDOW_S)
        measured = per_domain(
            inputs,
            count_distinct(early, "address", "addresses"),
            early.group_by("domain").agg(ttl_s=early.ttl_max_s.max()),
            count_distinct(early, "slash16", "networks"),
            count_distinct(early, "asn", "asns"),
            count_distinct(early, "holder", "holders"),
        )
        odds = ibis.literal(0.0)
        for name, feature in FEATURES.items():
            odds = odds + _log_ratio(measured[name].cast("float64"), feature).fill_null(0.0)
        score = ibis.ifelse(measured.addresses.isnull(), ibis.null("float64"), odds.round(6))
        return measured.select("domain", score=score, flagged=(score > 0).fill_null(False))


def _log_ratio(value: ir.FloatingValue, feature: Feature) -> ir.FloatingValue:
    """Return the log of the densities' ratio, flux over benign; null stays null."""

    def exponent(mean: float) -> ir.FloatingValue:
        return (value - mean) * (value - mean) / (2 * mean * mean)

    scale = math.log(feature.benign / feature.flux)
    return exponent(feature.benign) - exponent(feature.flux) + scale
