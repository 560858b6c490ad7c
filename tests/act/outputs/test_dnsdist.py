"""dnsdist checks and runs the rule."""

from pathlib import Path

import pytest
from tests.act.hostile import crafted_names
from tests.act.outputs.programs import OTHER_TYPES, bind, checked, find, free_port, served
from tests.act.plans import plan_of, proposal, small_plan

from unflux.act.output import Options
from unflux.act.outputs.dnsdist import Dnsdist

pytestmark = pytest.mark.slow

ANSWERS: tuple[tuple[dict[str, str], tuple[str, list[str]]], ...] = (
    ({}, ("NXDOMAIN", [])),
    ({"answer": "nodata"}, ("NOERROR", [])),
    ({"answer": "garden", "garden": "20.7.7.7"}, ("NOERROR", ["20.7.7.7"])),
)


@pytest.mark.parametrize(("options", "expected"), ANSWERS)
def test_dnsdist_refuses_the_names_and_all_below_and_nothing_else(
    tmp_path: Path, options: dict[str, str], expected: tuple[str, list[str]]
) -> None:
    dnsdist, port = find("dnsdist"), free_port()
    many = [proposal("block-domain", name) for name in crafted_names()]
    plan = plan_of(*[a.proposal for a in small_plan().actions], *many)
    (file,) = Dnsdist().render(plan, Options(**options))  # type: ignore[arg-type]
    (tmp_path / "rules.lua").write_bytes(file.content)
    with bind(tmp_path / "root") as upstream:
        conf = tmp_path / "dnsdist.conf"
        conf.write_text(
            'setSecurityPollSuffix("")\n'
            f'setLocal("127.0.0.1:{port}")\n'
            f'newServer({{address="127.0.0.1:{upstream.port}", healthCheckMode="up"}})\n'
            f'dofile("{tmp_path}/rules.lua")\n'
        )
        checked(dnsdist, "--check-config", "-C", conf)
        log = tmp_path / "dnsdist.log"
        with served(port, log, dnsdist, "--supervised", "-C", conf) as server:
            server.until("good.example", ("NOERROR", ["20.0.0.2"]))
            assert server.ask("bad.example") == expected
            assert server.ask("www.bad.example") == expected
            for rrtype in OTHER_TYPES:
                assert upstream.ask("bad.example", rrtype)[1]
                assert server.ask("bad.example", rrtype) == (expected[0], [])


def test_a_garden_with_a_name(tmp_path: Path) -> None:
    (file,) = Dnsdist().render(small_plan(), Options(answer="garden", garden="garden.example"))
    conf = tmp_path / "dnsdist.conf"
    conf.write_bytes(file.content)
    checked(find("dnsdist"), "--check-config", "-C", conf)
    assert b'SpoofCNAMEAction("garden.example.")' in file.content
