"""Connections put together from packets, as Zeek counts them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from unflux.lab.testbed.packets import ACK, FIN, RST, SYN, Packet, Protocol

UDP_IDLE_US: Final = 60_000_000
"""A pause that ends what counts as one exchange: Zeek's udp_inactivity_timeout."""
KEPT_OCTETS: Final = 4 << 20
"""Of each direction of a stream."""

DNS_PORT: Final = 53
HTTP_PORTS: Final = (80, 3128)
"""Those of Zeek's where anybody listens here: sites, agents and the forward proxy."""
KEPT_PORTS: Final = (DNS_PORT, *HTTP_PORTS)
"""Of responders whose payload is looked at; of others it is counted."""

Key = tuple[Protocol, str, int, str, int]


@dataclass(slots=True)
class Direction:
    """What one side sent."""

    packets: int = 0
    ip_octets: int = 0
    octets: int = 0
    """Of payload, each once."""
    first_sequence: int | None = None
    flags: int = 0
    keeps: bool = True
    """Whether payload is kept."""
    _segments: dict[int, tuple[int, bytes]] = field(default_factory=dict)
    _datagrams: list[tuple[int, bytes]] = field(default_factory=list)

    def add(self, packet: Packet) -> None:
        """Count a packet and keep its payload."""
        self.packets += 1
        self.ip_octets += packet.ip_octets
        self.flags |= packet.flags
        if packet.protocol == "udp":
            self.octets += len(packet.payload)
            if self.keeps:
                self._datagrams.append((packet.ts_us, packet.payload))
            return
        if self.first_sequence is None:
            self.first_sequence = packet.sequence + (1 if packet.flags & SYN else 0)
        if packet.payload:
            place = (packet.sequence - self.first_sequence) & 0xFFFFFFFF
            if self.keeps and place < KEPT_OCTETS:
                self._keep(place, packet)
            if place < 1 << 31:
                self.octets = max(self.octets, place + len(packet.payload))

    def _keep(self, place: int, packet: Packet) -> None:
        """Keep a payload, less what another had from the same place on before."""
        payload = packet.payload
        while payload:
            _, held = self._segments.setdefault(place, (packet.ts_us, payload))
            place, payload = place + len(held), payload[len(held) :]

    def stream(self) -> bytes:
        """Return the payload in order, up to the first gap."""
        return b"".join(octets for _, octets in self._pieces())

    def arrivals(self) -> list[tuple[int, int]]:
        """Return each place where the stream grew, in order, and when all up to there had come."""
        place, whole_us, found = 0, 0, []
        for ts_us, octets in self._pieces():
            whole_us = max(whole_us, ts_us)
            found.append((place, whole_us))
            place += len(octets)
        return found

    def _pieces(self) -> Iterator[tuple[int, bytes]]:
        """Yield the pieces of the stream and when each came."""
        end = 0
        for place, (ts_us, octets) in sorted(self._segments.items()):
            if place > end:
                break
            if piece := octets[end - place :]:
                yield ts_us, piece
                end += len(piece)

    def datagrams(self) -> list[tuple[int, bytes]]:
        """Return moments and payloads of datagrams."""
        return self._datagrams


@dataclass(slots=True, kw_only=True)
class Connection:
    """Packets between two ends; the originator is who began, as far as one can tell."""

    key: Key
    """Protocol, originator and its port, responder and its port."""
    first_us: int
    last_us: int
    sent: Direction = field(default_factory=Direction)
    """By the originator."""
    returned: Direction = field(default_factory=Direction)
    history: str = ""
    """Zeek's letters: large ones for the originator, each once."""
    began: bool = False
    """Whether its beginning is in the capture."""

    def add(self, packet: Packet, *, is_sent: bool) -> None:
        """Take a packet."""
        self.last_us = max(self.last_us, packet.ts_us)
        (self.sent if is_sent else self.returned).add(packet)
        letter = _letter(packet)
        letter = letter.upper() if is_sent else letter.lower()
        if letter and letter not in self.history:
            self.history += letter

    def state(self) -> str:
        """Return ``conn_state`` as ``conn_state()`` of Zeek's base/protocols/conn/main has it."""
        if self.key[0] == "udp":
            return ("SF" if self.returned.packets else "S0") if self.sent.packets else "SHR"
        sent, returned = self.sent.flags, self.returned.flags
        is_begun, is_answered = bool(sent & SYN), bool(returned & SYN)
        if returned & RST:
            state = ("RSTR" if is_answered else "REJ") if is_begun else "RSTRH"
        elif sent & RST:
            state = "RSTO" if is_answered else "RSTOS0"
        elif sent & returned & FIN:
            state = "SF"
        elif sent & FIN:
            state = "S2" if is_answered else "SH"
        elif returned & FIN:
            state = "S3" if is_begun else "SHR"
        elif is_begun:
            state = "S1" if is_answered else "S0"
        else:
            state = "OTH"
        return state


def assemble(packets: Iterable[Packet]) -> list[Connection]:
    """Return the connections of a capture in the order of their first packets."""
    done: list[Connection] = []
    live: dict[Key, Connection] = {}
    for packet in packets:
        key = (
            packet.protocol, packet.source, packet.source_port, packet.target, packet.target_port,
        )  # fmt: skip
        back = (key[0], key[3], key[4], key[1], key[2])
        found = live.get(key) or live.get(back)
        if found is not None and _begins_anew(found, packet):
            del live[found.key]
            found = None
        if found is None:
            is_opening = bool(packet.flags & SYN) and not packet.flags & ACK
            # Without the opening: the lower port is who serves.
            is_back = not is_opening and packet.source_port < packet.target_port
            settled = back if is_back else key
            keeps = settled[4] in KEPT_PORTS
            found = Connection(
                key=settled,
                sent=Direction(keeps=keeps),
                returned=Direction(keeps=keeps),
                first_us=packet.ts_us,
                last_us=packet.ts_us,
                began=is_opening or packet.protocol == "udp",
            )
            live[found.key] = found
            done.append(found)
        found.add(packet, is_sent=found.key == key)
    return done


def _begins_anew(connection: Connection, packet: Packet) -> bool:
    if packet.protocol == "udp":
        return packet.ts_us - connection.last_us > UDP_IDLE_US
    is_opening = packet.flags & (SYN | ACK) == SYN
    return bool(is_opening and (connection.sent.flags | connection.returned.flags) & (FIN | RST))


def _letter(packet: Packet) -> str:
    if packet.protocol == "udp":
        return "d"
    if packet.flags & SYN:
        return "h" if packet.flags & ACK else "s"
    if packet.flags & RST:
        return "r"
    if packet.flags & FIN:
        return "f"
    return "d" if packet.payload else "a"
