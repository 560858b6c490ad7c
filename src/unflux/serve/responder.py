"""The responder: a request's octets in, a reply's octets out; no sockets, no waiting.

RFC 5936 (AXFR), RFC 1995 (IXFR), RFC 8945 (TSIG); everything else is refused.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, cast

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdtypes.ANY.SOA
import dns.tsig
from dns.rdatatype import AXFR, IXFR, SOA

from unflux.model.endpoint import Address
from unflux.serve.access import Access
from unflux.serve.edition import Body, Edition
from unflux.serve.signing import Signature, TsigFailure, refuse_tsig, verify
from unflux.serve.zone import is_newer

PAYLOAD_OCTETS: Final = 1232
"""Of a UDP message, as we tell clients (RFC 6891; DNS flag day 2020)."""

_OPT: Final = b"\0" + struct.pack("!HHIH", 41, PAYLOAD_OCTETS, 0, 0)
"""RFC 6891 section 6.1.2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a request is answered with."""

    kind: str
    """``soa``, a transfer (``axfr``, ``ixfr``, ``ixfr-whole``, ``ixfr-current``), or why not."""
    messages: Iterable[bytes] = ()
    """None where the request is dropped."""
    since: int | None = None
    """The serial that the client has."""
    serial: int | None = None
    """The one that it is given."""
    key: str | None = None

    @property
    def is_transfer(self) -> bool:
        """Tell whether a secondary asked for the zone and got what it needs."""
        return self.kind.startswith(("axfr", "ixfr"))


class Responder:
    """Answers from the edition that is served at that moment."""

    def __init__(self, edition: Callable[[], Edition | None], access: Access) -> None:
        self._edition = edition
        self.access = access
        """May be replaced: keys change."""

    def respond(self, octets: bytes, peer: Address, *, is_tcp: bool) -> Reply:
        """Return the reply; one without messages where the octets are no request."""
        try:
            request = dns.message.from_wire(octets, keyring=False)
            if request.flags & dns.flags.QR:
                return Reply(kind="dropped-response")
            if not self.access.is_known(peer):
                return _refuse(request, dns.rcode.REFUSED, "refused-address")
            key = verify(octets, request, self.access.keys)
        except TsigFailure as failure:
            return _refuse_signature(failure)
        except (dns.exception.DNSException, ValueError):
            return Reply(kind="dropped-malformed")
        return self._answer(_Asked(request=request, key=key, is_tcp=is_tcp))

    def _answer(self, asked: "_Asked") -> Reply:
        objection = _objection(asked.request)
        if objection is not None:
            return asked.refuse(*objection)
        edition = self._edition()
        if edition is None:
            return asked.refuse(dns.rcode.SERVFAIL, "refused-no-zone")
        question = asked.request.question[0]
        if question.name != edition.zone.origin:
            return asked.refuse(dns.rcode.NOTAUTH, "refused-zone")
        if question.rdtype == SOA:
            return asked.reply_soa(edition, "soa")
        if not self.access.may_transfer(asked.key):
            return asked.refuse(dns.rcode.REFUSED, "refused-unsigned")
        return asked.transfer(edition)


def _objection(request: dns.message.Message) -> tuple[dns.rcode.Rcode, str] | None:
    """Return why a request is not one that a primary answers, whoever asks; null where it is."""
    if request.opcode() != dns.opcode.QUERY:
        return dns.rcode.NOTIMP, "refused-opcode"
    if request.edns > 0:
        return dns.rcode.BADVERS, "refused-edns"
    if len(request.question) != 1:
        return dns.rcode.FORMERR, "refused-question"
    question = request.question[0]
    if question.rdclass != dns.rdataclass.IN or question.rdtype not in {SOA, AXFR, IXFR}:
        return dns.rcode.REFUSED, "refused-type"
    return None


def _refuse_signature(failure: TsigFailure) -> Reply:
    response = _response(failure.request, dns.rcode.NOTAUTH)
    return Reply(kind=f"refused-{failure}".lower(), messages=(refuse_tsig(response, failure),))


def _response(request: dns.message.Message, rcode: dns.rcode.Rcode) -> dns.message.Message:
    """Return an empty response; no longer than the request, whatever that holds."""
    response = dns.message.make_response(request, our_payload=PAYLOAD_OCTETS, pad=0)
    response.set_rcode(rcode)
    if len(response.question) != 1:
        response.question = []
    return response


def _refuse(request: dns.message.Message, rcode: dns.rcode.Rcode, kind: str) -> Reply:
    return _Asked(request=request, key=None, is_tcp=False).refuse(rcode, kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A request that is known to be whose it says."""

    request: dns.message.Message
    key: dns.tsig.Key | None
    is_tcp: bool

    def refuse(self, rcode: dns.rcode.Rcode, kind: str) -> Reply:
        return self._reply(kind, self._signed([_response(self.request, rcode).to_wire()]))

    def reply_soa(self, edition: Edition, kind: str, since: int | None = None) -> Reply:
        """Answer with the SOA alone."""
        messages = self._composed([Body(1, edition.zone.soa)])
        return self._reply(kind, messages, edition, since)

    def transfer(self, edition: Edition) -> Reply:
        """Answer AXFR or IXFR of who may have the zone."""
        if self.request.question[0].rdtype == IXFR:
            return self._incremental(edition)
        if not self.is_tcp:  # RFC 5936 section 4.2
            return self.refuse(dns.rcode.FORMERR, "refused-udp")
        return self._reply("axfr", self._composed(edition.whole), edition)

    def _incremental(self, edition: Edition) -> Reply:
        since = _serial_of(self.request)
        if since is None:
            return self.refuse(dns.rcode.FORMERR, "refused-question")
        if not is_newer(edition.zone.serial, since):
            return self.reply_soa(edition, "ixfr-current", since)
        if not self.is_tcp:  # RFC 1995 section 2: the client asks again over TCP
            return self.reply_soa(edition, "ixfr-udp", since)
        changes = edition.since(since)
        if changes is None:  # RFC 1995 section 4
            return self._reply("ixfr-whole", self._composed(edition.whole), edition, since)
        return self._reply("ixfr", self._composed(changes), edition, since)

    def _reply(
        self,
        kind: str,
        messages: Iterable[bytes],
        edition: Edition | None = None,
        since: int | None = None,
    ) -> Reply:
        return Reply(
            kind=kind,
            messages=messages,
            since=since,
            serial=None if edition is None else edition.zone.serial,
            key=None if self.key is None else self.key.name.to_text(),
        )

    def _composed(self, bodies: Iterable[Body]) -> Iterator[bytes]:
        """Yield messages that repeat the question: owners in the bodies point there."""
        return self._signed(_compose(self.request, bodies))

    def _signed(self, messages: Iterable[bytes]) -> Iterator[bytes]:
        if self.key is None:
            return iter(messages)
        return map(Signature(self.key, self.request).sign, messages)


def _compose(request: dns.message.Message, bodies: Iterable[Body]) -> Iterator[bytes]:
    question = request.question[0]
    flags = dns.flags.QR | dns.flags.AA | (request.flags & dns.flags.RD)
    # Its own octets, not lower case: some clients compare them.
    asked = cast(bytes, question.name.to_wire()) + struct.pack(
        "!HH", question.rdtype, question.rdclass
    )
    opt = _OPT if request.edns == 0 else b""
    for body in bodies:
        head = struct.pack("!HHHHHH", request.id, flags, 1, body.records, 0, 1 if opt else 0)
        yield head + asked + body.octets + opt
        opt = b""  # the first is enough (RFC 5936 section 2.2.5)


def _serial_of(request: dns.message.Message) -> int | None:
    """Return the serial that a client has, from the SOA it sent (RFC 1995 section 3)."""
    name = request.question[0].name
    for rrset in request.authority:
        if rrset.rdtype == SOA and rrset.name == name and len(rrset) == 1:
            return cast(dns.rdtypes.ANY.SOA.SOA, rrset[0]).serial
    return None
