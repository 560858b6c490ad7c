"""Proposals: what verdicts and networks would have done, with all that the gate needs to know."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from unflux.act.surroundings import Host, Surroundings
from unflux.model.actions import ActionKind, Proof, Proposal, verdict_id
from unflux.model.names import registrable_domain
from unflux.model.odds import probability
from unflux.model.plural import plural
from unflux.model.traces import RelayTarget
from unflux.model.verdicts import Agent, Alternative, FluxNetwork, Verdict

MOST_RELATED: Final = 100
"""Domains kept beside a proposal. Chosen: 2026-11-24; a report needs some, not ten thousand."""

MOST_EVIDENCE: Final = 5
"""Pieces of evidence kept beside a proposal. Chosen: 2026-11-24; ``unflux explain`` has all."""


COMPANY: Final = frozenset({"network-membership", "shared-pool", "alias"})
"""Evidence that a domain gets from others. Operators plant the addresses of others in their
answers, which makes these company of theirs; an alias may lead to a domain that changed hands."""

SERVERS: Final = frozenset(
    {"server-rotation", "server-width", "server-spread", "both-planes", "planes"}
)
"""Evidence of a domain's name servers. Whoever is asked for a name of his own may add addresses of
others' servers to the answer."""

STANDSTILL: Final = timedelta(days=23)
"""For how long a domain that does not move any more is shown as what it was convicted for. Chosen:
2026-11-29; with the usual life of a block 30 days, as ``LONGEST_NAME_LIFE``, after which somebody
else may have it. Of networks that hold one address at a time, the slowest that 90 days of records
convict change it every 10 days. Shorter lets slow ones go, longer hurts new owners.
"""

NOBODY: Final = frozenset[str]()

OWN_SCORE: Final = 0.95
"""Least probability from a domain's own records: the bound of a verdict. Below it, others could
have had the domain convicted."""


def find_guilty(
    verdicts: Iterable[Verdict], around: Surroundings, is_spared: Callable[[str], bool]
) -> frozenset[str]:
    """Return the convicted domains that something of their own speaks against.

    ``is_spared``: names that count as innocent neighbours even where they are convicted.
    """
    return frozenset(
        v.domain
        for v in verdicts
        if v.verdict == "fast-flux" and _domain_proofs(v, around) and not is_spared(v.domain)
    )


def propose(
    verdicts: Iterable[Verdict],
    networks: Iterable[FluxNetwork],
    around: Surroundings,
    *,
    guilty: frozenset[str],
    confirmed: frozenset[str] = frozenset(),
    traced: Mapping[str, RelayTarget] = MappingProxyType({}),
    is_own: Callable[[str], bool] = lambda _: False,
) -> Iterator[Proposal]:
    """Yield a proposal for each convicted domain, name-server host, agent and mothership.

    ``guilty``: of :func:`find_guilty`; everybody else counts as an innocent neighbour.
    ``confirmed``: addresses that somebody saw relaying, or being relayed to, by other means than
    DNS. ``traced``: by address, the motherships that traffic of agents shows. ``is_own``: tells
    the operator's own addresses, for whose services a filter is proposed too.
    """
    convicted = {v.domain: v for v in verdicts if v.verdict == "fast-flux"}
    servers = _servers_by_network(networks)
    for verdict in convicted.values():
        proofs = _domain_proofs(verdict, around)
        yield from _domain(verdict, servers.get(verdict.network or "", ()), proofs, around)
    for network in networks:
        members = [convicted[name] for name in network.domains if name in convicted]
        if not members:
            continue
        for host in network.name_servers:
            yield _host(host, network, members, around, guilty)
        for address in network.motherships:
            users = around.address_users.get(address, NOBODY)
            mothership = _mothership(address, network, members, users - guilty)
            yield _proved(
                mothership, network, traced.get(address), is_confirmed=address in confirmed
            )
        for agent in network.agents:
            names = around.served.get((network.id, agent.address), NOBODY)
            served = [convicted[name] for name in sorted(names) if name in convicted]
            users = around.address_users.get(agent.address, NOBODY)
            if served:
                proofs = tuple(
                    _proofs(
                        agent,
                        len(served),
                        is_server=bool(around.servers_of.get(agent.address, NOBODY) & guilty),
                        is_confirmed=agent.address in confirmed,
                    )
                )
                kinds = _agent_kinds(is_own=is_own(agent.address))
                innocents = users - guilty
                yield from _agent(agent, network, served, innocents, proofs=proofs, kinds=kinds)


