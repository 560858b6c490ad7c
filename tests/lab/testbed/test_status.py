"""What should run follows from the blueprint."""

import pytest

from unflux.lab.testbed.options import Options
from unflux.lab.testbed.planning import draw_blueprint
from unflux.lab.testbed.status import expected_programs


@pytest.mark.parametrize(("seed", "has_haproxy"), [(60, False), (1, True)])
def test_haproxy_is_missed_only_where_an_agent_is_one(seed: int, *, has_haproxy: bool) -> None:
    blueprint = draw_blueprint(Options(seed=seed, agents=4, minutes=10))
    software = {agent.software for _, agent in blueprint.agents()}
    assert ("haproxy" in software) is has_haproxy
    assert (expected_programs(blueprint)["haproxy"] > 0) is has_haproxy
