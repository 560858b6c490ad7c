"""Marker file: what a probe sent, for rules that look for it."""

from pathlib import Path

from unflux.act.protected import read_lines
from unflux.model.errors import UnfluxError
from unflux.model.markers import Marker, parse_marker


def read_markers(path: Path) -> tuple[Marker, ...]:
    """Read a file of ``unflux/marker/1`` lines, the last of each token; raises UnfluxError."""
    found: dict[str, Marker] = {}
    for number, line in read_lines(path):
        try:
            marker = parse_marker(line)
        except (ValueError, RecursionError) as error:
            message = f"{path}, line {number}: {error}"
            raise UnfluxError(message) from error
        found[marker.token] = marker
    return tuple(found.values())
