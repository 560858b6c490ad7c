"""Compile the kernel to an object file: ``python -m unflux.read.kernel.compilation FILE``.

A process of its own, so that only it pays for the compiler: some seconds and 300 MB, once.
"""

import inspect
import multiprocessing
import re
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final

import llvmlite.binding as llvm
import numba
from numba import types

from unflux.read.kernel.entries import ENTRIES
from unflux.read.kernel.jit import OPTIONS
from unflux.read.kernel.layout import Tables
from unflux.read.kernel.object_code import ENTRY_PREFIX, target_machine

_LINE: Final = types.int64[::1]
_GRID: Final = types.int64[:, ::1]

_ARRAYS: Final[dict[str, Any]] = {
    "state": _LINE, "drops": _LINE, "keys": types.uint64[::1], "scratch": types.uint64[::1],
    "presentation": _LINE, "answers": _GRID, "batch": _GRID, "memo": _GRID,
    "text_slots": _LINE, "text_words": types.uint64[::1],
    "address_slots": _LINE, "address_rows": _GRID, "prefix_slots": _LINE, "prefix_rows": _GRID,
    "sighting_slots": _LINE, "sighting_rows": _GRID, "lookup_slots": _LINE, "lookup_rows": _GRID,
    "lookup_trails": types.int32[:, ::1], "set_slots": _LINE, "set_rows": _GRID,
    "octets": types.uint8[::1], "ports": types.uint8[::1], "words": types.uint64[::1],
    "offsets": types.int32[::1],
    "packets": _GRID, "frames": _GRID, "messages": _GRID, "residue": _GRID, "interfaces": _GRID,
    "responses": _GRID, "records": _GRID,
    "progress": _LINE, "lows": _LINE, "highs": _LINE,
    "renamed": types.int32[::1], "moved": _LINE,
    "starts": types.int32[::1], "ends": types.int32[::1], "copy": types.uint8[::1],
    "families": types.uint8[::1], "flags": types.uint8[::1], "text": types.uint8[::1],
    "numbers": _LINE, "columns": _LINE, "counts": _LINE, "firsts": _LINE, "scanned": _LINE,
    "codes": types.int32[::1], "code_slots": types.int32[::1], "hashes": types.uint64[::1],
    "field_starts": types.int32[:, ::1], "field_ends": types.int32[:, ::1],
    "element_starts": types.int32[::1], "element_ends": types.int32[::1],
    "nodes": _GRID, "key_octets": types.uint8[::1], "levels": _GRID, "lines": _GRID,
    "odd_lines": _GRID, "kinds": types.uint8[:, ::1], "span_starts": types.int32[:, ::1],
    "span_ends": types.int32[:, ::1], "item_lists": types.uint8[::1],
    "item_rows": types.int32[::1], "item_kinds": types.uint8[:, ::1],
    "item_starts": types.int32[:, ::1], "item_ends": types.int32[:, ::1],
}  # fmt: skip
"""Types of the arrays, by the name that a parameter or a field of the tables has everywhere."""


def signature_of(function: Callable[..., Any]) -> Any:
    """Return the types a compiled function is called with: what is no array is a number."""
    return types.void(*map(_type_of, inspect.signature(function).parameters))


def _type_of(name: str) -> Any:
    if name in ("tables", "other"):
        return types.NamedTuple([_ARRAYS[field] for field in Tables._fields], Tables)
    return _ARRAYS.get(name, types.int64)


def compile_entry(function: Callable[..., Any]) -> llvm.ModuleRef:
    """Return the machine-independent code of one function and all that it calls."""
    signature = signature_of(function)
    compiled = numba.njit(signature, **OPTIONS)(function)
    (given,) = compiled.signatures
    symbol = compiled.overloads[given].fndesc.llvm_func_name
    text = compiled.inspect_llvm(given).replace(symbol, ENTRY_PREFIX + function.__name__)
    # Marks of the interpreter's environment, of no use without it, and common to all entries.
    text = re.sub(r"^@_ZN08NumbaEnv\S+ = common .*$", "", text, flags=re.MULTILINE)
    return llvm.parse_assembly(text)


def compile_group(number: int) -> bytes:
    """Return the code of one group of entries, as LLVM writes it down."""
    whole = llvm.parse_assembly("")
    for entry in ENTRIES[number]:
        whole.link_in(compile_entry(getattr(entry, "py_func", entry)))
    return bytes(whole.as_bitcode())


def compile_kernel() -> bytes:
    """Return an object file with all entries for this machine."""
    whole = llvm.parse_assembly("")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as aside:
        others = aside.map(compile_group, range(1, len(ENTRIES)))
        for group in (compile_group(0), *others):
            whole.link_in(llvm.parse_bitcode(group))
    foreign = [
        function.name
        for function in whole.functions
        if function.is_declaration and not function.name.startswith("llvm.")
    ]
    if foreign:  # would end the process that loads it
        raise RuntimeError(f"the kernel calls what is not there at run time: {foreign}")
    machine = target_machine()
    optimise(whole, machine)
    return bytes(machine.emit_object(whole))


def optimise(module: llvm.ModuleRef, machine: llvm.TargetMachine) -> None:
    """Optimise the entries as one program, in which all else can be taken apart and inlined."""
    for function in module.functions:
        if not function.is_declaration and not function.name.startswith(ENTRY_PREFIX):
            function.linkage = "internal"
    tuning = llvm.PipelineTuningOptions(speed_level=3)
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(compile_kernel())
