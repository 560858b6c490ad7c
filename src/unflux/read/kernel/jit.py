"""How the functions of the kernel are compiled.

They see arrays and numbers only, allocate nothing and raise nothing, so that the machine code
stands on no run-time library. Offsets that input controls are compared with the end of what may be
read before they are used; with ``NUMBA_BOUNDSCHECK=1`` each access is checked besides.
"""

from collections.abc import Callable
from typing import Any, Final, ParamSpec, TypeVar, cast

from numba import njit

P = ParamSpec("P")
R = TypeVar("R")

OPTIONS: Final[dict[str, Any]] = {
    "error_model": "numpy",
    "_nrt": False,
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
}
"""Nothing but compiled code calls them: wrappers for others would take a third of the time."""


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a small function into each of its callers."""
    return cast(Callable[P, R], njit(**OPTIONS, forceinline=True)(function))


def shared(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that the compiler may leave to be called."""
    return cast(Callable[P, R], njit(**OPTIONS)(function))
