"""Count what was said of labelled addresses into an evaluation."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from unflux.evaluate.address_labels import AGENT, who_is_labelled
from unflux.evaluate.intervals import share_of
from unflux.model.address_evaluation import (
    Accusation,
    AddressEvaluation,
    AddressGroup,
    AddressLabel,
    Place,
)


def score_addresses(
    labels: Sequence[AddressLabel],
    said: Iterable[Sequence[Accusation]],
    drops: Mapping[str, int],
) -> AddressEvaluation:
    """Score what each source said, most suspicious first, against labels of one kind.

    What is said of agents counts against labels of agents alone, and of who stands behind them
    against the others. An address may have several labels; one of them makes its role right.
    """
    evaluated = who_is_labelled(labels)
    is_of_agents = evaluated == "agents"
    told = [[one for one in source if (one.role == AGENT) == is_of_agents] for source in said]
    truth: defaultdict[str, set[str]] = defaultdict(set)
    for label in labels:
        truth[label.address].add(label.role)
    verdicts: defaultdict[str, set[str]] = defaultdict(set)
    accused: defaultdict[str, set[str]] = defaultdict(set)
    for one in chain.from_iterable(told):
        verdicts[one.address].add(one.verdict)
        if one.verdict == "accused":
            accused[one.address].add(one.role)
    found = [address for address in truth if address in accused]
    rest = [verdicts[address] for address in truth if address not in accused]
    return AddressEvaluation(
        evaluated=evaluated,
        accused=share_of(len(found), len(truth)),
        right_role=share_of(
            sum(accused[address] <= truth[address] for address in found), len(found)
        ),
        suspected=sum("suspected" in said for said in rest),
        undecided=sum("undecided" in said and "suspected" not in said for said in rest),
        strangers=tuple(address for address in accused if address not in truth),
        firsts=() if is_of_agents else tuple(_firsts(told, truth)),
        groups=_groups(labels, truth, accused),
        drops=dict(sorted(drops.items())),
    )


def _firsts(told: Iterable[Sequence[Accusation]], truth: Mapping[str, set[str]]) -> Iterator[Place]:
    for source in told:
        first = next((one for one in source if one.verdict != "innocent"), None)
        if first is not None:
            roles = truth.get(first.address)
            yield (
                "stranger"
                if roles is None
                else ("own-role" if first.role in roles else "another-role")
            )


def _groups(
    labels: Sequence[AddressLabel],
    truth: Mapping[str, set[str]],
    accused: Mapping[str, set[str]],
) -> tuple[AddressGroup, ...]:
    of = Counter((label.network, label.role) for label in labels)
    hits = [label for label in labels if label.address in accused]
    found = Counter((hit.network, hit.role) for hit in hits)
    right = Counter(
        (hit.network, hit.role)
        for hit in hits
        if hit.role in accused[hit.address] and accused[hit.address] <= truth[hit.address]
    )
    return tuple(
        AddressGroup(
            network=network,
            role=role,
            accused=share_of(found[network, role], count),
            right_role=share_of(right[network, role], found[network, role]),
        )
        for (network, role), count in sorted(of.items())
    )
