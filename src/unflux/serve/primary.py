"""The primary: which version of the zone is served, and which may follow it."""

from unflux.model.telling import Tell
from unflux.serve.difference import compare
from unflux.serve.edition import Edition
from unflux.serve.errors import HistoryError, ZoneError
from unflux.serve.history import History
from unflux.serve.zone import Zone, is_newer


class Primary:
    """Holds the edition that is served; it is replaced at once, never changed."""

    def __init__(self, history: History, tell: Tell) -> None:
        """Begin with what the history holds."""
        self._history = history
        self._tell = tell
        self.edition: Edition | None = history.restore()

    def offer(self, zone: Zone) -> bool:
        """Serve a version from now on; return whether it is another one than before.

        Raises ZoneError for one that secondaries would not take, or would take for another: of
        another zone, of a serial that does not rise, of the same serial with other records.
        """
        before = self.edition
        if before is None:
            self._publish(Edition(zone=zone))
            return True
        if zone.origin != before.zone.origin:
            message = (
                f"it is the zone {zone.origin}, and {before.zone.origin} is served: to serve "
                "another, remove the history and start again"
            )
            raise ZoneError(message)
        if zone.serial == before.zone.serial:
            if zone.digest == before.zone.digest:
                return False
            message = f"its records are not those that were served as serial {zone.serial}"
            raise ZoneError(message)
        if not is_newer(zone.serial, before.zone.serial):
            message = (
                f"its serial {zone.serial} does not follow {before.zone.serial}, which is served: "
                "secondaries would keep the old zone"
            )
            raise ZoneError(message)
        differences = (*before.differences, compare(before.zone, zone))
        self._publish(Edition.of(zone, differences))
        return True

    def _publish(self, edition: Edition) -> None:
        """Serve an edition, kept or not: a full disk must not hold back a withdrawal."""
        try:
            self._history.keep(edition)
        except HistoryError as error:
            self._tell("history-not-kept", because=str(error))
        self.edition = edition
