"""Proposals, gates and plans for the tests of acting, built from a few words."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

from tests.act.hostile import crafted_names

from unflux.act.gate import Gate, Limits
from unflux.act.policy import decide
from unflux.act.protected import Protected
from unflux.model.actions import ActionKind, Plan, Proof, Proposal
from unflux.model.verdicts import Agent

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SEEN = NOW - timedelta(hours=1)

ANSWERS = Proof(witness="answers", says="in answers")
DELEGATION = Proof(witness="delegation", says="serves names")
RELAYED = (
    Proof(witness="relaying", says="agents relay to it"),
    Proof(witness="confirmed", says="somebody saw it"),
)


def proposal(kind: ActionKind, target: str, **changes: Any) -> Proposal:
    """Return a proposal that every rule lets pass, changed as asked."""
    usual: dict[str, Any] = {
        "verdict": "v-0123456789ab",
        "network": "n-1",
        "score": 0.999,
        "reason": "double-flux: new addresses keep coming",
        "proofs": (ANSWERS, DELEGATION),
        "first_seen": SEEN - timedelta(hours=5),
        "last_seen": SEEN,
    }
    return Proposal(kind=kind, target=target, **usual | changes)


def agent(address: str, asn: int | None = 64500, holder: str | None = "Example Access") -> Agent:
    return Agent(
        address=address, asn=asn, holder=holder, country="DE", first_seen=SEEN, last_seen=SEEN,
        roles=("answer", "name-server"), domains=2,
    )  # fmt: skip


def gate(**changes: Any) -> Gate:
    usual: dict[str, Any] = {"now": NOW, "background": 1_000, "limits": Limits()}
    return Gate(**usual | changes)


def protected(*entries: str) -> Protected:
    networks = [ip_network(entry) for entry in entries if entry[0].isdigit() or ":" in entry]
    names = [entry for entry in entries if not (entry[0].isdigit() or ":" in entry)]
    return Protected.of(names, networks)


def plan_of(*proposals: Proposal, **changes: Any) -> Plan:
    return decide(proposals, gate(**changes))


def routed_plan(**changes: Any) -> Plan:
    """Addresses of both families: blackholed, a proved mothership, and filtered at subscribers."""
    usual = {"subscribers": protected("20.64.0.0/16", "2a09:64::/32")}
    return plan_of(
        *(proposal("block-address", text) for text in ("20.1.2.3", "2a09::7")),
        proposal("block-mothership", "20.5.5.5", proofs=RELAYED),
        *(proposal("filter-address", text) for text in ("20.64.0.9", "2a09:64::9")),
        **usual | changes,
    )


def small_plan() -> Plan:
    """Two domains, a name server, three addresses, and the reports of both."""
    double = agent("20.1.2.3"), agent("20.9.8.7", 64501, '=Exam\nple, <b>"Two"'), agent("2a09::7")
    return plan_of(
        proposal("block-domain", "bad.example"),
        proposal("block-domain", "worse.example", network="n-2"),
        proposal("block-domain", "co.uk"),
        proposal("block-name-server", "ns1.bad.example", related=("bad.example",)),
        *(proposal("block-address", a.address, agent=a, related=("bad.example",)) for a in double),
        *(proposal("report-address", a.address, agent=a, related=("bad.example",)) for a in double),
        proposal("report-domain", "bad.example", related=("ns1.bad.example",)),
        proposal("report-domain", "worse.example"),
    )


def whole_plan() -> Plan:
    """The small plan with every crafted name blocked beside it."""
    hostile = [proposal("block-domain", name) for name in crafted_names()]
    return plan_of(*(action.proposal for action in small_plan().actions), *hostile)
