"""dnstap of a resolver: a file of bounded size that BIND begins anew, and its parts joined."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from unflux.lab.testbed.namespaces import namespace_name
from unflux.lab.testbed.programs import Programs
from unflux.model.control_frames import CONTENT_TYPE, START, STOP, compose_control_frame
from unflux.model.errors import UnfluxError

DNSTAP: Final = "dnstap.fstrm"
PART_OCTETS: Final = 8 << 20
MOST_PARTS: Final = 8
"""Closed parts that BIND keeps. Chosen: 2026-11-28; a testbed that nobody captures holds 72 MiB at
most, and parts are fetched twice a second while one is captured."""


def compose_output(folder: Path) -> str:
    """Return BIND's ``dnstap-output`` into a folder."""
    return (
        f'dnstap-output file "{folder / DNSTAP}" size {PART_OCTETS} versions {MOST_PARTS} '
        "suffix timestamp;"
    )


class DnstapParts:
    """Fetches what a resolver of a testbed writes, part by part, into one stream.

    Only BIND renames its files: whatever ends in between, the next finds it writing.
    """

    def __init__(
        self, programs: Programs, testbed: str, state_folder: Path, stream: BinaryIO
    ) -> None:
        self._programs, self._testbed, self._stream = programs, testbed, stream
        self._folder = state_folder / "north"
        self.messages = 0
        """Fetched so far."""

    def fetch(self) -> None:
        """Take the parts that BIND has closed; raises UnfluxError where some may be gone."""
        parts = self._parts()
        if len(parts) >= MOST_PARTS:
            message = "the resolver's dnstap came faster than it could be fetched"
            raise UnfluxError(message)
        for part in parts:
            for frame in _data_frames(part.read_bytes()):
                self._stream.write(frame)
                self.messages += 1
            part.unlink()

    def forget(self) -> None:
        """Have BIND begin a part, and throw away those before."""
        self._roll()
        for part in self._parts():
            part.unlink(missing_ok=True)

    def fetch_last(self) -> None:
        """Have BIND close the part it writes, and take all there are."""
        self.fetch()
        self._roll()
        self.fetch()

    def _parts(self) -> list[Path]:
        """Return the closed parts, oldest first: their names end in the moment."""
        return sorted(self._folder.glob(f"{DNSTAP}.*"))

    def _roll(self) -> None:
        self._programs.run(
            "ip", "netns", "exec", namespace_name(self._testbed, "north"),
            self._programs.paths["rndc"], "-k", self._folder / "rndc.key", "-s", "127.0.0.1",
            "-p", "953", "dnstap", "-roll",
        )  # fmt: skip


@contextmanager
def joined(
    programs: Programs, testbed: str, state_folder: Path, path: Path
) -> Iterator[DnstapParts]:
    """Have a stream at ``path`` for the parts of a testbed while the block runs."""
    with path.open("wb") as stream:
        stream.write(compose_control_frame(START, CONTENT_TYPE))
        yield DnstapParts(programs, testbed, state_folder, stream)
        stream.write(compose_control_frame(STOP))


def _data_frames(octets: bytes) -> Iterator[bytes]:
    """Yield the data frames of a stream with their lengths; one that is cut is left out."""
    place = 0
    while len(octets) - place >= 4:
        size = int.from_bytes(octets[place : place + 4])
        if not size:
            place += 8 + int.from_bytes(octets[place + 4 : place + 8])
            continue
        ends = place + 4 + size
        if ends <= len(octets):
            yield octets[place:ends]
        place = ends
