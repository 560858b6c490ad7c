"""Who is told of events, as the command line names them: syslog collectors and webhooks."""

import os
import socket
import ssl
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from unflux.model.endpoint import Endpoint
from unflux.model.errors import UnfluxError, UsageError
from unflux.model.events import Event
from unflux.model.private_file import read_private
from unflux.pipeline.posting import Receiver
from unflux.present.syslog_message import render_syslog
from unflux.present.verdict_event import render_event
from unflux.watch.syslog import Collector, InetCollector, SyslogCourier, UnixCollector
from unflux.watch.webhook import Target, WebhookCourier

SYSLOG_PORT: Final = 514
LEAST_SECRET_OCTETS: Final = 16
"""128 bits, if they are random; as for TSIG here."""
MOST_SECRET_OCTETS: Final = 4096


def compose_receivers(
    syslog: Sequence[str], webhooks: Sequence[str], secret: Path | None, authorities: Path | None
) -> tuple[Receiver, ...]:
    """Return the receivers that are named; raises UsageError and UnfluxError."""
    if webhooks and secret is None:
        message = "--webhook needs a --webhook-secret FILE, which events are signed with"
        raise UsageError(message)
    by_syslog = partial(render_syslog, host=socket.gethostname(), process=os.getpid())
    receivers = [
        Receiver(courier=SyslogCourier(_scan_collector(text)), compose=by_syslog) for text in syslog
    ]
    if webhooks and secret is not None:
        key, context = read_secret(secret), _trust(authorities)
        receivers += [
            Receiver(courier=WebhookCourier(Target.scan(url), key, context), compose=_compose_body)
            for url in webhooks
        ]
    names = [receiver.courier.name for receiver in receivers]
    for name in names:
        if names.count(name) > 1:
            message = f"{name} is named twice"
            raise UsageError(message)
    return tuple(receivers)


def read_secret(path: Path) -> bytes:
    """Return the secret of a file, without the newline at its end; raises UnfluxError.

    Nobody but its owner and group may read it.
    """
    octets = read_private(path, MOST_SECRET_OCTETS).strip(b"\r\n")
    if len(octets) < LEAST_SECRET_OCTETS:
        message = f"{path}: a secret of fewer than {LEAST_SECRET_OCTETS} octets"
        raise UnfluxError(message)
    return octets


def _compose_body(event: Event) -> str:
    return render_event(event).rstrip("\n")


def _trust(authorities: Path | None) -> ssl.SSLContext:
    """Return what certificates are checked by: the system's authorities, or those of a file."""
    try:
        return ssl.create_default_context(cafile=authorities)
    except OSError as error:
        message = f"{authorities}: no certificates to trust ({error.strerror or error})"
        raise UnfluxError(message) from error


def _scan_collector(text: str) -> Collector:
    kind, _, where = text.partition(":")
    makers: dict[str, Callable[[str], Collector]] = {
        "unix": UnixCollector,
        "udp": lambda at: InetCollector(Endpoint.scan(at, SYSLOG_PORT), is_tcp=False),
        "tcp": lambda at: InetCollector(Endpoint.scan(at, SYSLOG_PORT), is_tcp=True),
    }
    if kind not in makers or not where or "\0" in where:
        message = f"--syslog {text!r} is not unix:PATH, udp:ADDRESS:PORT or tcp:ADDRESS:PORT"
        raise UsageError(message)
    return makers[kind](where)
