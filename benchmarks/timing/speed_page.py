"""The page of figures, in Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from timing.aims import Aim
from timing.contender import Result
from timing.curves import CURVES, Point
from timing.ours import READ
from timing.rounds import by_name
from timing.starts import Starts
from timing.traffic_store import Traffic

MIB: Final = 1 << 20
NOTHING: Final = "–"

ELSEWHERE: Final = (
    "Figures published or measured elsewhere, for 1 M responses, wall clock of the whole process: "
    "PacketQ 826 k/s without answer addresses, dnsjit 193 k/s, tcpdump 117 k/s, Suricata 63 k/s, "
    "tshark 29 k/s and 1 GiB, dpkt 21 k/s, dnspython 4.5 k/s."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerNote:
    """What is known of a peer besides its cost."""

    name: str
    version: str
    does: str
    said: int | None
    """Of how many of ``of`` responses it said anything."""
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedReport:
    """All that was measured."""

    machine: str
    command: str
    round_count: int
    traffic: Traffic
    results: list[Result]
    notes: list[PeerNote]
    starts: Starts
    aims: list[Aim]
    by_responses: list[Point]
    by_names: list[Point]


def compose_page(report: SpeedReport) -> str:
    """Return the whole page."""
    parts = [
        "# Speed of reading",
        f"Made by `{report.command}` on {report.machine}. Do not edit by hand.",
        f"Medians of {report.round_count} interleaved rounds; every run is a process of its own, "
        "from start to end, held to one core or two. `benchmarks/README.md` says what the columns "
        "mean.",
        "## One capture, many readers",
        f"{report.traffic.responses:,} generated responses, {report.traffic.names:,} names; "
        "programs that take longer are given the first part of it.",
        _contest(report.results),
        ELSEWHERE,
        _notes(report.notes),
        "## Start",
        _starts(report.starts),
    ]
    if report.aims:
        parts += ["## Aims", _aims(report.aims)]
    if report.by_responses:
        parts += ["## Cost by responses", _by_responses(report.by_responses)]
    if report.by_names:
        parts += [
            "## Cost by distinct names",
            "All names are asked equally often, so that most of them are asked at all.",
            _by_names(report.by_names),
        ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _contest(results: Iterable[Result]) -> str:
    rows = []
    for result in results:
        contender = result.contender
        if not result.is_good:
            rows.append((contender.name, str(contender.cores), f"{contender.responses:,}",
                         *[NOTHING] * 6, result.failure or ""))  # fmt: skip
            continue
        rows.append((
            contender.name, str(contender.cores), f"{contender.responses:,}",
            f"{result.wall_s:.2f}", _thousands(result.per_s), _thousands(result.reading_per_s),
            f"{result.cpu_s:.2f}", _thousands(result.per_cpu_s),
            f"{result.peak_bytes / MIB:.0f}", contender.note,
        ))  # fmt: skip
    heads = ("reader", "cores", "responses", "wall s", "k/s", "reading k/s", "CPU s", "k/CPU s",
             "peak MiB", "does")  # fmt: skip
    return _table(heads, rows, left=(0, 9))


def _notes(notes: Sequence[PeerNote]) -> str:
    if not notes:
        return "No other program was installed; `--install` would do that."
    rows = [
        (note.name, note.version, note.does,
         NOTHING if note.said is None else f"{note.said:,} of {note.of:,}")
        for note in notes
    ]  # fmt: skip
    return _table(("program", "version", "writes", "responses it says anything of"), rows,
                  left=(0, 1, 2))  # fmt: skip


def _starts(starts: Starts) -> str:
    warm = starts.warm
    rows = [
        ("cold: empty cache, to the end of a small capture", f"{starts.cold_s:.2f}"),
        ("of which compilation (cold less warm)", f"{starts.compile_s:.2f}"),
        ("warm: imports done", _seconds(warm.moment_s("imported_s"))),
        ("warm: first octet read", _seconds(warm.moment_s("first_octet_s"))),
        ("warm: a small capture read", _seconds(warm.moment_s("done_s"))),
        ("warm: whole process", _seconds(warm.wall_s if warm.is_good else None)),
        ("warm: `unflux scan` of it, whole process",
         _seconds(starts.warm_scan.wall_s if starts.warm_scan.is_good else None)),
    ]  # fmt: skip
    return _table(("moment", "s since the start"), rows, left=(0,))


def _aims(aims: Iterable[Aim]) -> str:
    rows = [(aim.what, aim.bound, aim.found, "met" if aim.is_met else "missed") for aim in aims]
    return _table(("aim", "bound", "found", ""), rows, left=(0, 3))


def _by_responses(points: Sequence[Point]) -> str:
    """Return the cost of a response, and of each that a capture has more than the one before."""
    heads = ["responses"]
    for name in CURVES:
        heads += [f"{name}: ns each", "ns each more", "peak MiB"]
    rows = []
    previous: dict[str, Result] = {}
    for point in points:
        found = by_name(point.results)
        row = [f"{point.traffic.responses:,}"]
        for name in CURVES:
            result, before = found.get(name), previous.get(name)
            row += [NOTHING] * 3 if result is None else _point(result, before)
        rows.append(row)
        previous = found
    return _table(heads, rows, left=())


def _by_names(points: Sequence[Point]) -> str:
    """Return the cost of a response beside the names and records that there are."""
    heads = ["names", "asked", "sightings"]
    for name in CURVES:
        heads += [f"{name}: ns each", "peak MiB"]
    rows = []
    for point in points:
        found = by_name(point.results)
        report = found[READ].report if READ in found else {}
        row = [
            f"{point.traffic.names:,}",
            *(f"{report.get(n, 0):,}" for n in ("names", "sightings")),
        ]
        for name in CURVES:
            result = found.get(name)
            row += [NOTHING] * 2 if result is None else _point(result, None)[::2]
        rows.append(row)
    return _table(heads, rows, left=())


def _point(result: Result, before: Result | None) -> list[str]:
    """Return nanoseconds a response, the same of those added since before, and the peak."""
    slope = NOTHING
    if before is not None:
        more = result.contender.responses - before.contender.responses
        slope = f"{(result.wall_s - before.wall_s) / more * 1e9:,.0f}"
    return [f"{1e9 / result.per_s:,.0f}", slope, f"{result.peak_bytes / MIB:.0f}"]


def _thousands(value: float | None) -> str:
    return NOTHING if value is None else f"{value / 1000:,.1f}"


def _seconds(value: float | None) -> str:
    return NOTHING if value is None else f"{value:.2f}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, left: Sequence[int]) -> str:
    rules = ["---" if place in left else "---:" for place in range(len(heads))]
    lines = [heads, rules, *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
