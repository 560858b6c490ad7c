"""What stands in a folder: the actions of the last run and the serial of its policy zone.

The state lies beside the files that it describes, as ``standing.jsonl``: a head, then an
``unflux/action/1`` a line. It is written before the files: who is interrupted in between finds
files that are older than the state, and the next run writes them again, with a higher serial.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from unflux.act.action_json import action_object, compose_line, parse_action
from unflux.act.output import Rendered
from unflux.model.actions import BLOCKS, Action, Plan
from unflux.model.errors import UnfluxError

STATE: Final = "standing.jsonl"
HEAD_SCHEMA: Final = "unflux/standing/1"
SERIALS: Final = 1 << 32
"""Of a zone (RFC 1982)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """What a folder holds."""

    actions: tuple[Action, ...] = ()
    serial: int | None = None
    formats: tuple[str, ...] = ()
    """Outputs that were written there: each is written again, lest one keep what was withdrawn."""
    files: tuple[str, ...] = ()
    """Their files, relative to the folder."""


def read_standing(folder: Path) -> Deployed:
    """Return what stands in the folder; a folder without state holds nothing.

    Raises UnfluxError where the state cannot be read: what is not known cannot be withdrawn.
    """
    path = folder / STATE
    try:
        head, *rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        if head["schema"] != HEAD_SCHEMA or len(rows) != head["actions"]:
            message = "its head does not fit"
            raise ValueError(message)
        return Deployed(
            actions=tuple(map(parse_action, rows)),
            serial=int(head["serial"]) % SERIALS,
            formats=tuple(map(str, head["formats"])),
            files=tuple(map(str, head["files"])),
        )
    except FileNotFoundError:
        return Deployed()
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise UnfluxError(message) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"{path} is damaged ({error}): restore it, or empty the folder by hand"
        raise UnfluxError(message) from error


def next_serial(before: int | None, now: datetime) -> int:
    """Return a serial above the one before: the epoch second, or one more (RFC 1982)."""
    clock = int(now.timestamp()) % SERIALS
    if before is None:
        return clock
    # Of two serials the one less than half the circle ahead is the greater.
    is_ahead = 0 < (clock - before) % SERIALS < SERIALS // 2
    return clock if is_ahead else (before + 1) % SERIALS


def write_folder(
    folder: Path,
    plan: Plan,
    before: Deployed,
    serial: int,
    formats: Mapping[str, Sequence[Rendered]],
) -> list[Path]:
    """Write the state and the files of each format, each whole or not at all; return their paths.

    Files of the run before that are not written any more are removed.
    """
    standing = plan.of_kind(*BLOCKS)
    files = {file.name: file.content for parts in formats.values() for file in parts}
    head = {
        "schema": HEAD_SCHEMA,
        "serial": serial,
        "actions": len(standing),
        "formats": list(formats),
        "files": sorted(files),
    }
    rows = [compose_line(head), *(compose_line(action_object(a)) for a in standing)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / STATE, "".join(rows).encode("ascii"))
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, content)
        for name in before.files:
            if name not in files and _is_below(name):
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        message = f"{error.filename or folder}: cannot be written ({error.strerror})"
        raise UnfluxError(message) from error
    return [folder / name for name in files]


def _is_below(name: str) -> bool:
    """Tell whether a name from the state can only lead into the folder."""
    path = Path(name)
    return not path.is_absolute() and ".." not in path.parts and name != STATE


def _write(path: Path, content: bytes) -> None:
    """Replace a file at once: a reader sees the old one or the new one, after a crash too."""
    beside = path.with_name(f".{path.name}.new")
    with beside.open("wb") as sink:
        sink.write(content)
        sink.flush()
        os.fsync(sink.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
