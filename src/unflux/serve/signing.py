"""TSIG (RFC 8945): whose request it is, and signatures over messages that are octets already."""

import struct
import time
from typing import Final, cast

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
from dns.rdtypes.ANY.TSIG import TSIG

from unflux.serve.key_file import Keys

FUDGE_S: Final = 300
"""How far clocks may be apart (RFC 8945 section 10)."""

_COUNT_AT: Final = 10
"""Where the count of additional records stands in a message (RFC 1035 section 4.1.1)."""


class TsigFailure(Exception):  # noqa: N818 - an answer to a client, not an error of ours
    """A request whose signature does not hold.

    ``error`` is that of RFC 8945 section 5.2, ``key`` the one of that name, if there is one.
    """

    def __init__(
        self, error: dns.rcode.Rcode, request: dns.message.Message, key: dns.tsig.Key | None
    ) -> None:
        super().__init__(dns.rcode.to_text(error, tsig=True))
        self.error = error
        self.request = request
        self.key = key


def verify(octets: bytes, request: dns.message.Message, keys: Keys) -> dns.tsig.Key | None:
    """Return the key that signed a request; null where none did.

    ``request`` is what dnspython parsed of the octets, unverified. Raises TsigFailure, and
    dns.exception.DNSException for what is no message of a client.
    """
    if request.tsig is None:
        return None
    try:
        verified = dns.message.from_wire(octets, keyring=keys)
    except (dns.message.UnknownTSIGKey, dns.tsig.BadKey, dns.tsig.BadAlgorithm) as error:
        raise _failure(dns.rcode.BADKEY, request, keys) from error
    except dns.tsig.BadSignature as error:
        raise _failure(dns.rcode.BADSIG, request, keys) from error
    except dns.tsig.BadTime as error:
        raise _failure(dns.rcode.BADTIME, request, keys) from error
    return cast(dns.tsig.Key, verified.keyring)


def _failure(error: dns.rcode.Rcode, request: dns.message.Message, keys: Keys) -> TsigFailure:
    name = cast(dns.name.Name, request.keyname)
    return TsigFailure(error, request, keys.get(name))


class Signature:
    """Signs the messages of one answer, each with what came before it (RFC 8945 section 5.3.1)."""

    def __init__(self, key: dns.tsig.Key, request: dns.message.Message) -> None:
        """Begin with the signature of the request."""
        self._key = key
        self._request = request
        self._context: dns.tsig.HMACTSig | dns.tsig.GSSTSig | None = None

    def sign(self, octets: bytes) -> bytes:
        """Return a message with its TSIG record at the end."""
        blank = _blank(self._key.algorithm, self._request.id)
        data, self._context = dns.tsig.sign(  # type: ignore[no-untyped-call]
            octets, self._key, blank, int(time.time()), self._request.mac, self._context, multi=True
        )
        return append_tsig(octets, self._key.name, data)


def refuse_tsig(response: dns.message.Message, failure: TsigFailure) -> bytes:
    """Return the response to a request whose signature does not hold (RFC 8945 section 5.3.2).

    Only the one about the time is signed: the client proved that it has the key.
    """
    request = failure.request
    owner, theirs = cast(dns.name.Name, request.keyname), cast(list[TSIG], request.tsig)[0]
    now = int(time.time())
    blank = _blank(theirs.algorithm, request.id).replace(error=failure.error)
    octets = response.to_wire()
    if failure.error != dns.rcode.BADTIME or failure.key is None:
        return append_tsig(octets, owner, blank.replace(time_signed=now))
    # The client's own time, so that it can verify; ours stands beside (section 5.2.3).
    blank = blank.replace(other=now.to_bytes(6, "big"))
    data, _ = dns.tsig.sign(  # type: ignore[no-untyped-call]
        octets, failure.key, blank, theirs.time_signed, request.mac
    )
    return append_tsig(octets, failure.key.name, data)


def _blank(algorithm: dns.name.Name, message_id: int) -> TSIG:
    return TSIG(  # type: ignore[no-untyped-call]
        dns.rdataclass.ANY, dns.rdatatype.TSIG, algorithm, 0, FUDGE_S, b"", message_id,
        dns.rcode.NOERROR, b"",
    )  # fmt: skip


def append_tsig(octets: bytes, key_name: dns.name.Name, data: dns.rdata.Rdata) -> bytes:
    """Return a message with a TSIG record as its last; names are not compressed (section 4.2)."""
    (count,) = struct.unpack_from("!H", octets, _COUNT_AT)
    wire = data.to_digestable()
    fixed = struct.pack("!HHIH", dns.rdatatype.TSIG, dns.rdataclass.ANY, 0, len(wire))
    return b"".join(
        (
            octets[:_COUNT_AT], struct.pack("!H", count + 1), octets[_COUNT_AT + 2 :],
            key_name.to_digestable(), fixed, wire,
        )
    )  # fmt: skip
