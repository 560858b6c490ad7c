"""Vantages: from where a name is asked for, a resolver and the subnet that it is told."""

from dataclasses import dataclass
from typing import Final

from unflux.model.endpoint import Endpoint, Network

_FOR: Final = " for "


@dataclass(frozen=True, slots=True, kw_only=True)
class Vantage:
    """A resolver, and for whom it is asked; two of one resolver may be answered differently."""

    resolver: Endpoint
    subnet: Network | None = None
    """The client subnet that the question names (RFC 7871); null: the question names none."""

    def __str__(self) -> str:
        """Name it, as the records' sensor."""
        return str(self.resolver) + ("" if self.subnet is None else f"{_FOR}{self.subnet}")


def names_subnet(vantage: str) -> bool:
    """Tell whether a vantage, as it is named in records, tells its resolver a client subnet."""
    return _FOR in vantage
