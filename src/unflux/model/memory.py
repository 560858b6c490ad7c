"""Memory that was freed, given back to the system."""

import ctypes
import gc

import pyarrow as pa


def give_back() -> None:
    """Give freed memory back: allocators keep it for themselves, and DuckDB has its own.

    What cannot give back (musl, macOS) keeps it.
    """
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
