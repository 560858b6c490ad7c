"""Protected: sets of names and addresses that no action may touch, and the files that list them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final, Self

from unflux.model.addresses import address_number, canonical_address
from unflux.model.errors import UnfluxError
from unflux.model.names import ROOT, normalise_name, split_labels

Network = IPv4Network | IPv6Network

_WIDTHS: Final = {4: 32, 6: 128}
_NAME_LINE: Final = re.compile(r"[\w.\\-]+")


@dataclass(frozen=True, slots=True)
class Protected:
    """Names, each with all below it, and address blocks; asked in constant time."""

    names: frozenset[str]
    above: dict[str, str]
    """Each name above a protected one, and one such: blocking it would block that too."""
    blocks: dict[tuple[int, int], frozenset[int]]
    """By family and prefix length: the leading bits of each block."""

    @classmethod
    def of(cls, names: Iterable[str] = (), networks: Iterable[Network] = ()) -> Self:
        """Build the set of normalised names and of blocks."""
        held = frozenset(names)
        above: dict[str, str] = {}
        for name in sorted(held):
            for ancestor in _ancestors(name):
                above.setdefault(ancestor, name)
        blocks: dict[tuple[int, int], set[int]] = {}
        for network in networks:
            lead = int(network.network_address) >> (network.max_prefixlen - network.prefixlen)
            blocks.setdefault((network.version, network.prefixlen), set()).add(lead)
        return cls(held, above, {key: frozenset(leads) for key, leads in blocks.items()})

    def touched_by_name(self, name: str) -> str | None:
        """Return the protected name that blocking ``name`` and all below it would touch."""
        for candidate in (name, *_ancestors(name)):
            if candidate in self.names:
                return candidate
        return self.above.get(name)

    def block_of(self, address: str) -> str | None:
        """Return the block, as text, that holds the canonical address."""
        family, number = address_number(address)
        for (version, length), leads in self.blocks.items():
            lead = number >> (_WIDTHS[version] - length)
            if version == family and lead in leads:
                return str(_network(version, length, lead))
        return None

    def networks(self) -> list[Network]:
        """Return the blocks in order."""
        found: list[Network] = []
        for (version, length), leads in self.blocks.items():
            found += [_network(version, length, lead) for lead in leads]
        return sorted(found, key=lambda n: (n.version, int(n.network_address), n.prefixlen))

    def __or__(self, other: "Protected") -> "Protected":
        """Return what either protects."""
        return Protected.of(self.names | other.names, [*self.networks(), *other.networks()])


NOTHING: Final = Protected.of()


def read_protected(paths: Iterable[Path]) -> Protected:
    """Read files of one name, address or prefix a line; ``#`` begins a comment.

    A name stands for itself and all below it, with ``*.`` before it or without.

    Raises UnfluxError for a line that is none of these: a list that is not understood protects
    nobody, so the run must stop.
    """
    names: list[str] = []
    networks: list[Network] = []
    for path in paths:
        for number, line in read_lines(path):
            network, name = as_network(line), _as_name(line)
            if network is not None:
                networks.append(network)
            elif name is not None:
                names.append(name)
            else:
                message = f"{path}, line {number}: {line!r} is no name, address or prefix"
                raise UnfluxError(message)
    return Protected.of(names, networks)


def read_addresses(path: Path) -> frozenset[str]:
    """Read a file of one address a line; ``#`` begins a comment. Raises UnfluxError."""
    found = set()
    for number, line in read_lines(path):
        address = canonical_address(line)
        if address is None:
            message = f"{path}, line {number}: {line!r} is no address"
            raise UnfluxError(message)
        found.add(address)
    return frozenset(found)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers, without comments and blanks.

    Raises UnfluxError.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read ({getattr(error, 'strerror', None) or 'not UTF-8'})"
        raise UnfluxError(message) from error
    for number, line in enumerate(text.splitlines(), 1):
        content = line.split("#", 1)[0].strip()
        if content:
            yield number, content


def as_network(text: str) -> Network | None:
    """Return the block that a text names, host bits or not; an address is a block of one."""
    if "%" in text:
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _network(version: int, length: int, lead: int) -> Network:
    kind = IPv4Network if version == 4 else IPv6Network
    return kind((lead << (_WIDTHS[version] - length), length))


def _as_name(line: str) -> str | None:
    """Read a name, or ``*.name``, which means the same here."""
    text = line.removeprefix("*.")
    name = normalise_name(text) if _NAME_LINE.fullmatch(text) else None
    # No top level domain is a number: what ends in one is a mistyped address.
    return None if name is None or name.rpartition(".")[2].isdigit() else name


def _ancestors(name: str) -> Iterator[str]:
    """Yield the names above a normalised name, the root last."""
    labels = split_labels(name)
    for start in range(1, len(labels)):
        yield ".".join(labels[start:])
    if labels:
        yield ROOT
