"""Spreadsheets: what a cell of a CSV may hold without being run."""

import re
from typing import Final

_FORMULA: Final = re.compile(r"(^|;)(\s*)(?=[=+\-@＝＋－＠\t\r])")
"""Where a spreadsheet would start a formula: at the start of a cell, and after a semicolon, which
some locales take for the separator. The wide forms count, as East Asian locales fold them."""


def defuse(text: str) -> str:
    """Return the text of a cell with an apostrophe before whatever would start a formula."""
    return _FORMULA.sub(r"\1\2'", text)
