"""Records as text: check and normalise the name, type, TTL and data of one record."""

import re
from functools import lru_cache
from typing import Final

import dns.exception
import dns.rcode
import dns.rdatatype

from unflux.model.addresses import canonical_address
from unflux.model.names import normalise_name
from unflux.model.surrogates import without_lone_surrogates
from unflux.model.ttl import MAX_TTL_S
from unflux.read.batching import Record
from unflux.read.message import KEPT_TYPES
from unflux.read.source import Drops

BAD_NAME: Final = "not a DNS name"
BAD_TYPE: Final = "not a record type"
BAD_ADDRESS: Final = "not an address of the record's type"
BAD_TTL: Final = "not a TTL"
BAD_SECTION: Final = "not a section"
NO_DATA: Final = "record without data"
OTHER_PORT: Final = "port not asked for"

MAX_RDATA_CHARS: Final = 1 << 18
"""64 KiB of data (RFC 1035 section 3.2.1), every octet escaped as four characters."""

MAX_LABEL_CHARS: Final = 256
"""Kept of the name of a client or sensor. Chosen: 2026-11-22; host names have 253 at most."""

KEPT: Final = frozenset(
    dns.rdatatype.to_text(dns.rdatatype.RdataType.make(rrtype)) for rrtype in KEPT_TYPES
)
"""Types that become rows, from messages and from text alike."""

NAME_TYPES: Final = frozenset({"CNAME", "NS"})
"""Kept types whose data is one name."""

_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_MNEMONIC: Final = re.compile(r"[A-Z][A-Z0-9-]{0,15}")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f]")
_HEX_ESCAPE: Final = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|\\)")
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*/")


@lru_cache(maxsize=4096)
def parse_type(text: str) -> str | None:
    """Return the mnemonic of a record type, ``TYPE65280`` where it has none, or null.

    Takes mnemonics in any case, the generic form (RFC 3597 section 5) and bare numbers.
    """
    text = text.strip().upper()
    if text == "*":
        return "ANY"
    if text.isascii() and text.isdigit() and len(text) <= 5:
        text = f"TYPE{text}"
    if not _MNEMONIC.fullmatch(text):
        return None
    try:
        return dns.rdatatype.to_text(dns.rdatatype.from_text(text))
    except (dns.exception.DNSException, ValueError):
        return None


@lru_cache(maxsize=4096)
def parse_rcode(text: str) -> str | None:
    """Return the mnemonic of a response code, from a mnemonic or a number, or null."""
    text = text.strip().upper().partition("/")[0]  # Suricata: BADVERS/BADSIG
    if text.isascii() and text.isdigit() and len(text) <= 4 and int(text) < 4096:
        return dns.rcode.to_text(dns.rcode.Rcode(int(text)))
    if not _MNEMONIC.fullmatch(text):
        return None
    try:
        return dns.rcode.to_text(dns.rcode.from_text(text))
    except (dns.exception.DNSException, ValueError):
        return None


def parse_ttl(value: object) -> int | None:
    """Return a TTL in whole seconds, 0..2^31-1, from a number or its text, or null."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > 24:
        return None
    try:
        ttl_s = int(float(value))
    except (ValueError, OverflowError):
        return None
    return ttl_s if 0 <= ttl_s <= MAX_TTL_S else None


def parse_rdata(rrtype: str, text: str) -> str | None:
    """Return the canonical data of a record, or null where it cannot be that type's.

    Addresses and names are normalised. Data of types that are not kept comes back as it is,
    control characters escaped as ``\\DDD``, to tell records apart.
    """
    text = text.strip()
    if len(text) > MAX_RDATA_CHARS:
        return None
    match rrtype:
        case "A" | "AAAA":
            address = canonical_address(text)
            is_ipv6 = address is not None and ":" in address
            return address if is_ipv6 == (rrtype == "AAAA") else None
        case "CNAME" | "NS":
            return normalise_name(text)
        case "SOA":
            return _parse_soa(text)
    return escape_unprintable(text) or None


def _parse_soa(text: str) -> str | None:
    """Return the seven fields of an SOA record (RFC 1035 section 3.3.13), or null."""
    parts = text.split()
    if len(parts) != 7:
        return None
    names = [normalise_name(part) for part in parts[:2]]
    numbers = [part if _NUMBER.fullmatch(part) else None for part in parts[2:]]
    fields = [*names, *numbers]
    return None if None in fields else " ".join(str(field) for field in fields)


def escape_unprintable(text: str) -> str:
    """Return the text with control characters as ``\\DDD`` and without lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    text = without_lone_surrogates(text)
    return _UNPRINTABLE.sub(lambda match: f"\\{ord(match[0]):03d}", text)


def plain_label(value: object) -> str | None:
    """Return the name of a client, server or sensor as a log gives it, bounded; else null."""
    return escape_unprintable(value)[:MAX_LABEL_CHARS] if isinstance(value, str) and value else None


def bad_data_reason(rrtype: str) -> str:
    """Return the reason to give where :func:`parse_rdata` found no data."""
    if rrtype in {"A", "AAAA"}:
        return BAD_ADDRESS
    return BAD_NAME if rrtype in NAME_TYPES else NO_DATA


def make_record(
    qname: str, rrtype: str, rdata: str, ttl: object, *, section: str, drops: Drops
) -> Record | None:
    """Return a normalised record, or null where a part is bad, which is counted.

    A record of a type that is not kept gives null, and is no drop.
    ``ttl`` null is unknown. ``section`` is one of ``ans``, ``auth`` and ``add``.
    """
    owner = normalise_name(qname)
    if owner is None:
        drops.drop(BAD_NAME)
        return None
    mnemonic = parse_type(rrtype)
    if mnemonic is None:
        drops.drop(BAD_TYPE)
        return None
    if mnemonic not in KEPT:
        return None
    data = parse_rdata(mnemonic, rdata)
    if data is None:
        drops.drop(bad_data_reason(mnemonic))
        return None
    ttl_s = parse_ttl(ttl) if ttl is not None else None
    if ttl is not None and ttl_s is None:
        drops.drop(BAD_TTL)
        return None
    return owner, mnemonic, data, ttl_s, section


def unescape_octets(text: str) -> str:
    """Return the presentation form of a name that a log wrote as octets.

    Zeek and Suricata write the octets of a name as they are, those that are not text as
    ``\\xHH``, a backslash doubled or single; dots inside labels are lost in both. What is not a
    letter, digit, hyphen or underscore comes back as ``\\DDD`` (RFC 1035 section 5.1).
    """
    octets = text.encode("utf-8", "backslashreplace")
    if b"\\" in octets:
        octets = _HEX_ESCAPE.sub(_unescape, octets)
    return "".join(chr(o) if o in _PLAIN else f"\\{o:03d}" for o in octets)


def _unescape(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 16)]) if match[1] else b"\\"
