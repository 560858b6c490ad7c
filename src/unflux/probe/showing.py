"""Showing: what one address shows, and whom it is like."""

from typing import Final

from unflux.model.verdicts import Evidence
from unflux.probe.facts import CHOSEN, Facts, piece
from unflux.probe.lateness import LEAST_LOOKS, is_handshake_prompt, is_stream_late
from unflux.probe.observed import Observed

SURE_FRONTS: Final = 2
"""Front pages that were had before another page than the site's decides. Chosen: 2026-11-28; one
may be of the moment at which the mothership moved."""
STREAM_NETWORKS: Final = 3
"""Networks that show the same before it speaks for agents, where what hosts answer themselves is
late too. Chosen: 2026-11-29; a balanced site has two, and few have far back ends."""
FILE_NETWORKS: Final = 5
"""Likewise, where stored files are late and the rest is not. Chosen: 2026-11-29; reverse proxies
that do not cache stand in two or three networks of their owner's providers."""
ZONE_NETWORKS: Final = 6
"""Networks that answer for a zone before it speaks for agents. Chosen: 2026-11-29; RFC 2182 section
5 recommends three servers, well apart, and large zones have some more."""


def least_networks(facts: Facts) -> int | None:
    """Return how many networks of strangers have to show the same; null: none are enough.

    An owner has hosts of several networks as well, and more of those that do what is ordinary: make
    documents slowly, or fetch stored ones from behind.
    """
    if is_stream_late(facts):
        return STREAM_NETWORKS
    return FILE_NETWORKS if facts.observed.has_file else None


def same_zone(facts: Facts) -> Evidence | None:
    """Answers for the zone, as hosts of other networks do, and more of them than a zone needs."""
    count = facts.company.same_zone
    if not count:
        return None
    said = f"hosts of {count} other networks answer for the zone with authority"
    if count + 1 < ZONE_NETWORKS:
        return piece("same-zone", count, 0.0, f"{said}, as ordinary name servers do", CHOSEN)
    return piece("same-zone", count, 0.2, said, CHOSEN)


def same_page(facts: Facts) -> Evidence | None:
    """The suspected site is there, as it is on hosts of other networks.

    Which page is the site's is told by who shows it: most do, or it is shown for the name alone.
    """
    seen, company = facts.observed, facts.company
    if seen.document is None or company.largest < 2:
        return None
    is_default = company.is_same_unnamed and not company.is_most_unnamed
    if company.is_page_of_most or (company.same_page and not is_default):
        count, least = company.same_page, least_networks(facts)
        llr = 0.3 if company.is_same_unnamed else 0.7
        rest = ", and whoever names nobody is shown it too" if company.is_same_unnamed else ""
        if least is None or count + 1 < least:
            llr, rest = 0.0, f"{rest}; one owner may have as many"
        said = f"hosts of {count} other networks show the same page for the name{rest}"
        return piece("same-page", count, llr, said, "Holz et al. 2008")
    said = f"another page than hosts of {company.largest} networks show, or none"
    rest = ", and whoever names nobody is shown theirs too" if company.is_most_unnamed else ""
    is_sure = seen.fronts >= SURE_FRONTS and not company.is_most_unnamed
    return piece("same-page", 0, -3.0 if is_sure else -1.5, f"{said}{rest}", "Holz et al. 2008")


def same_certificate(facts: Facts) -> Evidence | None:
    """One certificate in networks of strangers, whose key is elsewhere: handshakes are relayed.

    Less where the page says so too, since whoever has the one has the other.
    """
    seen, count = facts.observed, facts.company.same_certificate
    if seen.certificate is None or not count:
        return None
    # Devices of one maker have a certificate in common, too.
    rest = ", for the suspected name" if seen.is_certificate_named else ", for other names"
    said = f"hosts of {count} other networks show the same certificate{rest}"
    is_elsewhere = is_stream_late(facts) and not has_key(seen)
    if not seen.is_certificate_named or not is_elsewhere or count + 1 < STREAM_NETWORKS:
        return piece("same-certificate", count, 0.0, said, CHOSEN)
    page = same_page(facts)
    llr = 0.3 if page is not None and page.llr > 0 else 1.0
    return piece("same-certificate", count, llr, said, CHOSEN)


def has_key(seen: Observed) -> bool:
    """Tell whether it answers handshakes itself."""
    return len(seen.handshakes_s) >= LEAST_LOOKS and is_handshake_prompt(seen)


def own_certificate(facts: Facts) -> Evidence | None:
    """Its key is here, which no operator gives to a host that may be lost.

    However many show the certificate: each host of a balanced site has the key.
    """
    if not facts.observed.is_certificate_named or not has_key(facts.observed):
        return None
    said = "it has a certificate for the suspected name, and its key"
    return piece("own-certificate", said, -1.0, said, CHOSEN)


def two_servers(facts: Facts) -> Evidence | None:
    """One software refuses what another would have served."""
    seen = facts.observed
    front = seen.refusal.server if seen.refusal else None
    back = seen.document.server if seen.document else None
    if not front or not back or front == back:
        return None
    said = f"{_short(front)} refuses, {_short(back)} serves"
    return piece("two-servers", said, 0.8, said, "Holz et al. 2008")


def proxy_fields(facts: Facts) -> Evidence | None:
    """It says that it is a proxy, as any gateway may: that is neither an agent's nor a cache's."""
    document = facts.observed.document
    if document is None or document.via is None:
        return None
    said = f"it says that it passes on what others serve: Via {_short(document.via)}"
    return piece("proxy-fields", document.via, 0.0, said, "RFC 9110 section 7.6.3")


def cache_fields(facts: Facts) -> Evidence | None:
    """It says that it is a cache."""
    document = facts.observed.document
    if document is None or not document.cache_fields:
        return None
    fields = ", ".join(document.cache_fields)
    said = f"it says that it is a cache: {fields}"
    return piece("cache-fields", fields, -2.0, said, "RFC 9111, RFC 9211")


def listed_provider(facts: Facts) -> Evidence | None:
    """Its address is one of a provider of content."""
    if facts.provider is None:
        return None
    said = f"its address is of {facts.provider}, which is a provider of content"
    return piece("listed-provider", facts.provider, -2.5, said, "lists of providers")


def uptime(facts: Facts) -> Evidence | None:
    """Homes are switched off, servers are not."""
    seen = facts.uptime
    if seen.days < 3 or seen.looks < 6:
        return None
    llr = 1.5 if seen.share < 0.8 else -0.7 if seen.share >= 0.99 and seen.days >= 5 else 0.0
    said = f"it answered {seen.answered} of {seen.looks} looks over {seen.days:.0f} days"
    return piece("uptime", seen.share, llr, said, "Perdisci et al. 2009, uptime index")


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
