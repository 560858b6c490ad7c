"""The gate: the single way from proposals to actions, and the end of actions that stood.

Nothing else makes an :class:`Action`. A proposal passes when no rule of :mod:`unflux.act.rules`
objects and there is room under the cap of its kind; every refusal is kept with all that was said
against it. What several networks propose is one action or one refusal. What stood before is asked
again: it stays only while no rule objects to it, the records do not say otherwise of its domains,
and its time is not over.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from unflux.act.gate import Gate
from unflux.act.rules import ADDRESSES, RULES
from unflux.model.actions import (
    BLOCKS,
    REPORTS,
    Action,
    ActionKind,
    Objection,
    Plan,
    Proposal,
    Refusal,
    Withdrawal,
)
from unflux.model.times import format_moment
from unflux.model.verdicts import Outcome

KINDS: Final[tuple[ActionKind, ...]] = BLOCKS + REPORTS
"""Domains and name servers first."""

SPARING: Final = frozenset(
    {rule.name for rule in RULES if rule.kinds == ADDRESSES} | {"shared-target"}
)
"""Rules that say of an address that it is somebody's who has no part in this."""

UNKNOWN_END: Final = Objection(rule="unknown", because="nothing of this run speaks for it")
"""What no other reason covers ends as well: to stand, an action needs one that lasts."""


def decide(
    proposals: Iterable[Proposal],
    gate: Gate,
    *,
    standing: Sequence[Action] = (),
    verdicts: Mapping[str, Outcome] | None = None,
) -> Plan:
    """Return what stands from now on, what was refused, and what is withdrawn.

    ``standing``: what stood before; reports do not stand. ``verdicts``: what the records of this
    run say of the domains behind it; a domain that they do not hold is absent. A blocked name is
    asked no more, so not to be seen ends nothing: its expiry does.
    """
    known = verdicts or {}
    proposals = list(proposals)
    fresh = {proposal.id for proposal in proposals}
    stood = {action.id: action for action in standing}
    kept = [
        action.proposal
        for id_, action in stood.items()
        if id_ not in fresh and _ended(action, gate, known) is None
    ]
    passed, refused = _pass_rules([*proposals, *kept], gate)
    passed, over = _pass_caps(passed, gate)
    refusals = _in_order([*refused, *over])
    actions = _compose(_without_spared(passed, refused), gate, stood)
    return Plan(
        actions=actions,
        refusals=tuple(r for r in refusals if r.proposal.id in fresh),
        withdrawals=_withdraw(standing, actions, refusals, gate, known),
        decided_at=gate.now,
        fresh=frozenset(action.id for action in actions if action.id not in stood),
    )


def _pass_rules(proposals: Iterable[Proposal], gate: Gate) -> tuple[list[Proposal], list[Refusal]]:
    """Let through the surest of each id that no rule objects to, or keep what was said of all."""
    passed, refused = [], []
    for several in _by_id(proposals):
        asked = [(proposal, _object(proposal, gate)) for proposal in several]
        surest, objections = min(asked, key=_by_sureness)
        if objections:
            told = dict.fromkeys(objection for _, said in asked for objection in said)
            refused.append(Refusal(proposal=surest, objections=tuple(told)))
        else:
            passed.append(surest)
    return passed, refused


def _by_sureness(asked: tuple[Proposal, tuple[Objection, ...]]) -> tuple[bool, float, str]:
    proposal, objections = asked
    return bool(objections), -proposal.score, proposal.network or ""


def _by_id(proposals: Iterable[Proposal]) -> Iterator[Sequence[Proposal]]:
    """Yield the proposals of each id, of an agent one for each of its networks.

    What speaks for a target in one of them speaks for it in all; what proves one is no proof of
    another.
    """
    found: dict[str, list[Proposal]] = {}
    for proposal in proposals:
        found.setdefault(proposal.id, []).append(proposal)
    for several in found.values():
        if len(several) == 1:
            yield several
            continue
        innocent = tuple(sorted({name for one in several for name in one.innocent}))
        shared = tuple(sorted({name for one in several for name in one.shared_with}))
        told = (replace(one, innocent=innocent, shared_with=shared) for one in several)
        yield sorted(told, key=lambda one: one.network or "")


