"""Observed: all that was seen of one address, look by look."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from unflux.probe.certificates import is_certificate_of
from unflux.probe.conversation import Turn
from unflux.probe.documents import Document, Question, is_refused_alike, parse_document
from unflux.probe.name_service import NameReply


@dataclass(slots=True, kw_only=True)
class Observed:
    """What one address showed; delays in seconds, in the order of the looks."""

    address: str
    requests: int = 0
    lags_s: list[float] = field(default_factory=list)
    """How late this program itself was, by round."""
    open_ports: set[str] = field(default_factory=set)
    """As ``tcp/80``."""
    connects_s: list[float] = field(default_factory=list)
    documents_s: list[float] = field(default_factory=list)
    cheap_s: list[float] = field(default_factory=list)
    """Of replies that take no making, by whoever makes the documents."""
    malformed_s: list[float] = field(default_factory=list)
    handshakes_s: list[float] = field(default_factory=list)
    """Of one round trip each, however many it took."""
    names_s: list[float] = field(default_factory=list)
    """Of answers with authority."""
    unanswered_s: list[float] = field(default_factory=list)
    """Of refusals of what no name server answers."""
    is_cut: bool = False
    """Whether its first look ended before every service was asked."""
    document: Document | None = None
    """The front page of the suspected name."""
    fronts: int = 0
    """How often that was had; of a page, once there was one."""
    unnamed: Document | None = None
    """The front page where no name is said."""
    is_upgraded: bool = False
    """Whether the front page without TLS sends visitors on to TLS."""
    has_file: bool = False
    """Whether a document came that says it was stored and not made."""
    refusal: Document | None = None
    """What is said to what is no request."""
    certificate: str | None = None
    """SHA-256 of what was shown, in hexadecimal."""
    is_certificate_named: bool = False
    """Whether the certificate has the suspected name or its zone in it."""
    is_recursive: bool = False

    @property
    def lag_s(self) -> float:
        """How late this program itself was in the middle one of the rounds.

        One bad round makes nobody late, since the least of all delays is what counts.
        """
        return median(self.lags_s) if self.lags_s else 0.0

    @property
    def is_web(self) -> bool:
        """Whether a port of TCP is open."""
        return any(port.startswith("tcp/") for port in self.open_ports)

    def add_connection(self, port: int, turn: Turn, names: Sequence[str] = ()) -> None:
        """Add what every connection tells; ``names``: what a certificate may be for."""
        if turn.connect_s is not None:
            self.connects_s.append(turn.connect_s)
        if not turn.is_open:
            return
        self.open_ports.add(f"tcp/{port}")
        if turn.handshake_s is not None:
            self.handshakes_s.append(turn.handshake_s / turn.handshake_turns)
        if turn.certificate is not None:
            self.certificate = hashlib.sha256(turn.certificate).hexdigest()
            self.is_certificate_named = is_certificate_of(turn.certificate, names)

    def add_document(self, turn: Turn, question: Question) -> None:
        """Add the reply to a request for the suspected name.

        That the host itself knows no page of that name tells of it; that it refuses files or
        methods tells nothing of who has them.
        """
        found = parse_document(turn.octets)
        if found is None or turn.reply_s is None:
            return
        is_front = question.path == "/" and not question.is_cheap
        self.is_upgraded |= is_front and found.is_upgrade
        if not found.answers(question):
            return
        if is_refused_alike(found, self.refusal) and not is_front:
            return
        if question.is_cheap:
            self.cheap_s.append(turn.reply_s)
            return
        self.documents_s.append(turn.reply_s)
        self.has_file |= found.is_file
        if is_front:
            self._add_front(found)

    def _add_front(self, found: Document) -> None:
        """Keep the newest page; that there is none takes the place of no page."""
        had_page = self.document is not None and self.document.is_page
        if found.is_page or not had_page:
            self.fronts = self.fronts + 1 if found.is_page == had_page else 1
            self.document = found

    def add_unnamed(self, turn: Turn) -> None:
        """Add the reply to a request that names nobody."""
        self.unnamed = parse_document(turn.octets)

    def add_refusal(self, turn: Turn) -> None:
        """Add the reply to what was no request."""
        found = parse_document(turn.octets)
        if turn.reply_s is not None:
            self.malformed_s.append(turn.reply_s)
        if found is not None:
            self.refusal = found

    def add_names(self, port: int, reply: NameReply) -> None:
        """Add the reply to a question for the zone."""
        if reply.reply_s is None:
            return
        self.open_ports.add(f"udp/{port}")
        self.is_recursive |= reply.is_recursive
        if reply.is_refusal:
            self.unanswered_s.append(reply.reply_s)
        elif reply.is_authoritative:
            self.names_s.append(reply.reply_s)
