"""Ask for memory before it is needed, so that waiting for it overlaps with other work."""

from collections.abc import Callable
from typing import Any, cast

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_READ = 0
_KEEP = 3
_DATA = 1
"""Arguments of LLVM's prefetch: for reading, to be kept in all caches, data."""


def _inside(function: Callable[..., Any]) -> Callable[..., None]:
    """Give a function that generates code to compiled functions, for which it is one of theirs."""
    return cast(Callable[..., None], intrinsic(function))


@_inside
def prefetch(typing_context: Any, array: Any, row: Any) -> Any:
    """Ask for the beginning of a row of a table, or an item of a line; any number is allowed."""
    del typing_context

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array_type = signature.args[0]
        held = context.make_array(array_type)(context, builder, arguments[0])
        index = [arguments[1]] + [ir.Constant(ir.IntType(64), 0)] * (array_type.ndim - 1)
        place = cgutils.get_item_pointer(context, builder, array_type, held, index)
        place = builder.bitcast(place, ir.IntType(8).as_pointer())
        number = ir.IntType(32)
        function = builder.module.declare_intrinsic(
            "llvm.prefetch",
            [place.type],
            ir.FunctionType(ir.VoidType(), [place.type, number, number, number]),
        )
        flags = [ir.Constant(number, flag) for flag in (_READ, _KEEP, _DATA)]
        builder.call(function, [place, *flags])
        return context.get_dummy_value()

    return types.void(array, row), generate
