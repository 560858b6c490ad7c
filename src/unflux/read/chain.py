"""Answers that a log lists without owner and type: give them both back."""

import re
from collections.abc import Sequence
from typing import Final

from unflux.model.addresses import canonical_address
from unflux.read.batching import Record
from unflux.read.presentation import KEPT, make_record, parse_rdata, unescape_octets
from unflux.read.source import Drops

NAMED_ANSWERS: Final = frozenset({"NS", "MX", "PTR", "SRV", "SOA", "DNAME"})
"""Types whose answer such logs write as a name, so that it looks like a CNAME."""

UNTYPED: Final = "answer whose type the log does not tell"
NO_OWNER: Final = "answer behind a CNAME that is no name"
TYPED: Final = re.compile(r"[A-Z][A-Z0-9]{1,15}:? |<")
"""Zeek: ``TXT 5 hello``, ``HTTPS 1 .``, ``SSHFP: 2b6e``, ``<unknown type=65280>``; none is of a
kept type."""


def own_answers(
    query: str, qtype: str | None, answers: Sequence[tuple[str, object]], drops: Drops
) -> list[Record]:
    """Return the records behind (text, TTL) pairs of one answer section."""
    return follow_answers(query, qtype, answers, drops)[0]


def follow_answers(
    query: str, qtype: str | None, answers: Sequence[tuple[str, object]], drops: Drops
) -> tuple[list[Record], str | None]:
    """Return the same, and the owner of whatever follows, null where it is not known.

    A name in the answer to a question for anything but a name is a CNAME: it belongs to the
    name before it, and what follows belongs to it (RFC 1034 section 3.6.2). Servers list the
    chain in order: what follows a CNAME that is no name has no owner. In the answer to an NS, MX,
    PTR, SRV or SOA question a name is taken as the answer itself. ``query`` is normalised; a null
    TTL is unknown.
    """
    records: list[Record] = []
    owner: str | None = query
    for text, ttl in answers:
        rrtype, rdata = _guess_type(qtype, text)
        if rrtype is None:
            drops.drop(UNTYPED)
            continue
        if rrtype == "SOA" or rrtype not in KEPT:  # of an SOA, such logs hold one name only
            continue
        if owner is None:
            drops.drop(NO_OWNER)
        else:
            record = make_record(owner, rrtype, rdata, ttl, section="ans", drops=drops)
            if record is not None:
                records.append(record)
        if rrtype == "CNAME":  # also of one that is refused for its TTL or its owner
            owner = parse_rdata("CNAME", rdata)
    return records, owner


def _guess_type(qtype: str | None, text: str) -> tuple[str | None, str]:
    address = canonical_address(text)
    if address is not None:
        return ("AAAA" if ":" in address else "A"), address
    if TYPED.match(text):
        return "other", text
    if qtype == "ANY":
        return None, text
    return (qtype if qtype in NAMED_ANSWERS else "CNAME"), unescape_octets(text)