def _servers_by_network(networks: Iterable[FluxNetwork]) -> dict[str, tuple[str, ...]]:
    return {network.id: network.name_servers for network in networks}


def _domain_proofs(verdict: Verdict, around: Surroundings) -> tuple[Proof, ...]:
    """Return what of its own speaks against a domain: nothing that others could have written."""
    others = COMPANY | SERVERS if verdict.domain in around.lent_servers else COMPANY
    own = sum(piece.llr for piece in verdict.evidence if piece.name not in others)
    proofs = []
    if verdict.domain not in around.lent_fronts and probability(own) >= OWN_SCORE:
        proofs.append(Proof(witness="answers", says="its own records convict it, without company"))
    if verdict.domain in around.on_rotating:
        says = "it is delegated to a name-server host that moves through agents"
        proofs.append(Proof(witness="delegation", says=says))
    return tuple(proofs)


def _domain(
    verdict: Verdict,
    servers: tuple[str, ...],
    proofs: tuple[Proof, ...],
    around: Surroundings,
) -> Iterator[Proposal]:
    evidence = _strongest(verdict)
    delegations = around.delegations.get(verdict.domain, ())
    for kind in ("block-domain", "report-domain"):
        yield Proposal(
            kind=kind,
            target=verdict.domain,
            verdict=verdict_id(verdict),
            network=verdict.network,
            score=verdict.score,
            reason=f"{verdict.kind}: {evidence[0] if evidence else 'convicted'}",
            evidence=evidence,
            proofs=proofs,
            first_seen=verdict.first_seen,
            last_seen=_shown_at(verdict, around),
            related=servers[:MOST_RELATED],
            innocent=_holding_of_name(verdict),
            delegations=delegations if kind == "report-domain" else (),
        )


def _shown_at(verdict: Verdict, around: Surroundings) -> datetime | None:
    """Return when a domain last showed anything, or when it had stood still for too long.

    Evidence stays while the records do, and a new owner is not what it speaks of.
    """
    shown_at = around.shown_at.get(verdict.domain)
    moved_at = around.moved_at.get(verdict.domain, verdict.first_seen)
    if shown_at is None or moved_at is None:
        return shown_at
    return min(shown_at, moved_at + STANDSTILL)


def _host(
    name: str,
    network: FluxNetwork,
    members: list[Verdict],
    around: Surroundings,
    guilty: frozenset[str],
) -> Proposal:
    host = around.hosts.get(name, Host(name=name))
    users = host.users
    served = sorted(users & guilty)
    proofs = []
    if served:
        says = f"{plural(len(served), 'convicted domain')} of the network delegated to it"
        proofs.append(Proof(witness="delegation", says=says))
    if host.is_rotating:
        says = (
            f"it keeps moving through agents: {plural(len(host.addresses), 'address', 'addresses')}"
        )
        proofs.append(Proof(witness="answers", says=says))
    if registrable_domain(name) in guilty:
        says = f"it lies below {registrable_domain(name)}, which is convicted itself"
        proofs.append(Proof(witness="ownership", says=says))
    best = max(members, key=lambda verdict: verdict.score)
    return Proposal(
        kind="block-name-server",
        target=name,
        verdict=verdict_id(best),
        network=network.id,
        score=max(best.score, network.score),
        reason=f"name server of {network.kind} network {network.id}",
        proofs=tuple(proofs),
        first_seen=host.first_seen,
        last_seen=host.last_seen,
        related=tuple(served[:MOST_RELATED]),
        shared_with=tuple(sorted(users - guilty)),
    )


