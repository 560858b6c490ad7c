"""Facts: all that is known of one address when it is weighed, and what a piece of evidence is."""

from dataclasses import dataclass
from typing import Final

from unflux.model.probes import Uptime
from unflux.model.verdicts import Evidence
from unflux.probe.company import Company
from unflux.probe.observed import Observed

CHOSEN: Final = "Chosen: 2026-11-28"
HSU: Final = "Hsu et al. 2010"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of one address when it is weighed."""

    observed: Observed
    company: Company
    uptime: Uptime
    provider: str | None
    """Listed provider of content that holds the address; null: none."""


def piece(name: str, value: float | str, llr: float, says: str, source: str) -> Evidence:
    """Compose a piece of evidence."""
    return Evidence(name=name, value=value, llr=llr, says=says, source=source)
