"""The DNS messages of a chunk, one behind the other: templates copied, then made to differ."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit

from traffic.response_stream import Chunk

OPT: Final = np.frombuffer(bytes((0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0)), dtype=np.uint8)
"""An OPT pseudo-record: 1232 octets, no options (RFC 6891 section 6.1.2)."""


@dataclass(frozen=True, slots=True)
class Messages:
    """Octets of all messages, and where each begins; one entry more than there are messages."""

    octets: np.ndarray
    starts: np.ndarray


def compose_messages(chunk: Chunk) -> Messages:
    """Write out the messages of a chunk."""
    templates = chunk.templates
    places = [np.array(template.ttl_places, dtype=np.int64) for template in templates]
    ttls = [np.array(template.ttls_s, dtype=np.int64) for template in templates]
    sizes = np.array([len(template.wire) for template in templates])
    message_sizes = sizes[chunk.template] + len(OPT) * chunk.has_edns
    starts = np.concatenate([[0], np.cumsum(message_sizes)])
    octets = np.empty(starts[-1], dtype=np.uint8)
    _copy_templates(
        octets,
        starts,
        chunk.template,
        np.frombuffer(b"".join(template.wire for template in templates), dtype=np.uint8),
        np.concatenate([[0], np.cumsum(sizes)]),
        np.array([(t.rotating_at, t.rotating_bytes, t.rotating_count) for t in templates]),
        chunk.rotation,
        OPT,
    )
    _make_differ(
        octets,
        starts,
        chunk.template,
        np.concatenate(places),
        np.concatenate(ttls),
        np.concatenate([[0], np.cumsum([len(place) for place in places])]),
        np.array([template.question_bytes for template in templates]),
        chunk.message_id,
        chunk.age_s,
        chunk.case_bits,
        chunk.has_edns,
    )
    return Messages(octets, starts)


def compose_exchanges(chunk: Chunk, messages: Messages) -> Messages:
    """Put before each message the question that it answers."""
    question_bytes = np.array([template.question_bytes for template in chunk.templates])
    sizes = np.empty(2 * len(chunk.template), dtype=np.int64)
    sizes[::2] = 12 + question_bytes[chunk.template] + 4 + len(OPT) * chunk.has_edns
    sizes[1::2] = np.diff(messages.starts)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    octets = np.empty(starts[-1], dtype=np.uint8)
    _copy_exchanges(octets, starts, messages.octets, messages.starts, chunk.has_edns, OPT)
    return Messages(octets, starts)


@njit(cache=True)
def _copy_exchanges(octets, starts, messages, message_starts, has_edns, opt):  # type: ignore[no-untyped-def]
    for number in range(len(has_edns)):
        source, end = message_starts[number], message_starts[number + 1]
        at, response = starts[2 * number], starts[2 * number + 1]
        octets[response : starts[2 * number + 2]] = messages[source:end]
        question_end = response - (len(opt) if has_edns[number] else 0)
        octets[question_end:response] = opt[: response - question_end]
        octets[at:question_end] = messages[source : source + question_end - at]
        octets[at + 2], octets[at + 3] = 1, 0  # RD, and no response
        octets[at + 6 : at + 12] = 0
        octets[at + 11] = has_edns[number]


@njit(cache=True)
def _copy_templates(octets, starts, template, pool, pool_starts, rotating, rotation, opt):  # type: ignore[no-untyped-def]
    """Copy each message's template, its address records rotated, with OPT where there is room."""
    for number in range(len(template)):
        at = starts[number]
        which = template[number]
        source, end = pool_starts[which], pool_starts[which + 1]
        size = end - source
        octets[at : at + size] = pool[source:end]
        place, record_size, count = rotating[which]
        if count > 1:
            first = rotation[number] % count
            for position in range(count):
                there = source + place + (position + first) % count * record_size
                here = at + place + position * record_size
                octets[here : here + record_size] = pool[there : there + record_size]
        if starts[number + 1] > at + size:
            octets[at + size : starts[number + 1]] = opt


@njit(cache=True)
def _make_differ(  # type: ignore[no-untyped-def]
    octets, starts, template, ttl_places, ttls_s, ttl_starts, question_bytes,
    message_id, age_s, case_bits, has_edns,
):  # fmt: skip
    """Fill in message ID, number of additional records, remaining TTLs and the question's case."""
    for number in range(len(template)):
        at = starts[number]
        which = template[number]
        octets[at] = message_id[number] >> 8
        octets[at + 1] = message_id[number] & 0xFF
        octets[at + 11] += has_edns[number]  # no template has 255 additional records
        for row in range(ttl_starts[which], ttl_starts[which + 1]):
            ttl_s = ttls_s[row] - age_s[number] % ttls_s[row]
            for shift in range(4):
                octets[at + ttl_places[row] + shift] = ttl_s >> (24 - 8 * shift) & 0xFF
        bits = case_bits[number]
        if bits:
            for place in range(at + 12, at + 12 + question_bytes[which]):
                if 97 <= octets[place] <= 122:  # lengths are 63 at most
                    octets[place] ^= 0x20 * (bits & np.uint64(1))
                    bits = bits >> np.uint64(1) | (bits & np.uint64(1)) << np.uint64(63)
