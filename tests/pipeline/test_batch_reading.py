"""Batches of several formats, clocks that are wrong, and garbage."""

import struct
from collections import Counter
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import pytest
from tests.read.test_dnstap import field, frame, message
from tests.watch.streams import response_frame

from unflux.model.control_frames import CONTENT_TYPE, START, compose_control_frame
from unflux.model.rollup import Rollup
from unflux.pipeline import batch_reading
from unflux.pipeline.batch_reading import OTHER_TIME, REFUSED, read_batch
from unflux.read.message import NO_TIME
from unflux.read.source import Options
from unflux.watch.cropping import CROWDED
from unflux.watch.inbox import Batch, Part
from unflux.watch.thinning import Limits, thin

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
HEAD = compose_control_frame(START, CONTENT_TYPE)


def batch(*parts: tuple[str, bytes]) -> Batch:
    return Batch(
        parts=tuple(Part(origin=name, octets=bytearray(octets)) for name, octets in parts),
        positions={"log": "7"},
        record_count=1,
        began_at_s=0.0,
    )


def tap(*moments: datetime | None) -> bytes:
    times = (b"" if moment is None else field(12, int(moment.timestamp())) for moment in moments)
    return HEAD + b"".join(frame(message(4, time)) for time in times)


def zeek(moment: datetime) -> bytes:
    row = f'{{"ts":{moment.timestamp()},"id.orig_h":"192.0.2.1","id.resp_p":53,"query":"b.example",'
    row += '"qtype_name":"A","rcode_name":"NOERROR","answers":["20.0.0.2"],"TTLs":[5.0]}\n'
    return row.encode()


def test_parts_of_several_formats_are_one_rollup() -> None:
    read = read_batch(batch(("dnstap", tap(NOW)), ("log", zeek(NOW))), Options(), NOW)
    assert read.formats == {"dnstap", "zeek"}
    assert read.errors == ()
    assert sorted(read.rollup.sightings["qname"].to_pylist()) == ["a.example", "b.example"]
    assert read.drops.response_count == 2
    assert read.positions == {"log": "7"}


def test_garbage_in_one_part_leaves_the_others() -> None:
    read = read_batch(batch(("x", b"\xff\x00garbage"), ("log", zeek(NOW))), Options(), NOW)
    assert len(read.errors) == 1
    assert read.errors[0].startswith("x: not a format")
    assert read.drops.response_count == 1
    assert read.drops.reasons == {REFUSED: 1}


def test_records_ahead_of_the_clock_or_without_time_are_counted() -> None:
    day = timedelta(days=1)
    moments = (NOW, NOW + timedelta(minutes=9), NOW + timedelta(minutes=11), NOW + 400 * day, None)
    read = read_batch(batch(("dnstap", tap(*moments, NOW - 30 * day))), Options(), NOW)
    assert read.drops.response_count == 3
    assert read.drops.reasons == {OTHER_TIME: 2, NO_TIME: 1}
    read = read_batch(batch(("dnstap", tap(*moments, NOW - 30 * day))), Options(), NOW, 14 * day)
    assert read.drops.response_count == 2
    assert read.drops.reasons[OTHER_TIME] == 3


def test_answers_full_of_other_addresses_never_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows are thinned while the batch is decoded, not only once all of it is."""
    monkeypatch.setattr(batch_reading, "TABLE_ROWS", 500)
    seen = []

    def watched(
        rollup: Rollup, limits: Limits, kept: Collection[str]
    ) -> tuple[Rollup, Counter[str]]:
        seen.append(rollup.sightings.num_rows)
        return thin(rollup, limits, kept)

    monkeypatch.setattr(batch_reading, "thin", watched)
    query = b"\x04many\x07example\x00"
    frames = []
    for turn in range(200):
        head = struct.pack("!6H", turn, 0x8180, 1, 1000, 0, 0) + query + struct.pack("!HH", 1, 1)
        records = b"".join(
            struct.pack("!HHHIHI", 0xC00C, 1, 1, 60, 4, (20 << 24) + turn * 1000 + n)
            for n in range(1000)
        )
        frames.append(response_frame(head + records, NOW.timestamp()))
    octets = HEAD + b"".join(frames)
    limits = Limits(records_per_domain=300)
    read = read_batch(batch(("dnstap", octets)), Options(), NOW, limits=limits)
    assert read.rollup.sightings.num_rows == 300
    assert read.rollup.lookups["responses"].to_pylist() == [200]
    # 200,000 records came, and never were more at hand than a block of frames holds.
    assert sum(seen) >= 200_000
    assert max(seen) < 150_000
    assert read.shed[CROWDED] >= 200_000 - 300
