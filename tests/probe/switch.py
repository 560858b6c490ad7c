"""A switch with lines of differing delay, for kernels that have no netem.

    switch.py PORT=DELAY_MS,JITTER_MS ...

Forwards the frames that come in on each interface after its delay, in order.
"""

import contextlib
import heapq
import itertools
import random
import select
import socket
import sys
import time

ALL_PROTOCOLS = 3
LONGEST = 65_536
OWN = 4
"""PACKET_OUTGOING: what this program sent itself."""


def main(arguments: list[str]) -> None:
    """Forward until killed."""
    chance = random.Random(1)
    lines, ports, turn = {}, {}, itertools.count()
    due: list[tuple[float, int, int, bytes]] = []
    learned: dict[bytes, int] = {}
    waiting = select.poll()
    for argument in arguments:
        name, _, delays = argument.partition("=")
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS))
        opened.bind((name, 0))
        opened.setblocking(False)
        waiting.register(opened, select.POLLIN)
        ports[opened.fileno()] = opened
        delay, jitter = delays.split(",")
        lines[opened.fileno()] = [float(delay) / 1000, float(jitter) / 1000, 0.0]
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        rest_ms = max(0.0, (due[0][0] - now) * 1000) if due else 1000.0
        for number, _ in waiting.poll(rest_ms):
            with contextlib.suppress(BlockingIOError):
                while True:
                    frame, address = ports[number].recvfrom(LONGEST)
                    if address[2] == OWN:
                        continue
                    learned[frame[6:12]] = number
                    line = lines[number]
                    late = line[0] + abs(chance.gauss(0, line[1]))
                    line[2] = max(line[2], time.monotonic() + late)
                    heapq.heappush(due, (line[2], next(turn), number, frame))
        while due and due[0][0] <= time.monotonic():
            _, _, number, frame = heapq.heappop(due)
            there = learned.get(frame[:6])
            for other in [there] if there is not None else [n for n in ports if n != number]:
                with contextlib.suppress(OSError):
                    ports[other].send(frame)


if __name__ == "__main__":
    main(sys.argv[1:])
