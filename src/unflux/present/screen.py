"""A screen: aligned columns, prose and headings on a terminal, with hostile text made visible."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from unflux.present.visible import make_visible

GAP: Final = 2
"""Spaces between two columns."""

INDENT: Final = 2
"""Spaces before everything under a heading."""

FLOOR: Final = 8
"""Cells that a shortened column keeps however narrow the terminal is."""


@dataclass(frozen=True, slots=True)
class Cell:
    """Text and its rich style; the text may be hostile until a screen shows it."""

    text: str
    style: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a listing: heading, side, and how it gives way when room is short."""

    heading: str
    is_number: bool = False
    comfortable: int | None = None
    """Cells below which the column would say too little; null: never shortened."""
    elide: Literal["middle", "end"] = "end"
    yields: int = 0
    """Order in which columns move to a line below where room is short; 0: never moves."""
    below: str | None = ""
    """What stands before the cell where its column has moved below; null: it is left out then."""


class Screen:
    """A console that is shown only visible text, and only lines that fit."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._is_ascii_only = console.options.ascii_only
        self._ellipsis = self.visible("…")
        self.width = console.width

    def visible(self, text: str) -> str:
        """Return text as this screen can show it."""
        return make_visible(text, ascii_only=self._is_ascii_only)

    def shows(self, text: str) -> bool:
        """Tell whether this screen shows a text exactly as it is."""
        return self.visible(text) == text

    def shorten(self, text: str, width: int, elide: Literal["middle", "end"] = "end") -> str:
        """Return visible text in at most ``width`` cells, with an ellipsis where some is left out.

        ``middle`` keeps both ends and more of the last, where a name says whose it is.
        """
        if cell_len(text) <= width:
            return text
        room = width - cell_len(self._ellipsis)
        if room <= 0:
            return set_cell_size(text, max(width, 0))
        tail = _last_cells(text, room * 3 // 5) if elide == "middle" else ""
        return set_cell_size(text, room - cell_len(tail)).rstrip() + self._ellipsis + tail

    def blank(self) -> None:
        """Print an empty line."""
        self._print(Text())

    def heading(self, text: str) -> None:
        """Print a heading after an empty line."""
        self.blank()
        self.line(Cell(text, "bold"), indent=0)

    def line(self, *parts: Cell, indent: int = INDENT) -> None:
        """Print parts one after another as one line, shortened at its end where it is too long."""
        self._print(self._joined(parts, indent))

    def rest(self, count: int, how: str = "use --format json") -> None:
        """Say how many more rows there are than were printed, where there are any."""
        if count > 0:
            self.line(Cell(f"… and {count:,} more ({how})", "dim"))

    def command(self, label: Cell, command: str) -> None:
        """Print a labelled command whole, however long, so that it can be copied.

        It holds only what the screen ``shows``: spelt in another way it would be another command.
        """
        line = Text(" " * INDENT)
        line.append(self.visible(label.text), label.style)
        line.append(self.visible(command), "bold")
        self._print(line)

    def prose(self, label: Cell, *parts: Cell, hang: int, indent: int = INDENT) -> None:
        """Print a label and text wrapped beside it, ``hang`` cells from the indent."""
        text = Text()
        for part in parts:
            text.append(self.visible(part.text), part.style)
        room = max(self.width - indent - hang, FLOOR)
        head = self.visible(label.text)
        padding = " " * max(hang - cell_len(head), 0)
        for number, wrapped in enumerate(text.wrap(self._console, room, tab_size=1)):
            line = Text(" " * indent)
            if number == 0:
                line.append(head, label.style)
                line.append(padding)
            else:
                line.append(" " * hang)
            wrapped.rstrip()
            line.append_text(wrapped)
            self._print(line)

    def listing(
        self,
        columns: Sequence[Column],
        rows: Sequence[Sequence[Cell]],
        *,
        wraps_below: bool = False,
    ) -> None:
        """Print rows under their headings, one line each.

        Columns that find no room stand on a second line below their row, which is cut at the
        width or, with ``wraps_below``, continued on further lines.
        """
        natural = self._natural_widths(columns, rows)
        beside = self._beside(columns, rows, natural)
        below = [index for index in range(len(columns)) if index not in beside]
        kept = [columns[index] for index in beside]
        widths = self._fit(kept, [natural[index] for index in beside])
        self._print(self._aligned(kept, widths, [Cell(c.heading, "dim") for c in kept]))
        for row in rows:
            self._print(self._aligned(kept, widths, [row[index] for index in beside]))
            self._below([(columns[index].below, row[index]) for index in below], wraps=wraps_below)

    def _below(self, cells: Sequence[tuple[str | None, Cell]], *, wraps: bool) -> None:
        parts: list[Cell] = []
        for label, cell in cells:
            if cell.text and label is not None:
                parts += [Cell(" · ", "dim")] if parts else []
                parts += [Cell(label, "dim"), cell]
        if parts and wraps:
            self.prose(Cell(""), *parts, hang=0, indent=INDENT + GAP)
        elif parts:
            self.line(*parts, indent=INDENT + GAP)

    def _beside(
        self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]], natural: Sequence[int]
    ) -> tuple[int, ...]:
        """Choose the columns that stand beside each other: as many as are comfortable.

        A column that may move and holds nothing moves at once, as it costs nothing there.
        """
        kept: tuple[int, ...] = ()
        full = [not c.yields or any(row[i].text for row in rows) for i, c in enumerate(columns)]
        for level in range(max((column.yields for column in columns), default=0) + 1):
            kept = tuple(i for i, c in enumerate(columns) if full[i] and not 0 < c.yields <= level)
            needed = sum(min(natural[i], columns[i].comfortable or natural[i]) for i in kept)
            if needed + INDENT + GAP * (len(kept) - 1) <= self.width:
                break
        return kept

    def _natural_widths(
        self, columns: Sequence[Column], rows: Sequence[Sequence[Cell]]
    ) -> list[int]:
        """Return the cells that every column would need to show everything in it."""
        widths = [cell_len(self.visible(column.heading)) for column in columns]
        for row in rows:
            for index, cell in enumerate(row):
                widths[index] = max(widths[index], cell_len(self.visible(cell.text)))
        return widths

    def _fit(self, columns: Sequence[Column], natural: Sequence[int]) -> list[int]:
        """Give every column its width.

        Whoever is furthest above its comfortable width gives way first, then whoever is widest,
        down to the floor; what still does not fit is cut at the edge of the screen.
        """
        widths = [min(width, self.width) for width in natural]
        elastic = [i for i, column in enumerate(columns) if column.comfortable is not None]
        excess = sum(widths) + INDENT + GAP * (len(columns) - 1) - self.width
        while excess > 0 and elastic:
            index = max(elastic, key=lambda i: widths[i] - (columns[i].comfortable or 0))
            if widths[index] <= (columns[index].comfortable or 0):
                index = max(elastic, key=lambda i: widths[i])
            if widths[index] <= FLOOR:
                break
            widths[index] -= 1
            excess -= 1
        return widths

    def _aligned(
        self, columns: Sequence[Column], widths: Sequence[int], cells: Sequence[Cell]
    ) -> Text:
        line = Text(" " * INDENT)
        for column, width, cell in zip(columns, widths, cells, strict=True):
            text = self.shorten(self.visible(cell.text), width, column.elide)
            padding = " " * (width - cell_len(text))
            line.append(padding if column.is_number else "")
            line.append(text, cell.style)
            line.append("" if column.is_number else padding)
            line.append(" " * GAP)
        return self._cut(line)

    def _joined(self, parts: Sequence[Cell], indent: int) -> Text:
        line = Text(" " * indent)
        for part in parts:
            line.append(self.visible(part.text), part.style)
        return self._cut(line)

    def _cut(self, line: Text) -> Text:
        line.rstrip()
        if cell_len(line.plain) > self.width:
            line.truncate(max(self.width - cell_len(self._ellipsis), 0), overflow="crop")
            line.append(self._ellipsis)
        return line

    def _print(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True, highlight=False)


def _last_cells(text: str, width: int) -> str:
    """Return the longest end of a text that fits into ``width`` cells."""
    start = len(text)
    room = width
    while start > 0 and (room := room - cell_len(text[start - 1])) >= 0:
        start -= 1
    while start < len(text) and cell_len(text[start]) == 0:
        start += 1  # a mark without its letter
    return text[start:]
