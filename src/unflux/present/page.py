"""A page: self-contained HTML that needs no network and runs no foreign text; shared by reports."""

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from unflux.model.plural import plural
from unflux.model.times import format_moment
from unflux.present.visible import make_visible


def page_environment() -> Environment:
    """Return what fills templates: every text from the network is escaped and made visible."""
    environment = Environment(
        loader=PackageLoader("unflux.present"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: (
            make_visible(value)
            if isinstance(value, str) and not isinstance(value, Markup)
            else value
        ),
    )
    environment.globals.update(plural=plural)
    environment.filters.update(count=_count, moment=_moment, iso=format_moment, span=_span)
    return environment


def security_policy(style: str, scripts: Iterable[str]) -> str:
    """Return a Content-Security-Policy that admits one style and some scripts, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src " + " ".join(_hash(script) for script in scripts),
            f"style-src {_hash(style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def data_block(value: Any) -> Markup:
    """Return JSON that holds no character with a meaning to HTML, for a script data block."""
    text = json.dumps(_visible(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character in "<>&'":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped above


def _visible(value: Any) -> Any:
    """Make each text in nested lists and dicts visible; the nesting is ours, not the input's."""
    if isinstance(value, str):
        return make_visible(value)
    if isinstance(value, dict):
        return {key: _visible(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_visible(item) for item in value]
    return value


def read_resource(path: str) -> str:
    """Return the text of a file of ours."""
    return files("unflux.present").joinpath(path).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return "unknown"
    moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")


def _span(seconds: float | timedelta) -> str:
    """Write a duration in its two largest units."""
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    left = int(seconds)
    parts = []
    for unit, size in (
        ("years", 31_536_000),
        ("days", 86_400),
        ("h", 3_600),
        ("min", 60),
        ("s", 1),
    ):
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number} {unit[:-1] if number == 1 and len(unit) > 3 else unit}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 s"
