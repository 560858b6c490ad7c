"""A file is followed, and what is not understood is told once and changes nothing."""

from pathlib import Path

import pytest
from tests.act.descriptors import exhausted
from tests.act.plans import plan_of, routed_plan

from unflux.act.announced_file import MOST_OCTETS_A_ROUTE, AnnouncedFile
from unflux.act.output import Options
from unflux.act.outputs.exabgp import Exabgp
from unflux.act.placing import place
from unflux.model.actions import Plan
from unflux.model.errors import UnfluxError


def content(plan: Plan) -> bytes:
    return Exabgp().render(plan, Options())[0].content


def test_a_file_comes_changes_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "exabgp.txt"
    followed = AnnouncedFile(path, 100)
    for plan, count in ((None, 0), (routed_plan(), 7), (plan_of(), 0), (routed_plan(), 7)):
        if plan is not None:
            place(path, content(plan))
        followed.refresh()
        assert len(followed.routes) == count
    path.unlink()
    followed.refresh()
    assert followed.routes == {}


@pytest.mark.parametrize(
    "bad", [b"shutdown\n", b"\xff\n", b"# " + b"x" * (102 * MOST_OCTETS_A_ROUTE)]
)
def test_what_is_not_understood_is_said_once_and_changes_nothing(
    tmp_path: Path, bad: bytes
) -> None:
    path = tmp_path / "exabgp.txt"
    place(path, content(routed_plan()))
    followed = AnnouncedFile(path, 100)
    followed.refresh()
    place(path, bad)
    with pytest.raises(UnfluxError, match="goes on until it ends"):
        followed.refresh()
    followed.refresh()
    assert len(followed.routes) == 7


def test_a_file_that_cannot_be_looked_at_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "exabgp.txt"
    place(path, content(routed_plan()))
    followed = AnnouncedFile(path, 100)
    followed.refresh()
    path.unlink()
    path.mkdir()
    with pytest.raises(UnfluxError, match="cannot be read"):
        followed.refresh()
    assert len(followed.routes) == 7


def test_a_version_that_could_not_be_read_is_read_at_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "exabgp.txt"
    place(path, content(routed_plan()))
    followed = AnnouncedFile(path, 100)
    followed.refresh()
    place(path, content(plan_of()))
    for _ in range(2):
        with exhausted(), pytest.raises(UnfluxError, match="cannot be read"):
            followed.refresh()
        assert len(followed.routes) == 7
    followed.refresh()
    assert followed.routes == {}
