"""The rules of the gate: each looks at one proposal and says why it must not pass, or nothing.

A rule errs towards refusing: a flux network that goes on costs less than a bank that does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

from unflux.act.gate import Gate
from unflux.act.protected import Protected, as_network
from unflux.model.actions import (
    ADDRESS_BLOCKS,
    BLOCKS,
    DROPS,
    REPORTS,
    ActionKind,
    Proposal,
)
from unflux.model.addresses import TRANSLATED, canonical_address, is_special_use
from unflux.model.names import ROOT, normalise_name, registrable_domain, split_labels
from unflux.model.times import format_moment

NAMES: Final[tuple[ActionKind, ...]] = ("block-domain", "block-name-server", "report-domain")
ADDRESSES: Final[tuple[ActionKind, ...]] = (*ADDRESS_BLOCKS, "report-address")
WITNESSED: Final[tuple[ActionKind, ...]] = ("block-name-server", *ADDRESS_BLOCKS)
EVERY: Final = BLOCKS + REPORTS

COMPATIBLE: Final = frozenset({"static", "round-robin"})
"""Explanations of a quiet address plane, which a domain whose name servers flux may have as well;
they speak for its addresses, not for its name."""

NAMED: Final = 3
"""Neighbours named in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named check of some kinds of proposals."""

    name: str
    kinds: tuple[ActionKind, ...]
    check: Callable[[Proposal, Gate], str | None]
    """Why the proposal must not pass; null where this rule has nothing against it."""


# --- names ------------------------------------------------------------------------------------


def whole_name(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse what is no name of one domain: a suffix, the root, a wildcard, a trigger's label.

    Blocking a public suffix blocks all its customers. ``*`` would be read as a wildcard (RFC 4592),
    and names that end in ``rpz-ip`` and the like as triggers of a policy zone (the Internet-Draft
    on response policy zones, section 4).
    """
    name, labels = proposal.target, split_labels(proposal.target)
    is_host = proposal.kind == "block-name-server"
    tests = (
        (normalise_name(name) != name or name == ROOT, "it is no name in canonical form"),
        (len(labels) == 1, "it is a top level domain: everybody below it would be hit"),
        (_is_suffix(name) and not is_host, "it is a public suffix: its customers would be hit"),
        ("*" in labels, "a policy zone would read its asterisk as a wildcard (RFC 4592)"),
        (any(label.startswith("rpz-") for label in labels), "a policy zone would read a trigger"),
        (bool(labels) and labels[-1].isdigit(), "it is written like an address"),
    )
    return next((because for is_met, because in tests if is_met), None)


