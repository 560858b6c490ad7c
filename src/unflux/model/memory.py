"""Memory that was freed, given back to the system."""

import ctypes
import gc
from pathlib import Path
from typing import Final

import pyarrow as pa

_MAPPINGS: Final = Path("/proc/self/maps")
_DONT_NEED: Final = 4
"""MADV_DONTNEED of madvise(2): pages go, and come back from their file when they are used."""


def give_back() -> None:
    """Give freed memory back: allocators keep it for themselves, and DuckDB has its own.

    What cannot give back (musl, macOS) keeps it.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def let_go(library: str) -> None:
    """Let go of the code of a shared library that is hardly used any more.

    Used again, it comes back from the system's cache of its file: nothing else is lost, since code
    is mapped without being written to. Where the system does not tell its mappings, it stays.
    """
    try:
        mappings = _MAPPINGS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    advise = ctypes.CDLL(None).madvise
    for mapping in mappings:
        bounds, permissions, *_, path = mapping.split(maxsplit=5)
        if permissions == "r-xp" and Path(path).name.startswith(library):
            start, end = (int(bound, 16) for bound in bounds.split("-"))
            advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONT_NEED)
