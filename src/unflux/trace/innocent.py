"""The innocent explanations of a host to which another relays, each tested on its own."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from unflux.model.addresses import prefixes
from unflux.model.verdicts import Alternative
from unflux.trace.sites import HOUSEHOLDS
from unflux.trace.target import Target

MANY_TARGETS: Final = 8
"""Hosts that one relays to as to this one, none of which gets most. Chosen: 2026-11-28; networks
with several motherships were seen with a few, and users of a proxy choose hundreds."""

OWN_RATIO: Final = 0.8

PROXIED_RATIO: Final = 0.5
"""Share of all relayed requests that have the form for proxies, below which those that were read
say nothing of the rest. Chosen: 2026-11-29; strangers try every host for a proxy with a request or
two, and where TLS hides all others, one of 41 explained an agent."""

ASKED_RATIO: Final = 0.95
"""Share of questions to a name server that follow a question, below which the relay asks it for
itself too: it is a resolver. Chosen: 2026-11-28."""

FAMILIAR: Final = 3
"""Hosts that ask a target and relay nothing to it, from which on it is a service for all. Chosen:
2026-11-28."""

_PRIVATE: Final = tuple(
    map(
        ip_network,
        (
            "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
            "192.168.0.0/16", "fc00::/7", "fe80::/10", "::1/128",
        ),
    )
)  # fmt: skip
"""RFC 1918, RFC 6598, RFC 1122, RFC 3927, RFC 4193, RFC 4291. Not all that is for special use:
laboratories and records made for tests use the rest for hosts of the world."""

MAIL_AND_TIME: Final = frozenset({25, 110, 123, 143, 465, 587, 993, 995})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """An innocent explanation; ``ratio`` is added to the log-odds where it holds."""

    name: str
    ratio: float
    holds: Callable[[Target], bool | None]
    """Null where what was seen does not allow the test."""
    because: Callable[[Target], str]


def is_private(address: str) -> bool:
    """Tell whether an address is for private use, behind NAT or of a link."""
    parsed = ip_address(address)
    return any(parsed in network for network in _PRIVATE)


def weigh_innocents(target: Target) -> list[tuple[Alternative, float]]:
    """Return every hypothesis with its outcome and the ratio that it adds."""
    tested = []
    for hypothesis in HYPOTHESES:
        holds = hypothesis.holds(target)
        outcome = "untested" if holds is None else "holds" if holds else "rejected"
        alternative = Alternative(
            hypothesis=hypothesis.name,
            outcome=outcome,  # type: ignore[arg-type]
            because=hypothesis.because(target),
        )
        tested.append((alternative, hypothesis.ratio if holds else 0.0))
    return tested


def _is_own_site(target: Target) -> bool:
    return _is_behind(target) or target.is_same_asn or _is_near(target)


def _is_behind(target: Target) -> bool:
    """Tell whether its address is private and those of the clients are not."""
    return is_private(target.address) and target.client_private_ratio < OWN_RATIO


def _is_near(target: Target) -> bool:
    mine = prefixes(target.address)
    return all(prefixes(agent)[1] == mine[1] for agent in target.agents)


def _own_site(target: Target) -> str:
    if _is_behind(target):
        return "Its address is private: it stands behind its relay."
    if target.is_same_asn:
        return "It and its relays are announced by one AS."
    if is_private(target.address) and not _is_near(target):
        return "Its address is private, and so are those of the clients."
    return "Whether it lies in the /16 (IPv6: /32) of each of its relays."


def _is_forward_proxy(target: Target) -> bool:
    for_proxy, read, relayed = _forms(target)
    if for_proxy and for_proxy >= max(OWN_RATIO * read, PROXIED_RATIO * relayed):
        return True
    return min(target.rivals, default=0) >= MANY_TARGETS and target.is_one_of_many


def _forward_proxy(target: Target) -> str:
    for_proxy, read, relayed = _forms(target)
    says = f"Its relays go to {min(target.rivals, default=0):,} hosts or more as to it."
    if for_proxy:
        says += (
            f" Of {relayed:,} requests {read:,} were read, and {for_proxy:,} of these have the "
            "form that proxies are sent (RFC 9112 section 3.2)."
        )
    return says


def _forms(target: Target) -> tuple[int, int, int]:
    """Return how many requests have the form that proxies are sent, were read, and were relayed."""
    for_proxy = sum(link.for_proxy for link in target.links)
    read = for_proxy + sum(link.for_server for link in target.links)
    return for_proxy, read, read + sum(link.unread for link in target.links)


def _is_owners(target: Target) -> bool | None:
    """Return null where one owner may have it all: by flows that is what an agent does."""
    if _is_somebodys_network(target):
        return False
    return False if target.household_count >= HOUSEHOLDS else None


def _is_makers(target: Target) -> bool | None:
    """Return null where many homes may run what their maker wrote: by flows they are agents."""
    return False if _is_somebodys_network(target) else None


def _is_somebodys_network(target: Target) -> bool:
    """Tell whether more than flows says that the relays are one operator's."""
    is_of_names = target.is_doubled or target.links[0].is_of_names
    return target.is_told or is_of_names or target.site.is_at_many_homes


