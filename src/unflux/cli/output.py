"""Write a result where and how the user asked for it."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import pyarrow as pa
from rich.console import Console

from unflux.cli.arguments import DEFAULT_PORTS
from unflux.cli.scan import Format
from unflux.model.errors import UnfluxError
from unflux.model.times import format_moment, moment_at
from unflux.model.verdicts import ScanResult
from unflux.pipeline.gathering import Options
from unflux.present import json_lines, terminal, verdict_csv, verdict_parquet
from unflux.present.explanation import explanation_json, print_explanation
from unflux.present.report import render_report
from unflux.present.visible import make_visible

FILE_CELLS: Final = 160
"""Width of a table that goes to a file."""

LOG_CELLS: Final = 4_000
"""Width of lines that go to a file or a pipe."""


def write_result(
    result: ScanResult,
    options: Options,
    *,
    form: Format | None,
    out: Path | None,
    report: Path | None,
) -> None:
    """Write the result, and then the report; the closing summary goes to standard error where the
    result is written for a program.
    """
    chosen = form or (Format.TABLE if out is None and sys.stdout.isatty() else Format.JSON)
    drawing = compose_drawing(options, is_whole=options.list_all or out is not None)
    if chosen is Format.TABLE and out is None:
        terminal.print_result(result, Console(), drawing)
    elif out is None:
        _write(sys.stdout.buffer, _compose(result, chosen, drawing))
        sys.stdout.buffer.flush()
    else:
        write_file(out, _compose(result, chosen, drawing))
    if chosen is not Format.TABLE or out is not None:
        terminal.print_summary(result, error_console(), drawing)
    if report is not None:
        write_file(report, [render_report(result).encode()])
        shown = make_visible(f"  report        {report}")
        error_console().print(shown, highlight=False, markup=False)


def compose_drawing(options: Options, *, is_whole: bool) -> terminal.Options:
    """Return how to draw a result, and how to read its records again to explain what is in it.

    ``is_whole``: every row is drawn.
    """
    reading = options.reading
    words: list[str] = []
    for route in options.routes:
        words += ["--asn", str(route)]
    for option, moment_us in (("--since", reading.since_us), ("--until", reading.until_us)):
        if moment_us is not None:
            words += [option, format_moment(moment_at(moment_us)) or ""]
    if reading.ports != frozenset(DEFAULT_PORTS):
        for port in sorted(reading.ports):
            words += ["--port", str(port)]
    if reading.utc_offset_s:
        words += ["--utc-offset", f"{reading.utc_offset_s / 3600:g}"]
    drawing = terminal.Options(
        store=None if options.store is None else str(options.store), explain_options=tuple(words)
    )
    return replace(drawing, verdict_limit=None, network_limit=None) if is_whole else drawing


def error_console() -> Console:
    """Standard error; where it is no terminal, lines stay whole, so that names can be searched."""
    console = Console(stderr=True)
    return console if console.is_terminal else Console(stderr=True, width=LOG_CELLS)


def _compose(result: ScanResult, form: Format, drawing: terminal.Options) -> Iterable[bytes]:
    if form is Format.JSON:
        return (line.encode() for line in json_lines.render(result))
    if form is Format.CSV:
        return (row.encode() for row in verdict_csv.render(result))
    if form is Format.PARQUET:
        return [verdict_parquet.render(result)]
    return [draw_plain(partial(terminal.print_result, result, options=drawing))]


def draw_plain(draw: Callable[[Console], None]) -> bytes:
    """Return what is drawn on a console as plain text, for a file."""
    console = Console(width=FILE_CELLS, color_system=None, force_terminal=False)
    with console.capture() as captured:
        draw(console)
    return captured.get().encode()


def _write(sink: BinaryIO, parts: Iterable[bytes]) -> None:
    for part in parts:
        sink.write(part)


def write_file(path: Path, parts: Iterable[bytes]) -> None:
    """Write parts to a file; raise UnfluxError where it cannot be."""
    try:
        with path.open("wb") as sink:
            _write(sink, parts)
    except OSError as error:
        message = f"{path}: cannot be written ({error.strerror})"
        raise UnfluxError(message) from error


def write_either(
    draw: Callable[[Console], None],
    lines: Iterable[str],
    *,
    as_json: bool | None,
    out: Path | None,
) -> bool:
    """Draw a table or write lines, to a file or to standard output; tell whether it was drawn here.

    ``as_json``: null: a table on a terminal, else lines. Raises UnfluxError where the file cannot
    be written.
    """
    is_table = out is None and sys.stdout.isatty() if as_json is None else not as_json
    if is_table and out is None:
        draw(Console())
    elif is_table and out is not None:
        write_file(out, [draw_plain(draw)])
    elif out is not None:
        write_file(out, (line.encode() for line in lines))
    else:
        sys.stdout.writelines(lines)
        sys.stdout.flush()
    return is_table and out is None


def write_explanation(domain: str, result: ScanResult, records: pa.Table, *, as_json: bool) -> bool:
    """Write the explanation of one domain; return whether it was seen at all."""
    if not result.verdicts:
        terminal.print_summary(result, error_console())
        print(f"unflux: no name of {domain} was seen", file=sys.stderr)
        return False
    verdict = result.verdicts[0]
    network = result.networks[0] if result.networks else None
    if as_json:
        sys.stdout.write(explanation_json(verdict, network, records))
    else:
        print_explanation(verdict, network, records, Console())
    return True
