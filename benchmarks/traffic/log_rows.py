"""What both kinds of log need of each response, as Python values."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from traffic.hosts import client_text
from traffic.message_template import MessageTemplate
from traffic.population import Record
from traffic.response_stream import Chunk


class LogRow(NamedTuple):
    """One response."""

    number: int
    """Counted from 0 over the whole traffic."""
    template: MessageTemplate
    moment_us: int
    message_id: int
    client: str
    port: int
    is_ipv6: bool
    age_s: int
    delay_us: int
    answer: tuple[Record, ...]
    """In the order of the response, with the TTLs of the zone."""


@dataclass(frozen=True, slots=True)
class _Rotations:
    """The orders in which the answer of one template occurs, each made once per chunk."""

    orders: dict[int, tuple[Record, ...]]

    def of(self, template: MessageTemplate, rotation: int) -> tuple[Record, ...]:
        count = template.rotating_count
        if count < 2:
            return template.reply.answer
        first = rotation % count
        order = self.orders.get(first)
        if order is None:
            links = template.reply.answer[: template.reply.link_count]
            addresses = template.reply.answer[template.reply.link_count :]
            order = self.orders[first] = links + addresses[first:] + addresses[:first]
        return order


def log_rows(chunk: Chunk) -> Iterator[LogRow]:
    """Yield the responses of a chunk."""
    rotations = [_Rotations({}) for _ in chunk.templates]
    columns = zip(
        chunk.template.tolist(), chunk.moment_us.tolist(), chunk.message_id.tolist(),
        chunk.client.tolist(), chunk.port.tolist(), chunk.is_ipv6.tolist(), chunk.age_s.tolist(),
        chunk.delay_us.tolist(), chunk.rotation.tolist(), strict=True,
    )  # fmt: skip
    for number, (
        which,
        moment_us,
        message_id,
        client,
        port,
        is_ipv6,
        age_s,
        delay_us,
        rotation,
    ) in enumerate(columns, chunk.first_number):
        template = chunk.templates[which]
        yield LogRow(
            number, template, moment_us, message_id, _client(client, is_ipv6), port, is_ipv6,
            age_s, delay_us, rotations[which].of(template, rotation),
        )  # fmt: skip


@lru_cache(maxsize=1 << 16)
def _client(client: int, is_ipv6: bool) -> str:
    return client_text(client, is_ipv6=is_ipv6)
