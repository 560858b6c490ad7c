"""Frames of dnstap, made as fast as they are sent: ordinary ones retimed, and names made up."""

import io
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numba import njit

from traffic.dnstap_file import HEAD_IPV4, HEAD_IPV6, DnstapFile
from traffic.message_octets import compose_messages
from traffic.message_template import compose_template
from traffic.population import Record, Reply
from traffic.response_stream import Chunk

LETTERS: Final = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", dtype=np.uint8)
LABEL_OCTETS: Final = 16
"""Of a label made up: 80 bits, so that no name comes twice."""
ADDRESS: Final = "203.0.113.7"
ROTATED: Final = 397
"""Places by which agents are exchanged: a prime, so that hundreds of turns are each another."""


class Frames(Protocol):
    """Gives frames, each after its length."""

    def take(self, count: int, now_us: int) -> memoryview:
        """Return so many frames, answered now."""
        ...


class Ordinary:
    """The frames of a recorded file, over and over; their times are those of the sending.

    Each time it begins again every agent of a flux network gives its place to another one of the
    network, for flux that repeats itself to the octet is none.
    """

    def __init__(self, path: Path, networks: Sequence[Sequence[str]] = ()) -> None:
        """``networks``: the agents of each, IPv4 addresses."""
        octets = np.fromfile(path, dtype=np.uint8)
        (size,) = struct.unpack("!I", octets[4:8].tobytes())
        self._octets = octets[8 + size : -12]
        self._at = 0
        self._shown = _find_agents(self._octets, networks) if networks else []

    def take(self, count: int, now_us: int) -> memoryview:
        """Return so many frames, answered now; fewer at the end of the file."""
        if self._at == len(self._octets):
            self._at = 0
            self._rotate()
        end = _retime(self._octets, self._at, count, now_us, len(HEAD_IPV4), len(HEAD_IPV6))
        taken = self._octets[self._at : end]
        self._at = end
        return taken.data

    def _rotate(self) -> None:
        for turn, (agents, places, number) in enumerate(self._shown):
            other = (number + ROTATED) % len(agents)
            self._octets[places] = agents[other]
            self._shown[turn] = agents, places, other


class MadeUp:
    """Answers to names that nobody asked before and nobody asks again."""

    def __init__(self, zones: tuple[str, ...], *, is_answered: bool, seed: int = 1) -> None:
        """``zones``: what the names are below of, in turn; ``is_answered``: with an address, else
        NXDOMAIN.
        """
        self._rng = np.random.default_rng(seed)
        self._forms = [_form(zone, is_answered=is_answered) for zone in zones]
        self._turn = 0
        self.made = 0
        """Names so far, each another."""

    def take(self, count: int, now_us: int) -> memoryview:
        """Return so many frames, answered now."""
        self.made += count
        self._turn = (self._turn + 1) % len(self._forms)
        form, label_at = self._forms[self._turn]
        frames = np.tile(form, (count, 1))
        frames[:, label_at : label_at + LABEL_OCTETS] = self._labels(count)
        octets = frames.reshape(-1)
        _retime(octets, 0, count, now_us, len(HEAD_IPV4), len(HEAD_IPV6))
        return octets.data

    def _labels(self, count: int) -> np.ndarray:
        return LETTERS[self._rng.integers(0, 32, (count, LABEL_OCTETS), dtype=np.uint8)]


class Numbered(MadeUp):
    """Such names, counted: the first is number 0."""

    sent = 0

    def _labels(self, count: int) -> np.ndarray:
        texts = [f"n{number:0{LABEL_OCTETS - 1}}" for number in range(self.sent, self.sent + count)]
        self.sent += count
        return np.frombuffer("".join(texts).encode(), dtype=np.uint8).reshape(count, LABEL_OCTETS)


def _form(zone: str, *, is_answered: bool) -> tuple[np.ndarray, int]:
    """Return a frame whose name has a label to be filled in, and where that begins."""
    name = f"{'-' * LABEL_OCTETS}.{zone}"
    soa = Record(zone, "SOA", f"ns.{zone} admin.{zone} 1 3600 600 86400 60", 60)
    reply = Reply(
        query=name,
        qtype="A",
        rcode="NOERROR" if is_answered else "NXDOMAIN",
        answer=(Record(name, "A", ADDRESS, 60),) if is_answered else (),
        authority=() if is_answered else (soa,),
        additional=(),
        link_count=0,
    )
    zero = np.zeros(1, dtype=np.int64)
    chunk = Chunk(
        first_number=0,
        templates=[compose_template(reply)],
        template=zero,
        moment_us=np.array([1_700_000_000_000_000]),
        message_id=np.zeros(1, dtype=np.uint16),
        client=np.array([3]),  # by IPv4, without EDNS
        port=np.array([50_000], dtype=np.uint16),
        age_s=zero,
        rotation=zero,
        case_bits=np.zeros(1, dtype=np.uint64),
        delay_us=zero,
    )
    stream = io.BytesIO()
    DnstapFile(stream).write(chunk, compose_messages(chunk))
    octets = np.frombuffer(stream.getvalue(), dtype=np.uint8)
    (size,) = struct.unpack("!I", octets[4:8].tobytes())
    frame = octets[8 + size :]
    return frame, frame.tobytes().index(b"-" * LABEL_OCTETS)


def _find_agents(
    octets: np.ndarray, networks: Sequence[Sequence[str]]
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Return for each network the octets of its agents, where some are shown, and which."""
    is_one = np.ones(max(0, len(octets) - 13), dtype=bool)
    for place, octet in ((0, 0), (1, 1), (2, 0), (3, 1), (8, 0), (9, 4)):  # A, IN, four octets
        is_one &= octets[place : place + len(is_one)] == octet
    places = np.flatnonzero(is_one)[:, None] + np.arange(10, 14)
    shown = octets[places].view(">u4").ravel()
    found = []
    for addresses in networks:
        agents = np.array(sorted({int(IPv4Address(text)) for text in addresses}), ">u4")
        number = np.searchsorted(agents, shown).clip(max=len(agents) - 1)
        is_agent = agents[number] == shown
        found.append((agents.view(np.uint8).reshape(-1, 4), places[is_agent], number[is_agent]))
    return found


@njit(cache=True)
def _retime(octets, at, count, now_us, head_ipv4, head_ipv6):  # type: ignore[no-untyped-def]
    """Write the time of the response into frames; return where they end."""
    seconds, nanoseconds = now_us // 1_000_000, now_us % 1_000_000 * 1000
    for _ in range(count):
        if at >= len(octets):
            break
        size = 0
        for place in range(4):
            size = size << 8 | octets[at + place]
        # Behind the length lie identity and version, each with a head of two octets, then three
        # of the message's own.
        message = at + 4
        for _ in range(2):
            message += 2 + octets[message + 1]
        message += 3
        moment = message + (head_ipv6 if octets[message + 3] == 2 else head_ipv4) - 12
        for place in range(5):
            more = 0x80 if place < 4 else 0
            octets[moment + 1 + place] = seconds >> 7 * place & 0x7F | more
        for place in range(4):
            octets[moment + 7 + place] = nanoseconds >> 8 * place & 0xFF
        at += 4 + size
    return at
