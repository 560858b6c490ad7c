"""The tree of errors that unflux raises."""


class UnfluxError(Exception):
    """Something the user can act on; the message holds the value, the limit and its origin."""


class UsageError(UnfluxError):
    """The command was given arguments that make no sense together (exit 2)."""


class UnreadableSourceError(UnfluxError):
    """A source cannot be read at all: missing, refused, empty of meaning, or of no known format."""


class StoreError(UnfluxError):
    """A store cannot be opened, is of another schema, or is damaged."""


class StoreBusyError(StoreError):
    """Another process has the store open, and one may write or many read."""


class StoreFullError(StoreError):
    """The disk has no room for what is added to the store; nothing was."""


class RoutesError(UnfluxError):
    """A table of address ranges (ASN, country) cannot be used."""
