"""Local zones: Unbound checks and loads them, refuses, and answers again."""

from pathlib import Path

import pytest
from tests.act.hostile import crafted_names
from tests.act.outputs.programs import bind, checked, find, unbound
from tests.act.plans import plan_of, proposal, small_plan

from unflux.act.output import Options
from unflux.act.outputs.unbound import Unbound
from unflux.model.actions import Plan

pytestmark = pytest.mark.slow


def conf_text(plan: Plan, **options: object) -> str:
    (file,) = Unbound().render(plan, Options(**options))  # type: ignore[arg-type]
    return file.content.decode("ascii")


@pytest.mark.parametrize(
    "options",
    [{}, {"answer": "nodata"}, {"answer": "garden", "garden": "garden.example"},
     {"answer": "garden", "garden": "2a09::1"}],
)  # fmt: skip
def test_unbound_checks_it_hostile_names_included(tmp_path: Path, options: dict[str, str]) -> None:
    many = [proposal("block-domain", name) for name in crafted_names()]
    plan = plan_of(proposal("block-domain", "bad.example"), *many)
    conf = tmp_path / "unbound.conf"
    conf.write_text(conf_text(plan, **options))
    checked(find("unbound-checkconf"), conf)


def test_what_it_cannot_express_is_left_out_and_said() -> None:
    plan = plan_of(*[proposal("block-domain", name) for name in crafted_names()])
    (file,) = Unbound().render(plan, Options())
    left = {omission.target for omission in file.omissions}
    zones = [line.split('"')[1] for line in file.content.decode().splitlines() if '"' in line]
    assert {zone.removesuffix(".") for zone in zones} | left == {a.target for a in plan.actions}
    assert all(set(zone) <= set("abcdefghijklmnopqrstuvwxyz0123456789_-.") for zone in zones)
    assert len(left) > 50


def test_unbound_refuses_and_answers_again_after_withdrawal(tmp_path: Path) -> None:
    rules = tmp_path / "rules.conf"
    rules.write_text(conf_text(small_plan()))
    with (
        bind(tmp_path / "root") as upstream,
        unbound(tmp_path, upstream.port, f'include: "{rules}"') as server,
    ):
        server.until("good.example", ("NOERROR", ["20.0.0.2"]))
        assert server.ask("www.bad.example") == ("NXDOMAIN", [])
        rules.write_text(conf_text(small_plan(), answer="garden", garden="20.7.7.7"))
        server.reload()
        server.until("www.bad.example", ("NOERROR", ["20.7.7.7"]))
        rules.write_text(conf_text(plan_of()))
        server.reload()
        server.until("www.bad.example", ("NOERROR", ["20.0.0.1"]))
