"""Object code of the kernel, from an object file to functions that can be called."""

import ctypes
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

import llvmlite.binding as llvm
import numpy as np

ENTRY_PREFIX: Final = "unflux_"

_POINTER_BYTES: Final = ctypes.sizeof(ctypes.c_void_p)


class KernelFault(Exception):  # noqa: N818  not an error of the input: of the compiled code
    """A compiled function ended early, which it never does."""


@cache
def _initialise() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def target_machine() -> llvm.TargetMachine:
    """Return what compiles for, and loads on, the processor at hand."""
    _initialise()
    return llvm.Target.from_triple(llvm.get_process_triple()).create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        reloc="default",
        codemodel="jitdefault",
        jit=True,
    )


def processor() -> str:
    """Name the processor that object code is made for."""
    features = llvm.get_host_cpu_features().flatten()
    return f"{llvm.get_process_triple()} {llvm.get_host_cpu_name()} {features}"


_kept: Final[list[llvm.ExecutionEngine]] = []
"""Engines own the code that functions point to, and live as long as the process."""


class ObjectCode:
    """The functions of an object file that :mod:`unflux.read.kernel.compilation` wrote.

    They are called with numpy arrays, tuples of them, and integers; the interpreter lock is free
    while they run. Whoever calls keeps every array to its type and C order.
    """

    def __init__(self, octets: bytes) -> None:
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target_machine())
        engine.add_object_file(llvm.ObjectFileRef.from_data(octets))
        engine.finalize_object()
        _kept.append(engine)
        self._engine = engine

    def function(self, name: str) -> Callable[..., None]:
        """Return the function of a name; raise KeyError where there is none."""
        address = self._engine.get_function_address(ENTRY_PREFIX + name)
        if not address:
            raise KeyError(name)

        def call(*arguments: Any) -> None:
            words = [word for argument in arguments for word in _flatten(argument)]
            prototype = _prototype(len(words))
            returned, raised = ctypes.c_void_p(), ctypes.c_void_p()
            status = prototype(address)(ctypes.byref(returned), ctypes.byref(raised), *words)
            if status:
                raise KernelFault(name)

        return call


@cache
def _prototype(word_count: int) -> type[Any]:
    """Return the type of a function of numba's: where to write result and exception, then words."""
    words = [ctypes.c_int64] * word_count
    return ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *words)


def _flatten(argument: Any) -> Iterator[int]:
    """Yield the words that numba's calling convention makes of an argument."""
    if isinstance(argument, np.ndarray):
        # No reference count, no owner, items, octets of one, where they lie, shape, strides.
        yield from (0, 0, argument.size, argument.itemsize, argument.ctypes.data)
        yield from argument.shape
        yield from argument.strides
    elif isinstance(argument, tuple):
        for part in argument:
            yield from _flatten(part)
    else:
        yield int(argument)
