"""Weighing: what one address showed, as evidence that it relays to a mothership or does not.

The sum starts at even odds, since the address was already an answer of a suspected name, and
decides at 19 to 1 either way, as the judge does. Ratios without a source are ``Chosen: 2026-11-28``
from what stock servers can do; docs/probe.md says how often they were right.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from unflux.model.odds import probability
from unflux.model.probes import ProbeOutcome
from unflux.model.verdicts import Alternative, Evidence, HypothesisOutcome
from unflux.probe import lateness, showing
from unflux.probe.facts import Facts

DECIDED: Final = math.log(19)
CORROBORATING: Final = frozenset({"same-page", "same-zone", "same-certificate", "uptime"})
"""What an ordinary reverse proxy has not, though its delays, and its two servers, are a relay's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What the evidence comes to."""

    outcome: ProbeOutcome
    score: float
    evidence: tuple[Evidence, ...]
    alternatives: tuple[Alternative, ...]
    missing: str | None


def weigh(facts: Facts) -> Opinion:
    """Return what is held of an address."""
    evidence = tuple(found for piece in PIECES if (found := piece(facts)) is not None)
    log_odds = sum(piece.llr for piece in evidence)
    found_by_name = {piece.name: piece for piece in evidence}
    outcome: ProbeOutcome = "undecided"
    if not facts.observed.open_ports:
        outcome = "undecided" if facts.observed.is_cut else "silent"
    elif log_odds >= DECIDED and is_corroborated(evidence):
        outcome = "agent"
    elif log_odds <= -DECIDED:
        outcome = "cache" if found_by_name.keys() & CACHE_PIECES else "server"
    return Opinion(
        outcome=outcome,
        score=probability(log_odds),
        evidence=evidence,
        alternatives=_alternatives(facts, found_by_name),
        missing=_missing(facts, found_by_name) if outcome == "undecided" else None,
    )


def is_corroborated(evidence: Sequence[Evidence]) -> bool:
    """Tell whether anything but the relaying itself speaks for an agent.

    The owner of one server has no other that shows the same in a network of strangers.
    """
    return any(piece.llr > 0 and piece.name in CORROBORATING for piece in evidence)


PIECES: Final[tuple[Callable[[Facts], Evidence | None], ...]] = (
    lateness.relay_delay, lateness.making, lateness.stream_delay, lateness.names_delay,
    lateness.refusal_delay, showing.same_page, showing.same_zone, showing.same_certificate,
    showing.own_certificate, showing.two_servers, showing.proxy_fields, showing.cache_fields,
    showing.listed_provider, lateness.line, showing.uptime,
)  # fmt: skip


CACHE_PIECES: Final = ("cache-fields", "listed-provider")
"""Either says that it is a cache; the first is the better reason."""


def _alternatives(facts: Facts, evidence: Mapping[str, Evidence]) -> tuple[Alternative, ...]:
    """Return the innocent explanations and what became of them."""
    relay, making = evidence.get("relay-delay"), evidence.get("making")
    cache = next((evidence[name] for name in CACHE_PIECES if name in evidence), None)
    found = []
    if relay is None:
        found.append(_alternative("web-server", "untested", "too few documents came"))
    elif relay.llr < 0:
        found.append(_alternative("web-server", "holds", relay.says))
    elif making is not None and making.llr < 0:
        found.append(_alternative("web-server", "holds", making.says))
    elif not relay.llr or not facts.observed.has_file:
        found.append(_alternative("web-server", "untested", relay.says))
    else:
        found.append(_alternative("web-server", "rejected", relay.says))
    if cache is not None:
        found.append(_alternative("cdn-cache", "holds", cache.says))
    elif relay is not None and relay.llr > 0:
        said = "what was fetched before is as late as the first time, and nothing says it is cached"
        found.append(_alternative("cdn-cache", "rejected", said))
    else:
        found.append(_alternative("cdn-cache", "untested", "nothing says that it is cached"))
    page = evidence.get("same-page")
    if page is None:
        found.append(_alternative("planted-address", "untested", "no pages are there to compare"))
    elif page.llr >= 0:
        found.append(_alternative("planted-address", "rejected", page.says))
    else:
        found.append(_alternative("planted-address", "holds", page.says))
    if facts.observed.is_recursive:
        said = "it offers recursion, as forwarders of homes do"
        found.append(_alternative("open-resolver", "holds", said))
    return tuple(found)


def _alternative(hypothesis: str, outcome: HypothesisOutcome, because: str) -> Alternative:
    return Alternative(hypothesis=hypothesis, outcome=outcome, because=because)


def _missing(facts: Facts, evidence: Mapping[str, Evidence]) -> str:
    if facts.observed.is_cut:
        return "a first look: the requests ended before it was asked for all"
    if lateness.is_busy(facts.observed):
        late_ms = facts.observed.lag_s * 1000
        return f"a machine with less to do: this one was {late_ms:.0f} ms late itself"
    if not is_corroborated(tuple(evidence.values())) and sum(p.llr for p in evidence.values()) > 0:
        is_made = facts.observed.is_web and showing.least_networks(facts) is None
        others = "" if is_made else "suspects of more networks that show the same, "
        return f"more than delays: {others}looks at several on other days, or a marker"
    if not evidence.keys() & {"relay-delay", "names-delay"}:
        return "too few replies to compare delays"
    if facts.company.largest < 2:
        return "more suspects of the same name, to compare their pages"
    days = "looks on other days (--history), or " if facts.uptime.days < 3 else ""
    return f"{days}a marker sent through it, in the operator's own network"
