"""Webhook: an event as a signed POST to a receiver by HTTP or HTTPS (RFC 9110)."""

import hashlib
import hmac
import http.client
import socket
import ssl
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from threading import Timer
from typing import Final
from urllib.parse import urlsplit

from unflux.engine.waiting import Letter
from unflux.model.endpoint import Endpoint
from unflux.model.errors import UsageError
from unflux.watch.outlet import SendFailedError, SendRefusedError

SIGNATURE_HEADER: Final = "X-Unflux-Signature"
SILENCE_S: Final = 10.0
"""For connecting, and between two octets of an answer. Chosen: 2026-11-28, by hand."""
REQUEST_S: Final = 30.0
"""From the first octet to the end of the answer's head, whatever the receiver does. Chosen:
2026-11-28, by hand."""
REFUSALS: Final = frozenset({400, 413, 415, 422})
"""Answers that say of this event that it will never be taken; others may be mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where events are posted."""

    url: str
    host: str
    port: int
    path: str
    """With the query."""
    is_encrypted: bool

    @classmethod
    def scan(cls, url: str) -> "Target":
        """Return what a URL names; raises UsageError.

        HTTP is for loopback alone. A URL holds no name and password: the signature is what tells.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError as error:
            message = f"--webhook: no URL ({error})"
            raise UsageError(message) from error
        is_plain = url.isascii() and url.isprintable() and " " not in url
        host = parts.hostname
        if parts.scheme not in ("http", "https") or not host or not is_plain:
            message = "--webhook: no URL of http or https"
            raise UsageError(message)
        if parts.username is not None or parts.password is not None or parts.fragment:
            message = f"--webhook: the URL for {host} holds a name, a password or a fragment"
            raise UsageError(message)
        if parts.scheme == "http" and not _is_loopback(host):
            message = f"--webhook: {host} is not on loopback, and http is read by everybody: https"
            raise UsageError(message)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(
            url=url, host=host, port=port, path=path, is_encrypted=parts.scheme == "https"
        )  # fmt: skip


def _is_loopback(host: str) -> bool:
    try:
        return Endpoint.scan(f"[{host}]", 1).is_loopback
    except UsageError:
        return host == "localhost"


class WebhookCourier:
    """Posts events to a receiver, one a request, and never follows a redirect."""

    def __init__(self, target: Target, secret: bytes, context: ssl.SSLContext | None) -> None:
        self._target = target
        self._secret = secret
        self._context = context
        # The path may hold a secret, so that it is told by a digest.
        digest = hashlib.sha256(target.url.encode()).hexdigest()[:6]
        self.name = f"webhook {target.host} {digest}"

    def send(self, letter: Letter) -> None:
        """Post one event; what the receiver answers decides whether it arrived."""
        body = letter.content.encode("ascii")
        connection = self._connect()
        late = Timer(REQUEST_S, _shut, [connection])
        late.daemon = True
        late.start()
        try:
            connection.request("POST", self._target.path, body, self._headers(letter, body))
            with closing(connection.getresponse()) as answer:
                self._judge(answer)
        except (OSError, http.client.HTTPException) as error:
            because = _because(error)
            raise SendFailedError(because) from error
        finally:
            late.cancel()
            connection.close()

    def close(self) -> None:
        """Do nothing: a connection is closed after each event."""

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._target.host, self._target.port
        if not self._target.is_encrypted:
            return http.client.HTTPConnection(host, port, timeout=SILENCE_S)
        context = self._context
        return http.client.HTTPSConnection(host, port, timeout=SILENCE_S, context=context)

    def _headers(self, letter: Letter, body: bytes) -> dict[str, str]:
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "unflux",
            "Idempotency-Key": letter.id,
            SIGNATURE_HEADER: f"sha256={signature}",
            "Connection": "close",
        }

    def _judge(self, answer: http.client.HTTPResponse) -> None:
        status = answer.status
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        if status in REFUSALS:
            raise SendRefusedError(f"answered {status}")
        is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
        told = f"answered {status}" + (", and redirects are not followed" if is_redirect else "")
        raise SendFailedError(told, _asked_s(answer.headers.get("Retry-After")))


def _asked_s(text: str | None) -> float | None:
    """Return the seconds that Retry-After names (RFC 9110 section 10.2.3); null for none."""
    if text is None:
        return None
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for a year or a zone of too many digits
        return None
    at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _because(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate does not hold: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"no answer of HTTP ({type(error).__name__})"


def _shut(connection: http.client.HTTPConnection) -> None:
    """End a request that takes too long."""
    sock = connection.sock
    if sock is not None:
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it has ended
