"""A curve over time as SVG, by hand: two axes and a line."""

from collections.abc import Sequence
from typing import Final

WIDTH, HEIGHT, MARGIN = 720, 300, 72
TICKS: Final = 4


def draw_curve(
    points: Sequence[tuple[float, float]],
    *,
    title: str,
    ceiling: float | None = None,
    spans: Sequence[tuple[float, float, str]] = (),
) -> str:
    """Draw points of (seconds, MiB); ``spans``: (from, to, what) shaded behind the line."""
    most_x = max(x for x, _ in points) or 1.0
    most_y = 1.1 * max(ceiling or 0.0, *(y for _, y in points))

    def across(x: float) -> float:
        return round(MARGIN + x / most_x * (WIDTH - MARGIN - 16), 1)

    def up(y: float) -> float:
        return round(HEIGHT - MARGIN + 16 - y / most_y * (HEIGHT - MARGIN - 16), 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' font-family="sans-serif" font-size="12"><title>{title}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    ]
    for first, last, what in spans:
        parts.append(
            f'<rect x="{across(first)}" y="{up(most_y)}" width="{across(last) - across(first):.1f}"'
            f' height="{up(0) - up(most_y):.1f}" fill="#f3e3d3"/>'
            f'<text x="{across(first) + 4}" y="{up(most_y) + 14}">{what}</text>'
        )
    for tick in range(TICKS + 1):
        y, x = most_y * tick / TICKS, most_x * tick / TICKS
        parts.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - 16}" y1="{up(y)}" y2="{up(y)}" stroke="#ccc"/>'
            f'<text x="{MARGIN - 6}" y="{up(y) + 4}" text-anchor="end">{y:.0f} MiB</text>'
            f'<text x="{across(x)}" y="{HEIGHT - 12}" text-anchor="middle">{x:.0f} s</text>'
        )
    if ceiling is not None:
        parts.append(
            f'<line x1="{MARGIN}" x2="{WIDTH - 16}" y1="{up(ceiling)}" y2="{up(ceiling)}"'
            ' stroke="#b00" stroke-dasharray="6 4"/>'
        )
    line = " ".join(f"{across(x)},{up(y)}" for x, y in points)
    parts.append(f'<polyline points="{line}" fill="none" stroke="#246" stroke-width="1.5"/></svg>')
    return "\n".join(parts) + "\n"
