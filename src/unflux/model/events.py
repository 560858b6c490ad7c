"""Events: what changed in what is held of a domain, from one judgement to the next."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from unflux.model.verdicts import Kind, Verdict

Change = Literal["new", "changed", "cleared"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conviction:
    """What was told last of a domain that stands convicted."""

    domain: str
    kind: Kind
    network: str | None
    since: datetime
    """When it was told first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A domain was convicted, is convicted otherwise than before, or is not any more."""

    change: Change
    at: datetime
    domain: str
    before: Conviction | None
    """Null where it is new."""
    verdict: Verdict | None
    """With its evidence; null where no record of the domain is left in the window."""
