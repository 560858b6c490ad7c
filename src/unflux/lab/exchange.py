"""One question of a client and the reply to it, as they go over the wire."""

from dataclasses import dataclass, replace
from random import Random

from unflux.lab.demand import Want
from unflux.lab.messages import (
    EDNS_UDP_LIMIT,
    PLAIN_UDP_LIMIT,
    TCP_LIMIT,
    compose_query,
    compose_reply,
)
from unflux.lab.resolver import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """``query`` and ``reply_wire`` are whole DNS messages, without TCP's length prefix."""

    want: Want
    client_port: int
    reply: Reply
    """What ``reply_wire`` says."""
    query: bytes
    reply_wire: bytes


def compose_exchange(want: Want, reply: Reply, rng: Random) -> Exchange:
    """Put a question and its reply into wire form.

    What does not fit the client's limit loses its additional, then its authority section: neither
    is required, so the truncation bit stays clear (RFC 2181 section 9).
    """
    client = want.client
    message_id, port = rng.randrange(65_536), rng.randrange(32_768, 61_000)
    limit = EDNS_UDP_LIMIT if client.has_edns else PLAIN_UDP_LIMIT
    if client.is_over_tcp:
        limit = TCP_LIMIT
    for said in (
        reply,
        replace(reply, additional=()),
        replace(reply, authority=(), additional=()),
    ):
        wire = compose_reply(want.qname, want.qtype, said, message_id, has_edns=client.has_edns)
        if len(wire) <= limit:
            break
    else:
        raise ValueError(f"{want.qname}: the answer alone has {len(wire)} octets of {limit}")
    return Exchange(
        want=want,
        client_port=port,
        reply=said,
        query=compose_query(want.qname, want.qtype, message_id, has_edns=client.has_edns),
        reply_wire=wire,
    )
