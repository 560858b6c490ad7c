"""An allotment: the memory of a watch, divided among what it does at once."""

from dataclasses import dataclass
from typing import Final

LEAST_OCTETS: Final = 1 << 30
"""Below it the program itself and one batch leave too little to judge with."""
DEFAULT_OCTETS: Final = 2 << 30

INBOX_PART: Final = 32
STORE_PART: Final = 8
JUDGE_PART: Final = 4
OCTETS_PER_ROW: Final = 1600
"""What stays is the program (240 MiB), a batch that is decoded (ten times its octets, where all of
its names are different), what is kept of domains between judgements (80 MiB for 1.2 million rows)
and the window on its way from the store to the judge. Chosen: 2026-11-28; 1.83 million rows of
generated traffic were loaded and judged within 1.0 GiB, and 270,000 responses of a flood read
within 0.4 GiB.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotment:
    """What each part of a watch may take of so many octets of memory."""

    octets: int = DEFAULT_OCTETS

    @property
    def inbox_octets(self) -> int:
        """Of a batch, and of what waits for the next."""
        return self.octets // INBOX_PART

    @property
    def store_octets(self) -> int:
        """Of the store while a batch is added."""
        return self.octets // STORE_PART

    @property
    def judge_octets(self) -> int:
        """Of the engine that judges; what it needs beyond goes to disk."""
        return self.octets // JUDGE_PART

    @property
    def rows(self) -> int:
        """Of the window."""
        return self.octets // OCTETS_PER_ROW
