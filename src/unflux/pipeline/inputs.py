"""The inputs of a watch, made of what the user named."""

import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from unflux.model.control_frames import CONTENT_TYPE, START, compose_control_frame
from unflux.model.endpoint import Endpoint
from unflux.read.decompression import DamagedError, decompress
from unflux.read.frame_receiver import FrameReceiver
from unflux.read.ring_capture import compose_header, records_composer
from unflux.read.source import Drops
from unflux.watch.brokers import TopicName, open_consumer
from unflux.watch.followed_log import FollowedLog
from unflux.watch.inbox import Inbox
from unflux.watch.input import Input
from unflux.watch.interface import Interface
from unflux.watch.log_place import Place
from unflux.watch.log_reader import Limits as LogLimits
from unflux.watch.log_reader import LogReader
from unflux.watch.packet_filter import SNAPSHOT_BYTES
from unflux.watch.packet_socket import PacketSocket
from unflux.watch.senders import Limits as SenderLimits
from unflux.watch.senders import Senders
from unflux.watch.topic import Limits as TopicLimits
from unflux.watch.topic import Topic

DNSTAP_HEAD: Final = compose_control_frame(START, CONTENT_TYPE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Where records come from; interfaces are opened before there are options."""

    unix: tuple[Path, ...] = ()
    """Sockets in the file system that take dnstap."""
    tcp: tuple[Endpoint, ...] = ()
    logs: tuple[Path, ...] = ()
    """Logs that are followed."""
    topics: tuple[TopicName, ...] = ()
    """Of Kafka."""
    kafka_settings: Mapping[str, str] = field(default_factory=dict)
    """Of librdkafka, for all topics."""
    senders: SenderLimits = field(default_factory=SenderLimits)
    following: LogLimits = field(default_factory=LogLimits)
    consuming: TopicLimits = field(default_factory=TopicLimits)


def make_senders(
    listening: Iterable[socket.socket], options: Options, inbox: Inbox, received: Drops
) -> Senders:
    """Return the input of dnstap; ``received`` counts what its streams had wrong."""
    return Senders(
        listening,
        inbox,
        partial(FrameReceiver, CONTENT_TYPE, received),
        DNSTAP_HEAD,
        options.senders,
    )


def make_others(
    options: Options,
    interfaces: Iterable[PacketSocket],
    inbox: Inbox,
    positions: Mapping[str, str],
) -> Iterator[Input]:
    """Yield the inputs besides dnstap; those that can go on where they were before."""
    for packets in interfaces:
        yield Interface(
            f"interface {packets.name}",
            packets,
            records_composer(packets.block_bytes),
            compose_header(packets.link_type, SNAPSHOT_BYTES),
            inbox,
        )
    for path in options.logs:
        name = f"log {path}"
        place = Place.scan(positions[name]) if name in positions else None
        reader = LogReader(path, place, decompress_log, options.following)
        yield FollowedLog(name, reader, inbox, options.following)
    for topic in options.topics:
        name = f"topic {topic}"
        yield Topic(
            name,
            topic.topic,
            open_consumer(topic, options.kafka_settings),
            head=DNSTAP_HEAD,
            inbox=inbox,
            position=positions.get(name),
            limits=options.consuming,
        )


def decompress_log(chunks: Iterator[bytes], head: bytes) -> Iterator[bytes] | None:
    """Decompress as :func:`decompress` does, but with EOFError where octets are missing."""
    plain = decompress(chunks, head)
    return None if plain is None else _until_damaged(plain)


def _until_damaged(plain: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from plain
    except DamagedError as error:
        raise EOFError from error
