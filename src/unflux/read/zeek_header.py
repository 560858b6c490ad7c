"""What the ``#`` lines of a tab-separated Zeek log say of the rows that follow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

_ESCAPE: Final = re.compile(r"\\x([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """How rows are written: Zeek's own marks until a line says otherwise."""

    separator: str = "\t"
    set_separator: str = ","
    empty_field: str = "(empty)"
    unset_field: str = "-"
    fields: tuple[str, ...] = ()

    def after(self, line: str) -> "Header":
        """Return the header that holds after a ``#`` line."""
        if line.startswith("#separator"):  # itself always followed by a blank
            return replace(self, separator=_unescape(line[len("#separator ") :]) or "\t")
        key, _, value = line[1:].partition(self.separator)
        value = value.strip() if key != "fields" else value
        match key:
            case "set_separator":
                return replace(self, set_separator=_unescape(value) or ",")
            case "empty_field":
                return replace(self, empty_field=value)
            case "unset_field":
                return replace(self, unset_field=value)
            case "fields":
                return replace(self, fields=tuple(value.split(self.separator)))
        return self

    def elements(self, text: str) -> list[str | None]:
        """Return the elements of a list, null for those that are unset."""
        texts = text.split(self.set_separator)
        return [None if element == self.unset_field else element for element in texts]


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)


def cut_at_headers(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, Header]]:
    """Yield pieces of blocks with the header that holds for all of their rows."""
    header = Header()
    for block in blocks:
        start = 0
        for comment in _comments(block):
            changed = header.after(block[comment : block.index(b"\n", comment)].decode())
            if changed != header:
                if comment > start:
                    yield block[start:comment], header
                start, header = comment, changed
        yield block[start:], header


def _comments(block: bytes) -> list[int]:
    """Return where the lines begin that begin with ``#``."""
    comments = [0] if block.startswith(b"#") else []
    at = block.find(b"\n#")
    while at >= 0:
        comments.append(at + 1)
        at = block.find(b"\n#", at + 1)
    return comments
