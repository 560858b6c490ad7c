"""The embedded example: a capture of a small internet, written into a folder."""

from dataclasses import dataclass
from pathlib import Path

from unflux.lab.small_internet import SmallInternet, build_small_internet
from unflux.model.errors import UnfluxError


@dataclass(frozen=True, slots=True)
class Example:
    """Where the parts of the example are."""

    folder: Path

    @property
    def capture(self) -> Path:
        """The capture of what two resolvers' clients saw."""
        return self.folder / "small-internet.pcap"

    @property
    def routes(self) -> Path:
        """The address table of the small internet."""
        return self.folder / "routes.csv"

    @property
    def report(self) -> Path:
        """The page about what was found."""
        return self.folder / "report.html"


def write_example(folder: Path, seed: int) -> tuple[SmallInternet, Example]:
    """Build a small internet and write its capture and address table."""
    internet, example = build_small_internet(seed), Example(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        internet.write_capture(example.capture)
        internet.write_routes(example.routes)
    except OSError as error:
        message = f"{folder}: cannot be written ({error.strerror})"
        raise UnfluxError(message) from error
    return internet, example
