"""Topics of librdkafka's own mock brokers, on loopback: several partitions, kills, no brokers."""

import signal
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_watch import folder, stored_responses, watching
from tests.cli.test_watch_inputs import eve_line
from tests.watch.streams import golden_frames

__all__ = ["folder"]

kafka = pytest.importorskip("confluent_kafka")

pytestmark = pytest.mark.slow


def frames() -> list[bytes]:
    """Return the frames of the golden file, seven with four responses."""
    octets, found = golden_frames(), []
    while octets:
        (size,) = struct.unpack_from("!I", octets)
        found.append(octets[4 : 4 + size])
        octets = octets[4 + size :]
    return found


@pytest.fixture
def producer() -> Iterator[Any]:
    """A producer that runs the brokers in its own process."""
    made = kafka.Producer({"test.mock.num.brokers": 2, "log_level": 0})
    yield made
    made.flush(10)


def brokers_of(producer: Any) -> str:
    return ",".join(
        f"{broker.host}:{broker.port}"
        for broker in producer.list_topics("dns", timeout=20).brokers.values()
    )


def produce(producer: Any, *values: bytes | None) -> None:
    for number, value in enumerate(values):
        producer.produce("dns", value=value, partition=number % 2)
    assert producer.flush(20) == 0


def has_stored(folder: Path, count: int) -> bool:
    return (folder / "store").exists() and stored_responses(folder) >= count


def test_a_topic_is_read_once_across_kills(folder: Path, producer: Any) -> None:
    topic = f"{brokers_of(producer)}/dns"
    line = eve_line("kafka.example").encode()
    produce(producer, *frames(), line, None, b"garbage")
    expected = 4 + 1
    for turn in range(3):
        with watching(folder, "--kafka", topic, "--batch", "0.2") as watch:
            watch.until(partial(has_stored, folder, expected))
            if turn == 0:
                drops = watch.health()["drops"]
                assert drops["message of a topic without a value"] == 1
                assert drops["malformed dnstap frame"] == 2  # the golden file has one
                assert watch.health()["failure"] is None
            produce(producer, *frames(), line)
            expected += 5
            watch.until(lambda: watch.health()["records"][f"topic {topic}"] >= 8)
            assert watch.end(signal.SIGKILL) == -signal.SIGKILL
    with watching(folder, "--kafka", topic) as watch:
        watch.until(partial(has_stored, folder, expected))
        assert watch.end(signal.SIGTERM) == 0
    assert stored_responses(folder) == expected


def test_brokers_that_are_not_there_are_told(folder: Path) -> None:
    settings = folder / "kafka.conf"
    settings.write_text("socket.connection.setup.timeout.ms=1000\n")
    with watching(folder, "--kafka", "127.0.0.1:9/dns", "--kafka-config", settings) as watch:
        watch.until(lambda: "transport" in (watch.health()["failure"] or "").lower())
        assert watch.end(signal.SIGTERM) == 0
