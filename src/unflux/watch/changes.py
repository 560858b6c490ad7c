"""Changes: verdicts of a window against what stands, as events."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from unflux.model.events import Conviction, Event
from unflux.model.verdicts import Verdict

Standing = Mapping[str, Conviction]
"""The convicted by their domain."""


def find_changes(
    standing: Standing, verdicts: Iterable[Verdict], at: datetime
) -> tuple[Event, ...]:
    """Return what changed, by domain.

    ``verdicts``: of the convicted and of all that stand, as far as the window has records of them.
    A change of kind or network is one; a score that moves, or more evidence, is none.
    """
    found = {verdict.domain: verdict for verdict in verdicts}
    events = []
    for domain in sorted(found.keys() | standing.keys()):
        before, verdict = standing.get(domain), found.get(domain)
        is_convicted = verdict is not None and verdict.verdict == "fast-flux"
        if before is None:
            if is_convicted:
                events.append(
                    Event(change="new", at=at, domain=domain, before=None, verdict=verdict)
                )
        elif not is_convicted:
            events.append(
                Event(change="cleared", at=at, domain=domain, before=before, verdict=verdict)
            )
        elif verdict and (before.kind, before.network) != (verdict.kind, verdict.network):
            events.append(
                Event(change="changed", at=at, domain=domain, before=before, verdict=verdict)
            )
    return tuple(events)


def follow(standing: Standing, events: Iterable[Event]) -> dict[str, Conviction]:
    """Return what stands after the events."""
    after = dict(standing)
    for event in events:
        if event.change == "cleared" or event.verdict is None:
            del after[event.domain]
        else:
            after[event.domain] = Conviction(
                domain=event.domain,
                kind=event.verdict.kind,
                network=event.verdict.network,
                since=event.at if event.before is None else event.before.since,
            )
    return after
