"""Print what stands of a testbed, as a short list or one line of JSON."""

import json
import sys
from datetime import UTC, datetime

from unflux.lab.testbed.status import Status

SCHEMA = "unflux/testbed/1"


def print_status(status: Status, *, as_json: bool | None) -> None:
    """Write a status; null: a list on a terminal, else JSON."""
    if as_json if as_json is not None else not sys.stdout.isatty():
        print(json.dumps(compose_status(status)))
        return
    started_at = datetime.fromtimestamp(status.started_at_s, UTC)
    print(f"testbed {status.testbed}: {status.standing} since {started_at:%Y-%m-%d %H:%M:%S} UTC")
    print(f"  state and truth: {status.folder}")
    print(f"  agents: {status.agents_online} of {status.agents} on line")
    print(f"  honeypot: {status.honeypot}")
    for segment, address in status.resolvers.items():
        print(f"  resolver {segment}: {address}")
    running = ", ".join(f"{count} {program}" for program, count in status.processes.items())
    print(f"  processes: {running or 'none'}")
    for name in status.namespaces.values():
        print(f"  namespace: {name}")
    if status.updates_refused:
        print(f"  record sets that servers did not take: {status.updates_refused:,}")
    for name in status.missing:
        print(f"  missing: {name}")


def compose_status(status: Status) -> dict[str, object]:
    """Return the object of docs/schemas/testbed-1.schema.json."""
    options = status.options
    started_at = datetime.fromtimestamp(status.started_at_s, UTC)
    return {
        "schema": SCHEMA,
        "testbed": status.testbed,
        "standing": status.standing,
        "state": str(status.folder),
        "started_at": f"{started_at:%Y-%m-%dT%H:%M:%S}Z",
        "options": {
            "seed": options.seed,
            "agents": options.agents,
            "clients": options.clients,
            "compress": options.compress,
            "minutes": options.minutes,
            "renumbered": options.renumbered,
        },
        "namespaces": dict(status.namespaces),
        "processes": status.processes,
        "agents": status.agents,
        "agents_online": status.agents_online,
        "resolvers": dict(status.resolvers),
        "honeypot": status.honeypot,
        "updates_refused": status.updates_refused,
        "missing": list(status.missing),
    }
