"""Observed: all that was seen of one address, look by look."""

import hashlib
from dataclasses import dataclass, field

from unflux.probe.conversation import Turn
from unflux.probe.documents import PATHS, Document, parse_document
from unflux.probe.name_service import NameReply


@dataclass(slots=True, kw_only=True)
class Observed:
    """What one address showed; delays in seconds, in the order of the looks."""

    address: str
    requests: int = 0
    open_ports: set[str] = field(default_factory=set)
    """As ``tcp/80``."""
    connects_s: list[float] = field(default_factory=list)
    documents_s: list[float] = field(default_factory=list)
    malformed_s: list[float] = field(default_factory=list)
    handshakes_s: list[float] = field(default_factory=list)
    """Of one round trip each, whatever the version took."""
    names_s: list[float] = field(default_factory=list)
    """Of answers with authority."""
    document: Document | None = None
    """The front page of the suspected name."""
    unnamed: Document | None = None
    """The front page where no name is said."""
    has_file: bool = False
    """Whether a file that the page names came."""
    refusal_server: str | None = None
    """The software that refuses what is no request."""
    certificate: str | None = None
    """SHA-256 of what was shown, in hexadecimal."""
    is_recursive: bool = False

    @property
    def is_web(self) -> bool:
        """Whether a port of TCP is open."""
        return any(port.startswith("tcp/") for port in self.open_ports)

    def add_connection(self, port: int, turn: Turn) -> None:
        """Add what every connection tells."""
        if turn.connect_s is not None:
            self.connects_s.append(turn.connect_s)
        if not turn.is_open:
            return
        self.open_ports.add(f"tcp/{port}")
        if turn.handshake_s is not None and self.connects_s:
            further_s = (turn.handshake_turns - 1) * min(self.connects_s)
            self.handshakes_s.append(turn.handshake_s - further_s)
        if turn.certificate is not None:
            self.certificate = hashlib.sha256(turn.certificate).hexdigest()

    def add_document(self, turn: Turn, path: str) -> None:
        """Add the reply to a request for the suspected name."""
        found = parse_document(turn.octets)
        if found is None or turn.reply_s is None:
            return
        self.documents_s.append(turn.reply_s)
        if path == "/":
            self.document = found
        elif path not in PATHS:
            self.has_file |= found.status == 200

    def add_unnamed(self, turn: Turn) -> None:
        """Add the reply to a request that names nobody."""
        self.unnamed = parse_document(turn.octets)

    def add_refusal(self, turn: Turn) -> None:
        """Add the reply to what was no request."""
        found = parse_document(turn.octets)
        if turn.reply_s is not None:
            self.malformed_s.append(turn.reply_s)
        if found is not None:
            self.refusal_server = found.server

    def add_names(self, port: int, reply: NameReply) -> None:
        """Add the reply to a question for the zone."""
        if reply.reply_s is None:
            return
        self.open_ports.add(f"udp/{port}")
        self.is_recursive |= reply.is_recursive
        if reply.is_authoritative:
            self.names_s.append(reply.reply_s)
