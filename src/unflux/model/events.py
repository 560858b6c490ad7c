"""Events: what changed in what is held of a domain, from one judgement to the next."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from unflux.model.verdicts import Kind, Verdict

ID_HEX_DIGITS: Final = 16
"""Of SHA-256. Chosen: 2026-11-28; of a hundred million events two share an id with a chance of one
in three thousand, and one of them is then taken for a second copy."""

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

    @property
    def id(self) -> str:
        """``e-`` and a digest: the same wherever the event is sent, and of no other."""
        octets = "\0".join((self.change, self.at.isoformat(), self.domain))
        digest = hashlib.sha256(octets.encode("utf-8", "backslashreplace")).hexdigest()
        return f"e-{digest[:ID_HEX_DIGITS]}"
