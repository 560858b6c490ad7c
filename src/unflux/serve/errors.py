"""What keeps a zone, its history or a server from being used."""

from unflux.model.errors import UnfluxError


class ZoneError(UnfluxError):
    """A version of the zone cannot be served; the one before it stays."""


class UnreadableError(ZoneError):
    """The file of the zone cannot be read now; nothing is known of the version it holds."""


class HistoryError(UnfluxError):
    """The history cannot be read or written."""


class ServerError(UnfluxError):
    """The server cannot listen where it was told to."""
