"""Weighing: what one address showed, as evidence that it relays to a mothership or does not.

The sum starts at even odds, since the address was already an answer of a suspected name, and
decides at 19 to 1 either way, as the judge does. Ratios without a source are ``Chosen: 2026-11-28``
from what stock servers can do; docs/probe.md says how often they were right.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from unflux.model.odds import probability
from unflux.model.probes import Delays, ProbeOutcome
from unflux.model.verdicts import Alternative, Evidence, HypothesisOutcome
from unflux.probe.company import Company
from unflux.probe.documents import PATHS
from unflux.probe.observed import Observed
from unflux.probe.uptime import Uptime

DECIDED: Final = math.log(19)
LEAST_LOOKS: Final = 3
"""Documents before speed counts: a cache has to fetch the first itself."""
LATE_LOOKS: Final = len(PATHS)
"""Documents before lateness counts: one that was fast is proof, those that were late may have met a
busy moment."""
TOLERANCE_S: Final = 0.003
"""What a server may take for itself. Chosen: 2026-11-28; files of nginx took up to 4 ms on two busy
cores, with the trembling of the line that is added."""
NEAR_S: Final = 0.008
FAR_S: Final = 0.020
"""Beyond that: from where on it speaks for a detour, and loudly. Chosen: 2026-11-28; a relay that
opens a connection first goes twice to a host of another network and back."""
CRYPTO_S: Final = 0.006
"""What a handshake may take besides its way."""
HSU: Final = "Hsu et al. 2010"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one address when it is weighed."""

    observed: Observed
    company: Company
    uptime: Uptime
    provider: str | None
    """Listed provider of content that holds the address; null: none."""


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
        outcome = "silent"
    elif log_odds >= DECIDED:
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


def measure_delays(observed: Observed) -> dict[str, Delays]:
    """Return the delays of each kind."""
    kinds = {
        "connect": observed.connects_s,
        "document": observed.documents_s,
        "malformed": observed.malformed_s,
        "handshake": observed.handshakes_s,
        "names": observed.names_s,
    }
    return {
        kind: Delays(
            count=len(found),
            least_s=min(found, default=None),
            median_s=median(found) if found else None,
        )
        for kind, found in kinds.items()
    }


def _beyond(delays_s: Sequence[float], observed: Observed) -> float:
    """Return by how much the least of some delays exceeds the way there and back, in seconds.

    The least of each, since a line that is used adds to any one of them and never takes away.
    """
    return min(delays_s) - min(observed.connects_s)


def _tolerance(observed: Observed) -> float:
    """Return the seconds beyond the way that say nothing: more where the line trembles."""
    return TOLERANCE_S + median(observed.connects_s) - min(observed.connects_s)


def _ratio(over_s: float, *, far: float, near: float, none: float) -> float:
    """Return the ratio of so many seconds beyond what says nothing."""
    if over_s <= 0:
        return none
    return far if over_s >= FAR_S else near if over_s >= NEAR_S else 0.0


def _relay_delay(facts: Facts) -> Evidence | None:
    """Every document, small or cached, takes as long as another way to somewhere.

    Fully once a file that the page names was late too: few servers ask a program for those.
    """
    seen = facts.observed
    if len(seen.documents_s) < LEAST_LOOKS or not seen.connects_s:
        return None
    beyond_s = _beyond(seen.documents_s, seen)
    over_s = beyond_s - _tolerance(seen)
    llr = _ratio(over_s, far=3.0 if seen.has_file else 2.7, near=1.0, none=-3.3)
    if len(seen.documents_s) < LATE_LOOKS:
        llr = min(llr, 0.0)
    said = (
        f"the fastest of {len(seen.documents_s)} documents took {beyond_s * 1000:.0f} ms beyond "
        "the way there and back"
    )
    return _piece("relay-delay", beyond_s, llr, said, HSU)


def _stream_delay(facts: Facts) -> Evidence | None:
    """What no proxy passes on is late as well: the whole stream is relayed."""
    seen = facts.observed
    found = []
    if len(seen.malformed_s) >= LEAST_LOOKS:
        found.append(_beyond(seen.malformed_s, seen))
    if len(seen.handshakes_s) >= LEAST_LOOKS:
        found.append(_beyond(seen.handshakes_s, seen) - CRYPTO_S)
    if not found:
        return None
    beyond_s = max(found)
    over_s = beyond_s - _tolerance(seen)
    llr = _ratio(over_s, far=2.8, near=1.5, none=-0.4)
    said = (
        f"what the host has to answer itself came {beyond_s * 1000:.0f} ms beyond the way there "
        "and back"
    )
    return _piece("stream-delay", beyond_s, llr, said, HSU)


def _names_delay(facts: Facts) -> Evidence | None:
    """Answers with authority come from memory, unless they are fetched."""
    seen = facts.observed
    if len(seen.names_s) < LEAST_LOOKS or not seen.connects_s:
        return None
    beyond_s = _beyond(seen.names_s, seen)
    over_s = beyond_s - _tolerance(seen)
    llr = _ratio(over_s, far=3.0, near=1.2, none=-3.0)
    said = f"answers with authority came {beyond_s * 1000:.0f} ms beyond the way there and back"
    return _piece("names-delay", beyond_s, llr, said, HSU)


