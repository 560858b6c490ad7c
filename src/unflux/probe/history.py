"""History: earlier looks, from the file that probes add to."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from unflux.model.addresses import canonical_address
from unflux.model.errors import UnfluxError
from unflux.model.probes import SCHEMA
from unflux.probe.uptime import Look


def read_looks(path: Path, name: str) -> Iterator[Look]:
    """Yield the earlier looks at addresses for a name; none where there is no file yet.

    Raises UnfluxError where it cannot be read or a line is no ``unflux/probe/1``; a last line that
    was cut off by a kill is passed over.
    """
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise UnfluxError(message) from error
    lines = text.splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            look, of = _parse(line)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if number == len(lines) and not text.endswith("\n"):
                return
            message = f"{path}, line {number}: no {SCHEMA}"
            raise UnfluxError(message) from error
        if of == name:
            yield look


def _parse(line: str) -> tuple[Look, str]:
    value = json.loads(line)
    if value["schema"] != SCHEMA:
        raise ValueError
    at = datetime.fromisoformat(value["at"])
    if at.tzinfo is None or canonical_address(value["address"]) != value["address"]:
        raise ValueError
    return Look(address=value["address"], at=at, is_up=bool(value["open_ports"])), value["name"]
