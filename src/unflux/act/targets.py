"""Targets: where each output goes on this machine, and what makes a system load it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from unflux.act.output import Rendered
from unflux.model.errors import UsageError

RELOAD_TIMEOUT_S: Final = 30.0
"""Chosen: 2026-11-24; a name server takes a few seconds for 100,000 names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one output goes; nothing of it comes from records."""

    output: str
    path: Path
    """A file, or a folder in which the files of the output get their own names; absolute."""
    is_folder: bool = False
    reload: tuple[str, ...] = ()
    """A command, word by word; none where nothing need be told."""
    reload_timeout_s: float = RELOAD_TIMEOUT_S

    def files(self, rendered: Sequence[Rendered]) -> dict[Path, bytes]:
        """Return what is written where.

        Raises UsageError where the output has several files and the target is one.
        """
        if self.is_folder:
            return {self.path / file.name: file.content for file in rendered}
        if len(rendered) != 1 or "/" in rendered[0].name:
            message = f"{self.output} writes several files: name a folder for it, not a path"
            raise UsageError(message)
        return {self.path: rendered[0].content}

    def holds(self, path: Path) -> bool:
        """Tell whether a path is one that this target may write or remove."""
        if not self.is_folder:
            return path == self.path
        return ".." not in path.parts and path != self.path and path.is_relative_to(self.path)


def place_all(
    targets: Sequence[Target], rendered: Mapping[str, Sequence[Rendered]]
) -> dict[str, dict[Path, bytes]]:
    """Return for each output what is written where.

    Raises UsageError where two outputs would write one file.
    """
    found: dict[str, dict[Path, bytes]] = {}
    taken: dict[Path, str] = {}
    for target in targets:
        files = target.files(rendered[target.output])
        for path in files:
            if path in taken:
                message = f"{path}: {taken[path]} and {target.output} would both write it"
                raise UsageError(message)
            taken[path] = target.output
        found[target.output] = files
    return found
