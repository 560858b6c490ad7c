"""Directions become flows: joined, told apart by silence, with a client and a server."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.model.flows import TCP, UDP
from unflux.read.flow_assembly import Assembled, Directions, assemble, condense

Row = tuple[int, tuple[int, int], tuple[int, int], int, bool]
"""Microsecond, source and its port, target and its port, octets, whether it is a SYN."""


def directions(rows: list[Row], protocol: int = TCP) -> Directions:
    def column(values: list[int]) -> np.ndarray:
        return np.array(values, np.int64)

    at_us = column([row[0] for row in rows])
    return Directions(
        first_us=at_us,
        last_us=at_us,
        source=column([row[1][0] for row in rows]),
        source_port=column([row[1][1] for row in rows]),
        target=column([row[2][0] for row in rows]),
        target_port=column([row[2][1] for row in rows]),
        protocol=np.full(len(rows), protocol),
        payload_bytes=column([row[3] for row in rows]),
        opens=np.array([row[4] for row in rows], bool),
        authority=np.full(len(rows), -1, np.int8),
    )


def told(flows: Assembled) -> list[tuple[int, ...]]:
    columns = [getattr(flows, field.name).tolist() for field in fields(flows)]
    return list(zip(*columns, strict=True))


def clients(rows: list[Row]) -> set[tuple[int, int]]:
    flows = assemble(directions(rows))
    return set(zip(flows.client.tolist(), flows.client_port.tolist(), strict=True))


@pytest.mark.parametrize("server", [1, 99])  # a lower number and a higher one than the client's
def test_who_spoke_second_serves(server: int) -> None:
    ends = (50, 40_000), (server, 8_080)
    assert clients([(0, *ends, 9, False), (5, *ends[::-1], 9, False)]) == {(50, 40_000)}
    assert clients([(5, *ends, 9, False), (0, *ends[::-1], 9, False)]) == {(server, 8_080)}


@pytest.mark.parametrize("server", [1, 99])
@pytest.mark.parametrize("is_turned", [False, True])
def test_of_two_that_spoke_at_once_the_one_with_many_peers_serves(
    server: int, is_turned: bool
) -> None:
    rows: list[Row] = []
    for number in range(5):
        ends = (50 + number % 2, 5_000 + number), (server, 8_080)
        both = [(number, *ends, 9, False), (number, *ends[::-1], 9, False)]
        rows += both[::-1] if is_turned else both
    assert clients(rows) == {(50 + number % 2, 5_000 + number) for number in range(5)}


@pytest.mark.parametrize("ends", [((1, 5_000), (9, 8_080)), ((9, 5_000), (1, 8_080))])
def test_of_two_that_spoke_at_once_and_to_nobody_else_the_lower_port_serves(
    ends: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    assert clients([(0, *ends, 9, False), (0, *ends[::-1], 9, False)]) == {(ends[1][0], 8_080)}


def test_silence_is_that_of_both_directions() -> None:
    """A client sends for a quarter of an hour, and the server answers in the end."""
    client, server = (1, 4_000), (2, 80)
    rows = [(0, client, server, 0, True), (1_000, server, client, 0, False)]
    rows += [(at * 1_000_000, client, server, 500, False) for at in range(100, 1_000, 100)]
    rows += [(901_000_000, server, client, 9_000, False)]
    whole = assemble(directions(rows))
    assert len(whole.first_us) == 1
    assert told(assemble(condense(directions(rows)))) == told(whole)


def test_a_port_that_is_used_again_is_another_flow_when_condensed() -> None:
    client, server = (1, 4_000), (2, 80)
    rows: list[Row] = []
    for number in range(3):
        at_us = number * 5_000_000
        rows += [
            (at_us, client, server, 0, True),
            (at_us + 10, server, client, 0, False),
            (at_us + 20, client, server, 7 + number, False),
            (at_us + 30, server, client, 100 + number, False),
        ]
    whole = assemble(directions(rows))
    assert whole.received_bytes.tolist() == [100, 101, 102]
    assert told(assemble(condense(directions(rows)))) == told(whole)


ENDS = [((1, 4_000), (2, 80)), ((2, 80), (1, 4_000)), ((2, 80), (1, 4_001))]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 500, 20_000_000, 31_000_000, 200_000_000, 301_000_000]),
            st.sampled_from(ENDS),
            st.booleans(),
        ),
        max_size=30,
    ),
    st.integers(0, 30),
    st.sampled_from([TCP, UDP]),
)
def test_what_is_condensed_on_the_way_is_the_same(
    steps: list[tuple[int, tuple[tuple[int, int], tuple[int, int]], bool]], cut: int, protocol: int
) -> None:
    at_us, rows = 0, []
    for step_us, ends, opens in steps:
        at_us += step_us
        rows.append((at_us, *ends, at_us % 977, opens and protocol == TCP))
    whole = told(assemble(directions(rows, protocol)))
    parts = [condense(directions(rows[:cut], protocol)), directions(rows[cut:], protocol)]
    assert told(assemble(Directions.joined(parts))) == whole
    assert told(assemble(condense(Directions.joined(parts)))) == whole
