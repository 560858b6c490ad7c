"""Told: the routes that ExaBGP may hold, kept on disk, so that a new process can withdraw them."""

from collections.abc import Iterable
from pathlib import Path

from unflux.act.announcements import is_host_route
from unflux.act.placing import place
from unflux.model.errors import UnfluxError


class Told:
    """A file of routes, one a line.

    Opening it raises UnfluxError where it cannot be read, or holds anything that is no such route:
    what could not be withdrawn later is not announced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.routes = _read(path)
        """What is on the disk."""

    def keep(self, routes: Iterable[str]) -> None:
        """Replace what is kept, where it is something else.

        Raises UnfluxError where it cannot be written; what was kept before then still is.
        """
        wanted = frozenset(routes)
        if wanted != self.routes:
            place(self._path, "".join(f"{route}\n" for route in sorted(wanted)).encode("ascii"))
            self.routes = wanted


def _read(path: Path) -> frozenset[str]:
    try:
        routes = frozenset(path.read_text("ascii").splitlines())
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{path}: cannot be read ({getattr(error, 'strerror', None) or 'not ASCII'})"
        raise UnfluxError(message) from error
    for route in routes:
        if not is_host_route(route):
            message = f"{path}: {route!r} was never told; remove the file, and restart ExaBGP"
            raise UnfluxError(message)
    return routes
