"""What arrives becomes batches: parts by origin and head, positions, and a ceiling."""

import asyncio

import pytest

from unflux.watch.inbox import Chunk, Inbox, Limits


def chunk(
    octets: bytes, origin: str = "a", head: bytes = b"", position: str | None = None
) -> Chunk:
    return Chunk(origin=origin, octets=octets, count=1, head=head, position=position)


async def put_all(inbox: Inbox, *chunks: Chunk) -> None:
    for one in chunks:
        await inbox.put(one)


def test_records_of_one_origin_and_head_are_one_file() -> None:
    inbox = Inbox(Limits())
    asyncio.run(
        put_all(
            inbox,
            chunk(b"1", head=b"H"),
            chunk(b"2", origin="b", head=b"H"),
            chunk(b"3", head=b"H", position="at 3"),
            chunk(b"4", head=b"other"),
            chunk(b"", origin="c", position="start"),
            chunk(b"", position="at 4"),
        )
    )
    batch = inbox.take()
    assert batch is not None
    assert [(part.origin, bytes(part.octets)) for part in batch.parts] == [
        ("a", b"H13"), ("b", b"H2"), ("a", b"other4")
    ]  # fmt: skip
    assert batch.positions == {"a": "at 4", "c": "start"}
    assert batch.record_count == 4
    assert inbox.held_octets == 0
    assert inbox.take() is None


def test_a_position_alone_waits_for_records() -> None:
    inbox = Inbox(Limits())
    asyncio.run(put_all(inbox, chunk(b"", position="0")))
    assert inbox.take() is None
    asyncio.run(put_all(inbox, chunk(b"x", origin="b")))
    batch = inbox.take()
    assert batch is not None
    assert batch.positions == {"a": "0"}


def test_at_the_ceiling_inputs_wait_until_the_batch_is_taken() -> None:
    async def run() -> None:
        inbox = Inbox(Limits(held_octets=4))
        await inbox.put(chunk(b"12345"))
        waiting = asyncio.create_task(inbox.put(chunk(b"6", position="6")))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(waiting), 0.05)
        first = inbox.take()
        assert first is not None
        assert first.positions == {}
        await waiting
        assert inbox.stall_count == 1
        second = inbox.take()
        assert second is not None
        assert (bytes(second.parts[0].octets), second.positions) == (b"6", {"a": "6"})

    asyncio.run(run())


def test_who_is_cancelled_while_it_waits_has_put_what_it_read() -> None:
    async def run() -> None:
        inbox = Inbox(Limits(held_octets=4))
        await inbox.put(chunk(b"12345"))
        waiting = asyncio.create_task(inbox.put(chunk(b"6", position="6"), chunk(b"7", "b")))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        batch = inbox.take()
        assert batch is not None
        assert [bytes(part.octets) for part in batch.parts] == [b"123456", b"7"]
        assert batch.positions == {"a": "6"}

    asyncio.run(asyncio.wait_for(run(), 60))
