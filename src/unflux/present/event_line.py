"""An event of a server as one line of a log, for eyes or for programs."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from unflux.model.times import format_moment
from unflux.present.visible import make_visible

_BARE: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:[]/*+")
"""What a value may hold and still stand without quotes."""


def event_line(event: str, fields: Mapping[str, str | int | float | None], at: datetime) -> str:
    """Return ``MOMENT EVENT name=value ...``; null fields are left out.

    A value is quoted where it holds more than letters, digits and marks, and nothing in it can
    begin another line or steer a terminal.
    """
    told = (f"{name}={_value(value)}" for name, value in fields.items() if value is not None)
    return " ".join((format_moment(at) or "", event, *told))


def event_json(event: str, fields: Mapping[str, str | int | float | None], at: datetime) -> str:
    """Return the same as a JSON object; null fields stay, and none hides the moment or event."""
    head = {"at": format_moment(at), "event": event}
    return json.dumps(head | dict(fields) | head)


def _value(value: str | float) -> str:
    text = make_visible(str(value))
    if text and _BARE.issuperset(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
