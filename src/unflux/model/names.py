"""DNS names: how they are written here, and what their registrable domain is."""

import re
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Final, NamedTuple

import dns.exception
import dns.name
import pyarrow as pa
from publicsuffixlist import PSLFILE, PublicSuffixList

from unflux.model.distinct import map_distinct


class _SuffixRules(NamedTuple):
    names: frozenset[str]
    """Names that a rule speaks of, as A-labels: its own, an exception, behind a wildcard."""
    parents: frozenset[str]
    """Those behind wildcards."""


def _read_rules() -> _SuffixRules:
    names, parents = set[str](), set[str]()
    for line in Path(PSLFILE).read_text(encoding="utf-8").splitlines():
        rule = line.strip().lower().split(" ")[0]
        if not rule or rule.startswith("//"):
            continue
        text = rule.lstrip("!").removeprefix("*.")
        if not text.isascii():  # the codec is slow, and most are
            text = text.encode("idna").decode("ascii")
        names.add(text)
        if rule.startswith("*."):
            parents.add(text)
    return _SuffixRules(frozenset(names), frozenset(parents))


MAX_NAME_LENGTH: Final = 255
"""Octets of a name on the wire (RFC 1035 section 3.1)."""

ROOT: Final = "."

SUFFIX_LIST_VERSION: Final = metadata.version("publicsuffixlist")
"""Names the public suffix list in use: another may give other registrable domains."""

CACHED_NAMES: Final = 1 << 16
"""Names remembered by each function here. Chosen: 2026-11-22; some 15 MB a function at most."""

MAX_TEXT_LENGTH: Final = 4 * MAX_NAME_LENGTH + 1
"""Characters of the longest presentation form: every octet as ``\\DDD``, and a final dot."""

REVERSE_LABELS: Final = {".in-addr.arpa": 3, ".ip6.arpa": 12}
"""Labels below a reverse suffix that make one zone: a /24 and a /48.

The public suffix list would put a whole /8 under one registrable domain, and the name servers
of thousands of unrelated networks with it. Chosen: 2026-11-22; the smallest delegations that
registries make as a rule (RFC 1035 section 3.5, RFC 3596 section 2.5, RFC 6177 for the /48).
"""

_PLAIN_NAME: Final = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
_PLAIN_LENGTH: Final = MAX_NAME_LENGTH - 2  # one length octet in front, the root behind
_DOTTED_QUAD: Final = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_LABEL: Final = re.compile(r"(?:\\.|[^.\\])+", re.DOTALL)
_SUFFIXES: Final = PublicSuffixList(only_icann=False)
_RULES: Final = _read_rules()
_BAD_NAME: Final = (
    dns.exception.SyntaxError,
    dns.exception.FormError,
    dns.name.IDNAException,
    UnicodeError,
)
_IDNA: Final = dns.name.IDNA2008Codec(uts_46=True, allow_pure_ascii=True)


def normalise_name(text: str) -> str | None:
    """Return a name in lower case, as A-labels, without final dot; the root is ``"."``.

    ``text`` is in presentation form (RFC 1035 section 5.1): bytes outside printable ASCII, dots
    inside labels and the characters ``"().;@$\\`` are escaped as dnspython writes them. U-labels
    become A-labels by IDNA 2008 with the mapping of UTS 46. A name that cannot be one (empty
    label, label over 63, name over 255 octets, bad escape, not IDNA) gives null, and so does a
    name that mixes escapes and U-labels: what its bytes were cannot be told.
    """
    return None if len(text) > MAX_TEXT_LENGTH else _normalise(text)


@lru_cache(maxsize=CACHED_NAMES)
def _normalise(text: str) -> str | None:
    if _PLAIN_NAME.fullmatch(text):
        name = text.removesuffix(".").lower()
        return name if len(name) <= _PLAIN_LENGTH else None
    if text == "" or (not text.isascii() and "\\" in text):
        return None
    if text == "@":
        return "\\@"  # dnspython reads a bare @ as the origin
    try:
        parsed = dns.name.from_text(text, dns.name.root, idna_codec=_IDNA)
    except _BAD_NAME:
        return None
    return name_to_text(parsed)


def name_to_text(name: dns.name.Name) -> str:
    """Write a parsed absolute name as :func:`normalise_name` does."""
    return name.canonicalize().to_text(omit_final_dot=True)


@lru_cache(maxsize=CACHED_NAMES)
def registrable_domain(name: str) -> str:
    """Return the registrable domain by the public suffix list, private suffixes included.

    ``name`` is normalised. A name that is itself a suffix, a single label, the root, or looks
    like an IPv4 address is its own registrable domain; a reverse name's is the zone of its /24
    or /48.
    """
    if _DOTTED_QUAD.fullmatch(name):
        return name
    if name.endswith(".arpa"):
        for suffix, label_count in REVERSE_LABELS.items():
            if name.endswith(suffix):
                return ".".join(name.removesuffix(suffix).split(".")[-label_count:]) + suffix
    if "\\" not in name:
        return _below_suffix(name) or name
    labels = split_labels(name)
    # The list knows no escapes: show it labels without dots and count how many it keeps.
    kept = _SUFFIXES.privatesuffix(".".join(label.replace(".", "-") for label in labels))
    return name if kept is None else ".".join(labels[-(kept.count(".") + 1) :])


def _below_suffix(name: str) -> str | None:
    """Return the public suffix of a name and one label more; null where it is a suffix itself.

    What the list says of a name is what it says of its parent, unless a rule has as many labels.
    The library, which asks label by label, takes ten times as long.
    """
    _, dot, parent = name.partition(".")
    if not dot:
        return None
    if name in _RULES.names or parent in _RULES.parents:
        found: str | None = _SUFFIXES.privatesuffix(name)
        return found
    return _below_suffix_of_parent(parent) or name


_below_suffix_of_parent: Final = lru_cache(maxsize=CACHED_NAMES)(_below_suffix)


def split_labels(name: str) -> list[str]:
    """Return the labels of a normalised name, still escaped; the root has none."""
    return [] if name == ROOT else _LABEL.findall(name)


def registrable_domains(names: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return the registrable domain of each normalised name of a column; null stays null."""
    return map_distinct(names, registrable_domain, pa.string())
