"""The configuration of deliveries: every mistake is named, with its place."""

from pathlib import Path

import pytest
import typer
from typer.main import get_command

from unflux.act.targets import Target
from unflux.cli import block
from unflux.cli.blocking import Wishes
from unflux.cli.configuration import Configuration, read_configuration
from unflux.cli.gate_bounds import BOUNDS
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


def test_the_gate_has_lists_and_values_and_the_command_line_comes_first(tmp_path: Path) -> None:
    told = read(
        tmp_path,
        RPZ + '[gate]\nallow = ["/etc/allow"]\nmin_score = 0.999\ntrigger = ["nsip"]\n'
        'zone = "rpz.isp.example"\nmax_domains = 7\nmarkers = "/etc/markers"\n',
    ).gate  # fmt: skip
    asked = Wishes(allow=(Path("mine"),), zone="rpz.mine.example", min_score=0.99)
    assert asked.with_configured(told, {"zone"}) == Wishes(
        allow=(Path("/etc/allow"), Path("mine")), zone="rpz.mine.example", min_score=0.999,
        triggers=("nsip",), max_domains=7, markers=Path("/etc/markers"),
    )  # fmt: skip


def test_without_a_command_line_the_gate_has_the_defaults_of_the_command() -> None:
    command = get_command(block_app()).params
    defaults = {param.name: param.default for param in command}
    wishes = Wishes()
    for name in ("answer", "zone", "garden", "reporter", "confirmed", "markers", *BOUNDS):
        assert getattr(wishes, name) == defaults[name], name


def block_app() -> typer.Typer:
    app = typer.Typer()
    app.command()(block.run)
    return app


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
        ("gate = 1\n" + RPZ, "gate is no table"), (RPZ + "[gate]\nalow = []", "alow: no such key"),
        (RPZ + "[gate]\nallow = '/x'", "is no list"), (RPZ + "[gate]\nown = ['x']", "no absolute"),
        (RPZ + "[gate]\nmin_score = 0.5", "from 0.95 to 1"),
        (RPZ + "[gate]\nmin_score = nan", "from 0.95 to 1"),
        (RPZ + "[gate]\nmax_domains = 1.5", "a whole number from 0"),
        (RPZ + "[gate]\nmax_domains = true", "a whole number from 0"),
        (RPZ + "[gate]\nanswer = 'drop'", "none of nxdomain"),
        (RPZ + "[gate]\nzone = 1", "no text"),
        (RPZ + "[gate]\ntrigger = ['qname']", "none of nsdname"),
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
