"""An event as a syslog message by RFC 5424, with structured data that names cannot leave."""

import re
from collections.abc import Iterator
from typing import Final

from unflux.model.events import Event
from unflux.model.times import format_moment

FACILITY_DAEMON: Final = 3
WARNING, NOTICE = 4, 5
"""Severities (RFC 5424 section 6.2.1)."""
SD_ID: Final = "unflux@32473"
"""The enterprise number is the one for documents (RFC 5612): unflux has none of its own."""
LONGEST_VALUE: Final = 300
"""Characters of one value. With it a message stays below the 2,048 octets that every receiver
should take (RFC 5424 section 6.1), whatever the name."""
_UNSAFE: Final = re.compile(r"[^\x20-\x7e]")
_ESCAPED: Final = re.compile(r'(["\\\]])')
_HOST: Final = re.compile(r"[^\x21-\x7e]")


def render_syslog(event: Event, host: str, process: int) -> str:
    """Return the message: ASCII, one line, no newline at its end.

    ``host``: as the machine calls itself; ``process``: the id that tells this run.
    """
    priority = FACILITY_DAEMON * 8 + (WARNING if event.change == "new" else NOTICE)
    values = "".join(f' {name}="{_value(text)}"' for name, text in _fields(event))
    name = _HOST.sub("?", host)[:255] or "-"
    head = f"<{priority}>1 {format_moment(event.at)} {name} unflux {process} {event.change}"
    return f"{head} [{SD_ID}{values}] {_sentence(event)}"


def _fields(event: Event) -> Iterator[tuple[str, str]]:
    verdict, before = event.verdict, event.before
    yield "id", event.id
    yield "domain", event.domain
    if verdict is not None:
        yield "verdict", verdict.verdict
        yield "kind", verdict.kind
        yield "score", f"{verdict.score:.6f}"
        if verdict.network is not None:
            yield "network", verdict.network
        strongest = sorted(verdict.evidence, key=lambda piece: -abs(piece.llr))
        yield "evidence", " ".join(f"{piece.name}={piece.llr:+.1f}" for piece in strongest)
    if before is not None:
        yield "before", before.kind
        yield "since", format_moment(before.since) or ""


def _sentence(event: Event) -> str:
    domain = _cut(event.domain)
    if event.change == "cleared" or event.verdict is None:
        return f"{domain} is not held to be fast flux any more"
    word = "is" if event.change == "new" else "is now"
    return f"{domain} {word} {event.verdict.kind}"


def _value(text: str) -> str:
    """Escape what would end a value (RFC 5424 section 6.3.3); what is cut or no ASCII shows so."""
    return _ESCAPED.sub(r"\\\1", _cut(text))


def _cut(text: str) -> str:
    visible = _UNSAFE.sub("?", text)
    return visible if len(visible) <= LONGEST_VALUE else visible[: LONGEST_VALUE - 3] + "..."
