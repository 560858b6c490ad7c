"""The command line: one Typer application, a few commands, exit codes."""

import os
import sys
from typing import Annotated

import typer

from unflux import __version__
from unflux.cli import (
    announce,
    block,
    demo,
    evaluate,
    explain,
    lab,
    probe,
    scan,
    serve,
    trace,
    track,
    watch,
)
from unflux.cli.arguments import EXIT_FAILED, EXIT_USAGE
from unflux.model.errors import UnfluxError, UsageError
from unflux.present.visible import make_visible

EPILOG = (
    "Exit status: 0 ran, 1 the run or a source failed, 2 wrong usage, "
    "3 fast flux was found and --fail-on-flux was given."
)

app = typer.Typer(
    name="unflux",
    help="Find fast-flux service networks in DNS records, and explain every verdict.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (scan, explain, watch, track, probe, trace, block, announce, serve, evaluate, demo):
    app.command(module.NAME, epilog=module.EPILOG)(module.run)
app.add_typer(lab.app)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"unflux {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Find fast-flux service networks in DNS records, and explain every verdict."""


def main() -> None:
    """Run the command line and exit."""
    # Before Arrow is loaded, here and in the processes that read: of its allocators the system's
    # gives memory back soonest.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        try:
            app(prog_name="unflux")
        finally:
            print(end="", flush=True)  # what cannot be written is told as all else that fails
    except UsageError as error:
        _fail(error, EXIT_USAGE)
    except UnfluxError as error:
        _fail(error, EXIT_FAILED)
    except BrokenPipeError:
        # The reader of a pipe (head, less) has what it wanted; nothing more can be written.
        _drop_output()
        sys.exit(EXIT_FAILED)
    except OSError as error:  # the disk is full, more often than not
        _drop_output()
        _fail(error, EXIT_FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


def _drop_output() -> None:
    """Let go what standard output still holds, which could not be written at the exit either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(error: UnfluxError | OSError, status: int) -> None:
    typer.echo(f"unflux: {make_visible(str(error))}", err=True)
    sys.exit(status)
