"""An event as one line of JSON: ``unflux/event/1``.

The shape is held by ``docs/schemas/event-1.schema.json``.
"""

from typing import Final

from unflux.model.events import Event
from unflux.model.times import format_moment
from unflux.present.json_lines import compose_line, text, verdict_object

EVENT_SCHEMA: Final = "unflux/event/1"


def render_event(event: Event) -> str:
    """Return the line, newline included: pure ASCII, as the lines of verdicts are."""
    before = event.before
    return compose_line(
        {
            "schema": EVENT_SCHEMA,
            "id": event.id,
            "event": event.change,
            "at": format_moment(event.at),
            "domain": text(event.domain),
            "before": None
            if before is None
            else {
                "kind": before.kind,
                "network": text(before.network),
                "since": format_moment(before.since),
            },
            "verdict": None if event.verdict is None else verdict_object(event.verdict),
        }
    )
