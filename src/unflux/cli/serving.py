"""Turn what ``unflux serve`` was asked into options, and run the server until a signal ends it."""

import asyncio
import signal
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Final

import dns.exception
import dns.name

from unflux.cli.event_log import tell_lines
from unflux.cli.signals import take_signals
from unflux.model.endpoint import LOOPBACK, Endpoint, Network
from unflux.model.errors import UsageError
from unflux.model.policy_zone import FILE_NAME
from unflux.model.telling import Tell
from unflux.pipeline.serving import Command, Options, serve
from unflux.serve.notifying import Secondary

DEFAULT_LISTEN: Final = ("127.0.0.1:5300",)
"""Port 53 is the resolver's own."""
DEFAULT_PORT: Final = 5300
NOTIFY_PORT: Final = 53
HISTORY: Final = "rpz.history"
_SUFFIX: Final = Path(FILE_NAME).suffix

_SIGNALS: Final = {
    signal.SIGINT: Command.STOP,
    signal.SIGTERM: Command.STOP,
    signal.SIGHUP: Command.REREAD,
    signal.SIGUSR1: Command.STATUS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The values of the command line, as they were given."""

    policy: Path
    keys: Path | None
    is_unsigned: bool
    listen: tuple[str, ...]
    allow: tuple[str, ...]
    notify: tuple[str, ...]
    is_beyond_loopback: bool
    history: Path | None


def compose_options(wishes: Wishes) -> Options:
    """Check values against each other; raises UsageError before anything is opened."""
    if wishes.keys is None and not wishes.is_unsigned:
        message = "nobody could have the zone: name --keys FILE, or allow --unsigned transfers"
        raise UsageError(message)
    zone_file = _find_zone_file(wishes.policy)
    options = Options(
        zone_file=zone_file,
        history=wishes.history or zone_file.with_name(HISTORY),
        listen=tuple(Endpoint.scan(text, DEFAULT_PORT) for text in wishes.listen or DEFAULT_LISTEN),
        networks=tuple(map(_scan_network, wishes.allow)) or LOOPBACK,
        key_file=wishes.keys,
        is_unsigned_allowed=wishes.is_unsigned,
        secondaries=tuple(map(_scan_secondary, wishes.notify)),
    )
    for endpoint in (*options.listen, *(s.endpoint for s in options.secondaries)):
        if not endpoint.is_loopback and not wishes.is_beyond_loopback:
            message = f"{endpoint} is not on loopback: allow it with --beyond-loopback"
            raise UsageError(message)
    return options


def run_server(options: Options, *, as_json: bool) -> None:
    """Serve until a signal ends it."""
    asyncio.run(_serve_with_signals(options, tell_lines(as_json=as_json)))


async def _serve_with_signals(options: Options, tell: Tell) -> None:
    await serve(options, tell, take_signals(_SIGNALS))


def _find_zone_file(policy: Path) -> Path:
    """Return the path of the zone file; the file itself may come later, the folder may not."""
    if policy.is_dir():
        return policy / FILE_NAME
    if not policy.parent.is_dir() or not (policy.exists() or policy.suffix == _SUFFIX):
        message = f"--policy {policy} is neither a folder nor a zone file"
        raise UsageError(message)
    return policy


def _scan_network(text: str) -> Network:
    try:
        return ip_network(text)
    except ValueError as error:
        message = f"--allow {text!r} is not an address or a prefix ({error})"
        raise UsageError(message) from error


def _scan_secondary(text: str) -> Secondary:
    key, at, where = text.rpartition("@")
    try:
        name = dns.name.from_text(key) if at else None
    except (dns.exception.DNSException, UnicodeError) as error:
        message = f"--notify {text!r}: {key!r} is not the name of a key"
        raise UsageError(message) from error
    return Secondary(endpoint=Endpoint.scan(where, NOTIFY_PORT), key_name=name)