def _mothership(
    address: str, network: FluxNetwork, members: Sequence[Verdict], users: frozenset[str]
) -> Proposal:
    """Return what is proposed for a mothership; nothing that DNS shows is a proof of it."""
    best = max(members, key=lambda verdict: verdict.score)
    return Proposal(
        kind="block-mothership",
        target=address,
        verdict=verdict_id(best),
        network=network.id,
        score=best.score,
        reason=f"mothership of {network.kind} network {network.id}",
        evidence=_strongest(best),
        first_seen=network.first_seen,
        last_seen=network.last_seen,
        related=tuple(verdict.domain for verdict in members[:MOST_RELATED]),
        innocent=_holding(members),
        shared_with=tuple(sorted(users)),
    )


def _proved(
    proposal: Proposal, network: FluxNetwork, target: RelayTarget | None, *, is_confirmed: bool
) -> Proposal:
    """Add what traffic, and whoever looked at it, says of a mothership.

    Agents may relay to a site that they imitate, so that traffic alone is one witness of two.
    """
    proofs = []
    if target is not None:
        count = sum(agent.address in target.agents for agent in network.agents)
        says = f"agents of the network relay to it ({count:,})"
        proofs.append(Proof(witness="relaying", says=says))
        proposal = replace(
            proposal,
            score=min(proposal.score, target.score),
            first_seen=target.first_seen,
            last_seen=target.last_seen,
        )
    if is_confirmed:
        says = "seen to be relayed to by other means than DNS (--confirmed)"
        proofs.append(Proof(witness="confirmed", says=says))
    return replace(proposal, proofs=tuple(proofs))


def _agent_kinds(*, is_own: bool) -> tuple[ActionKind, ...]:
    always: tuple[ActionKind, ...] = ("block-address", "report-address")
    return (*always, "filter-address") if is_own else always


def _agent(
    agent: Agent,
    network: FluxNetwork,
    served: Sequence[Verdict],
    users: frozenset[str],
    *,
    proofs: tuple[Proof, ...],
    kinds: Sequence[ActionKind],
) -> Iterator[Proposal]:
    """Yield what is proposed for an agent; ``users``: who uses it and is not convicted."""
    best = max(served, key=lambda verdict: verdict.score)
    for kind in kinds:
        yield Proposal(
            kind=kind,
            target=agent.address,
            verdict=verdict_id(best),
            network=network.id,
            score=best.score,
            reason=f"agent of {network.kind} network {network.id}",
            evidence=_strongest(best),
            proofs=proofs,
            first_seen=agent.first_seen,
            last_seen=agent.last_seen,
            related=tuple(verdict.domain for verdict in served[:MOST_RELATED]),
            innocent=_holding(served),
            shared_with=tuple(sorted(users)),
            agent=agent,
        )


def _proofs(agent: Agent, domains: int, *, is_server: bool, is_confirmed: bool) -> Iterator[Proof]:
    """Yield what speaks for an agent, by who says it.

    ``is_server``: a domain that is guilty says itself that it has a name server there. Glue for the
    servers of others is not missed by whoever plants strangers in it.
    """
    if "answer" in agent.roles:
        yield Proof(witness="answers", says=f"in answers for convicted domains ({domains:,})")
    if is_server and "name-server" in agent.roles:
        yield Proof(witness="delegation", says="a name-server host rotates through it")
    if is_confirmed:
        yield Proof(witness="confirmed", says="seen relaying by other means than DNS (--confirmed)")


def _strongest(verdict: Verdict) -> tuple[str, ...]:
    """Return what spoke for flux, the strongest first."""
    spoke = sorted((p for p in verdict.evidence if p.llr > 0), key=lambda piece: -piece.llr)
    return tuple(f"{piece.says} ({piece.source})" for piece in spoke[:MOST_EVIDENCE])


def _holding(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """Name the innocent explanations that hold for any of the domains, once each."""
    return tuple(dict.fromkeys(a.hypothesis for v in verdicts for a in _held(v)))


def _holding_of_name(verdict: Verdict) -> tuple[str, ...]:
    """Name those that speak for a name, too: a CDN shares its addresses among all its customers,
    an operator among them, and his name with nobody.
    """
    return tuple(a.hypothesis for a in _held(verdict) if not a.is_of_addresses)


def _held(verdict: Verdict) -> Iterator[Alternative]:
    return (a for a in verdict.alternatives if a.outcome == "holds")
