"""The configuration of ``unflux block``: one TOML file, which names where each output goes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from unflux.act.outputs import OUTPUTS
from unflux.act.targets import RELOAD_TIMEOUT_S, Target
from unflux.cli.gate_table import GateTable, absolute, parse_gate
from unflux.model.errors import UnfluxError
from unflux.model.toml_file import read_toml, refuse_unknown

LONGEST_RELOAD_S: Final = 600.0
_NAME: Final = re.compile(r"[a-z0-9-]{1,40}")
_KEYS: Final = frozenset({"name", "state", "deliver", "gate"})
_TARGET_KEYS: Final = frozenset({"path", "folder", "reload", "timeout_s"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a configuration says; see docs/delivery.md."""

    targets: tuple[Target, ...]
    name: str = "default"
    """Of the deployment, in a store that keeps the state of several."""
    state: Path | None = None
    """A folder that keeps the state; null: the store of records does."""
    gate: GateTable = field(default_factory=lambda: GateTable(lists={}, values={}))
    """What the gate is told beside the command line."""


def read_configuration(path: Path) -> Configuration:
    """Read a configuration.

    Raises UnfluxError, with the place, for whatever is not understood, and for a file that
    everybody may write: its commands are run.
    """
    value = read_toml(path, "its commands are run")
    try:
        return _parse(value)
    except ValueError as error:
        message = f"{path}: {error}"
        raise UnfluxError(message) from error


def _parse(value: Mapping[str, Any]) -> Configuration:
    refuse_unknown(value, _KEYS)
    name, deliver = value.get("name", "default"), value.get("deliver")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        message = f"name = {name!r} is not up to 40 of a-z, 0-9 and -"
        raise ValueError(message)
    if not isinstance(deliver, dict) or not deliver:
        message = "it names nothing to deliver: a table [deliver.OUTPUT] for each output"
        raise ValueError(message)
    return Configuration(
        name=name,
        state=absolute(value["state"], "state") if "state" in value else None,
        gate=parse_gate(value.get("gate", {})),
        targets=tuple(_parse_target(output, table) for output, table in deliver.items()),
    )


def _parse_target(output: str, table: object) -> Target:
    where = f"[deliver.{output}]"
    known = [known.NAME for known in OUTPUTS]
    if output not in known:
        message = f"{where}: there is no such output; there are {', '.join(known)}"
        raise ValueError(message)
    if not isinstance(table, dict):
        message = f"deliver.{output} is no table"
        raise ValueError(message)  # noqa: TRY004  what a file says is a value here
    refuse_unknown(table, _TARGET_KEYS, f"{where}: ")
    if ("path" in table) == ("folder" in table):
        message = f"{where} needs a path or a folder, one of them"
        raise ValueError(message)
    key = "path" if "path" in table else "folder"
    return Target(
        output=output,
        path=absolute(table[key], f"{where} {key}"),
        is_folder=key == "folder",
        reload=_parse_command(table.get("reload", []), f"{where} reload"),
        reload_timeout_s=_parse_timeout(table.get("timeout_s", RELOAD_TIMEOUT_S), where),
    )


def _parse_command(value: object, where: str) -> tuple[str, ...]:
    words = value if isinstance(value, list) else [None]
    if not all(isinstance(word, str) and "\0" not in word for word in words) or words[:1] == [""]:
        message = f"{where} = {value!r} is no list of words: a command gets no shell"
        raise ValueError(message)
    return tuple(words)


def _parse_timeout(value: object, where: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 < float(value) <= LONGEST_RELOAD_S:  # type: ignore[arg-type]
        message = f"{where} timeout_s = {value!r} is not above 0 and at most {LONGEST_RELOAD_S:g}"
        raise ValueError(message)
    return float(value)  # type: ignore[arg-type]
