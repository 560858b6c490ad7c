"""What ``unflux trace`` is asked to do, and where its result is written."""

import json
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from unflux.cli.arguments import TableOrJson, default_workers, parse_moment
from unflux.cli.output import error_console, write_either
from unflux.model.addresses import canonical_address
from unflux.model.errors import UnfluxError, UsageError
from unflux.model.traces import TraceResult
from unflux.pipeline.tracing import TraceOptions
from unflux.present import trace_lines
from unflux.present.json_lines import NETWORK_SCHEMA
from unflux.present.trace_screen import print_trace, print_trace_summary
from unflux.read.flow_source import FlowOptions
from unflux.trace.scene import PORTS


def compose_trace_options(
    *,
    agents: list[str] | None,
    agent_files: list[Path] | None,
    ports: list[int] | None,
    routes: list[Path] | None,
    since: str | None,
    until: str | None,
    utc_offset: float,
    workers: int | None,
) -> TraceOptions:
    """Check values against each other and compose the options of a trace."""
    since_us, until_us = parse_moment(since, "--since"), parse_moment(until, "--until")
    if since_us is not None and until_us is not None and since_us >= until_us:
        message = f"--since {since} is not before --until {until}"
        raise UsageError(message)
    told = {_agent(text) for text in agents or ()}
    for path in agent_files or ():
        told |= read_agents(path)
    return TraceOptions(
        reading=FlowOptions(
            utc_offset_s=round(utc_offset * 3600), workers=default_workers(workers)
        ),
        ports=frozenset(ports or PORTS),
        agents=frozenset(told),
        routes=tuple(routes or ()),
        since_us=since_us,
        until_us=until_us,
    )


def _agent(text: str) -> str:
    address = canonical_address(text)
    if address is None:
        message = f"--agent {text!r} is no address"
        raise UsageError(message)
    return address


def read_agents(path: Path) -> set[str]:
    """Return the addresses in a file: one a line, or the agents of networks in JSON lines.

    Raises UnfluxError where it cannot be read or a line is neither.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        message = f"{path}: cannot be read ({why})"
        raise UnfluxError(message) from error
    return set(_agents_of_lines(path, lines))


def _agents_of_lines(path: Path, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip() if not line.startswith("{") else line
        if not text:
            continue
        texts = _agents_of_object(text) if text.startswith("{") else [text]
        for given in texts if texts is not None else [""]:
            address = canonical_address(given)
            if address is None:
                message = f"{path}, line {number}: neither an address nor a line of unflux scan"
                raise UnfluxError(message)
            yield address


def _agents_of_object(line: str) -> list[str] | None:
    """Return the agents of a network, none of another object; null where it is not ours."""
    try:
        found = json.loads(line)
        if not str(found["schema"]).startswith("unflux/"):
            return None
        is_network = found["schema"] == NETWORK_SCHEMA
        return [str(agent["address"]) for agent in found["agents"]] if is_network else []
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def write_trace(
    result: TraceResult, *, form: TableOrJson | None, out: Path | None, list_all: bool
) -> None:
    """Write the result; the closing summary goes to standard error where a program reads it."""
    as_json = None if form is None else form is TableOrJson.JSON
    lines = trace_lines.render(result, list_all=list_all)
    draw = partial(print_trace, result, list_all=list_all)
    if not write_either(draw, lines, as_json=as_json, out=out):
        print_trace_summary(result, error_console())
