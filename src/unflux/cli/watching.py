"""Turn what ``unflux watch`` was asked into options, and run the watch until a signal ends it."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from unflux.act.standing import Deployed
from unflux.cli.arguments import default_workers
from unflux.cli.blocking import Wishes as BlockWishes
from unflux.cli.blocking import compose_gate
from unflux.cli.configuration import read_configuration
from unflux.cli.deployment import place_of
from unflux.cli.event_log import tell_lines
from unflux.cli.progress import say
from unflux.cli.receivers import compose_receivers
from unflux.cli.signals import take_signals
from unflux.cli.watch_bounds import compose_allotment, compose_bounds
from unflux.model.endpoint import Endpoint
from unflux.model.errors import UsageError
from unflux.model.service_manager import ServiceManager
from unflux.model.telling import Tell
from unflux.pipeline import gathering, inputs, rounds
from unflux.pipeline.blocking import Blocker, Orders
from unflux.pipeline.deployment import Deployment
from unflux.pipeline.gathering import prepare_reading
from unflux.pipeline.posting import Post
from unflux.pipeline.watching import Command, Options, Outputs, watch
from unflux.read.source import Options as ReadOptions
from unflux.watch import inbox, thinning
from unflux.watch.brokers import TopicName, read_settings
from unflux.watch.event_file import EventFile, EventStream
from unflux.watch.packet_socket import PacketSocket
from unflux.watch.privileges import become

DNSTAP_PORT: Final = 6000
"""Which dnstap's own tools and manuals use."""
METRICS_PORT: Final = 9153

_SIGNALS: Final = {
    signal.SIGINT: Command.STOP,
    signal.SIGTERM: Command.STOP,
    signal.SIGHUP: Command.REOPEN,
    signal.SIGUSR1: Command.STATUS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The values of the command line, as they were given."""

    store: Path
    dnstap: tuple[Path, ...]
    dnstap_tcp: tuple[str, ...]
    follow: tuple[Path, ...]
    has_interfaces: bool
    kafka: tuple[str, ...]
    kafka_config: Path | None
    metrics: str | None
    window_h: float
    keep: tuple[str, ...]
    batch_s: float
    judge_s: float
    memory: str | None
    max_rows: int | None
    max_disk: str | None
    routes: tuple[Path, ...]
    workers: int | None
    block: Path | None = None
    is_delivering: bool = False
    syslog: tuple[str, ...] = ()
    webhooks: tuple[str, ...] = ()
    webhook_secret: Path | None = None
    webhook_ca: Path | None = None


def compose_options(wishes: Wishes) -> Options:
    """Check values against each other; raises UsageError before anything is opened."""
    if not (
        wishes.dnstap or wishes.dnstap_tcp or wishes.has_interfaces or wishes.follow or wishes.kafka
    ):
        message = "nothing to watch: name an input, such as --dnstap SOCKET or --follow LOG"
        raise UsageError(message)
    if wishes.is_delivering and wishes.block is None:
        message = "--deliver needs a --block FILE that says what is delivered where"
        raise UsageError(message)
    allotment = compose_allotment(wishes.memory)
    bounds = compose_bounds(
        wishes.window_h, wishes.keep, wishes.max_rows, wishes.max_disk, allotment
    )
    workers = default_workers(wishes.workers)
    return Options(
        rounds=rounds.Options(
            store=wishes.store,
            scanning=gathering.Options(
                reading=ReadOptions(workers=workers),
                workers=workers,
                routes=wishes.routes,
                memory_bytes=allotment.judge_octets,
            ),
            bounds=bounds,
            thinning=thinning.Limits(rows=min(thinning.ROWS, bounds.max_rows // 2)),
            store_bytes=allotment.store_octets,
        ),
        inputs=inputs.Options(
            unix=wishes.dnstap,
            tcp=tuple(_scan_endpoint(text, DNSTAP_PORT) for text in wishes.dnstap_tcp),
            topics=tuple(dict.fromkeys(map(TopicName.scan, wishes.kafka))),
            kafka_settings={}
            if wishes.kafka_config is None
            else read_settings(wishes.kafka_config),
            logs=tuple(dict.fromkeys(path.absolute() for path in wishes.follow)),
        ),
        metrics=None if wishes.metrics is None else _scan_endpoint(wishes.metrics, METRICS_PORT),
        judge_s=wishes.judge_s,
        inbox=inbox.Limits(
            batch_s=wishes.batch_s,
            batch_octets=allotment.inbox_octets,
            held_octets=allotment.inbox_octets,
        ),
    )


def run_watch(
    wishes: Wishes,
    options: Options,
    interfaces: Iterable[PacketSocket],
    *,
    events: Path | None,
    as_json: bool,
    user: str | None,
) -> None:
    """Watch until a signal ends it, as another user if one is named.

    Interfaces were opened before; sockets, the store, files of events and what is deployed are that
    user's.
    """
    prepare_reading(say)
    if user is not None:
        become(user)
    receivers = compose_receivers(
        wishes.syslog, wishes.webhooks, wishes.webhook_secret, wishes.webhook_ca
    )
    tell, block = tell_lines(as_json=as_json), wishes.block
    blocker = None if block is None else Blocker(partial(_read_orders, block, wishes), tell)
    with (
        nullcontext(EventStream(sys.stdout.buffer))
        if events is None
        else closing(EventFile(events))
    ) as sink:
        post = Post(wishes.store, receivers, tell) if receivers else None
        manager = ServiceManager.of(os.environ, os.getpid())
        outputs = Outputs(sink=sink, blocker=blocker, post=post, manager=manager)
        asyncio.run(_watch_with_signals(options, outputs, tell, interfaces))


async def _watch_with_signals(
    options: Options, outputs: Outputs, tell: Tell, interfaces: Iterable[PacketSocket]
) -> None:
    await watch(options, outputs, tell, take_signals(_SIGNALS), interfaces)


def _read_orders(block: Path, wishes: Wishes) -> Orders:
    """Read the configuration of blocks, and every list that it names; raises UnfluxError.

    What stands is left: it is read whenever something is decided, and a delivery may keep it now.
    """
    told = read_configuration(block)
    place = place_of(told, wishes.store)
    unread = Deployment(state=place.state, targets=place.targets, standing=Deployed(), journal=())
    return Orders(
        place=place,
        prepared=compose_gate(BlockWishes().with_configured(told.gate, ()), unread),
        is_dry=not wishes.is_delivering,
    )


def _scan_endpoint(text: str, default_port: int) -> Endpoint:
    endpoint = Endpoint.scan(text, default_port)
    if not endpoint.is_loopback:
        message = f"{endpoint} is not on loopback"
        raise UsageError(message)
    return endpoint
