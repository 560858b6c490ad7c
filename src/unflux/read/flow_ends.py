"""The ends of flows: which rows are between the same ports of the same two hosts, and when."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from unflux.model.columns import COUNT
from unflux.model.flows import number_ends

SAME_US: Final = 2_000_000
"""Within this two sources may date the start of one flow. Chosen: 2026-11-28; whole seconds, and
clocks that are a second apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Both ends of some flows, whoever opened them; an end is the number of a host and its port."""

    low: np.ndarray
    high: np.ndarray
    protocol: np.ndarray
    is_from_low: np.ndarray
    """Whether the lower end is the client's."""

    @property
    def keys(self) -> tuple[np.ndarray, ...]:
        """Return what is equal in rows between the same ends."""
        return self.protocol, self.high, self.low


def find_ends(flows: pa.Table) -> Ends:
    """Number the ends of a table of shape ``FLOWS``."""
    _, client_host, server_host = number_ends(flows)
    client = client_host << 16 | flows["client_port"].to_numpy()
    server = server_host << 16 | flows["server_port"].to_numpy()
    return Ends(
        low=np.minimum(client, server),
        high=np.maximum(client, server),
        protocol=flows["protocol"].to_numpy(),
        is_from_low=client <= server,
    )


def starts_us(flows: pa.Table) -> np.ndarray:
    """Return when flows began, in microseconds."""
    first_us: np.ndarray = flows["first_at"].cast(COUNT).to_numpy()
    return first_us


def ends_us(flows: pa.Table) -> np.ndarray:
    """Return when flows ended, in microseconds; one whose end nobody told when it began."""
    told = flows["last_at"].cast(COUNT)
    last_us: np.ndarray = told.fill_null(0).to_numpy()
    return np.where(np.asarray(told.is_valid()), last_us, starts_us(flows))
