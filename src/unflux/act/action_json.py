"""Actions as JSON, one object a line: ``unflux/action/1``; written, and read back.

The shape is held by ``docs/schemas/action-1.schema.json``. Lines are pure ASCII, so no name can
disturb a terminal or a log.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from unflux.model.actions import Action, Delegation, Objection, Plan, Proof, Proposal
from unflux.model.surrogates import without_lone_surrogates
from unflux.model.times import format_moment
from unflux.model.verdicts import Agent

SCHEMA: Final = "unflux/action/1"


def render_plan(plan: Plan) -> Iterator[str]:
    """Yield one JSON object a line: what stands, what was refused, what was withdrawn."""
    for action in plan.actions:
        yield compose_line(action_object(action))
    for refusal in plan.refusals:
        yield compose_line(
            _object(refusal.proposal, "refused", objections=refusal.objections)
            | {"decided_at": format_moment(plan.decided_at)}
        )
    for withdrawal in plan.withdrawals:
        over = {"status": "withdrawn", "expires_at": None, "undo": None}
        value = action_object(withdrawal.action) | over
        yield compose_line(value | {"objections": [_objection(withdrawal.objection)]})


def action_object(action: Action) -> dict[str, Any]:
    """Return the object of an action that stands."""
    return _object(action.proposal, "stands") | {
        "decided_at": format_moment(action.decided_at),
        "expires_at": format_moment(action.expires_at),
        "undo": action.undo,
    }


def compose_line(value: Mapping[str, Any]) -> str:
    """Write one object as a line of ASCII JSON; keys keep their order."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"


def parse_action(value: Mapping[str, Any]) -> Action:
    """Read back what :func:`action_object` wrote.

    Raises KeyError, TypeError or ValueError where it did not.
    """
    if value["schema"] != SCHEMA or value["status"] != "stands":
        message = f"no standing action of {SCHEMA}"
        raise ValueError(message)
    proposal = Proposal(
        kind=value["kind"],
        target=value["target"],
        verdict=value["verdict"],
        network=value["network"],
        score=float(value["score"]),
        reason=value["reason"],
        evidence=tuple(value["evidence"]),
        proofs=tuple(Proof(witness=p["witness"], says=p["says"]) for p in value["proofs"]),
        first_seen=_moment(value["first_seen"]),
        last_seen=_moment(value["last_seen"]),
        related=tuple(value["related"]),
        innocent=tuple(value["innocent"]),
        shared_with=tuple(value["shared_with"]),
        agent=None if value["agent"] is None else _parse_agent(value["target"], value["agent"]),
        # Absent where an earlier release wrote it.
        delegations=tuple(map(_parse_delegation, value.get("delegations", ()))),
    )
    return Action(
        proposal=proposal,
        decided_at=_sure_moment(value["decided_at"]),
        expires_at=_sure_moment(value["expires_at"]),
    )


def _object(
    proposal: Proposal, status: str, objections: Sequence[Objection] = ()
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "id": proposal.id,
        "status": status,
        "kind": proposal.kind,
        "target": _text(proposal.target),
        "verdict": proposal.verdict,
        "network": _text(proposal.network),
        "score": round(proposal.score, 6) + 0.0,
        "reason": _text(proposal.reason),
        "evidence": [_text(text) for text in proposal.evidence],
        "proofs": [{"witness": p.witness, "says": _text(p.says)} for p in proposal.proofs],
        "first_seen": format_moment(proposal.first_seen),
        "last_seen": format_moment(proposal.last_seen),
        "related": [_text(name) for name in proposal.related],
        "innocent": [_text(name) for name in proposal.innocent],
        "shared_with": [_text(name) for name in proposal.shared_with],
        "agent": None if proposal.agent is None else _agent(proposal.agent),
        "delegations": [_delegation(delegation) for delegation in proposal.delegations],
        "decided_at": None,
        "expires_at": None,
        "undo": None,
        "objections": [_objection(objection) for objection in objections],
    }


def _objection(objection: Objection) -> dict[str, Any]:
    return {"rule": objection.rule, "because": _text(objection.because)}


def _agent(agent: Agent) -> dict[str, Any]:
    return {
        "asn": None if agent.asn is None else int(agent.asn),
        "holder": _text(agent.holder),
        "country": _text(agent.country),
        "roles": list(agent.roles),
        "domains": int(agent.domains),
        "first_seen": format_moment(agent.first_seen),
        "last_seen": format_moment(agent.last_seen),
    }


def _delegation(delegation: Delegation) -> dict[str, Any]:
    return {
        "host": _text(delegation.host),
        "addresses": list(delegation.addresses),
        "first_seen": format_moment(delegation.first_seen),
        "last_seen": format_moment(delegation.last_seen),
    }


def _parse_delegation(value: Mapping[str, Any]) -> Delegation:
    return Delegation(
        host=value["host"],
        addresses=tuple(value["addresses"]),
        first_seen=_moment(value["first_seen"]),
        last_seen=_moment(value["last_seen"]),
    )


def _parse_agent(address: str, value: Mapping[str, Any]) -> Agent:
    return Agent(
        address=address,
        asn=value["asn"],
        holder=value["holder"],
        country=value["country"],
        first_seen=_moment(value["first_seen"]),
        last_seen=_moment(value["last_seen"]),
        roles=tuple(value["roles"]),
        domains=value["domains"],
    )


def _text(value: str | None) -> str | None:
    """Return text that any JSON reader takes; null stays null."""
    return None if value is None else without_lone_surrogates(value)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else _sure_moment(text)


def _sure_moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = f"moment without a zone: {text!r}"
        raise ValueError(message)
    return moment
