"""What follows requests by chance is counted whatever the length of the capture."""

import random

import pytest
from tests.trace.flow_rows import Row, table

from unflux.trace.columns import number_flows
from unflux.trace.scene import PORTS, look

AGENT = "198.51.100.7"


@pytest.mark.parametrize("length_s", [70, 90, 3_600])
def test_chance_is_the_same_in_short_and_long_captures(length_s: int) -> None:
    draw, rows = random.Random(length_s), list[Row]()
    begin_s, count = 1_790_000_000, length_s // 5
    for _ in range(count):
        at = begin_s + draw.randrange(length_s)
        rows.append((at, at + 1, f"192.0.2.{draw.randrange(250)}", AGENT, 400, 9_000))
        at = begin_s + draw.randrange(length_s)
        rows.append((at, at + 1, AGENT, "203.0.113.9", 400, 9_000))
    scene = look(number_flows(table(rows)), ports=PORTS, told=frozenset())
    (link,) = scene.links
    # A request in the same second or one of the three before it, where one comes in five seconds.
    assert link.tally.expected[1] == pytest.approx(count * (1 - (1 - 1 / 5) ** 4), rel=0.35)
