"""What the golden files of passive DNS do not show."""

import io
import json

from unflux.model.rollup import Rollup, merge
from unflux.read.batching import BatchBuilder
from unflux.read.cof import Cof
from unflux.read.rollup import roll_up
from unflux.read.source import Drops, Options

ENTRY = {"rrname": "a.example", "rrtype": "A", "rdata": ["198.51.100.1", "203.0.113.2"],
         "time_first": 1714521600, "time_last": 1714521600, "count": 1}  # fmt: skip


def read(*entries: object, options: Options | None = None) -> tuple[Rollup, Drops]:
    drops = Drops()
    octets = "\n".join(json.dumps(entry) for entry in entries).encode()
    parts = list(Cof().read(io.BytesIO(octets), options or Options(), drops))
    assert all(isinstance(part, Rollup) for part in parts)
    return merge(part for part in parts if isinstance(part, Rollup)), drops


def test_a_record_set_seen_once_rolls_up_as_one_response() -> None:
    builder = BatchBuilder()
    records = [("a.example", "A", rdata, None, "ans") for rdata in ("198.51.100.1", "203.0.113.2")]
    builder.add("a.example", records, ts_us=1714521600_000000, qtype="A", rcode="NOERROR")
    assert read(ENTRY)[0] == roll_up(builder.take())


def test_entries_add_up() -> None:
    rollup, _ = read(ENTRY, ENTRY | {"count": 4})
    assert rollup.sightings["count"].to_pylist() == [5, 5]
    assert rollup.lookups["responses"].to_pylist() == [5]
    assert rollup.lookups["answers_sum"].to_pylist() == [10]
    assert rollup.answer_sets["responses"].to_pylist() == [5]


def test_a_record_set_with_a_bad_record_gives_sightings_only() -> None:
    rollup, drops = read(ENTRY | {"rdata": ["198.51.100.1", "bad"]})
    assert (rollup.sightings.num_rows, rollup.lookups.num_rows) == (1, 0)
    assert drops.reasons.total() == 1


def test_the_time_asked_for() -> None:
    late = Options(since_us=1714521600_000001)
    assert read(ENTRY, options=late)[1].reasons == {"outside the time asked for": 1}
    assert read(ENTRY | {"time_last": 1714521700}, options=late)[0].sightings.num_rows == 2
    timeless = {"rrname": "a.example", "rrtype": "A", "rdata": "198.51.100.1"}
    assert read(timeless, options=late)[0].sightings.num_rows == 0


def test_odd_entries_are_counted() -> None:
    entries = [{"rrname": 5}, ENTRY | {"rdata": []}, ENTRY | {"rdata": [5]}, ENTRY | {"count": "x"},
               ENTRY | {"count": 2**60}, ENTRY | {"time_last": "x"}, ENTRY | {"rrname": "a..b"},
               ENTRY | {"rrtype": []}]  # fmt: skip
    rollup, drops = read(*entries)
    assert rollup.sightings.num_rows == 0
    assert drops.reasons.total() >= len(entries)
