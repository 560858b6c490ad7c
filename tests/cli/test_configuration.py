"""The configuration of deliveries: every mistake is named, with its place."""

from pathlib import Path

import pytest

from unflux.act.targets import Target
from unflux.cli.configuration import Configuration, read_configuration
from unflux.model.errors import UnfluxError

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "unflux.toml"
RPZ = '[deliver.rpz]\npath = "/srv/rpz.zone"\n'


def read(tmp_path: Path, text: str) -> Configuration:
    path = tmp_path / "unflux.toml"
    path.write_text(text)
    return read_configuration(path)


def test_targets_come_in_their_order_with_what_reloads_them(tmp_path: Path) -> None:
    told = read(
        tmp_path,
        'name = "edge-1"\nstate = "/var/lib/unflux"\n'
        + RPZ
        + 'reload = ["rndc", "reload", "a b; c"]\ntimeout_s = 5\n'
        + '[deliver.list]\nfolder = "/srv/lists"\n',
    )
    assert told == Configuration(
        name="edge-1",
        state=Path("/var/lib/unflux"),
        targets=(
            Target(output="rpz", path=Path("/srv/rpz.zone"),
                   reload=("rndc", "reload", "a b; c"), reload_timeout_s=5),
            Target(output="list", path=Path("/srv/lists"), is_folder=True),
        ),
    )  # fmt: skip


def test_the_documented_example_is_one() -> None:
    told = read_configuration(EXAMPLE)
    assert {target.output for target in told.targets} >= {"rpz", "nftables", "exabgp", "bird"}
    assert any(target.reload for target in told.targets)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "nothing to deliver"), ("deliver = 1", "nothing to deliver"), ("x", "no TOML"),
        ("[deliver]\nrpz = 1", "no table"), (RPZ + "x = 1", "x: no such key"),
        ("colour = 1\n" + RPZ, "colour: no such key"), ("name = 'A b'\n" + RPZ, "name = 'A b'"),
        ("state = 'var'\n" + RPZ, "state = 'var'"), ("[deliver.rpx]\npath='/x'", "no such output"),
        ("[deliver.rpz]", "needs a path or a folder"), (RPZ + "folder='/x'", "one of them"),
        ("[deliver.rpz]\npath='x'", "no absolute path"), ("[deliver.rpz]\npath=1", "no absolute"),
        ("[deliver.rpz]\npath='/x/../y'", "no absolute path"),
        (RPZ + "reload='rndc reload'", "no list of words"), (RPZ + "reload=['']", "no list"),
        (RPZ + "reload=[1]", "no list of words"), (RPZ + 'reload=["a\\u0000b"]', "no list"),
        (RPZ + "timeout_s=0", "timeout_s = 0"), (RPZ + "timeout_s=true", "timeout_s = True"),
        (RPZ + "timeout_s=601", "at most 600"), (RPZ + "timeout_s=nan", "timeout_s = nan"),
        (RPZ + "timeout_s='1'", "timeout_s = '1'"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(UnfluxError, match="unflux") as told:
        read(tmp_path, text)
    assert named in str(told.value)


def test_a_file_that_everybody_may_write_runs_no_commands(tmp_path: Path) -> None:
    path = tmp_path / "unflux.toml"
    path.write_text(RPZ)
    path.chmod(0o666)
    with pytest.raises(UnfluxError, match="everybody may write it"):
        read_configuration(path)
    with pytest.raises(UnfluxError, match="cannot be read"):
        read_configuration(tmp_path / "none.toml")
    path.chmod(0o644)
    path.write_bytes(b"\xff")
    with pytest.raises(UnfluxError, match="is no TOML"):
        read_configuration(path)
