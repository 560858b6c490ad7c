"""How the passes over text are compiled."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function over arrays and numbers; it runs without the interpreter's lock.

    The machine code is kept beside the module, or in the user's cache, where either can be written.
    """
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return cast(Callable[P, R], njit(cache=True, **options)(function))
    except RuntimeError:  # nowhere to keep it
        return cast(Callable[P, R], njit(**options)(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small function into each of its callers."""
    return cast(Callable[P, R], njit(error_model="numpy", forceinline=True)(function))
