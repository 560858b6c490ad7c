"""Markers: a token sent through a suspected agent, seen again where the agent relays to.

A probe writes them, rules of intrusion detection look for them.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from unflux.model.addresses import canonical_address
from unflux.model.times import format_moment

SCHEMA: Final = "unflux/marker/1"
TOKEN: Final = re.compile(r"[a-z0-9]{16,63}")
"""One DNS label, so that one text is looked for in names, headers and paths alike; sixteen letters
and digits or more are met by chance nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A token, the agent it was sent to, and by whom."""

    token: str
    agent: str
    prober: str
    """Its address: what goes back there says nothing about relaying."""
    expires_at: datetime
    """When nobody looks for it any more."""

    def __post_init__(self) -> None:
        """Raise ValueError for what could mean something in a rule."""
        if not TOKEN.fullmatch(self.token):
            message = "a token is 16 to 63 small letters and digits"
            raise ValueError(message)
        for text in (self.agent, self.prober):
            if canonical_address(text) != text:
                message = f"{text!r} is no address in its canonical form"
                raise ValueError(message)
        if self.expires_at.tzinfo is None:
            message = "a moment without a time zone"
            raise ValueError(message)


def compose_marker(marker: Marker) -> str:
    """Write a marker as a line of ASCII JSON, ``unflux/marker/1``."""
    value = {
        "schema": SCHEMA,
        "token": marker.token,
        "agent": marker.agent,
        "prober": marker.prober,
        "expires_at": format_moment(marker.expires_at),
    }
    return json.dumps(value, separators=(",", ":")) + "\n"


def parse_marker(line: str) -> Marker:
    """Read back what :func:`compose_marker` wrote; raises ValueError where it did not."""
    value = json.loads(line)
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        message = f"no {SCHEMA}"
        raise ValueError(message)
    try:
        return Marker(
            token=value["token"],
            agent=value["agent"],
            prober=value["prober"],
            expires_at=datetime.fromisoformat(value["expires_at"]),
        )
    except (KeyError, TypeError) as error:
        message = f"no {SCHEMA}: {error}"
        raise ValueError(message) from error
