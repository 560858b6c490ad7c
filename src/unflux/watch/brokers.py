"""Kafka brokers and a topic, as the user names them, and a consumer of theirs."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from unflux.model.errors import UnfluxError, UsageError
from unflux.watch.topic import OWN_SETTINGS

_BROKER: Final = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")
"""What Kafka allows (org.apache.kafka.common.internals.Topic)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicName:
    """A topic of some brokers."""

    brokers: str
    topic: str

    @classmethod
    def scan(cls, text: str) -> Self:
        """Return what ``HOST:PORT[,HOST:PORT...]/TOPIC`` names; raises UsageError."""
        brokers, slash, topic = text.partition("/")
        is_right = slash and _TOPIC.fullmatch(topic) and topic not in {".", ".."}
        if not is_right or not all(map(_BROKER.fullmatch, brokers.split(","))):
            message = f"--kafka {text!a} is not HOST:PORT[,HOST:PORT...]/TOPIC"
            raise UsageError(message)
        return cls(brokers=brokers, topic=topic)

    def __str__(self) -> str:
        """Write it as it is scanned."""
        return f"{self.brokers}/{self.topic}"


def read_settings(path: Path) -> dict[str, str]:
    """Return the settings of librdkafka in a file: ``name=value`` lines, ``#`` begins a remark.

    Raises UnfluxError, which names no value: some are passwords.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8"
        raise UnfluxError(f"{path}: cannot be read ({reason})") from error
    settings = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise UnfluxError(f"{path}: line {number} is not name=value")
        if name.strip() in OWN_SETTINGS:
            raise UnfluxError(f"{path}: line {number}: unflux itself sets {name.strip()}")
        settings[name.strip()] = value.strip()
    return settings


def open_consumer(name: TopicName, settings: Mapping[str, str]) -> Any:
    """Return a consumer that has not asked anything yet.

    Raises UnfluxError where the library is missing, or refuses a setting.
    """
    try:
        from confluent_kafka import Consumer, KafkaException  # noqa: PLC0415  an extra
    except ImportError as error:
        message = "--kafka needs confluent-kafka: pip install 'unflux[kafka]'"
        raise UnfluxError(message) from error
    quiet = logging.getLogger("unflux.kafka")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False  # what brokers say is told by /health, in one line
    try:
        return Consumer(
            {"bootstrap.servers": name.brokers, **settings, **OWN_SETTINGS, "error_cb": _ignore},
            logger=quiet,
        )
    except (KafkaException, ValueError, TypeError) as error:
        about = error.args[0]
        reason = about.str() if hasattr(about, "str") else type(error).__name__
        raise UnfluxError(f"--kafka {name}: {reason}") from error


def _ignore(_error: object) -> None:
    """Say nothing: each look at the partitions tells whether brokers answer."""
