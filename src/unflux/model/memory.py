"""Memory that was freed, given back to the system."""

import ctypes
import gc
from pathlib import Path
from typing import Final

import pyarrow as pa

_MAPPINGS: Final = Path("/proc/self/maps")
_PAGE_OUT: Final = 21
"""MADV_PAGEOUT of Linux's madvise(2): contents stay as they are, in the file or in swap."""


def give_back() -> None:
    """Give freed memory back: allocators keep it for themselves, and DuckDB has its own.

    What cannot give back (musl, macOS) keeps it.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def page_out(library: str) -> None:
    """Let go of the pages of a shared library that is hardly used any more.

    Used again, they come back from its file. Where the system knows of no such thing, they stay.
    """
    try:
        mappings = _MAPPINGS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    advise = ctypes.CDLL(None).madvise
    for mapping in mappings:
        bounds, *_, path = mapping.split(maxsplit=5)
        if Path(path).name.startswith(library):
            start, end = (int(bound, 16) for bound in bounds.split("-"))
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _PAGE_OUT)
