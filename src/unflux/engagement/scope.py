"""Scope: the written leave to touch some prefixes and names, by whom and until when.

These are rules of engagement as in NIST SP 800-115, section 7 and appendix B.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from unflux.model.addresses import MAPPED, TRANSLATED, canonical_address
from unflux.model.endpoint import Endpoint, Network
from unflux.model.errors import UnfluxError, UsageError
from unflux.model.names import ROOT, normalise_name, split_labels
from unflux.model.ports import DNS_PORT
from unflux.model.toml_file import read_toml, refuse_unknown

WIDEST: Final = {4: 8, 6: 24}
"""Shortest prefix that a scope may name. Chosen: 2026-11-24; no operator holds more, and a slip of
the pen would be the whole internet."""
FASTEST_PER_S: Final = 100_000.0
MOST: Final = 1_000_000_000
"""Bounds of what a scope may grant. Chosen: 2026-11-24; ten thousand times the usual."""
_PRINTABLE: Final = re.compile(r"[ -~]{3,200}")
_KEYS: Final = frozenset(
    {"allowed_by", "contact", "until", "prefixes", "names", "resolvers", "rate_per_s", "total"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one may touch."""

    allowed_by: str
    """Who answers for it."""
    contact: str
    """A mailbox or page by which whoever is touched finds out who did; it is told to them."""
    until: datetime
    total: int
    """Most requests in all: datagrams and connections."""
    rate_per_s: float = 10.0
    """Most requests a second, on average and in any second."""
    prefixes: tuple[Network, ...] = ()
    """Whose addresses may be spoken to."""
    names: frozenset[str] = frozenset()
    """That may be asked for, each with all below it."""
    resolvers: tuple[Endpoint, ...] = ()
    """Servers that may be asked for names."""

    def holds_address(self, address: str) -> bool:
        """Tell whether a canonical address may be spoken to."""
        network = ip_network(address)
        return any(
            network.version == prefix.version and network.subnet_of(prefix)  # type: ignore[arg-type]
            for prefix in self.prefixes
        )

    def holds_name(self, name: str) -> bool:
        """Tell whether a normalised name may be asked for."""
        labels = split_labels(name)
        return any(".".join(labels[start:]) in self.names for start in range(len(labels)))


def read_scope(path: Path, now: datetime) -> Scope:
    """Read a scope file (docs/scope.md).

    Raises UnfluxError for a file that everybody may write, for whatever is not understood, and
    where its time is over.
    """
    value = read_toml(path, "it says who may be touched")
    try:
        scope = _parse(value)
    except (ValueError, UsageError) as error:
        message = f"{path}: {error}"
        raise UnfluxError(message) from error
    if scope.until <= now:
        message = f"{path}: its time was over at {scope.until.isoformat()}"
        raise UnfluxError(message)
    return scope


def _parse(value: dict[str, Any]) -> Scope:
    refuse_unknown(value, _KEYS)
    return Scope(
        allowed_by=_text(value, "allowed_by"),
        contact=_text(value, "contact"),
        until=_moment(value.get("until")),
        total=int(_number(value, "total", 1, MOST)),
        rate_per_s=_number(value, "rate_per_s", 0.001, FASTEST_PER_S, usual=10.0),
        prefixes=tuple(map(_prefix, _texts(value, "prefixes"))),
        names=frozenset(map(_name, _texts(value, "names"))),
        resolvers=tuple(Endpoint.scan(text, DNS_PORT) for text in _texts(value, "resolvers")),
    )


def _text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not _PRINTABLE.fullmatch(text):
        message = f"{key} = {text!r} is no text of 3 to 200 printable ASCII characters"
        raise ValueError(message)
    return text


def _texts(value: dict[str, Any], key: str) -> list[str]:
    texts = value.get(key, [])
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        message = f"{key} is no list of texts"
        raise ValueError(message)
    return texts


def _number(
    value: dict[str, Any], key: str, least: float, most: float, usual: float | None = None
) -> float:
    number = value.get(key, usual)
    is_number = isinstance(number, int | float) and not isinstance(number, bool)
    if not is_number or not least <= number <= most:  # type: ignore[operator]
        message = f"{key} = {number!r} is not between {least:g} and {most:g}"
        raise ValueError(message)
    return float(number)  # type: ignore[arg-type]


def _moment(value: object) -> datetime:
    if not isinstance(value, datetime) or value.tzinfo is None:
        message = "until is no moment with an offset, such as 2026-12-01T00:00:00Z"
        raise ValueError(message)
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        message = f"until = {value.isoformat()} is in no year of the calendar, in UTC"
        raise ValueError(message) from error


def _prefix(text: str) -> Network:
    network = ip_network(text if "/" in text else canonical_address(text) or text)
    if network.prefixlen < WIDEST[network.version]:
        message = f"{text} is wider than /{WIDEST[network.version]}"
        raise ValueError(message)
    if network.overlaps(TRANSLATED) and network.prefixlen < TRANSLATED.prefixlen + WIDEST[4]:
        message = f"{text} is wider than /{WIDEST[4]} of IPv4 behind translators ({TRANSLATED})"
        raise ValueError(message)
    if network.overlaps(MAPPED):
        message = f"{text} holds IPv4 addresses ({MAPPED}); name them as such"
        raise ValueError(message)
    return network


def _name(text: str) -> str:
    name = normalise_name(text)
    if name is None or name == ROOT or "." not in name:
        message = f"{text!r} is no name below a top level domain"
        raise ValueError(message)
    return name
