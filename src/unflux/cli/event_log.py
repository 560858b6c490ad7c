"""The log of a command that runs on: an event a line on standard error."""

import sys
from contextlib import suppress
from datetime import UTC, datetime

from unflux.model.telling import Field, Tell
from unflux.present.event_line import event_json, event_line


def tell_lines(*, as_json: bool) -> Tell:
    """Return what writes each event as it is told, as text or as JSON.

    What cannot be written now, as where the disk of the log is full, ends nothing.
    """
    compose = event_json if as_json else event_line

    def tell(event: str, /, **fields: Field) -> None:
        with suppress(OSError):
            print(compose(event, fields, datetime.now(UTC)), file=sys.stderr, flush=True)

    return tell
