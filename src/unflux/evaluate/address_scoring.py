"""Count what was said of labelled addresses into an evaluation."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from unflux.evaluate.address_labels import AGENT, who_is_labelled
from unflux.evaluate.intervals import share_of
from unflux.model.address_evaluation import (
    Accusation,
    AddressEvaluation,
    AddressGroup,
    AddressLabel,
)


def score_addresses(
    labels: Sequence[AddressLabel], said: Iterable[Accusation], drops: Mapping[str, int]
) -> AddressEvaluation:
    """Score what was said, most suspicious first, against labels of one kind.

    What is said of agents counts against labels of agents alone, and of who stands behind them
    against the others. An address may have several labels; one of them makes its role right.
    """
    evaluated = who_is_labelled(labels)
    is_of_agents = evaluated == "agents"
    told = [one for one in said if (one.role == AGENT) == is_of_agents]
    truth: defaultdict[str, set[str]] = defaultdict(set)
    for label in labels:
        truth[label.address].add(label.role)
    verdicts: defaultdict[str, set[str]] = defaultdict(set)
    accused: defaultdict[str, set[str]] = defaultdict(set)
    for one in told:
        verdicts[one.address].add(one.verdict)
        if one.verdict == "accused":
            accused[one.address].add(one.role)
    found = [address for address in truth if address in accused]
    rest = [verdicts[address] for address in truth if address not in accused]
    listed = next((one for one in told if one.verdict != "innocent"), None)
    return AddressEvaluation(
        evaluated=evaluated,
        accused=share_of(len(found), len(truth)),
        right_role=share_of(
            sum(accused[address] <= truth[address] for address in found), len(found)
        ),
        suspected=sum("suspected" in said for said in rest),
        undecided=sum("undecided" in said and "suspected" not in said for said in rest),
        strangers=tuple(address for address in accused if address not in truth),
        is_first=None if is_of_agents or listed is None
        else listed.role in truth.get(listed.address, ()),
        groups=_groups(labels, accused),
        drops=dict(sorted(drops.items())),
    )  # fmt: skip


def _groups(
    labels: Sequence[AddressLabel], accused: Mapping[str, set[str]]
) -> tuple[AddressGroup, ...]:
    of: Counter[tuple[str, str]] = Counter((label.network, label.role) for label in labels)
    found = Counter((one.network, one.role) for one in labels if one.address in accused)
    return tuple(
        AddressGroup(network=network, role=role, accused=share_of(found[network, role], count))
        for (network, role), count in sorted(of.items())
    )