def _object(proposal: Proposal, gate: Gate) -> tuple[Objection, ...]:
    """Ask every rule that knows the kind."""
    said = (
        (rule.name, rule.check(proposal, gate)) for rule in RULES if proposal.kind in rule.kinds
    )
    return tuple(Objection(rule=name, because=because) for name, because in said if because)


def _pass_caps(passed: Sequence[Proposal], gate: Gate) -> tuple[list[Proposal], list[Refusal]]:
    """Keep the surest of each kind where there are more than its cap."""
    kept: list[Proposal] = []
    over: list[Refusal] = []
    for kind in KINDS:
        ranked = sorted((p for p in passed if p.kind == kind), key=lambda p: (-p.score, p.target))
        cap = gate.limits.cap(kind)
        room = len(ranked) if cap is None else cap
        kept += ranked[:room]
        because = f"{len(ranked):,} passed, and no more than {room:,} may stand: are they all true?"
        objection = Objection(rule="cap", because=because)
        over += [Refusal(proposal=p, objections=(objection,)) for p in ranked[room:]]
    return kept, over


def _without_spared(passed: Iterable[Proposal], refused: Iterable[Refusal]) -> Iterator[Proposal]:
    """Leave out of name-server histories, which are reported, the addresses that were planted."""
    spared = {
        refusal.proposal.target
        for refusal in refused
        if SPARING & {objection.rule for objection in refusal.objections}
    }
    for proposal in passed:
        told = (
            replace(d, addresses=tuple(text for text in d.addresses if text not in spared))
            for d in proposal.delegations
        )
        yield replace(proposal, delegations=tuple(told)) if proposal.delegations else proposal


def _compose(
    passed: Iterable[Proposal], gate: Gate, stood: Mapping[str, Action]
) -> tuple[Action, ...]:
    actions = []
    for proposal in passed:
        before = stood.get(proposal.id)
        seen_at = proposal.last_seen or gate.now  # the rule not_recent lets no null pass
        actions.append(
            Action(
                proposal=proposal,
                decided_at=gate.now if before is None else before.decided_at,
                expires_at=min(gate.now, seen_at) + gate.limits.life(proposal.kind),
            )
        )
    return tuple(sorted(actions, key=lambda a: (KINDS.index(a.kind), a.target)))


def _in_order(refusals: Iterable[Refusal]) -> list[Refusal]:
    return sorted(refusals, key=lambda r: (KINDS.index(r.proposal.kind), r.proposal.target))


def _ended(action: Action, gate: Gate, verdicts: Mapping[str, Outcome]) -> Objection | None:
    """Say why an action that is not proposed again stands no longer, or nothing."""
    if action.kind in REPORTS:
        return Objection(rule="not-standing", because="a report is made once")
    if action.expires_at <= gate.now:
        return Objection(
            rule="expired", because=f"its time was over at {format_moment(action.expires_at)}"
        )
    behind = (action.target, *action.proposal.related)
    # A domain speaks for itself; a host or an address goes when no domain behind it is convicted.
    said = {name: verdicts[name] for name in behind if name in verdicts}
    if action.kind == "block-domain":
        said = {name: outcome for name, outcome in said.items() if name == action.target}
    if said and "fast-flux" not in said.values():
        name, outcome = next(iter(said.items()))
        return Objection(rule="verdict-gone", because=f"{name} is {outcome} now")
    if action.kind != "block-domain" and said:
        return Objection(
            rule="proof-gone", because=f"{action.target} is not seen in its network any more"
        )
    return None


def _withdraw(
    standing: Iterable[Action],
    actions: Iterable[Action],
    refusals: Iterable[Refusal],
    gate: Gate,
    verdicts: Mapping[str, Outcome],
) -> tuple[Withdrawal, ...]:
    """Say of everything that stood and stands no longer what ended it."""
    stands = {action.id for action in actions}
    refused = {refusal.proposal.id: refusal.objections[0] for refusal in refusals}
    found = []
    for action in standing:
        if action.id in stands or action.kind in REPORTS:
            continue
        ended = refused.get(action.id) or _ended(action, gate, verdicts) or UNKNOWN_END
        found.append(Withdrawal(action=action, objection=ended))
    return tuple(sorted(found, key=lambda w: (KINDS.index(w.action.kind), w.action.target)))
