"""Plain text: names and words that mean the same in every file, whoever chose them.

Names from the wire may hold any octet. Formats without an escape of their own take only names of
letters, digits, hyphens and underscores; what is anything else is left out and said to be.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

import dns.name

from unflux.act.output import Omission
from unflux.model.actions import Action

_PLAIN: Final = re.compile(
    r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
)
_LETTERS: Final = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-_")
NOT_PLAIN: Final = "its name holds octets that this format cannot express"


def is_plain(name: str) -> bool:
    """Tell whether a normalised name can be written into any file as it stands.

    A hyphen at the start of a label could be taken for an option of a program.
    """
    return _PLAIN.fullmatch(name) is not None


def is_hostname(name: str) -> bool:
    """Tell whether a plain name has no underscore, which host names have not (RFC 1123 2.1)."""
    return is_plain(name) and "_" not in name


def split_plain(
    actions: Iterable[Action], is_fit: Callable[[str], bool] = is_plain
) -> tuple[list[Action], tuple[Omission, ...]]:
    """Return the actions whose names are fit to be written, and what is left out.

    Addresses are always fit.
    """
    plain: list[Action] = []
    left: list[Omission] = []
    for action in actions:
        if action.is_on_address or is_fit(action.target):
            plain.append(action)
        else:
            left.append(Omission(target=action.target, because=NOT_PLAIN))
    return plain, tuple(dict.fromkeys(left))  # a name may be blocked and reported


def one_line(text: str) -> str:
    r"""Return text as one line of printable ASCII; all else is spelt as ``\x0a`` or ``\u202e``."""
    shown = text.encode("ascii", "backslashreplace").decode("ascii")
    return "".join(c if " " <= c <= "~" else f"\\x{ord(c):02x}" for c in shown)


def wire_labels(name: str) -> tuple[bytes, ...]:
    """Return the labels of a normalised name as octets, without the root."""
    return dns.name.from_text(name, dns.name.root).labels[:-1]


def zone_name(name: str) -> str:
    r"""Return a name for zone files, all but letters, digits, ``-`` and ``_`` as ``\032``.

    Some readers (Knot Resolver 5.6, PowerDNS Recursor 4.8) drop the whole zone over a name that
    holds other octets as they are, which RFC 1035 section 5.1 allows.
    """
    return ".".join("".join(map(_decimal, label)) for label in wire_labels(name))


def _decimal(octet: int) -> str:
    return chr(octet) if octet in _LETTERS else f"\\{octet:03d}"


def lines(*parts: Iterable[str]) -> bytes:
    """Join lines into an ASCII file, each line ended."""
    return "".join(f"{line}\n" for part in parts for line in part).encode("ascii")
