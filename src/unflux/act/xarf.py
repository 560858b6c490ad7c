"""X-ARF: one report of an agent for the holder of its address, as version 4.2 has it."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any, Final

from unflux.act.plain import one_line
from unflux.act.reporter import Reporter
from unflux.act.uuids import uuid_of
from unflux.model.actions import Action
from unflux.model.times import format_moment

VERSION: Final = "4.2.0"

LONGEST_DESCRIPTION: Final = 1_000
"""Characters (X-ARF 4.2, core)."""

PORTS: Final = {"answer": "tcp/80 tcp/443", "name-server": "udp/53"}
"""Where an agent of each role is reached, by what it is in answers for; nobody has connected."""


def ports(action: Action) -> str:
    """Return the ports of an agent's roles, parted by spaces."""
    agent = action.proposal.agent
    return "" if agent is None else " ".join(PORTS[role] for role in agent.roles)


def xarf_report(action: Action, reporter: Reporter) -> dict[str, Any]:
    """Return the report on an agent: category infrastructure, type botnet.

    Its id stays the same as long as nothing newer was seen. The probability stands in the evidence:
    for ``confidence`` the schema of 4.2 asks a share, and its own library an integer.
    """
    proposal = action.proposal
    seen_at = format_moment(proposal.last_seen or action.decided_at) or ""
    contact = {
        "org": reporter.organisation,
        "contact": reporter.mailbox,
        "domain": reporter.domain,
    }
    evidence = "".join(f"{line}\n" for line in _evidence(action)).encode("ascii")
    because = "; ".join(one_line(proof.says) for proof in proposal.proofs) or proposal.reason
    return {
        "xarf_version": VERSION,
        "report_id": str(uuid_of("xarf", reporter.mailbox, action.id, seen_at)),
        "timestamp": seen_at,
        "reporter": contact,
        "sender": contact,
        "source_identifier": action.target,
        "category": "infrastructure",
        "type": "botnet",
        "evidence_source": "automated_discovery",
        "bot_capabilities": ["proxy"],
        "compromise_evidence": f"DNS: {one_line(because)}; reached at {ports(action) or 'unknown'}",
        "description": _description(action)[:LONGEST_DESCRIPTION],
        "tags": ["attack:fast-flux"],
        "evidence": [
            {
                "content_type": "text/plain",
                "description": "what was seen in DNS, times in UTC",
                "payload": base64.b64encode(evidence).decode("ascii"),
                "hash": f"sha256:{hashlib.sha256(evidence).hexdigest()}",
                "size": len(evidence),
            }
        ],
    }


def _description(action: Action) -> str:
    proposal = action.proposal
    first = format_moment(proposal.first_seen) or "?"
    last = format_moment(proposal.last_seen) or "?"
    return (
        f"Front end of fast-flux network {one_line(proposal.network or '-')}, seen in DNS from "
        f"{first} to {last}. The address may have changed hands since, and operators plant "
        f"addresses of strangers in their answers: please check before you act. This report "
        f"cannot be taken back by unflux; verdict {proposal.verdict}."
    )


def _evidence(action: Action) -> Iterator[str]:
    proposal, agent = action.proposal, action.proposal.agent
    yield f"address: {action.target}"
    if agent is not None and agent.asn is not None:
        yield f"as: {agent.asn} {one_line(agent.holder or '')}".rstrip()
    yield f"first seen: {format_moment(proposal.first_seen) or '?'}"
    yield f"last seen: {format_moment(proposal.last_seen) or '?'}"
    yield f"ports: {ports(action)}"
    yield f"probability: {proposal.score:.4f} ({proposal.verdict})"
    yield from (f"domain: {one_line(name)}" for name in proposal.related)
    yield from (f"proof: {proof.witness}: {one_line(proof.says)}" for proof in proposal.proofs)
    yield from (f"evidence: {one_line(text)}" for text in proposal.evidence)
