"""STIX 2.1: flux networks as infrastructure, what may be acted on as indicators, as one bundle."""

from collections.abc import Iterable
from datetime import datetime
from types import ModuleType
from typing import Any, Final

from unflux.act.output import Doc, Options, Rendered, lacking, origin
from unflux.act.plain import is_hostname, one_line, split_plain
from unflux.act.uuids import uuid_of
from unflux.model.actions import BLOCKS, REPORTS, SHARED, Action, Plan
from unflux.model.addresses import canonical_address
from unflux.model.verdicts import Agent

TECHNIQUE: Final = "T1568.001"
"""MITRE ATT&CK: Dynamic Resolution, Fast Flux DNS."""

MOST_RESOLVED: Final = 10
"""Domains that an address is said to have answered for. Chosen: 2026-11-24; a map of who resolved
to whom grows with the product of both, and the network ties the rest together."""


class Stix:
    """Writes ``unflux.stix.json``."""

    NAME = "stix"
    DOC = Doc(
        summary="STIX 2.1 bundle: infrastructure, indicators with their end, relations, sightings",
        references=(
            "OASIS STIX 2.1 (2021): sections 4.7 indicator, 4.8 infrastructure, 5.2 sighting, 9",
            "MITRE ATT&CK T1568.001, Fast Flux DNS",
        ),
        limitations=(
            "Indicators are what the gate lets be blocked; agents that are only reported are part "
            "of the infrastructure and no indicator.",
            "What is withdrawn is written once more, as revoked; who misses that file waits for "
            "valid_until.",
            "Names that hold other octets than letters, digits and hyphen are left out.",
            "An address resolves from ten domains at most; an address that also serves names is "
            "only related to them.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return the bundle; raises UnfluxError where stix2 is not installed."""
        try:
            import stix2  # noqa: PLC0415  an extra
        except ImportError as error:
            raise lacking(self.NAME, "stix2") from error
        actions, left = split_plain(plan.of_kind(*SHARED), is_hostname)
        ended = (w.action for w in plan.withdrawals if w.action.kind in SHARED)
        withdrawals, _ = split_plain(ended, is_hostname)
        because = {w.action.id: w.objection.because for w in plan.withdrawals}
        objects = _Objects(stix2, plan.decided_at, options)
        # Blocks first: where a report says the same of a target, the block said it earlier.
        for kinds in (BLOCKS, REPORTS):
            for action in (a for a in actions if a.kind in kinds):
                objects.add_action(action)
        for action in withdrawals:
            objects.add_indicator(action, revoked=f"withdrawn: {because[action.id]}")
        return (Rendered(name="unflux.stix.json", content=objects.bundle(), omissions=left),)


class _Objects:
    """Collects the objects of one bundle, each id once."""

    def __init__(self, stix2: ModuleType, decided_at: datetime, options: Options) -> None:
        self._stix2 = stix2
        self._decided_at = decided_at
        self._options = options
        self._found: dict[str, Any] = {}
        self._targets: dict[str, str] = {}
        self._networks: dict[str, list[Action]] = {}
        self._identity = self._id("identity")
        self._technique = self._id("attack-pattern", TECHNIQUE)
        self._phase = stix2.KillChainPhase(
            kill_chain_name="mitre-attack", phase_name="command-and-control"
        )

    def add_action(self, action: Action) -> None:
        """Add a target as part of its network; as an indicator too where it is blocked."""
        proposal = action.proposal
        key = proposal.network or action.target
        self._networks.setdefault(key, []).append(action)
        target = self._add_target(action.target)
        since = proposal.first_seen or action.decided_at
        self._relate(self._id("infrastructure", key), "consists-of", target, since)
        if proposal.agent is not None:
            self._add_agent(target, action, proposal.agent, since)
        for delegation in proposal.delegations:
            if delegation.host in proposal.related and is_hostname(delegation.host):
                host = self._add_target(delegation.host)
                says = "name server of the domain"
                self._relate(target, "related-to", host, delegation.first_seen or since, says)
        if action.kind in BLOCKS:
            indicator = self.add_indicator(action)
            self._relate(indicator, "indicates", self._id("infrastructure", key), action.decided_at)
            self._add_sighting(indicator, action)

    def add_indicator(self, action: Action, *, revoked: str = "") -> str:
        """Add an indicator, which ends as its action does; return its id.

        ``revoked``: why it holds no more.
        """
        stix2, proposal = self._stix2, action.proposal
        says = (proposal.reason, *proposal.evidence, f"undo: {action.undo}", revoked)
        indicator = stix2.Indicator(
            id=self._id("indicator", action.id),
            name=f"fast flux: {action.kind.removeprefix('block-')} {action.target}",
            description="\n".join(one_line(text) for text in says if text),
            indicator_types=["malicious-activity"],
            pattern=_pattern(action),
            pattern_type="stix",
            pattern_version="2.1",
            valid_from=action.decided_at,
            valid_until=action.expires_at,
            kill_chain_phases=[self._phase],
            confidence=int(proposal.score * 100),
            labels=["fast-flux"],
            external_references=[
                stix2.ExternalReference(
                    source_name="unflux", external_id=f"{action.id} {proposal.verdict}"
                )
            ],
            revoked=bool(revoked),
            **self._made(action.decided_at, self._decided_at),
        )
        self._keep(indicator)
        self._relate(indicator.id, "indicates", self._technique, action.decided_at)
        return str(indicator.id)

    def bundle(self) -> bytes:
        """Return the bundle, its objects in the order of their ids, one property a line."""
        stix2 = self._stix2
        for key, actions in self._networks.items():
            self._keep(self._infrastructure(key, actions))
        born = min((o.created for o in self._found.values() if "created" in o),
                   default=self._decided_at)  # fmt: skip
        reporter = self._options.reporter
        self._keep(
            stix2.Identity(
                id=self._identity,
                name="unflux" if reporter is None else reporter.organisation,
                identity_class="system" if reporter is None else "organization",
                contact_information=None if reporter is None else reporter.mailbox,
                created=born,
                modified=born,
                object_marking_refs=[stix2.TLP_AMBER],
            )
        )
        self._keep(
            stix2.AttackPattern(
                id=self._technique,
                name="Fast Flux DNS",
                external_references=[
                    stix2.ExternalReference(
                        source_name="mitre-attack",
                        external_id=TECHNIQUE,
                        url="https://attack.mitre.org/techniques/T1568/001",
                    )
                ],
                **self._made(born, born),
            )
        )
        self._keep(stix2.TLP_AMBER)
        objects = [self._found[key] for key in sorted(self._found)]
        texts = [held.serialize(sort_keys=True) for held in objects]
        bundle = stix2.Bundle(objects=objects, id=self._id("bundle", *texts))
        return f"{bundle.serialize(indent=1, sort_keys=True, ensure_ascii=True)}\n".encode("ascii")

    def _infrastructure(self, key: str, actions: Iterable[Action]) -> Any:
        proposals = [action.proposal for action in actions]
        first = min((p.first_seen for p in proposals if p.first_seen), default=None)
        last = max((p.last_seen for p in proposals if p.last_seen), default=None)
        return self._stix2.Infrastructure(
            id=self._id("infrastructure", key),
            name=one_line(f"fast-flux network {key}"),
            infrastructure_types=["botnet", "anonymization"],
            first_seen=first,
            last_seen=last,
            kill_chain_phases=[self._phase],
            **self._made(first or self._decided_at, self._decided_at),
        )

    def _add_agent(self, target: str, action: Action, agent: Agent, since: datetime) -> None:
        """Add the AS of an agent, and the domains that led to it."""
        if agent.asn is not None:
            name = one_line(agent.holder) if agent.holder else None
            system = self._stix2.AutonomousSystem(number=agent.asn, name=name)
            self._keep(system)
            self._relate(target, "belongs-to", system.id, since)
        # A domain may know an agent as its name server only; then it does not resolve to it.
        kind = "resolves-to" if agent.roles == ("answer",) else "related-to"
        for name in filter(is_hostname, action.proposal.related[:MOST_RESOLVED]):
            self._relate(self._add_target(name), kind, target, since)

    def _add_target(self, target: str) -> str:
        """Add a name or an address as what can be seen of it; return its id."""
        if target not in self._targets:
            stix2 = self._stix2
            kind = stix2.DomainName
            if canonical_address(target) is not None:
                kind = stix2.IPv6Address if ":" in target else stix2.IPv4Address
            made = kind(value=target)
            self._keep(made)
            self._targets[target] = str(made.id)
        return self._targets[target]

    def _add_sighting(self, indicator: str, action: Action) -> None:
        proposal = action.proposal
        if proposal.first_seen is None or proposal.last_seen is None:
            return
        self._keep(
            self._stix2.Sighting(
                id=self._id("sighting", indicator),
                sighting_of_ref=indicator,
                first_seen=proposal.first_seen,
                last_seen=proposal.last_seen,
                where_sighted_refs=[self._identity],
                **self._made(action.decided_at, self._decided_at),
            )
        )

    def _relate(
        self, source: str, kind: str, target: str, since: datetime, says: str | None = None
    ) -> None:
        id_ = self._id("relationship", source, kind, target)
        if id_ in self._found:  # making one costs more than asking
            return
        self._keep(
            self._stix2.Relationship(
                id=id_,
                relationship_type=kind,
                source_ref=source,
                target_ref=target,
                description=says,
                **self._made(since, since),
            )
        )

    def _made(self, created: datetime, modified: datetime) -> dict[str, Any]:
        """Return what every object says of its making."""
        return {
            "created_by_ref": self._identity,
            "created": created,
            "modified": max(created, modified),
            "object_marking_refs": [self._stix2.TLP_AMBER],
        }

    def _id(self, kind: str, *parts: str) -> str:
        return f"{kind}--{uuid_of('stix', origin(self._options), kind, *parts)}"

    def _keep(self, held: Any) -> None:
        self._found.setdefault(str(held.id), held)


def _pattern(action: Action) -> str:
    """Return what the target looks like; a domain is taken with all below it."""
    target = action.target
    if action.is_on_address:
        return f"[ipv{6 if ':' in target else 4}-addr:value = '{target}']"
    below = f" OR domain-name:value LIKE '%.{target}'" if action.kind == "block-domain" else ""
    return f"[domain-name:value = '{target}'{below}]"
