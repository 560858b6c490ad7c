"""The table ``[gate]`` of a configuration: what ``unflux block`` is told by options, in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from unflux.act.output import Answer, Trigger
from unflux.cli.gate_bounds import BOUNDS
from unflux.model.toml_file import refuse_unknown

_FILES: Final = ("allow", "own", "subscribers", "servers", "forwarders")
_FILE: Final = ("confirmed", "markers", "traces")
_WORDS: Final = {"answer": get_args(Answer), "trigger": get_args(Trigger)}
_FIELDS: Final = {"trigger": "triggers", "next_hop": "next_hops"}
"""Of a repeatable option, the field that has all of its values."""
_KEYS: Final = (
    *_FILES, *_FILE, *_WORDS, *BOUNDS, "garden", "zone", "reporter", "next_hop",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GateTable:
    """What the table says, by the fields of the options."""

    lists: Mapping[str, tuple[Any, ...]]
    """They come before what the command line adds."""
    values: Mapping[str, Any]
    """They hold where the command line says nothing."""


def parse_gate(table: object) -> GateTable:
    """Return what the table says; raises ValueError, with the key, for what is not understood."""
    if not isinstance(table, dict):
        message = "gate is no table"
        raise ValueError(message)  # noqa: TRY004  what a file says is a value here
    refuse_unknown(table, _KEYS, "[gate]: ")
    lists: dict[str, tuple[Any, ...]] = {}
    values: dict[str, Any] = {}
    for key, value in table.items():
        where = f"[gate] {key}"
        if key in _FILES:
            lists[key] = tuple(absolute(text, where) for text in _texts(value, where))
        elif key in _FIELDS:
            lists[_FIELDS[key]] = tuple(_word(key, text, where) for text in _texts(value, where))
        elif key in _FILE:
            values[key] = absolute(value, where)
        elif key in BOUNDS:
            values[key] = _number(key, value, where)
        else:
            values[key] = _word(key, _text(value, where), where)
    return GateTable(lists=lists, values=values)


def absolute(value: object, where: str) -> Path:
    """Return an absolute path without a way up; raises ValueError."""
    is_path = isinstance(value, str) and value.startswith("/") and "\0" not in value
    if not is_path or ".." in Path(str(value)).parts:
        message = f"{where} = {value!r} is no absolute path"
        raise ValueError(message)
    return Path(str(value))


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list):
        message = f"{where} = {value!r} is no list"
        raise ValueError(message)  # noqa: TRY004
    return tuple(_text(part, where) for part in value)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        message = f"{where} = {value!r} is no text"
        raise ValueError(message)
    return value


def _word(key: str, text: str, where: str) -> str:
    words = _WORDS.get(key, (text,))
    if text not in words:
        message = f"{where} = {text!r} is none of {', '.join(words)}"
        raise ValueError(message)
    return text


def _number(key: str, value: object, where: str) -> float:
    bounds = BOUNDS[key]
    is_known = isinstance(value, int | float) and not isinstance(value, bool)
    if is_known and bounds.is_whole:
        is_known = isinstance(value, int)
    if not is_known or not bounds.least <= float(value) <= bounds.most:  # type: ignore[arg-type]
        raise ValueError(f"{where} = {value!r} is not {bounds}")
    return value  # type: ignore[return-value]
