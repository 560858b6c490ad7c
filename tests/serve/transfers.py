"""Transfers as dnspython's client takes them: the oracle of what the responder sends."""

from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_address

import dns.message
import dns.name
import dns.tsig
import dns.xfr
import dns.zone
from tests.serve.zones import ORIGIN, records_of

from unflux.serve.access import Access
from unflux.serve.edition import Edition
from unflux.serve.responder import Reply, Responder

PEER = ip_address("127.0.0.1")
KEY = dns.tsig.Key("policy.", b"0123456789abcdef" * 2, dns.tsig.HMAC_SHA256)
OTHER_KEY = dns.tsig.Key("policy.", b"fedcba9876543210" * 2, dns.tsig.HMAC_SHA256)
OPEN = Access(keys={KEY.name: KEY}, is_unsigned_allowed=True)
CLOSED = Access(keys={KEY.name: KEY})


def responder(edition: Edition | None, access: Access = OPEN) -> Responder:
    return Responder(lambda: edition, access)


class Client:
    """A secondary without sockets: holds a zone, asks, and applies what it is sent."""

    def __init__(self, key: dns.tsig.Key | None = None) -> None:
        self.zone = dns.zone.Zone(dns.name.from_text(ORIGIN))
        self._key = key

    def take(self, edition: Edition, serial: int | None = None) -> Reply:
        """Take an edition, or the changes in it since a serial."""
        return self.transfer(partial(responder(edition).respond, peer=PEER, is_tcp=True), serial)

    def transfer(self, ask: Callable[[bytes], Reply], serial: int | None = None) -> Reply:
        """Take the zone, or the changes since a serial; fails on anything out of order."""
        query, serial = dns.xfr.make_query(self.zone, serial=serial, keyring=self._key)
        reply = ask(query.to_wire())
        with dns.xfr.Inbound(self.zone, query.question[0].rdtype, serial) as inbound:
            is_done = self._apply(inbound, query, reply.messages)
        assert is_done
        return reply

    def _apply(
        self, inbound: dns.xfr.Inbound, query: dns.message.Message, messages: Iterable[bytes]
    ) -> bool:
        is_done, context = False, None
        for octets in messages:
            assert not is_done
            message = dns.message.from_wire(
                octets, keyring=self._key, request_mac=query.mac, xfr=True, tsig_ctx=context,
                origin=dns.name.from_text(ORIGIN), multi=True, one_rr_per_rrset=True,
            )  # fmt: skip
            assert message.id == query.id
            assert message.had_tsig == (self._key is not None)
            context = message.tsig_ctx
            is_done = inbound.process_message(message)
        return is_done

    def records(self) -> set[tuple[str, int, str]]:
        return records_of(self.zone)
