"""Name service: does an address answer for a zone with authority, and how fast."""

import time
from dataclasses import dataclass

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode

from unflux.probe.conversation import STEP_S
from unflux.probe.way import pass_over


@dataclass(frozen=True, slots=True, kw_only=True)
class NameReply:
    """What became of one question."""

    reply_s: float | None = None
    """Null where nothing came that answers the question."""
    is_authoritative: bool = False
    """RFC 1035 section 4.1.1, AA, with NOERROR or NXDOMAIN."""
    is_recursive: bool = False
    """RA: it offers to ask others."""
    is_refusal: bool = False
    """Whether it says that it does not do what was asked."""


async def ask_zone(address: str, port: int, name: str, *, for_status: bool = False) -> NameReply:
    """Ask one question by UDP, once, without wishing for recursion.

    ``for_status``: by the opcode STATUS (RFC 1035 section 4.1.1), which no name server answers and
    each refuses by itself, without a look at its zones. Raises NoWayError where this machine cannot
    send.
    """
    query = dns.message.make_query(name, "SOA", flags=0)
    if for_status:
        query.set_opcode(dns.opcode.STATUS)
    began_s = time.perf_counter()
    try:
        answer = await dns.asyncquery.udp(query, address, port=port, timeout=STEP_S)
    except dns.exception.DNSException:
        return NameReply()
    except OSError as error:
        pass_over(error, address)
        return NameReply()
    reply_s = time.perf_counter() - began_s
    is_known = answer.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}
    return NameReply(
        reply_s=reply_s,
        is_authoritative=is_known and bool(answer.flags & dns.flags.AA),
        is_recursive=bool(answer.flags & dns.flags.RA),
        is_refusal=for_status and not is_known,
    )
