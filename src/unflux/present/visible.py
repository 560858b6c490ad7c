"""Hostile text made visible: nothing that is printed can steer a terminal or hide from the eye.

Names are printable ASCII by the time they get here, but holders of networks, names of sources and
texts of errors come from outside as they are. What is made visible is for eyes; JSON keeps the
exact text. Letters of right-to-left scripts stay letters, so renderers put such text last in a
line, where it has nothing to reorder.
"""

import unicodedata
from itertools import chain
from typing import Final

MAX_MARKS: Final = 4
"""Combining marks on one letter that are left alone.

Chosen: 2026-11-22, by hand; written languages stack at most three or four, and a pile of more
climbs over the lines around it. Lower escapes marks of living scripts, higher lets piles grow.
"""

_UNSEEN: Final = frozenset(
    chain(
        (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0),
        range(0x180B, 0x1810),
        range(0xFE00, 0xFE10),
        range(0xE0100, 0xE01F0),
    )
)
"""Letters and marks without ink that count as printable: fillers and variation selectors."""

_ASCII: Final = str.maketrans(
    {
        "…": "...", "–": "-", "—": "-", "−": "-", "·": "|", "×": "x", "→": "->", "≥": ">=",
        "≤": "<=", "‘": "'", "’": "'", "“": '"', "”": '"', "▲": "!", "◆": "?", "✓": "+",
        "✗": "x", "█": "#", "▌": "#", "▐": "#", "│": "|",
    }
)  # fmt: skip
"""Our own typography for a terminal that cannot show it; every character stays one in width
where columns depend on it."""


def make_visible(text: str, *, ascii_only: bool = False) -> str:
    r"""Return text in which every character that is not plain ink is escaped.

    Control and format characters (C0, C1, bidi, zero-width), line separators, lone surrogates,
    private and unassigned code points, invisible letters and piles of combining marks become
    ``\x1b``, ``\u202e`` or ``\U000e0001``; other spaces become a space. Backslashes stay single,
    because presentation form (RFC 1035 section 5.1) is full of them. With ``ascii_only`` our own
    typography is spelt in ASCII and all else outside ASCII is escaped.
    """
    if text.isascii() and text.isprintable():
        return text
    visible = "".join(_visible_characters(text))
    if not ascii_only:
        return visible
    return visible.translate(_ASCII).encode("ascii", "backslashreplace").decode("ascii")


def _visible_characters(text: str) -> list[str]:
    shown: list[str] = []
    marks = MAX_MARKS  # a mark at the very start would land on whatever stands before the text
    for character in text:
        category = unicodedata.category(character)
        is_mark = category in {"Mn", "Me"}
        marks = marks + 1 if is_mark else 0
        if category == "Zs":
            shown.append(" ")
        elif (
            not character.isprintable()
            or ord(character) in _UNSEEN
            or (is_mark and marks > MAX_MARKS)
        ):
            shown.append(_escape(ord(character)))
        else:
            shown.append(character)
    return shown


def _escape(code_point: int) -> str:
    if code_point <= 0xFF:
        return f"\\x{code_point:02x}"
    if code_point <= 0xFFFF:
        return f"\\u{code_point:04x}"
    return f"\\U{code_point:08x}"
