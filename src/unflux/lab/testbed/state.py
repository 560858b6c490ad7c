"""The folder of a testbed: what it was asked to be, how far it came, its servers' files."""

import json
import os
import re
import shutil
import stat
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from unflux.lab.testbed.options import Options
from unflux.model.errors import UnfluxError
from unflux.model.lock import locked

Phase = Literal["rising", "up"]
SCHEMA: Final = "unflux/testbed-state/1"
_RECORD: Final = "testbed.json"
_DRAFT: Final = "testbed.new"
_LOCK: Final = "lock"
_POLL_S: Final = 0.05


DEFAULT_FOLDER: Final = Path("/run/unflux-lab")
"""Where a testbed's state lies unless told: root's, and gone with the machine as namespaces are. A
session's own folder is gone before them."""
MOST_CHARACTERS: Final = 255
"""Of the folder's path, as an alias of a device has them (Linux, IFALIASZ)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is written down before anything is made."""

    testbed: str
    """Six hexadecimal digits, part of the names of its namespaces."""
    options: Options
    phase: Phase
    started_at_s: float
    """Seconds since 1970 at which its clock started."""


@dataclass(frozen=True, slots=True)
class State:
    """A folder that belongs to one testbed and is gone with it."""

    folder: Path

    def claim(self) -> None:
        """Make the folder, or take an empty one; raises UnfluxError where others could write.

        Its path goes into the configurations of servers, so it has no odd characters, and into
        the namespaces, so it is not long.
        """
        if not re.fullmatch(r"[\w/.+-]+", str(self.folder), re.ASCII):
            message = f"{str(self.folder)!r}: letters, digits and /._+- alone, please"
            raise UnfluxError(message)
        if len(str(self.folder)) > MOST_CHARACTERS:
            message = f"{self.folder}: a path of {MOST_CHARACTERS} characters at most, please"
            raise UnfluxError(message)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            status = self.folder.lstat()
            is_empty = not any(path.name not in (_LOCK, _DRAFT) for path in self.folder.iterdir())
        except OSError as error:
            message = f"{self.folder}: no place for a testbed ({error.strerror})"
            raise UnfluxError(message) from error
        self._require_own(status)
        if not is_empty:
            what = "a testbed is there already" if self.is_there() else "not empty"
            message = f"{self.folder}: {what}; take it down, or name another folder by --state"
            raise UnfluxError(message)

    def require_own(self) -> None:
        """Raise UnfluxError where another user could have written what lies in the folder."""
        try:
            self._require_own(self.folder.lstat())
        except OSError as error:
            message = f"{self.folder}: {error.strerror}"
            raise UnfluxError(message) from error

    def _require_own(self, status: os.stat_result) -> None:
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            message = f"{self.folder}: not a folder of this user"
            raise UnfluxError(message)
        if status.st_mode & 0o022:
            message = f"{self.folder}: others may write there; chmod go-w it"
            raise UnfluxError(message)

    def is_there(self) -> bool:
        """Tell whether the folder is a testbed's."""
        return (self.folder / _RECORD).is_file()

    def testbed(self) -> str:
        """Return which testbed it is, also where another version of unflux wrote it down."""
        try:
            told = json.loads((self.folder / _RECORD).read_text(encoding="utf-8"))
            testbed = str(told["testbed"])
        except (OSError, ValueError, TypeError, KeyError) as error:
            message = f"{self.folder / _RECORD} cannot be read: {error}"
            raise UnfluxError(message) from error
        if not re.fullmatch("[0-9a-f]{6}", testbed):
            message = f"{self.folder / _RECORD} names no testbed"
            raise UnfluxError(message)
        return testbed

    def read(self) -> Record:
        """Return what was written down; raises UnfluxError where there is no testbed."""
        try:
            told = json.loads((self.folder / _RECORD).read_text(encoding="utf-8"))
            if told.pop("schema") != SCHEMA:
                raise ValueError(SCHEMA)
            return Record(**{**told, "options": Options(**told["options"])})
        except FileNotFoundError as error:
            message = f"{self.folder}: no testbed is there"
            raise UnfluxError(message) from error
        except (OSError, ValueError, TypeError, KeyError) as error:
            message = f"{self.folder / _RECORD} cannot be read: {error}"
            raise UnfluxError(message) from error

    def write(self, record: Record) -> None:
        """Write down, whole and on the disk before this returns."""
        path = self.folder / _RECORD
        draft = self.folder / _DRAFT
        with draft.open("w", encoding="utf-8") as stream:
            json.dump({"schema": SCHEMA, **asdict(record)}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)

    def tell_ready(self, part: str) -> None:
        """Say that a process of the testbed does its work now."""
        (self.folder / f"{part}.ready").touch()

    def wait_for(self, part: str, patience_s: float) -> None:
        """Wait until a process has told that it is ready; raises UnfluxError with its log."""
        ends = time.monotonic() + patience_s
        while not (self.folder / f"{part}.ready").exists():
            if time.monotonic() > ends:
                said = ""
                with suppress(OSError):
                    said = self.log(part).read_text(encoding="utf-8", errors="replace")[-600:]
                message = f"{part} of the testbed did not start in {patience_s:g} s: {said.strip()}"
                raise UnfluxError(message)
            time.sleep(_POLL_S)

    def log(self, part: str) -> Path:
        """Return where a process writes what it has to say."""
        return self.folder / f"{part}.log"

    def remove(self) -> None:
        """Remove the folder and all in it, if it is a testbed's or empty.

        The record goes after all that only it says is ours: one that is killed half-way is done
        again. Raises UnfluxError where something would not go.
        """
        record = self.folder / _RECORD
        try:
            if self.is_there():
                for path in self.folder.iterdir():
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    elif path.name not in (_RECORD, _LOCK):
                        path.unlink()
                record.unlink()
        except OSError as error:
            message = f"{self.folder}: could not be removed: {error}"
            raise UnfluxError(message) from error
        for own in (_DRAFT, _LOCK):
            with suppress(OSError):
                (self.folder / own).unlink()
        with suppress(OSError):
            self.folder.rmdir()

    def locked(self) -> AbstractContextManager[None]:
        """Keep others from raising, capturing or clearing this testbed meanwhile."""
        return locked(self.folder / _LOCK)
