"""All forms of some traffic, written side by side."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from traffic.dnstap_file import DnstapFile
from traffic.eve_file import EveFile
from traffic.forms import FILES
from traffic.message_octets import Messages, compose_messages
from traffic.pcap_file import ExchangesFile, PcapFile
from traffic.response_stream import Chunk, TrafficShape, stream_responses
from traffic.zeek_file import ZeekJsonFile, ZeekTsvFile


class TrafficFile(Protocol):
    """Writes one form of the responses to a stream."""

    def __init__(self, stream: BinaryIO) -> None: ...

    def write(self, chunk: Chunk, messages: Messages) -> None:
        """Append a chunk."""
        ...

    def finish(self) -> None:
        """Write what ends the file."""
        ...


WRITERS: Final[dict[str, type[TrafficFile]]] = {
    "pcap": PcapFile,
    "exchanges": ExchangesFile,
    "dnstap": DnstapFile,
    "zeek-tsv": ZeekTsvFile,
    "zeek-json": ZeekJsonFile,
    "eve": EveFile,
}


def write_traffic(folder: Path, shape: TrafficShape, forms: Iterable[str]) -> dict[str, Path]:
    """Write the traffic in some forms into a folder; return the file of each.

    Memory is bounded by the chunk, whatever the number of responses.
    """
    paths = {form: folder / FILES[form] for form in forms}
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        files = [
            WRITERS[form](stack.enter_context(path.open("wb"))) for form, path in paths.items()
        ]
        for chunk in stream_responses(shape):
            messages = compose_messages(chunk)
            for file in files:
                file.write(chunk, messages)
        for file in files:
            file.finish()
    return paths
