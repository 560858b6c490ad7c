"""Transcripts of dig: the real ones against their own table, and odd ones."""

import csv
import gzip
import io
from collections import Counter
from pathlib import Path

import pytest

from unflux.read.dig import NO_RESPONSE, Dig
from unflux.read.source import Batch, Drops, Options

DATA = Path(__file__).parents[2] / "../shared/data"
HEADER = ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n;; flags: qr rd ra; QUERY: 1\n"
QUESTION = ";; QUESTION SECTION:\n;www.example.com.\t\tIN\tA\n"
ANSWER = ";; ANSWER SECTION:\nwww.example.com.\t60\tIN\tA\t198.51.100.7\n"


def read(
    text: str, offset_s: int = 0
) -> tuple[list[dict[str, object]], list[dict[str, object]], Drops]:
    drops = Drops()
    responses: list[dict[str, object]] = []
    records: list[dict[str, object]] = []
    stream = io.BytesIO(text.encode())
    for part in Dig().read(stream, Options(utc_offset_s=offset_s), drops):
        assert isinstance(part, Batch)
        responses.extend(part.responses.to_pylist())
        records.extend(part.records.to_pylist())
    return responses, records, drops


@pytest.mark.parametrize(
    ("when", "moment"),
    [
        ("Thu Mar 12 22:08:41 2009", "2009-03-12T14:08:41+00:00"),
        ("Thu Mar  5 22:08:41 2009", "2009-03-05T14:08:41+00:00"),
        ("Thu Mar 12 22:08:41 UTC 2009", "2009-03-12T22:08:41+00:00"),
        ("Thu Mar 12 22:08:41 EDT 2009", "2009-03-13T02:08:41+00:00"),
        ("Thu Mar 12 22:08:41 +0530 2009", "2009-03-12T16:38:41+00:00"),
        ("Thu Mar 12 22:08:41 CST 2009", "2009-03-12T14:08:41+00:00"),  # many zones: the user's
        ("Thu Mar 32 22:08:41 2009", None),
        ("Do M\u00e4r 12 22:08:41 2009", None),
    ],
)
def test_when(when: str, moment: str | None) -> None:
    text = HEADER + QUESTION + ANSWER + f"\n;; WHEN: {when}\n"
    (response,), _, drops = read(text, offset_s=8 * 3600)
    ts = response["ts"]
    assert (ts.isoformat() if hasattr(ts, "isoformat") else ts) == moment
    assert drops.reasons.total() == (moment is None)


def test_header_alone_begins_a_response() -> None:
    responses, records, _ = read((HEADER + QUESTION + "\n" + ANSWER + "\n") * 3)
    assert (len(responses), len(records)) == (3, 3)


@pytest.mark.parametrize(
    "line",
    ["www.example.com. 60 IN A 198.51.100.7", "www.example.com.\tIN\tA\t198.51.100.7",
     "www.example.com. 60 A 198.51.100.7", "www.example.com. A 198.51.100.7",
     "WWW.example.com.\t1m\tIN\tA\t198.51.100.7"],
)  # fmt: skip
def test_parts_of_a_record_that_dig_can_leave_out(line: str) -> None:
    _, (record,), drops = read(HEADER + QUESTION + ";; ANSWER SECTION:\n" + line + "\n")
    assert (record["qname"], record["rrtype"], record["rdata"]) == (
        "www.example.com",
        "A",
        "198.51.100.7",
    )
    assert record["ttl_s"] in {60, None}
    assert not drops.reasons


def test_the_query_shown_by_qr_is_no_response() -> None:
    sent = HEADER.replace("flags: qr rd", "flags: rd") + QUESTION
    responses, _, drops = read(sent + HEADER + QUESTION + ANSWER)
    assert (len(responses), drops.query_count) == (1, 1)


def test_a_run_without_response_is_counted() -> None:
    banner = "; <<>> DiG 9.18 <<>> www.example.com\n"
    silent = banner + ";; communications error to 192.0.2.53#53: timed out\n" * 3
    responses, _, drops = read(silent + silent + banner + HEADER + QUESTION + ANSWER)
    assert (len(responses), drops.reasons[NO_RESPONSE]) == (1, 2)


def test_parentheses_without_end() -> None:
    _, _, drops = read(HEADER + ANSWER + "example.com. 60 IN SOA a. b. (\n" + "1\n" * 1000)
    assert drops.reasons == {"line that is no record": 1}


def records_of_table(path: Path) -> Counter[tuple[str, ...]]:
    with gzip.open(path, "rt") as file:
        return Counter(
            (
                row["ts"],
                row["query"],
                row["qname"],
                row["rrtype"],
                row["rdata"],
                row["ttl"],
                row["section"],
            )
            for row in csv.DictReader(file)
            if row["rdata"]
        )


@pytest.mark.slow
def test_real_transcripts_equal_their_table() -> None:
    path = DATA / "fluxor_2009.dig.txt.gz"
    if not path.exists():
        pytest.skip(f"the shared records are absent: {path}")
    drops = Drops()
    found: Counter[tuple[str, ...]] = Counter()
    empty: Counter[str] = Counter()
    stream = io.BytesIO(gzip.decompress(path.read_bytes()))
    for part in Dig().read(stream, Options(utc_offset_s=8 * 3600), drops):
        assert isinstance(part, Batch)
        rows = part.responses.to_pylist()
        empty.update(row["rcode"] for row in rows)
        for record in part.records.to_pylist():
            row = rows[record["response"]]
            found[
                str(int(row["ts"].timestamp())), row["query"], record["qname"],
                record["rrtype"], record["rdata"], str(record["ttl_s"]), record["section"],
            ] += 1  # fmt: skip
    soa = Counter({record: count for record, count in found.items() if record[3] == "SOA"})
    # The table leaves out SOA records, of which each empty answer has one; all else is equal.
    assert soa.total() == 271
    assert found - soa == records_of_table(DATA / "fluxor_2009.csv.gz")
    assert drops.response_count == 17_307
    assert (empty["NXDOMAIN"], empty["SERVFAIL"]) == (268, 61)
    assert drops.reasons == {NO_RESPONSE: 1055}
