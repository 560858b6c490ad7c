"""Documents: what is asked of a web server, what it said, and how alike two pages are."""

import hashlib
import http.client
import io
import re
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from unflux import __version__

MALFORMED: Final = b"HI\r\n\r\n"
"""No request at all (RFC 9112 section 3): whoever reads it first refuses it, and passes on nothing.
Hsu et al. (RAID 2010) asked with a method that nobody knows, which some proxies pass on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked for in a round."""

    method: str = "GET"
    path: str = "/"

    @property
    def is_cheap(self) -> bool:
        """Whether whoever serves the page answers without making it."""
        return self.method == "OPTIONS"


QUESTIONS: Final = (
    Question(),
    Question(),
    Question(path="/robots.txt"),
    Question(method="OPTIONS"),
    Question(path="/favicon.ico"),
    Question(method="OPTIONS"),
    Question(),
    Question(method="OPTIONS"),
)
"""In turn. Twice the same, so that a cache has it; small files, so that no program is asked. A file
that the page itself names takes the place of the first of these. OPTIONS (RFC 9110 section 9.3.7)
is passed on by a relay, and a program that takes its time for pages answers it at once."""
_FILE: Final = re.compile(
    rb"""\b(?:src|href)\s*=\s*["']?(/[\w./-]{1,200}\.(?:css|js|png|jpe?g|gif|svg|ico))["'\s>]""",
    re.IGNORECASE,
)
_FORM_OCTETS: Final = 4096
"""Refusals are shorter. Chosen: 2026-11-28."""
_DIGITS: Final = re.compile(rb"\d+")

ALIKE: Final = 0.85
"""Cosine of n-gram counts from which two pages are one (Holz et al., NDSS 2008)."""
_GRAM_OCTETS: Final = 4
_BUCKETS: Final = 4096
"""Of hashed n-grams. Chosen: 2026-11-28; a thousand pages are compared in 32 MiB."""

_UNREADABLE: Final = (http.client.HTTPException, ValueError, TypeError, LookupError, OSError)
"""What the library raises for replies that are none. It reads fields as those of mail, the
parameters of a media type too, and of some hostile ones it sorts numbers with nothing."""

FAILURES: Final = frozenset({500, 502, 503, 504})
"""Internal error, bad gateway, unavailable, gateway timed out (RFC 9110 section 15.6); 501 is what
a program answers that knows no such method."""

REFUSALS: Final = frozenset({401, 403, 407, 408, 429})
"""Unauthorised, forbidden, not allowed through a proxy, too slow, too often (RFC 9110 section 15.5,
RFC 6585 section 4): whoever stands before the documents may say so."""
ANSWERS: Final = frozenset({200, 404, 410})
"""Here is the document, or there is none (RFC 9110 sections 15.3.1, 15.5.5, 15.5.11)."""
_REDIRECTIONS: Final = range(300, 400)

CACHE_FIELDS: Final = frozenset(
    {"x-cache", "x-cache-hits", "x-served-by", "x-varnish", "cache-status", "cdn-loop",
     "cf-cache-status", "cf-ray", "age"}
)  # fmt: skip
"""Fields by which a cache says that it is one (RFC 9111 section 5.1, RFC 9211, RFC 8586) and those
of the large providers; ``Via`` is of any gateway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One HTTP reply."""

    status: int
    server: str | None
    """The software that it names."""
    cache_fields: tuple[str, ...]
    """Names of the fields by which it says that it comes from a cache."""
    via: str | None
    """What it says of proxies on the way."""
    is_file: bool
    """Whether it says that it was stored and not made: when it was last modified, and that parts of
    it may be had (RFC 9110 sections 8.8.2, 14.3)."""
    is_upgrade: bool = False
    """Whether it sends visitors on to TLS."""
    form: bytes
    """Digest of how the body begins, less its numbers and the reason that the status line gives:
    by it two refusals of one software are the same."""
    body: bytes

    @property
    def is_page(self) -> bool:
        """Whether it is what a visitor would see."""
        return self.status == 200

    def answers(self, question: Question) -> bool:
        """Tell whether it comes from whoever has the documents.

        Not so a failure, perhaps of one behind that is away; nor a refusal, or where else to go,
        which any host before them can say by itself.
        """
        if question.is_cheap:
            return self.status not in FAILURES | REFUSALS and self.status not in _REDIRECTIONS
        return self.status in ANSWERS


def compose_request(path: str, host: str, contact: str, method: str = "GET") -> bytes:
    """Write a request that says who asks."""
    agent = f"unflux-probe/{__version__} ({contact})"
    return (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\nAccept: */*\r\n"
        "Connection: close\r\n\r\n"
    ).encode("ascii")


def choose_question(number: int, page: Document | None) -> Question:
    """Return what is asked for in a round."""
    question = QUESTIONS[number % len(QUESTIONS)]
    if question.path != "/" and page is not None:
        found = _FILE.search(page.body)
        if found is not None and b"//" not in found[1]:
            return Question(path=found[1].decode("ascii"))
    return question


def is_refused_alike(reply: Document, refusal: Document | None) -> bool:
    """Tell whether a reply may be the refusal of the host itself, not of one behind it."""
    return reply.status >= 400 and refusal is not None and reply.form == refusal.form


def parse_document(octets: bytes) -> Document | None:
    """Read a reply, as far as it came; null where it is none."""
    response = http.client.HTTPResponse(_Heard(octets))  # type: ignore[arg-type]
    try:
        response.begin()
    except _UNREADABLE:
        return None
    try:
        body = response.read()
    except http.client.IncompleteRead as cut:
        body = cut.partial
    except (*_UNREADABLE, OverflowError):
        body = b""  # a length that no memory holds
    said = sorted({name.lower() for name, _ in response.getheaders()} & CACHE_FIELDS)
    return Document(
        status=response.status,
        server=response.getheader("server"),
        cache_fields=tuple(said),
        via=response.getheader("via"),
        is_file=_is_file(response),
        is_upgrade=_is_upgrade(response),
        form=_digest_form(body, response.reason),
        body=body,
    )


def _digest_form(body: bytes, reason: str) -> bytes:
    plain = _DIGITS.sub(b"", body[:_FORM_OCTETS].replace(reason.encode("latin-1"), b""))
    return hashlib.sha256(plain).digest()


def _is_file(response: http.client.HTTPResponse) -> bool:
    ranges = response.getheader("accept-ranges", "")
    return (
        response.status == 200
        and response.getheader("last-modified") is not None
        and ranges.strip().lower() == "bytes"
        and response.getheader("set-cookie") is None
    )


def _is_upgrade(response: http.client.HTTPResponse) -> bool:
    location = response.getheader("location", "")
    return response.status in _REDIRECTIONS and location.strip().lower().startswith("https:")


class _Heard:
    """What was heard, in the place of a socket."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._octets)


def sketch(body: bytes) -> Any:
    """Return the counts of n-grams of a page as a vector of length one; zero where it is short."""
    octets = np.frombuffer(body, np.uint8).astype(np.uint64)
    counts = np.zeros(_BUCKETS)
    if octets.size >= _GRAM_OCTETS:
        grams = np.zeros(octets.size - _GRAM_OCTETS + 1, np.uint64)
        for place in range(_GRAM_OCTETS):
            grams = (grams << np.uint64(8)) | octets[place : place + grams.size]
        hashed = (grams * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(52)
        counts += np.bincount(hashed.astype(np.int64), minlength=_BUCKETS)
        counts /= np.linalg.norm(counts)
    return counts
