"""TOML files that say what may be done: nobody but their owner and his group may write them."""

import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from unflux.model.errors import UnfluxError


def read_toml(path: Path, because: str) -> dict[str, Any]:
    """Return what a file says; ``because``: what makes it matter who may write it.

    Raises UnfluxError where it cannot be read, is no TOML, or everybody may write it.
    """
    try:
        if path.stat().st_mode & stat.S_IWOTH:
            message = f"{path}: everybody may write it, and {because}; chmod o-w first"
            raise UnfluxError(message)
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror})"
        raise UnfluxError(message) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path}: is no TOML ({error})"
        raise UnfluxError(message) from error


def refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str = "") -> None:
    """Raise ValueError for keys that are not known: a misspelt one would be a wish that is lost."""
    unknown = sorted(table.keys() - set(known))
    if unknown:
        message = f"{where}{', '.join(unknown)}: no such key; there are {', '.join(sorted(known))}"
        raise ValueError(message)
