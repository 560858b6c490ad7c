"""Perdisci's filters: which domains of a day are candidates for a flux network."""

from typing import Final

import ibis
import ibis.expr.types as ir

from unflux.judge.baselines.baseline import Doc, Inputs, per_domain

LONGEST_TTL_S: Final = 10_800
ENOUGH_ADDRESSES: Final = 3
TINY_TTL_S: Final = 30
ENOUGH_DIVERSITY: Final = 3
"""F1 asks for one /16 in three addresses at least."""
DAY: Final = ("domain", "day")


class Perdisci:
    """The score is how many of F3's five rules the domain's best day met after F1 and F2."""

    NAME = "perdisci"
    DOC = Doc(
        summary="Accepted by the filters F1, F2 and F3 on any day of the records",
        references=(
            "Perdisci, Corona, Dagon, Lee: Detecting Malicious Flux Service Networks through "
            "Passive Analysis of Recursive DNS Traces, ACSAC 2009",
        ),
        limitations=(
            "Filters only, which are meant to let much through; what follows in the paper is "
            "perdisci-clusters.",
            "How F3's rules combine is not stated; one is enough here, which misses least.",
            "F2 is applied to the day as a whole, not every three hours.",
            "The TTL of an answer is the shortest that its query showed within its time bucket, "
            "and addresses of that query and bucket come along with an accepted answer. Where the "
            "TTL is unknown, F1 does not ask for 10,800 s or less and no rule on TTL is met.",
        ),
    )

    def weigh(self, inputs: Inputs) -> ir.Table:
        """Return domain, score and flagged; flagged is one rule or more on any day."""
        met = filtered_days(inputs)
        best = met.group_by("domain").agg(rules=met.rules.max())
        graded = per_domain(inputs, best)
        score = graded.rules.fill_null(0.0)
        return graded.select("domain", score=score, flagged=score >= 1)


def filtered_days(inputs: Inputs) -> ir.Table:
    """Return the days that F1 and F2 leave of each domain, with ``rules``: how many of F3 hold.

    Further columns: domain, day, queries, addresses, slash16, growth, diversity, ttl_s.
    """
    days = _measure_days(inputs.answers, accept_answers(inputs.answer_sets))
    days = days.filter(~_is_stable(days))
    return days.mutate(rules=_rules_met(days))


def accept_answers(answer_sets: ir.Table) -> ir.Table:
    """F1: keep the answers that could be of flux."""
    sets = answer_sets
    lives_short = sets.ttl_min_s.isnull() | (sets.ttl_min_s <= LONGEST_TTL_S)
    is_tiny = (sets.ttl_min_s <= TINY_TTL_S).fill_null(False)
    return sets.filter(
        lives_short
        & ((sets.addresses >= ENOUGH_ADDRESSES) | is_tiny)
        & (sets.slash16s * ENOUGH_DIVERSITY >= sets.addresses)
    )


def _measure_days(answers: ir.Table, accepted: ir.Table) -> ir.Table:
    """Measure each domain's day over its accepted answers.

    Columns: domain, day, queries (Q), addresses (|R|), diversity (p: /16 over addresses), growth
    (|G|: moments that brought new addresses, the first included), ttl_s (longest seen).
    """
    counted = accepted.group_by(DAY).agg(
        queries=accepted.responses.sum(), ttl_s=accepted.ttl_max_s.max()
    )
    rows = accepted_addresses(answers, accepted)
    arrivals = rows.group_by([*DAY, "address", "slash16"]).agg(arrived_s=rows.first_s.min())
    sizes = arrivals.group_by(DAY).agg(addresses=arrivals.count())
    places = arrivals.select(*DAY, "slash16").distinct()
    spread = places.group_by(DAY).agg(slash16=places.count())
    moments = arrivals.select(*DAY, "arrived_s").distinct()
    grown = moments.group_by(DAY).agg(growth=moments.count())
    days = counted
    for table in (sizes, spread, grown):
        days = days.inner_join(table, list(DAY))
    return days.mutate(diversity=(days.slash16 / days.addresses).round(9))


def accepted_addresses(answers: ir.Table, accepted: ir.Table) -> ir.Table:
    """Return the A rows of ``answers`` in lookups of which an answer was accepted, with ``day``."""
    lookups = accepted.select("domain", "day", "query", "bucket").distinct()
    a = answers.filter(answers.rrtype == "A")
    return a.inner_join(lookups, ["domain", "query", "bucket"])


def _is_stable(days: ir.Table) -> ir.BooleanValue:
    """F2: many queries and hardly any growth, over few addresses or few places."""
    return (
        (days.queries > 100) & (days.growth < 3) & ((days.addresses <= 5) | (days.diversity <= 0.5))
    )


def _rules_met(days: ir.Table) -> ir.FloatingValue:
    """F3: how many of the five rules hold at the end of the day."""
    rules = (
        days.ttl_s < 30,
        days.addresses >= 10,
        days.growth >= 5,
        (days.addresses >= 5) & (days.diversity >= 0.8),
        (days.diversity >= 0.5) & (days.ttl_s <= 3600) & (days.growth >= 10),
    )
    met = ibis.literal(0.0)
    for rule in rules:
        met = met + ibis.ifelse(rule.fill_null(False), 1.0, 0.0)
    return met
