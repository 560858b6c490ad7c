"""TLS with a suspected agent: any certificate is taken, and round trips are counted."""

import ssl
from typing import Any, cast


class Secured(ssl.SSLObject):
    """One connection of TLS that counts the round trips of its handshake.

    The version does not tell them: a server of TLS 1.3 that wants another group takes two
    (RFC 8446 section 2.1).
    """

    turns = 0
    outgoing: ssl.MemoryBIO

    def do_handshake(self) -> None:
        """Go on as far as what came allows; whoever waits after it spoke waits for a round trip."""
        try:
            super().do_handshake()
        except ssl.SSLWantReadError:
            self.turns += bool(self.outgoing.pending)
            raise


class _Context(ssl.SSLContext):
    sslobject_class = Secured

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *options: Any, **named: Any
    ) -> ssl.SSLObject:
        secured = cast(Secured, super().wrap_bio(incoming, outgoing, *options, **named))
        secured.outgoing = outgoing
        return secured


def compose_context() -> ssl.SSLContext:
    """Return a context that takes any certificate: it is compared, and nothing is entrusted."""
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
