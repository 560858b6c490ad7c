"""An evaluation of addresses: what is held to be true of them, what was said, and the result."""

from dataclasses import dataclass
from typing import Literal

from unflux.model.evaluation import Share

Evaluated = Literal["behind", "agents"]
"""Who was looked for: those who stand behind agents, or the agents."""
Place = Literal["own-role", "another-role", "stranger"]
"""Who has a place in a list: somebody labelled in that role or another, or nobody labelled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressLabel:
    """One address that is one of a flux network."""

    address: str
    """Canonical."""
    network: str
    role: str
    """``mothership`` or ``controller``; ``agent`` where the labels have no roles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accusation:
    """What was said of one address, in one role."""

    address: str
    role: str
    verdict: str
    """As ``unflux trace`` has it; ``accused`` for every agent of a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressGroup:
    """The labelled addresses of one role of one network."""

    network: str
    role: str
    accused: Share
    right_role: Share
    """Of them those that were accused in this role, and in none that is not theirs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressEvaluation:
    """How right it was of addresses."""

    evaluated: Evaluated
    accused: Share
    """Labelled addresses that were accused."""
    right_role: Share
    """Of them those that were accused in their own role, and in no other."""
    suspected: int
    """Labelled addresses that were suspected at most."""
    undecided: int
    """Labelled addresses that were undecided at most."""
    strangers: tuple[str, ...]
    """Addresses that were accused and have no label, in the order in which they were."""
    firsts: tuple[Place, ...]
    """Who stands first in each source that suspects anybody; none for agents."""
    groups: tuple[AddressGroup, ...]
    drops: dict[str, int]
    """Labels and lines that were skipped, by reason."""

    @property
    def is_first(self) -> bool | None:
        """Whether in every source who stands first is labelled in that role; null without any."""
        return all(place == "own-role" for place in self.firsts) if self.firsts else None
