"""Operators have answers for every name, however few agents are on line."""

import asyncio
import csv
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import cast

import pytest

from unflux.lab.testbed.blueprint import Operation
from unflux.lab.testbed.driver import names_that_move
from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.rotating import Pool, Work, rotate_answers, rotate_innocent, switch_lines
from unflux.lab.testbed.state import Record, State
from unflux.lab.testbed.status import look
from unflux.lab.testbed.truth import Chronicle
from unflux.lab.testbed.updating import Updater


@pytest.fixture(scope="module")
def operation() -> Operation:
    return draw_blueprint(Options()).operations[1]


@pytest.mark.parametrize("is_watched", [True, False])
def test_every_name_server_has_an_address_with_one_agent_on_line(
    operation: Operation, *, is_watched: bool
) -> None:
    honeypot, *others = operation.agents
    lonely = replace(
        operation, agents=(honeypot, *(replace(agent, online_s=()) for agent in others))
    )
    addresses = Pool(lonely, Random(1)).name_servers(0.0, 2, is_watched=is_watched)
    assert addresses == (honeypot.address, honeypot.address)


def test_name_servers_are_two_agents_where_there_are_more(operation: Operation) -> None:
    pool = Pool(operation, Random(1))
    online = {agent.address for agent in operation.agents if agent.is_online(0.0)}
    for _ in range(20):
        first, second = pool.name_servers(0.0, 2, is_watched=True)
        assert first == operation.agents[0].address != second
        assert {first, second} <= online


@pytest.mark.parametrize("seed", [1, 2])
def test_who_is_on_line_at_the_end_stays_so(tmp_path: Path, seed: int) -> None:
    options = Options(seed=seed, agents=4, clients=2, minutes=10, renumbered=0.5)
    blueprint = draw_blueprint(options)
    online = {a.address: a.is_online(599.9) for _, a in blueprint.agents()}
    changed: dict[str, bool] = {}
    chronicle = Chronicle(tmp_path)
    asyncio.run(
        switch_lines(
            blueprint,
            lambda changes: changed.update({held: is_on for held, (_, is_on) in changes.items()}),
            chronicle,
            lambda: 1e9,
        )
    )
    chronicle.close()
    assert changed == online
    with (tmp_path / "presence.csv").open() as stream:
        noted = {row["address"]: row["online"] == "1" for row in csv.DictReader(stream)}
    assert noted == online and any(online.values())
    state = State(tmp_path)
    state.write(Record(testbed="0f1e2d", options=options, phase="up", started_at_s=1.0))
    assert look(state).agents_online == sum(online.values())


class Taking:
    """A server that takes what it is sent."""

    async def replace(self, *_: object, key: str) -> str | None:
        assert key in {"lab", "south"}
        return None


def test_each_view_has_records_of_its_own(tmp_path: Path) -> None:
    """The delivery network answers each resolver from one server; clients wait for all of it."""
    blueprint = draw_blueprint(Options(agents=4, clients=2, minutes=10))
    chronicle = Chronicle(tmp_path)

    def employ() -> Work:
        moments = iter((0.0, 0.0, 0.0))
        return Work(
            updater=cast(Updater, Taking()), chronicle=chronicle,
            clock=lambda: next(moments, 1.0), rng=Random(1), length_s=0.5,
        )  # fmt: skip

    async def all_steps() -> None:
        rotations = (replace(rotation, every_s=0.0) for rotation in blueprint.rotations)
        await asyncio.gather(*(rotate_innocent(rotation, employ()) for rotation in rotations))
        for operation in blueprint.operations:
            still = replace(operation, rotation_s=0.0)
            await rotate_answers(still, Pool(still, Random(1)), employ())

    asyncio.run(all_steps())
    chronicle.close()
    with (tmp_path / "rotations.csv").open() as stream:
        noted = {(row["owner"], row["view"]): set(row["rdata"].split())
                 for row in csv.DictReader(stream)}  # fmt: skip
    delivered = [rotation for rotation in blueprint.rotations if "delivery" in rotation.view]
    assert {rotation.view for rotation in delivered} == {"delivery-north", "delivery-south"}
    for rotation in delivered:
        assert noted[rotation.owner, rotation.view] <= set(rotation.candidates)
    served = {(zone.apex, zone.view) for zone in blueprint.names.zones}
    missing = names_that_move(blueprint) - chronicle.noted
    assert {moved.owner.split(".")[0] for moved in missing} == {"ns1", "ns2"}
    for moved in names_that_move(blueprint):
        above = moved.owner.split(".")
        zones = {(".".join(above[place:]), moved.view) for place in range(len(above))}
        assert zones & served
