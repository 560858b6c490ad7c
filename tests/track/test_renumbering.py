"""Renumbered hosts are found beyond chance; hosts that merely come and go are not."""

import numpy as np
from numpy.typing import NDArray

from unflux.model.tracks import Renumbering
from unflux.track.presence import Presence, find_presence
from unflux.track.renumbering import find_renumbering
from unflux.track.spells import Spells, find_spells

HOUR_S, DAY_S = 3600.0, 86_400.0
SPAN_S = 10 * DAY_S
GAP_S = 600.0

Floats = NDArray[np.float64]


def look(
    start_s: Floats, end_s: Floats, chance: np.random.Generator, asleep: Floats | None = None
) -> tuple[Presence, Spells]:
    """See each address every ten minutes or so while it is there, and once at the least.

    ``asleep``: the hour at which its night of twelve hours begins.
    """
    agents, moments = [], []
    for number, (start, end) in enumerate(
        zip(start_s.tolist(), np.minimum(end_s, SPAN_S).tolist(), strict=True)
    ):
        seen = start + np.cumsum(chance.exponential(GAP_S, int((end - start) / GAP_S * 2) + 20))
        seen = seen[(seen < end) & (seen >= 0)]
        if asleep is not None:
            seen = seen[(seen / HOUR_S - asleep[number]) % 24 >= 12]
        seen = seen if len(seen) else np.array([start])
        agents.append(np.full(len(seen), number))
        moments.append(seen)
    agent, moment_s = np.concatenate(agents), np.concatenate(moments)
    rows = np.stack([agent, (moment_s // HOUR_S * HOUR_S).astype(np.int64)])
    pairs, counts = np.unique(rows, axis=1, return_counts=True)
    presence = find_presence(pairs[0], pairs[1], counts, int(HOUR_S))
    first_s, last_s = np.full(len(start_s), np.inf), np.full(len(start_s), -np.inf)
    np.minimum.at(first_s, agent, moment_s)
    np.maximum.at(last_s, agent, moment_s)
    return presence, find_spells(presence, first_s, last_s, len(agent))


def renumber(seen: tuple[Presence, Spells], provider: NDArray[np.int64]) -> Renumbering:
    found = find_renumbering(*seen, provider)
    assert found is not None
    return found


def test_addresses_that_follow_each_other_are_one_host() -> None:
    chance = np.random.default_rng(3)
    start = np.concatenate([chance.uniform(0, DAY_S, 60)] * 8) + np.repeat(np.arange(8), 60) * DAY_S
    provider = np.tile(chance.integers(0, 20, 60), 8)
    found = renumber(look(start, start + DAY_S, chance), provider)
    real = 60 * 7
    assert found.renewed.low < real < found.renewed.high
    assert 0.9 * real < found.renewed.value < 1.1 * real
    assert found.renewed.low > 0.6 * real
    assert found.pairs > found.by_chance + 0.7 * real
    assert found.between.value < 1


def test_hosts_that_sleep_while_their_address_changes_are_found_again() -> None:
    chance = np.random.default_rng(7)
    night = chance.uniform(0, 24, 60)
    # The address changes in the middle of each host's night of twelve hours.
    begin = ((night + 6) % 24) * HOUR_S
    start = np.concatenate([begin] * 8) + np.repeat(np.arange(8), 60) * DAY_S
    provider = np.tile(chance.integers(0, 20, 60), 8)
    seen = look(start, start + DAY_S, chance, np.tile(night, 8))
    # Hosts that keep theirs sleep too: from them it is known how long a night is.
    stay = look(np.zeros(60), np.full(60, 8 * DAY_S), chance, night)
    both = join(seen, stay)
    found = renumber(both, np.concatenate([provider, chance.integers(0, 20, 60)]))
    real = 60 * 7
    assert found.renewed.low < real < found.renewed.high
    assert found.renewed.low > 0.5 * real
    # Half of the sixty are between two addresses at any time.
    assert 15 < found.between.value < 35


def join(one: tuple[Presence, Spells], two: tuple[Presence, Spells]) -> tuple[Presence, Spells]:
    """See both at once."""
    size = one[0].agent_count
    agent = np.concatenate([one[0].agent, two[0].agent + size])
    moment_s = np.concatenate([
        seen.occasion * seen.width_s + seen.start_s for seen in (one[0], two[0])
    ])  # fmt: skip
    presence = find_presence(agent, moment_s, np.ones(len(agent), np.int64), int(HOUR_S))
    first_s = np.concatenate([one[1].first_s, two[1].first_s])
    last_s = np.concatenate([one[1].last_s, two[1].last_s])
    answers = int((last_s - first_s).sum() / (2 * GAP_S))
    return presence, find_spells(presence, first_s, last_s, answers)


def test_hosts_that_come_and_go_are_not_renumbered() -> None:
    chance = np.random.default_rng(4)
    start = chance.uniform(0, SPAN_S, 500)
    found = renumber(look(start, start + chance.exponential(DAY_S, 500), chance),
                     chance.integers(0, 20, 500))  # fmt: skip
    assert found.renewed.low == 0
    assert found.renewed.high < 80
    assert found.between.low == 0


def test_providers_whose_hosts_come_and_go_at_hours_of_their_own_are_not_renumbered() -> None:
    chance = np.random.default_rng(5)
    provider = chance.integers(0, 20, 500)
    # New ones in the morning of their provider, for good in an evening.
    dawn = (provider % 3) * 8 * HOUR_S
    start = chance.integers(0, 9, 500) * DAY_S + dawn + chance.uniform(0, 3 * HOUR_S, 500)
    end = start + chance.integers(0, 3, 500) * DAY_S + chance.uniform(8, 12, 500) * HOUR_S
    assert renumber(look(start, end, chance), provider).renewed.low == 0


def test_the_same_records_give_the_same_and_too_few_give_none() -> None:
    chance = np.random.default_rng(6)
    start = chance.uniform(0, SPAN_S, 60)
    seen = look(start, start + DAY_S, chance)
    provider = chance.integers(0, 4, 60)
    assert find_renumbering(*seen, provider) == find_renumbering(*seen, provider)
    assert find_renumbering(*look(start[:9], start[:9] + DAY_S, chance), provider[:9]) is None
