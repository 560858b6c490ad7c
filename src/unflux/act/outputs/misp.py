"""MISP events: one a flux network, with what may be acted on marked for detection."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any, Final

from unflux.act.output import Doc, Options, Rendered, lacking, origin, remark
from unflux.act.plain import is_plain, one_line, split_plain
from unflux.act.uuids import uuid_of
from unflux.model.actions import BLOCKS, SHARED, Action, ActionKind, Plan

TAGS: Final = ("tlp:amber", 'misp-galaxy:mitre-attack-pattern="Fast Flux DNS - T1568.001"')

TYPES: Final[dict[ActionKind, str]] = {
    "block-domain": "domain", "report-domain": "domain", "block-name-server": "hostname",
    "block-address": "ip-dst", "block-mothership": "ip-dst", "report-address": "ip-dst",
}  # fmt: skip

THREAT_LEVEL: Final = 2
ANALYSIS: Final = 2
DISTRIBUTION: Final = 0
"""Medium; completed; your organisation only: who shares more decides so in MISP."""


class Misp:
    """Writes ``unflux.misp.json``."""

    NAME = "misp"
    DOC = Doc(
        summary="MISP events, one a network: attributes, objects, tags",
        references=(
            "MISP core format, draft-dulaunoy-misp-core-format: events, attributes, objects",
            "MISP galaxy mitre-attack-pattern, T1568.001",
        ),
        limitations=(
            "Only what the gate lets be blocked is marked for detection (to_ids); what is only "
            "reported is not.",
            "MISP knows no end of an attribute: the comment says it; import the next file before.",
            "What is withdrawn is written once more, as deleted; what moves to another network "
            "stays in the event of the first.",
            "Events have the distribution of your organisation only, and are not published.",
            "Names that hold other octets than letters, digits, hyphen and underscore are left "
            "out.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return all events as one file; raises UnfluxError where pymisp is not installed."""
        try:
            import pymisp  # noqa: PLC0415  an extra
        except ImportError as error:
            raise lacking(self.NAME, "pymisp") from error
        actions, left = split_plain(plan.of_kind(*SHARED))
        ended = (withdrawal.action for withdrawal in plan.withdrawals)
        withdrawn, _ = split_plain(action for action in ended if action.kind in SHARED)
        held: dict[str, list[Action]] = {}
        for action in [*actions, *withdrawn]:
            held.setdefault(action.proposal.network or action.target, []).append(action)
        gone = frozenset(action.id for action in withdrawn)
        events = [
            _Event(pymisp, key, plan.decided_at, options).compose(held[key], gone)
            for key in sorted(held)
        ]
        text = json.dumps({"response": events}, indent=1, sort_keys=True, ensure_ascii=True)
        content = f"{text}\n".encode("ascii")
        return (Rendered(name="unflux.misp.json", content=content, omissions=left),)


class _Event:
    """Composes the event of one network."""

    def __init__(
        self, pymisp: ModuleType, key: str, decided_at: datetime, options: Options
    ) -> None:
        self._pymisp = pymisp
        self._key = key
        self._decided_at = decided_at
        self._origin = origin(options)

    def compose(self, actions: Sequence[Action], gone: frozenset[str]) -> dict[str, Any]:
        """Return the event; ``gone``: ids of what is withdrawn."""
        event = self._pymisp.MISPEvent(force_timestamps=True)
        first = min((a.proposal.first_seen for a in actions if a.proposal.first_seen), default=None)
        event.from_dict(
            uuid=self._uuid("event"),
            info=one_line(f"fast-flux network {self._key}"),
            date=(first or self._decided_at).date().isoformat(),
            timestamp=int(self._decided_at.timestamp()),
            threat_level_id=THREAT_LEVEL,
            analysis=ANALYSIS,
            distribution=DISTRIBUTION,
            published=False,
        )
        for tag in TAGS:
            event.add_tag(tag)
        targets: dict[str, Action] = {}
        # What is still reported stands, though its block is withdrawn.
        for action in sorted(actions, key=lambda a: (a.id in gone, a.kind not in BLOCKS, a.target)):
            targets.setdefault(action.target, action)
        for action in targets.values():
            self._add_attribute(event, action, is_gone=action.id in gone)
        standing = [action for action in targets.values() if action.id not in gone]
        self._add_tuples(event, standing)
        self._add_systems(event, standing)
        value: dict[str, Any] = json.loads(event.to_json())
        return {"Event": value}

    def _add_attribute(self, event: Any, action: Action, *, is_gone: bool) -> None:
        proposal = action.proposal
        is_blocked = action.kind in BLOCKS and not is_gone
        undo = f"; undo: {action.undo}" if is_blocked else ""
        attribute = event.add_attribute(
            TYPES[action.kind],
            action.target,
            category="Network activity",
            uuid=self._uuid("attribute", action.target),
            to_ids=is_blocked,
            comment=one_line(f"{remark(action)}; {proposal.reason}{undo}"),
            timestamp=int(self._decided_at.timestamp()),
            **_span(proposal.first_seen, proposal.last_seen),
        )
        if is_gone:
            attribute.delete()

    def _add_tuples(self, event: Any, actions: Iterable[Action]) -> None:
        """Add an object for each domain with the addresses that served it."""
        served: dict[str, list[str]] = {}
        for action in (a for a in actions if a.proposal.agent is not None):
            for name in filter(is_plain, action.proposal.related):
                served.setdefault(name, []).append(action.target)
        for name in sorted(served):
            members = [("domain", name), *(("ip", address) for address in sorted(served[name]))]
            self._add_object(event, "domain-ip", name, members)

    def _add_systems(self, event: Any, actions: Iterable[Action]) -> None:
        """Add an object for each AS that agents are in."""
        agents = [action.proposal.agent for action in actions]
        holders = {a.asn: a.holder for a in agents if a is not None and a.asn is not None}
        for asn in sorted(holders):
            members = [("asn", str(asn))]
            if holders[asn]:
                members.append(("description", one_line(holders[asn] or "")))
            self._add_object(event, "asn", str(asn), members)

    def _add_object(
        self, event: Any, template: str, name: str, members: Iterable[tuple[str, str]]
    ) -> None:
        """Add an object that informs and marks nothing for detection."""
        timestamp = int(self._decided_at.timestamp())
        made = self._pymisp.MISPObject(template, strict=True, force_timestamps=True)
        made.from_dict(uuid=self._uuid(template, name), timestamp=timestamp)
        for relation, value in members:
            uuid = self._uuid(template, name, relation, value)
            made.add_attribute(relation, value, to_ids=False, uuid=uuid, timestamp=timestamp)
        event.add_object(made)

    def _uuid(self, *parts: str) -> str:
        return str(uuid_of("misp", self._origin, self._key, *parts))


def _span(first: datetime | None, last: datetime | None) -> dict[str, str]:
    moments = {"first_seen": first, "last_seen": last}
    return {name: moment.isoformat() for name, moment in moments.items() if moment is not None}
