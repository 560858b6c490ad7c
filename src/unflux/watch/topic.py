"""A topic of Kafka as an input: raw dnstap frames, or lines of JSON as logs have them."""

import asyncio
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from unflux.watch.inbox import Chunk, Inbox
from unflux.watch.input import TaskInput, call_in_thread

NO_VALUE: Final = "message of a topic without a value"
GONE: Final = "messages of a topic deleted before they were read"

OWN_SETTINGS: Final[Mapping[str, object]] = {
    # Where to go on is kept in the store, in the transaction of the batch.
    "group.id": "unflux-watch",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "auto.offset.reset": "earliest",
    "allow.auto.create.topics": False,
    "queued.max.messages.kbytes": 16 << 10,
    "queued.min.messages": 1000,
}
"""Settings of librdkafka that are not the user's to choose (its CONFIGURATION.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How a topic is read."""

    messages: int = 1000
    """Taken at once. Chosen: 2026-11-28; a broker's default lets one have 1 MiB."""
    poll_s: float = 0.5
    look_s: float = 10.0
    """Between two looks at what partitions there are."""
    answer_s: float = 5.0
    """For a broker to say so."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one message of a partition holds."""

    partition: int
    offset: int
    value: bytes | None


def pack(messages: Iterable[Message]) -> tuple[bytes, int, bytes, int, int]:
    """Return dnstap frames, each after its length, and their number; lines, and the number of
    messages that they came in; and how many messages had no value.

    A value that begins with a brace is JSON, which no dnstap frame does: as a tag of Protocol
    Buffers it would begin a group of field 15.
    """
    frames, lines = bytearray(), bytearray()
    frame_count = line_count = empty_count = 0
    for message in messages:
        value = message.value
        if not value:
            empty_count += 1
        elif value.lstrip()[:1] == b"{":
            lines += value if value.endswith(b"\n") else value + b"\n"
            line_count += 1
        else:
            frames += struct.pack("!I", len(value)) + value
            frame_count += 1
    return bytes(frames), frame_count, bytes(lines), line_count, empty_count


class Topic(TaskInput):
    """Takes all partitions of a topic, each from where it was read to, else from its start.

    ``consumer``: a ``confluent_kafka.Consumer`` with OWN_SETTINGS. ``head``: what a file of dnstap
    frames begins with.
    """

    def __init__(
        self,
        name: str,
        topic: str,
        consumer: Any,
        *,
        head: bytes,
        inbox: Inbox,
        position: str | None,
        limits: Limits,
    ) -> None:
        super().__init__(name)
        self._topic = topic
        self._consumer = consumer
        self._head = head
        self._inbox = inbox
        self._limits = limits
        stored: dict[str, int] = json.loads(position or "{}")
        self._next = {int(partition): offset for partition, offset in stored.items()}
        self._assigned: set[int] = set()
        self._unseen: set[int] = set()
        """Partitions of which nothing came yet since they were assigned."""
        self._failure: str | None = "no broker has answered yet"

    def find_failure(self) -> str | None:
        """Return why no messages can come."""
        return self._failure

    async def take(self) -> None:
        """Take messages until cancelled."""
        loop = asyncio.get_running_loop()
        look_at_s = loop.time()
        try:
            while True:
                if loop.time() >= look_at_s:
                    await call_in_thread(self._look)
                    look_at_s = loop.time() + self._limits.look_s
                if not self._assigned:
                    await asyncio.sleep(self._limits.poll_s)
                    look_at_s = loop.time()
                    continue
                messages = await call_in_thread(self._consume)
                if messages:
                    await self._put(messages)
        finally:
            self._consumer.close()

    def _look(self) -> None:
        """Ask what partitions there are, and take the new ones."""
        from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415  an extra

        try:
            found = self._consumer.list_topics(self._topic, timeout=self._limits.answer_s)
            about = found.topics[self._topic]
            if about.error is not None:
                self._failure = str(about.error.str())
                return
            new = sorted(about.partitions.keys() - self._assigned)
            if new:
                self._consumer.incremental_assign(
                    [
                        TopicPartition(self._topic, number, self._next.get(number, _FROM_START))
                        for number in new
                    ]
                )
                self._assigned.update(new)
                self._unseen.update(new)
            self._failure = None
        except KafkaException as error:
            self._failure = str(error.args[0].str())

    def _consume(self) -> list[Message]:
        """Return the messages that come next."""
        taken = self._consumer.consume(self._limits.messages, self._limits.poll_s)
        messages = []
        for message in taken:
            if message.error() is None:
                messages.append(Message(message.partition(), message.offset(), message.value()))
            else:
                self._failure = str(message.error().str())
        return messages

    async def _put(self, messages: list[Message]) -> None:
        """Put messages and where they end, together."""
        for message in messages:
            if message.partition in self._unseen:
                self._unseen.remove(message.partition)
                expected = self._next.get(message.partition, message.offset)
                if message.offset > expected:
                    self.drops[GONE] += message.offset - expected
            self._next[message.partition] = message.offset + 1
        frames, frame_count, lines, line_count, empty_count = pack(messages)
        if empty_count:
            self.drops[NO_VALUE] += empty_count
        self.record_count += frame_count + line_count
        await self._inbox.put(
            Chunk(origin=self.name, head=self._head, octets=frames, count=frame_count),
            Chunk(
                origin=self.name,
                octets=lines,
                count=line_count,
                position=json.dumps({str(number): at for number, at in self._next.items()}),
            ),
        )


_FROM_START: Final = -2
"""The offset that stands for the first message there is (``RD_KAFKA_OFFSET_BEGINNING``)."""