def _network(target: Target) -> str | None:
    """Return what more than flows says that the relays are one operator's."""
    if target.is_told:
        return "Relays of it were known for agents before."
    if target.is_doubled or target.links[0].is_of_names:
        return "Names are relayed to it; owners and makers put a proxy before pages."
    if target.site.is_at_many_homes:
        return (
            f"Answers of DNS lead {target.site.name} to relays in {target.site.led_to:,} networks, "
            f"and in {target.site.asked_in:,} most visitors ask for a name led to several."
        )
    return None


def _makers(target: Target) -> str:
    if says := _network(target):
        return says
    site = target.site
    says = "That an application which many homes run passes requests on to its maker"
    if not site.read_in:
        return f"{says} is not excluded: what the requests ask for was not read."
    if site.led_to < HOUSEHOLDS:
        return (
            f"{says} is not excluded: answers of DNS lead no name to relays in {HOUSEHOLDS} "
            f"networks, one to {site.led_to:,}."
        )
    return (
        f"{says} is not excluded: in {site.asked_in:,} of {site.read_in:,} networks most visitors "
        f"ask for a name that answers of DNS lead to relays in {HOUSEHOLDS} or more; networks that "
        f"they come from: {site.visitors:,}."
    )


def _owners(target: Target) -> str:
    if says := _network(target):
        return says
    if target.household_count >= HOUSEHOLDS:
        return f"Relays in {target.household_count:,} networks went to it at one time."
    return (
        f"Relays in {target.household_count:,} networks went to it at one time: that an owner's "
        "reverse proxy goes to a rented host of the owner is not excluded."
    )


def _is_forwarder(target: Target) -> bool | None:
    if not any(link.is_of_names for link in target.links):
        return False
    yes = sum(link.not_authoritative for link in target.links)
    no = sum(link.authoritative for link in target.links)
    if yes + no:
        return yes > no
    if target.serves_both:  # no resolver has pages that others relay
        return None
    own = any(
        link.tally.during < ASKED_RATIO * link.tally.flows
        for link in target.links
        if link.is_of_names
    )
    if own or target.asker_count >= FAMILIAR or target.name_servers >= MANY_TARGETS:
        return True
    return None


def _forwarder(target: Target) -> str:
    yes = sum(link.not_authoritative for link in target.links)
    no = sum(link.authoritative for link in target.links)
    if not any(link.is_of_names for link in target.links):
        return "What is relayed is no DNS."
    if yes + no:
        return f"Of the relayed answers {no:,} are authoritative and {yes:,} are not."
    return (
        f"{target.asker_count:,} other hosts ask it, and its relays ask "
        f"{target.name_servers:,} name servers; more is not seen in flows."
    )


def _is_mail_or_time(target: Target) -> bool:
    """Tell whether all goes to ports of these; what is seen to be HTTP there is neither."""
    return all(
        MAIL_AND_TIME.issuperset(link.target_ports) and not link.tally.same_requests
        for link in target.links
    )


HYPOTHESES: Final = (
    Hypothesis(
        name="own-site",
        ratio=-10.0,
        holds=_is_own_site,
        because=_own_site,
    ),
    Hypothesis(
        name="owners-proxy",
        ratio=0.0,
        holds=_is_owners,
        because=_owners,
    ),
    Hypothesis(
        name="makers-application",
        ratio=0.0,
        holds=_is_makers,
        because=_makers,
    ),
    Hypothesis(
        name="forward-proxy",
        ratio=-10.0,
        holds=_is_forward_proxy,
        because=_forward_proxy,
    ),
    Hypothesis(
        name="own-clients",
        ratio=-4.0,
        holds=lambda t: t.client_near_ratio >= OWN_RATIO,
        because=lambda t: f"{t.client_near_ratio:.0%} of the clients are near their relay.",
    ),
    Hypothesis(
        name="dns-forwarder",
        ratio=-10.0,
        holds=_is_forwarder,
        because=_forwarder,
    ),
    Hypothesis(
        name="service-for-all",
        ratio=-8.0,
        holds=lambda t: t.asker_count >= max(FAMILIAR, 2 * t.relay_count),
        because=lambda t: f"{t.asker_count:,} hosts that relay nothing to it ask it too.",
    ),
    Hypothesis(
        name="mail-or-time",
        ratio=-10.0,
        holds=_is_mail_or_time,
        because=lambda t: f"Relays ask it at port {t.links[0].target_ports[0]}.",
    ),
    Hypothesis(
        name="cdn",
        ratio=-6.0,
        holds=lambda t: t.use == "cdn",
        because=lambda t: (
            f"It lies in listed ranges for {t.use}." if t.use else "It lies in no listed range."
        ),
    ),
)
