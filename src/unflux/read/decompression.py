"""Compressed octets, recognised by their first ones, become plain ones; what is damaged ends."""

import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import zstandard

GZIP_MAGIC: Final = b"\x1f\x8b\x08"
"""RFC 1952 section 2.3.1, with the only method there is."""

XZ_MAGIC: Final = b"\xfd7zXZ\x00"

ZSTD_MAGICS: Final = (
    b"\x28\xb5\x2f\xfd",  # RFC 8878 section 3.1.1
    *(bytes([number]) + b"\x2a\x4d\x18" for number in range(0x50, 0x60)),  # section 3.1.2
)

INPUT_BYTES: Final = 512
"""Compressed octets decoded at once. What comes out is bounded by it (zstd: four octets can stand
for 128 KiB, so 16 MiB; gzip and xz far less), and so is what is lost before a damaged place.
Chosen: 2026-11-22; larger pieces are not measurably faster."""

MAX_WINDOW_BYTES: Final = 1 << 27
"""Memory that a zstd frame may ask for: what ``zstd --long`` uses."""

XZ_MEMORY_BYTES: Final = 256 << 20
"""Memory that an xz stream may ask for. Chosen: 2026-11-22; ``xz -9`` asks for 65 MiB."""


class DamagedError(Exception):
    """The compressed octets are cut short or make no sense from here on."""


class _Decoder(Protocol):
    """What decodes one gzip member, xz stream or zstd frame."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def decompress(chunks: Iterator[bytes], head: bytes) -> Iterator[bytes] | None:
    """Return the plain octets of some chunks by the compression that ``head`` begins with.

    Null where that is none we know. Members and frames that follow each other are joined, as
    gzip, xz and zstd do; zeros may fill the space between them. One layer is taken off. The
    iterator raises :class:`DamagedError` after it gave what came before the damage.
    """
    if head.startswith(GZIP_MAGIC):
        return _decode(chunks, lambda: zlib.decompressobj(wbits=31))
    if head.startswith(XZ_MAGIC):
        return _decode(
            chunks, lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY_BYTES)
        )
    if head.startswith(ZSTD_MAGICS):
        decompressor = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)
        return _decode(chunks, decompressor.decompressobj)
    return None


def _decode(chunks: Iterator[bytes], begin: Callable[[], _Decoder]) -> Iterator[bytes]:
    decoder: _Decoder | None = None
    for chunk in chunks:
        for start in range(0, len(chunk), INPUT_BYTES):
            rest = chunk[start : start + INPUT_BYTES]
            while rest:
                if decoder is None:
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    decoder = begin()
                try:
                    plain = decoder.decompress(rest)
                except (zlib.error, lzma.LZMAError, zstandard.ZstdError) as error:
                    raise DamagedError from error
                if plain:
                    yield plain
                rest = b""
                if decoder.eof:
                    rest, decoder = decoder.unused_data, None
    if decoder is not None:
        raise DamagedError