def _same_page(facts: Facts) -> Evidence | None:
    """The suspected site is there, as it is on hosts of other networks."""
    seen, company = facts.observed, facts.company
    if seen.document is None or company.largest < 2:
        return None
    if company.is_page_of_most:
        count = company.same_page
        llr = 0.0 if company.is_same_unnamed else 0.7
        rest = ", and whoever names nobody is shown it too" if company.is_same_unnamed else ""
        said = f"hosts of {count} other networks show the same page for the name{rest}"
        return _piece("same-page", count, llr, said, "Holz et al. 2008")
    said = f"another page than hosts of {company.largest} networks show, or none"
    return _piece("same-page", 0, -3.0, said, "Holz et al. 2008")


def _same_certificate(facts: Facts) -> Evidence | None:
    count = facts.company.same_certificate
    if facts.observed.certificate is None or not count:
        return None
    said = f"hosts of {count} other networks show the same certificate"
    return _piece("same-certificate", count, 0.5, said, "Chosen: 2026-11-28")


def _two_servers(facts: Facts) -> Evidence | None:
    """One software refuses what another would have served."""
    seen = facts.observed
    front, back = seen.refusal_server, seen.document.server if seen.document else None
    if not front or not back or front == back:
        return None
    said = f"{_short(front)} refuses, {_short(back)} serves"
    return _piece("two-servers", said, 0.8, said, "Holz et al. 2008")


def _cache_fields(facts: Facts) -> Evidence | None:
    document = facts.observed.document
    if document is None or not document.cache_fields:
        return None
    fields = ", ".join(document.cache_fields)
    said = f"it says that it is a cache: {fields}"
    return _piece("cache-fields", fields, -2.0, said, "RFC 9110, RFC 9211")


def _provider(facts: Facts) -> Evidence | None:
    if facts.provider is None:
        return None
    said = f"its address is of {facts.provider}, which is a provider of content"
    return _piece("listed-provider", facts.provider, -2.5, said, "lists of providers")


def _line(facts: Facts) -> Evidence | None:
    """Lines of homes tremble, those of racks do not."""
    connects = facts.observed.connects_s
    if len(connects) < 6:
        return None
    spread_s = median(connects) - min(connects)
    llr = 0.4 if spread_s >= 0.004 else -0.2 if spread_s < 0.001 else 0.0
    said = f"the middle connection took {spread_s * 1000:.1f} ms longer than the fastest"
    return _piece("line", spread_s, llr, said, HSU)


def _uptime(facts: Facts) -> Evidence | None:
    """Homes are switched off, servers are not."""
    uptime = facts.uptime
    if uptime.days < 3 or uptime.looks < 6:
        return None
    llr = 1.5 if uptime.share < 0.8 else -0.7 if uptime.share >= 0.99 and uptime.days >= 5 else 0.0
    said = f"it answered {uptime.answered} of {uptime.looks} looks over {uptime.days:.0f} days"
    return _piece("uptime", uptime.share, llr, said, "Perdisci et al. 2009, uptime index")


PIECES: Final[tuple[Callable[[Facts], Evidence | None], ...]] = (
    _relay_delay, _stream_delay, _names_delay, _same_page, _same_certificate, _two_servers,
    _cache_fields, _provider, _line, _uptime,
)  # fmt: skip


CACHE_PIECES: Final = ("cache-fields", "listed-provider")
"""Either says that it is a cache; the first is the better reason."""


def _alternatives(facts: Facts, evidence: Mapping[str, Evidence]) -> tuple[Alternative, ...]:
    """Return the innocent explanations and what became of them."""
    relay = evidence.get("relay-delay")
    cache = next((evidence[name] for name in CACHE_PIECES if name in evidence), None)
    company = facts.company
    found = []
    if relay is None:
        found.append(_alternative("web-server", "untested", "too few documents came"))
    elif relay.llr < 0:
        found.append(_alternative("web-server", "holds", relay.says))
    else:
        found.append(_alternative("web-server", "rejected", relay.says))
    if cache is not None:
        found.append(_alternative("cdn-cache", "holds", cache.says))
    elif relay is not None and relay.llr > 0:
        said = "what was fetched before is as late as the first time, and nothing says it is cached"
        found.append(_alternative("cdn-cache", "rejected", said))
    else:
        found.append(_alternative("cdn-cache", "untested", "nothing says that it is cached"))
    if company.largest < 2:
        found.append(_alternative("planted-address", "untested", "no others show one page"))
    elif company.is_page_of_most:
        found.append(_alternative("planted-address", "rejected", "it shows the page of the others"))
    else:
        found.append(_alternative("planted-address", "holds", "it shows no page of the others"))
    if facts.observed.is_recursive:
        said = "it offers recursion, as forwarders of homes do"
        found.append(_alternative("open-resolver", "holds", said))
    return tuple(found)


def _alternative(hypothesis: str, outcome: HypothesisOutcome, because: str) -> Alternative:
    return Alternative(hypothesis=hypothesis, outcome=outcome, because=because)


def _missing(facts: Facts, evidence: Mapping[str, Evidence]) -> str:
    if not evidence.keys() & {"relay-delay", "names-delay"}:
        return "too few replies to compare delays"
    if facts.company.largest < 2:
        return "more suspects of the same name, to compare their pages"
    if facts.uptime.days < 3:
        return "looks on other days (--history), or a marker"
    return "a marker sent through it, in the operator's own network"


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"


def _piece(name: str, value: float | str, llr: float, says: str, source: str) -> Evidence:
    return Evidence(name=name, value=value, llr=llr, says=says, source=source)
