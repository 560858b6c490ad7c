"""Actions: proposed countermeasures, what the gate made of each, and the plan they add up to."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from unflux.model.verdicts import Agent, Verdict

ActionKind = Literal[
    "block-domain", "block-name-server", "block-address", "block-mothership", "filter-address",
    "report-domain", "report-address",
]  # fmt: skip
"""What is done: a name and all below it, a name-server host, the address of an agent or of a
mothership is refused; what others send to the services of a subscriber who is an agent is dropped;
a domain is reported to its registry, an address to the holder of its AS."""

DROPS: Final[tuple[ActionKind, ...]] = ("block-address", "block-mothership")
"""What is exchanged with these addresses is dropped, wherever they are."""
ADDRESS_BLOCKS: Final[tuple[ActionKind, ...]] = (*DROPS, "filter-address")
BLOCKS: Final[tuple[ActionKind, ...]] = ("block-domain", "block-name-server", *ADDRESS_BLOCKS)
"""What stands until it expires or is withdrawn."""
REPORTS: Final[tuple[ActionKind, ...]] = ("report-domain", "report-address")
SHARED: Final[tuple[ActionKind, ...]] = (
    "block-domain", "block-name-server", *DROPS, *REPORTS,
)  # fmt: skip
"""What others may be told as theirs to act on too; filters at one's own subscribers are not."""
ADDRESSED: Final[tuple[ActionKind, ...]] = (*ADDRESS_BLOCKS, "report-address")

Witness = Literal["answers", "delegation", "ownership", "confirmed", "relaying"]
"""What says that a target is part of a network: address records, the delegation that resolvers
follow to find name servers, the convicted domain that a host's name lies in, somebody outside DNS,
or the traffic of agents that relay to it. The first two are written by the operator, on two planes
that resolvers use for different ends: whoever plants a stranger's address on both, as a server of
his own, breaks his own name service."""

ID_HEX_DIGITS: Final = 12
"""Of SHA-256, in ids. Chosen: 2026-11-24; 48 bits: among a million targets two share an id with a
chance of one in 500, and a shared id withdraws one action too many, never one too few."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Why a target is held to be part of a network; two of one witness count once."""

    witness: Witness
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A name-server host that a domain was delegated to: when, and where the host was."""

    host: str
    addresses: tuple[str, ...] = ()
    """Of the host, by whoever's answer; of an action without those that the gate spares."""
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What verdicts and networks would have done, before the gate."""

    kind: ActionKind
    target: str
    """A domain, the name of a name-server host, or an address."""
    verdict: str
    """Id of the verdict behind it (:func:`verdict_id`)."""
    network: str | None
    score: float
    """Of the verdict, 0..1."""
    reason: str
    evidence: tuple[str, ...] = ()
    """What convicted, the strongest first, one sentence each with its source."""
    proofs: tuple[Proof, ...] = ()
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    related: tuple[str, ...] = ()
    """Convicted domains behind it: those an agent or a name server serves; for a domain its
    name-server hosts."""
    innocent: tuple[str, ...] = ()
    """Innocent explanations that hold for it, or for a domain that it serves."""
    shared_with: tuple[str, ...] = ()
    """Domains of the same records that use it too and are not convicted."""
    agent: Agent | None = None
    """For an address: what is known of it."""
    delegations: tuple[Delegation, ...] = ()
    """For a domain that is reported: its name servers, the earliest first."""

    @property
    def id(self) -> str:
        """The same for the same kind and target in every run."""
        return action_id(self.kind, self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A proposal that passed the gate; it ends by itself at ``expires_at``."""

    proposal: Proposal
    decided_at: datetime
    expires_at: datetime

    @property
    def kind(self) -> ActionKind:
        """What is done."""
        return self.proposal.kind

    @property
    def target(self) -> str:
        """To whom."""
        return self.proposal.target

    @property
    def id(self) -> str:
        """The same for the same kind and target in every run."""
        return self.proposal.id

    @property
    def is_on_address(self) -> bool:
        """Whether the target is an address, not a name."""
        return self.kind in ADDRESSED

    @property
    def undo(self) -> str:
        """How a person takes it back before it expires."""
        if self.kind in REPORTS:
            return "a report that was sent cannot be taken back: write to whoever got it"
        return f"unflux block --withdraw {self.id}, or for good a line {self.target} in --allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """A rule of the gate that refuses, and why."""

    rule: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A proposal that did not pass, with every rule that refused it."""

    proposal: Proposal
    objections: tuple[Objection, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """An action that stood and stands no longer."""

    action: Action
    objection: Objection


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the gate decided: what stands from now on, what was refused, what is taken back."""

    actions: tuple[Action, ...]
    refusals: tuple[Refusal, ...]
    withdrawals: tuple[Withdrawal, ...]
    decided_at: datetime
    fresh: frozenset[str] = frozenset()
    """Ids of actions that did not stand before."""

    def of_kind(self, *kinds: ActionKind) -> tuple[Action, ...]:
        """Return the standing actions of some kinds, in their order."""
        return tuple(action for action in self.actions if action.kind in kinds)


def action_id(kind: ActionKind, target: str) -> str:
    """Return ``a-`` and a digest of kind and target."""
    return "a-" + _digest(kind, target)


def verdict_id(verdict: Verdict) -> str:
    """Return ``v-`` and a digest of what the verdict says and on which evidence."""
    evidence = (f"{piece.name}={piece.llr:.4f}" for piece in verdict.evidence)
    return "v-" + _digest(
        verdict.domain, verdict.verdict, verdict.kind, f"{verdict.score:.6f}", *evidence
    )


def _digest(*parts: str) -> str:
    octets = "\0".join(parts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(octets).hexdigest()[:ID_HEX_DIGITS]
