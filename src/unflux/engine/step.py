"""A step: one statement of an analysis, from named tables to a named table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is computed under ``name``: ``build`` gets the tables named in ``reads``, in order.

    A step knows no data, so its statement is the same in every run: DuckDB's are compiled ahead
    (docs/decisions/0008).
    """

    name: str
    reads: tuple[str, ...]
    build: Callable[..., "ir.Table"]
