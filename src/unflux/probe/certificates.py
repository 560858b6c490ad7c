"""Certificates: which names one is for."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

_NAME: Final = re.compile(rb"[a-z0-9_*-]+(?:\.[a-z0-9_-]+)+")
_TAGS: Final = frozenset({0x82, 0x0C, 0x13})
"""Of a dNSName among the alternative names (RFC 5280 section 4.2.1.6), and of the strings in which
a common name is written."""


def is_certificate_of(certificate: bytes, names: Iterable[str]) -> bool:
    """Tell whether a certificate in DER is for one of some names, or for hosts below one.

    Nobody has to have signed it: agents sign for themselves. So it is not verified, and not
    decoded: names are looked for as they are written, each after its tag and length.
    """
    written = set(_read_names(certificate))
    return any(
        found == name or found.endswith(b"." + name)
        for name in (name.encode("ascii") for name in names)
        for found in written
    )


def _read_names(certificate: bytes) -> Iterator[bytes]:
    for place, (tag, length) in enumerate(pairwise(certificate)):
        if tag in _TAGS:
            text = certificate[place + 2 : place + 2 + length].lower()
            if len(text) == length < 128 and _NAME.fullmatch(text):
                yield text
