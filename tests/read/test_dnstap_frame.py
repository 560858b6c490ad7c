"""Frames of our own: the reader of dnstap files reads them."""

import io
from datetime import UTC, datetime

from unflux.model.control_frames import CONTENT_TYPE, START, compose_control_frame
from unflux.read.dnstap import read_interpreted
from unflux.read.dnstap_frame import compose_frame
from unflux.read.source import Drops, Options

AT = datetime(2026, 11, 28, 13, 5, 7, 123_456, tzinfo=UTC)


def test_a_frame_holds_the_reply_its_moment_and_who_was_answered() -> None:
    import dns.message
    import dns.rrset

    reply = dns.message.make_response(dns.message.make_query("bad.example", "A"))
    for number in range(40):  # longer than two octets of length
        reply.answer.append(dns.rrset.from_text("bad.example.", 5, "IN", "A", f"192.0.2.{number}"))
    frame = compose_frame(reply.to_wire(), AT, "192.0.2.53:53 for 198.51.100.0/24")
    drops = Drops()
    stream = io.BytesIO(compose_control_frame(START, CONTENT_TYPE) + frame)
    (batch,) = read_interpreted(stream, Options(), drops)
    (response,) = batch.responses.to_pylist()
    assert drops == Drops(response_count=1)
    assert (response["ts"], response["query"]) == (AT, "bad.example")
    assert response["sensor"] == "192.0.2.53:53 for 198.51.100.0/24"
    assert batch.records.num_rows == 40
