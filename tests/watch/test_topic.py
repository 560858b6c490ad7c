"""What messages of a topic are taken for, and how brokers and their settings are named."""

import struct
from pathlib import Path

import pytest

from unflux.model.errors import UnfluxError, UsageError
from unflux.watch.brokers import TopicName, read_settings
from unflux.watch.topic import Message, pack


def test_frames_and_lines_are_told_apart_by_their_first_octet() -> None:
    values = [b"\x72\x00", b'{"a":1}', b' {"b":2}\n', None, b"", b"garbage"]
    frames, frame_count, lines, line_count, empty_count = pack(
        Message(0, number, value) for number, value in enumerate(values)
    )
    assert frames == struct.pack("!I", 2) + b"\x72\x00" + struct.pack("!I", 7) + b"garbage"
    assert lines == b'{"a":1}\n {"b":2}\n'
    assert (frame_count, line_count, empty_count) == (2, 2, 2)


@pytest.mark.parametrize("text", ["a:9092/dns", "a.example:1,[2001:db8::1]:2/d.n_s-1"])
def test_topics_are_scanned(text: str) -> None:
    assert str(TopicName.scan(text)) == text


@pytest.mark.parametrize(
    "text", ["", "a/dns", "a:1", "a:1/", "a:1/..", "a:1/a b", "a:1,/x", "a:1/" + "x" * 250, "/x"]
)
def test_what_names_no_topic(text: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        TopicName.scan(text)


def test_settings(tmp_path: Path) -> None:
    file = tmp_path / "kafka.conf"
    file.write_text("# ours\n\nsasl.password = a=b \n")
    assert read_settings(file) == {"sasl.password": "a=b"}
    for text, said in (
        ("secret", "line 1 is not name=value"),
        ("\nenable.auto.commit=true", "line 2: unflux itself sets enable.auto.commit"),
    ):
        file.write_text(text)
        with pytest.raises(UnfluxError, match=said) as refused:
            read_settings(file)
        assert "secret" not in str(refused.value)
    with pytest.raises(UnfluxError, match="cannot be read"):
        read_settings(tmp_path)
