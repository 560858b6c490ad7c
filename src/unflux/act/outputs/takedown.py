"""Takedown bundles: for each registry, its convicted domains with name servers and evidence."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from unflux.act.output import Doc, Options, Rendered
from unflux.act.plain import lines, one_line
from unflux.model.actions import Action, Delegation, Plan
from unflux.model.names import split_labels
from unflux.model.plural import plural
from unflux.model.times import format_moment

_FILE_NAME: Final = re.compile(r"[a-z0-9-]{1,63}")


class Takedown:
    """Writes ``takedown/TLD.txt`` and ``takedown/TLD.json``."""

    NAME = "takedown"
    DOC = Doc(
        summary="per registry: convicted domains, name-server history, evidence, as text and JSON",
        references=(
            "ICANN SSAC, SAC 025 (2008): what registrars and registries can do about fast flux",
        ),
        limitations=(
            "Who the registrar is says RDAP, which is not asked: bundles are by top level domain.",
            "Nothing is sent.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return a text and a JSON array for each top level domain."""
        held: dict[str, list[Action]] = {}
        for action in plan.of_kind("report-domain"):
            label = split_labels(action.target)[-1]
            # The label becomes a file name: nothing but a plain one may.
            name = label if _FILE_NAME.fullmatch(label) else "other."
            held.setdefault(name, []).append(action)
        files = []
        for name in sorted(held):
            stem = f"takedown/{name.rstrip('.')}" if name != "other." else "takedown/_other"
            objects = [_object(action) for action in held[name]]
            text = json.dumps(objects, ensure_ascii=True, indent=1)
            files.append(Rendered(name=f"{stem}.json", content=f"{text}\n".encode("ascii")))
            files.append(Rendered(name=f"{stem}.txt", content=lines(_text(plan, held[name]))))
        return tuple(files)


def _object(action: Action) -> dict[str, Any]:
    proposal = action.proposal
    return {
        "domain": action.target,
        "first_seen": format_moment(proposal.first_seen),
        "last_seen": format_moment(proposal.last_seen),
        "score": round(proposal.score, 6),
        "network": proposal.network,
        "verdict": proposal.verdict,
        "name_servers": list(proposal.related),
        "name_server_history": [_delegation(d) for d in proposal.delegations],
        "evidence": [one_line(text) for text in proposal.evidence],
    }


def _delegation(delegation: Delegation) -> dict[str, Any]:
    return {
        "host": delegation.host,
        "first_seen": format_moment(delegation.first_seen),
        "last_seen": format_moment(delegation.last_seen),
        "addresses": list(delegation.addresses),
    }


def _text(plan: Plan, actions: Sequence[Action]) -> Iterator[str]:
    yield f"Subject: {plural(len(actions), 'domain')} served by fast-flux networks"
    yield ""
    yield "The domains below change their addresses, and often their name servers, across infected"
    yield "machines of unrelated networks. Please look at their registration, and suspend what you"
    yield "confirm. Times are UTC."
    for action in actions:
        proposal = action.proposal
        yield ""
        yield f"{action.target}"
        yield f"  seen         {_span(proposal.first_seen, proposal.last_seen)}"
        yield f"  probability  {proposal.score:.4f} ({proposal.verdict})"
        yield f"  network      {one_line(proposal.network or '-')}"
        for host in proposal.related:
            yield f"  name server  {host}"
        for told in proposal.delegations:
            yield f"  delegated    {told.host}  {_span(told.first_seen, told.last_seen)}"
            yield from (f"    at         {address}" for address in told.addresses)
        for text in proposal.evidence:
            yield f"  evidence     {one_line(text)}"
    yield ""
    yield f"Decided {format_moment(plan.decided_at)} by unflux; this report cannot be taken back."


def _span(first: datetime | None, last: datetime | None) -> str:
    return f"{format_moment(first) or '?'} - {format_moment(last) or '?'}"
