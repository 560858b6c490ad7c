"""Senders while the inbox has no room, and such as are there no more and never said so."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import pytest
from tests.watch.streams import connect, golden_frames

from unflux.model.control_frames import CONTENT_TYPE, START, compose_control_frame
from unflux.read.frame_receiver import FrameReceiver
from unflux.read.source import Drops
from unflux.watch.inbox import Chunk, Inbox
from unflux.watch.inbox import Limits as InboxLimits
from unflux.watch.listening import listen_tcp, listen_unix
from unflux.watch.senders import BROKEN, NO_HANDSHAKE, Limits, Senders

FULL = InboxLimits(held_octets=1)
"""With one frame no more is put."""
TCP_REPAIR = 19
HEAD = compose_control_frame(START, CONTENT_TYPE)


@asynccontextmanager
async def listening_senders(
    folder: Path, inbox: Inbox, limits: Limits
) -> AsyncIterator[tuple[Senders, Path]]:
    """Yield senders that are accepted, and where they connect."""
    path = folder / "s"
    with listen_unix(path) as listening:
        async with Senders(
            [listening], inbox, lambda: FrameReceiver(CONTENT_TYPE, Drops()), HEAD, limits
        ) as senders:
            yield senders, path


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


def test_what_was_read_of_senders_is_in_the_inbox_at_the_end(tmp_path: Path) -> None:
    async def run() -> None:
        inbox = Inbox(FULL)
        with ExitStack() as connected:
            async with listening_senders(tmp_path, inbox, Limits()) as (senders, path):
                early, late = (connected.enter_context(connect(path)) for _ in range(2))
                early.sendall(HEAD + golden_frames())
                await until(lambda: inbox.is_full)
                for sender in (early, late):
                    sender.sendall(HEAD * (sender is late) + golden_frames())
                await until(lambda: inbox.stall_count == 2)
                # No more is taken of either; what comes now is read ahead.
                for sender in (early, late):
                    sender.sendall(golden_frames() * 20)
                await asyncio.sleep(0.2)
        assert senders.record_count == 7 * (3 + 40)
        assert senders.drops == {}
        batch = inbox.take()
        assert batch is not None
        assert batch.record_count == 7 * (3 + 40)

    asyncio.run(run())


def test_a_sender_may_wait_for_room_longer_than_for_its_handshake(tmp_path: Path) -> None:
    async def run() -> None:
        inbox = Inbox(FULL)
        await inbox.put(Chunk(origin="log", octets=b"x", count=1))
        limits = Limits(handshake_s=0.2)
        async with listening_senders(tmp_path, inbox, limits) as (senders, path):
            with connect(path) as sender:
                sender.sendall(HEAD + golden_frames())
                await until(lambda: inbox.stall_count == 1)
                await asyncio.sleep(2 * limits.handshake_s)
                assert inbox.take() is not None
                await until(lambda: inbox.is_full or not senders.open_count)
                assert (senders.drops, senders.open_count) == ({}, 1)
            with connect(path):
                await until(lambda: senders.drops == {NO_HANDSHAKE: 1})

    asyncio.run(run())


@pytest.mark.slow
def test_a_half_open_connection_is_found_out() -> None:
    if os.geteuid() != 0 or not hasattr(socket, "AF_PACKET"):
        pytest.skip("only root on Linux can let a connection vanish")

    async def run() -> None:
        inbox = Inbox(InboxLimits())
        with listen_tcp("127.0.0.1", 0) as listening:
            address = listening.getsockname()
            async with Senders(
                [listening], inbox, lambda: FrameReceiver(CONTENT_TYPE, Drops()), HEAD,
                Limits(keepalive_s=1),
            ) as senders:  # fmt: skip
                with socket.create_connection(address) as sender:
                    sender.sendall(HEAD + golden_frames())
                    while senders.record_count < 7:
                        await asyncio.sleep(0.01)
                    # Closed so, the system sends neither FIN nor RST, as one whose power failed.
                    sender.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
                assert senders.open_count == 1
                while senders.open_count:
                    await asyncio.sleep(0.05)
                assert senders.drops == {BROKEN: 1}
        batch = inbox.take()
        assert batch is not None
        assert batch.record_count == 7

    asyncio.run(asyncio.wait_for(run(), 60))
