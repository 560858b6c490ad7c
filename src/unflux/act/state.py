"""State: where it is kept what is deployed, in a folder of files or in the store of records.

It has two parts: the actions that stand, and the journal of deliveries. Each is replaced whole.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Final, Literal, Protocol

from unflux.act.placing import place
from unflux.engine.store import WAIT_S, Store
from unflux.model.errors import UnfluxError

Part = Literal["standing", "deliveries"]
PARTS: Final[tuple[Part, ...]] = ("standing", "deliveries")


class State(Protocol):
    """Keeps the parts; a part that was written survives whatever ends the process."""

    @property
    def lock(self) -> Path:
        """The file whose lock is held by who changes the state."""
        ...

    def name(self, part: Part) -> str:
        """Return what errors call a part."""
        ...

    def read(self, part: Part) -> str | None:
        """Return a part; null where there is none. Raises UnfluxError."""
        ...

    def write(self, part: Part, text: str) -> None:
        """Replace a part. Raises UnfluxError."""
        ...

    def kept_open(self) -> AbstractContextManager[None]:
        """Keep what is behind it to this process, so that no later write is refused."""
        ...


class FolderState:
    """A folder with ``standing.jsonl`` and ``deliveries.jsonl``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.lock = folder / ".unflux.lock"

    def name(self, part: Part) -> str:
        """Return the file of a part."""
        return str(self._path(part))

    def read(self, part: Part) -> str | None:
        """Return the content of the part's file."""
        path = self._path(part)
        try:
            return path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except OSError as error:
            message = f"{path}: cannot be read ({error.strerror})"
            raise UnfluxError(message) from error
        except UnicodeDecodeError as error:
            message = f"{path} is damaged: it is not UTF-8"
            raise UnfluxError(message) from error

    def write(self, part: Part, text: str) -> None:
        """Replace the part's file."""
        place(self._path(part), text.encode("ascii"))

    def kept_open(self) -> AbstractContextManager[None]:
        """Do nothing: files need not be kept open."""
        return nullcontext()

    def _path(self, part: Part) -> Path:
        return self._folder / f"{part}.jsonl"


class StoredState:
    """A store of records, which keeps the state of each deployment by its name."""

    def __init__(self, store: Path, deployment: str) -> None:
        self._path = store
        self._deployment = deployment
        self._open: Store | None = None
        self.lock = store.with_name(f"{store.name}.lock")

    def name(self, part: Part) -> str:
        """Return the store, the part and the deployment."""
        return f"{self._path} ({part} of deployment {self._deployment})"

    def read(self, part: Part) -> str | None:
        """Return what the store holds of the part."""
        if not self._path.exists():
            return None
        with Store.open(self._path, read_only=True, wait_s=WAIT_S) as store:
            return store.deployed(self._deployment, part)

    def write(self, part: Part, text: str) -> None:
        """Replace it, in a transaction."""
        if self._open is not None:
            self._open.keep_deployed(self._deployment, part, text)
            return
        with Store.open(self._path, wait_s=WAIT_S) as store:
            store.keep_deployed(self._deployment, part, text)

    @contextmanager
    def kept_open(self) -> Iterator[None]:
        """Keep the store open: another process that opens it later could refuse the next write."""
        with Store.open(self._path, wait_s=WAIT_S) as store:
            self._open = store
            try:
                yield
            finally:
                self._open = None