def own_name(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse the operator's own names."""
    return _touched(proposal, gate.own, "the operator's own")


def allowed_name(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse names of the user's allow-list."""
    return _touched(proposal, gate.allowed, "allow-listed")


def infrastructure_name(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse names of the root, of registries, of public resolvers, and special-use names."""
    return _touched(proposal, gate.infrastructure, "infrastructure")


def _touched(proposal: Proposal, held: Protected, what: str) -> str | None:
    name = held.touched_by_name(proposal.target)
    return None if name is None else f"{name} is {what}"


def _is_suffix(name: str) -> bool:
    """Tell whether a name of several labels is a public suffix, so that others live below it."""
    return registrable_domain("x." + name) != name and registrable_domain(name) == name


# --- addresses --------------------------------------------------------------------------------


def single_address(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse everything wider than one host: no /0, no /24, nothing but a /32 or a /128."""
    if canonical_address(proposal.target) == proposal.target:
        return None
    network = as_network(proposal.target)
    if network is None:
        return "it is no address in canonical form"
    return f"it covers {network.num_addresses:,} addresses; only a /32 or /128 may be blocked"


def special_use_address(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse private, loopback, documentation and other addresses that are not global (RFC 6890).

    A table of the user's that maps such a range makes it a place, never a target.
    """
    if _is_address(proposal) and is_special_use(proposal.target):
        return "it is not globally reachable (RFC 6890 registries): it may be one of yours"
    return None


def embedded_address(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse IPv6 addresses that stand for an IPv4 host, which may be anybody's.

    RFC 6052 (64:ff9b::/96), RFC 3056 (6to4), RFC 4380 (Teredo), RFC 4291 (mapped, compatible).
    """
    if not _is_address(proposal):
        return None
    address = ip_address(proposal.target)
    if not isinstance(address, IPv6Address):
        return None
    embeds = address.ipv4_mapped or address.sixtofour or address.teredo or address in TRANSLATED
    if embeds or int(address) >> 32 == 0:
        return "it stands for an IPv4 address behind a translator or tunnel"
    return None


def own_address(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse addresses of the operator's own prefixes: subscribers are told, not cut off."""
    return _inside(proposal, gate.own, "is the operator's own")


def no_subscriber(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse to filter where the operator did not say that nobody serves without asking.

    Whoever plants the address of the operator's own web server must not have it filtered, and what
    is sent to others is theirs and their provider's.
    """
    if not _is_address(proposal) or gate.subscribers.block_of(proposal.target) is not None:
        return None
    return "it lies in no prefix of --subscribers, so who serves there is not known to you"


def asked_to_serve(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse to filter subscribers who asked to run servers."""
    return _inside(proposal, gate.servers, "asked to run servers (--servers)")


def allowed_address(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse addresses of the user's allow-list."""
    return _inside(proposal, gate.allowed, "is allow-listed")


def forwarder_address(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse the servers that the operator's resolver itself asks."""
    return _inside(proposal, gate.forwarders, "is a forwarder of the resolver")


def infrastructure_address(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse root servers, TLD servers and public resolvers."""
    return _inside(proposal, gate.infrastructure, "is infrastructure")


def _inside(proposal: Proposal, held: Protected, what: str) -> str | None:
    block = held.block_of(proposal.target) if _is_address(proposal) else None
    return None if block is None else f"{block} {what}"


def _is_address(proposal: Proposal) -> bool:
    """Tell whether there is one address to look at; ``single_address`` refuses all else."""
    return canonical_address(proposal.target) == proposal.target


# --- who else is hurt -------------------------------------------------------------------------


def innocent_explanation(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse where an innocent explanation holds for the domain, or for one that is served."""
    holding = proposal.innocent
    if proposal.kind in NAMES:
        holding = tuple(name for name in holding if name not in COMPATIBLE)
    if not holding:
        return None
    return f"an innocent explanation holds: {', '.join(holding)}"


def company_only(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse domains against which nothing of their own speaks, only company and others' answers.

    Whoever plants all addresses of a bank makes it share its pool with a flux network, and the
    verdict on the network then weighs on the bank; or he adds records of the bank to his answers.
    """
    if proposal.proofs:
        return None
    return "no answer about itself speaks against it, and what others say can be planted"


def shared_target(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse what domains that are not convicted use too: shared hosting, planted addresses."""
    others = proposal.shared_with
    if not others:
        return None
    named = ", ".join(others[:NAMED])
    more = f" and {len(others) - NAMED:,} more" if len(others) > NAMED else ""
    return f"used by what is not convicted too: {named}{more}"


def thin_records(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse addresses and hosts where the records hold too few domains to know neighbours."""
    if gate.background >= gate.limits.background:
        return None
    return (
        f"the records hold {gate.background:,} domains that are not convicted, fewer than "
        f"{gate.limits.background:,}: who else uses it is not known"
    )


def few_proofs(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse addresses and name servers that too few independent witnesses speak against.

    An answer proves nothing alone: operators plant the addresses of others in theirs.
    """
    witnesses = sorted({proof.witness for proof in proposal.proofs})
    if len(witnesses) >= gate.limits.proofs:
        return None
    return f"{gate.limits.proofs} independent proofs are needed, known: {', '.join(witnesses)}"


def unproved_mothership(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse a mothership to which no agent was seen relaying.

    DNS cannot know it: it is in no answer, and whoever is named for one may be a victim too.
    """
    if any(proof.witness == "relaying" for proof in proposal.proofs):
        return None
    return "no traffic of an agent proves that it relays to this address"


# --- how sure, how old ------------------------------------------------------------------------


def low_score(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse what the verdict is not sure enough of."""
    least = gate.limits.least_score(proposal.kind)
    # Not below, rather than at least: a score that is no number passes no bound.
    return None if proposal.score >= least else f"score {proposal.score:.4f} is below {least:g}"


def not_recent(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse what was last seen too long ago, or at no known time."""
    life = gate.limits.life(proposal.kind)
    seen = proposal.last_seen
    if seen is None:
        return "the records do not say when it was seen, so nothing says when it would expire"
    if seen + life <= gate.now:
        return f"last seen {format_moment(seen)}: longer ago than it may stand ({_hours(life)})"
    if seen > gate.now + life:
        return f"last seen {format_moment(seen)}, in the future: a clock is wrong"
    return None


def _hours(life: timedelta) -> str:
    return f"{life.total_seconds() / 3600:g} hours"


def asked_to_withdraw(proposal: Proposal, gate: Gate) -> str | None:
    """Refuse what a person takes back now."""
    if proposal.id in gate.withdrawn or "all" in gate.withdrawn:
        return "a person takes it back"
    return None


def _rule(kinds: tuple[ActionKind, ...], check: Callable[[Proposal, Gate], str | None]) -> Rule:
    return Rule(name=check.__name__.replace("_", "-"), kinds=kinds, check=check)


RULES: Final = (
    _rule(NAMES, whole_name),
    _rule(NAMES, own_name),
    _rule(NAMES, allowed_name),
    _rule(NAMES, infrastructure_name),
    _rule(ADDRESSES, single_address),
    _rule(ADDRESSES, special_use_address),
    _rule(ADDRESSES, embedded_address),
    _rule(DROPS, own_address),
    _rule(("filter-address",), no_subscriber),
    _rule(("filter-address",), asked_to_serve),
    _rule(ADDRESSES, allowed_address),
    _rule(ADDRESSES, forwarder_address),
    _rule(ADDRESSES, infrastructure_address),
    _rule(EVERY, innocent_explanation),
    _rule(("block-domain", "report-domain"), company_only),
    _rule(EVERY, shared_target),
    _rule(WITNESSED, thin_records),
    _rule(WITNESSED, few_proofs),
    _rule(("block-mothership",), unproved_mothership),
    _rule(EVERY, low_score),
    _rule(EVERY, not_recent),
    _rule(BLOCKS, asked_to_withdraw),
)
"""In the order in which objections are shown."""
