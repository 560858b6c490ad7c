"""Where the files of an output go, and where they never do."""

from pathlib import Path

import pytest

from unflux.act.output import Rendered
from unflux.act.targets import Target, place_all
from unflux.model.errors import UsageError

ZONE = [Rendered(name="rpz.zone", content=b"a\n")]
LISTS = [Rendered(name="domains.txt", content=b"b\n"), Rendered(name="sub/x.txt", content=b"c\n")]


def test_a_path_takes_one_file_and_a_folder_all_under_their_names(tmp_path: Path) -> None:
    one = Target(output="rpz", path=tmp_path / "db.rpz")
    many = Target(output="list", path=tmp_path, is_folder=True)
    assert place_all([one, many], {"rpz": ZONE, "list": LISTS}) == {
        "rpz": {tmp_path / "db.rpz": b"a\n"},
        "list": {tmp_path / "domains.txt": b"b\n", tmp_path / "sub" / "x.txt": b"c\n"},
    }


@pytest.mark.parametrize("rendered", [LISTS, [], LISTS[1:]])
def test_a_path_does_not_take_what_may_be_several_files(
    tmp_path: Path, rendered: list[Rendered]
) -> None:
    with pytest.raises(UsageError, match="folder"):
        Target(output="list", path=tmp_path / "x").files(rendered)


def test_no_file_is_written_by_two_outputs(tmp_path: Path) -> None:
    targets = [Target(output="rpz", path=tmp_path / "domains.txt"),
               Target(output="list", path=tmp_path, is_folder=True)]  # fmt: skip
    with pytest.raises(UsageError, match="rpz and list would both write it"):
        place_all(targets, {"rpz": ZONE, "list": LISTS})


def test_a_target_holds_nothing_outside_of_it(tmp_path: Path) -> None:
    folder = Target(output="list", path=tmp_path / "lists", is_folder=True)
    one = Target(output="rpz", path=tmp_path / "db.rpz")
    assert folder.holds(tmp_path / "lists" / "sub" / "x.txt")
    assert one.holds(tmp_path / "db.rpz")
    for path in (tmp_path / "lists", tmp_path / "lists" / ".." / "x", tmp_path / "listsx" / "y"):
        assert not folder.holds(path)
        assert not one.holds(path)
