"""Senders by TCP that are there no more and never said so."""

import asyncio
import os
import socket

import pytest
from tests.watch.streams import golden_frames

from unflux.model.control_frames import CONTENT_TYPE, START, compose_control_frame
from unflux.read.frame_receiver import FrameReceiver
from unflux.read.source import Drops
from unflux.watch.inbox import Inbox
from unflux.watch.inbox import Limits as InboxLimits
from unflux.watch.listening import listen_tcp
from unflux.watch.senders import BROKEN, Limits, Senders

TCP_REPAIR = 19
HEAD = compose_control_frame(START, CONTENT_TYPE)


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
