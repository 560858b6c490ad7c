"""The table on a terminal: aligned, bounded, the same without colour, deaf to hostile text."""

import io
import re
import shlex
from datetime import timedelta
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from tests.present.generated_results import (
    HOSTILE,
    START,
    check_golden,
    make_agent,
    make_network,
    make_result,
    make_verdict,
    results,
)

from unflux.model.verdicts import Alternative, ScanResult, SourceSummary
from unflux.present.screen import Screen
from unflux.present.terminal import Options, print_result
from unflux.present.wording import (
    explain_command,
    figure_text,
    range_text,
    score_text,
    span_text,
    strongest_reason,
)

ESCAPE = re.compile(r"\x1b\[([0-9;]*)m")


def _draw(
    result: ScanResult,
    *,
    width: int = 120,
    encoding: str = "utf-8",
    options: Options | None = None,
    **console: object,
) -> str:
    buffer = io.BytesIO()
    sink = io.TextIOWrapper(buffer, encoding=encoding, newline="")
    kept: dict[str, object] = {"_environ": {}, **console}
    drawn = Console(file=sink, width=width, height=50, **kept)  # type: ignore[arg-type]
    print_result(result, drawn, options or Options())
    sink.flush()
    return buffer.getvalue().decode(encoding)


def _in_colour(result: ScanResult, **environ: str) -> str:
    named = {"TERM": "xterm-256color", **environ}
    return _draw(result, force_terminal=True, legacy_windows=False, _environ=named)


@pytest.mark.parametrize("width", [80, 120, 200])
def test_golden(width: int) -> None:
    check_golden(f"terminal/expected-{width}.txt", _draw(make_result(), width=width))


@settings(max_examples=60, deadline=None)
@given(results, st.sampled_from([40, 60, 80, 120, 200]), st.sampled_from(["utf-8", "ascii"]))
def test_any_result_keeps_to_the_screen(result: ScanResult, width: int, encoding: str) -> None:
    drawn = _draw(result, width=width, encoding=encoding)
    assert all(line.isprintable() for line in drawn.split("\n"))
    for line in drawn.split("\n"):
        if "unflux explain" not in line:
            assert cell_len(line) <= width, line


def test_piped_output_has_no_escapes() -> None:
    assert "\x1b" not in _draw(make_result())
    assert "\x1b" not in _draw(make_result(), _environ={"TERM": "xterm-256color"})


def test_colour_says_nothing_that_text_does_not() -> None:
    coloured, plain = _in_colour(make_result()), _draw(make_result())
    assert ESCAPE.search(coloured)
    assert ESCAPE.sub("", coloured) == plain
    for said in ("▲ fast-flux", "◆ undecided", "✓ benign", "✗ unreadable"):
        assert said in plain


def test_no_color_is_honoured() -> None:
    def colours(drawn: str) -> set[str]:
        codes = {code for match in ESCAPE.findall(drawn) for code in match.split(";")}
        return {code for code in codes if code.startswith(("3", "4", "9", "10")) and code != "4"}

    assert colours(_in_colour(make_result()))
    without = _in_colour(make_result(), NO_COLOR="1")
    assert not colours(without)
    assert ESCAPE.sub("", without) == _draw(make_result())


def test_hostile_text_is_shown_not_obeyed() -> None:
    result = make_result(
        verdicts=(make_verdict(domain=f"x.{HOSTILE}.example", missing=HOSTILE, network=HOSTILE),),
        networks=(make_network(agents=(make_agent(0, holder=HOSTILE),)),),
        drops={HOSTILE: 3},
    )
    drawn = _draw(result, width=200)
    assert all(line.isprintable() for line in drawn.split("\n"))
    assert drawn.count(r"Evil\x1b[31m") >= 4


def test_markup_is_not_markup() -> None:
    result = make_result(verdicts=(make_verdict(domain="[red]x[/red].example"),), networks=())
    assert "[red]x[/red].example" in _draw(result)


def test_ascii_terminal() -> None:
    drawn = _draw(make_result(), encoding="ascii", width=80)
    assert "! fast-flux" in drawn
    assert "a-domain-o...mns.co.example" in drawn


@pytest.mark.parametrize("width", [80, 120, 200])
def test_rows_are_aligned_and_not_wrapped(width: int) -> None:
    lines = _draw(make_result(), width=width).split("\n")
    heading = next(line for line in lines if "lookups" in line)
    end = heading.index("lookups") + len("lookups")
    rows = [line for line in lines if line.startswith(("  ▲ f", "  ◆ u", "  ✓ b"))]
    assert [row[:end].split()[-1] for row in rows] == ["1,204", "1,204", "3", "1,204"]


def test_long_domain_keeps_its_ends() -> None:
    lines = _draw(make_result(), width=80).split("\n")
    assert any(re.search(r"\ba-domain-of.*….*\.co\.example ", line) for line in lines)


def test_long_lists_are_bounded() -> None:
    verdicts = tuple(make_verdict(domain=f"d{number}.example") for number in range(30))
    networks = tuple(make_network(id=f"net-{number}") for number in range(5))
    result = make_result(verdicts=verdicts, networks=networks)
    bounded = _draw(result, options=Options(verdict_limit=10, network_limit=2))
    assert "d9.example" in bounded
    assert "d10.example" not in bounded
    assert "… and 20 more (use --all or --format json)" in bounded
    assert "… and 3 more (use --all or --format json)" in bounded
    whole = _draw(result, options=Options(verdict_limit=None, network_limit=None))
    assert "d29.example" in whole
    assert "more (use" not in whole


def test_many_sources_are_bounded() -> None:
    sources = tuple(
        SourceSummary(name=f"s{number}", format="pcap", responses=1, error="refused" * (number % 2))
        if number % 2
        else SourceSummary(name=f"s{number}", format="pcap", responses=1, error=None)
        for number in range(40)
    )
    drawn = _draw(make_result(sources=sources))
    assert "… and 14 more sources" in drawn
    assert "… and 14 more unreadable sources" in drawn


def test_nothing_found_is_one_calm_line() -> None:
    result = make_result(verdicts=(), networks=(), totals={"benign": 5120})
    drawn = _draw(result)
    assert "✓ No fast flux among 5,120 domains." in drawn
    assert "Verdicts" not in drawn
    assert "Networks" not in drawn
    assert "unflux explain" not in drawn
    assert "✗ unreadable" in drawn


def test_nothing_read_claims_nothing() -> None:
    result = make_result(verdicts=(), networks=(), totals={}, responses=0, sources=())
    drawn = _draw(result)
    assert "No domain was seen" in drawn
    assert "No fast flux" not in drawn


def test_summary_counts_and_points_on() -> None:
    drawn = _draw(make_result())
    assert "1,292,413 responses from 2 sources, 2026-11-01 10:00 – 2026-11-03 13:07 UTC" in drawn
    assert "115: truncated message (112), name over 255 octets (3)" in drawn
    assert "▲ 2 fast-flux   ◆ 1 undecided   ✓ 5,120 benign" in drawn
    assert "unflux explain kite-mail.example" in drawn


@pytest.mark.parametrize("domain", ["a`id`.example", "-rf.example", r"a\$b'.example", "x&y"])
def test_command_is_safe_to_paste(domain: str) -> None:
    words = shlex.split(explain_command(domain, ["a file; id"]))
    assert words[-2:] == [domain, "a file; id"]
    assert words[:2] == ["unflux", "explain"]
    assert ("--" in words) == domain.startswith("-")


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    "name", ["x\u2019;touch pwned;\u2019.csv", "x\n;touch pwned;.csv", "\u202egnp.csv", "a.csv"]
)
def test_command_names_a_file_exactly_or_not_at_all(name: str, encoding: str) -> None:
    sources = (SourceSummary(name=name, format="csv", responses=1, error=None),)
    drawn = _draw(make_result(sources=sources), encoding=encoding)
    command = next(line for line in drawn.split("\n") if "unflux explain" in line)
    assert shlex.split(command)[4:] in ([name], ["SOURCE..."])
    is_shown = (name.isascii() and name.isprintable()) or (encoding, name[1]) == ("utf-8", "\u2019")
    assert ("SOURCE..." not in command) == is_shown


def test_command_names_few_sources_and_the_place_of_many() -> None:
    assert explain_command("a.example", ["x", "y"]) == "unflux explain a.example x y"
    assert explain_command("a.example", ["x", "y", "z"]) == "unflux explain a.example SOURCE..."
    assert explain_command("a.example", []) == "unflux explain a.example SOURCE..."
    assert explain_command("a.example", ["-x"]) == "unflux explain -- a.example -x"
    assert explain_command("a.example", ["-"]) == "unflux explain a.example SOURCE..."


def test_command_reads_the_same_records() -> None:
    options = ("--asn", "my table.csv", "--port", "5353")
    assert explain_command("a.example", ["x"], options) == (
        "unflux explain --asn 'my table.csv' --port 5353 a.example x"
    )
    for sources in ([], ["-"], ["x", "y", "z"]):
        assert explain_command("a.example", sources, options[2:], store="s.unflux") == (
            "unflux explain --store s.unflux --port 5353 a.example"
        )
    assert explain_command("a.example", [], store="s\n") == "unflux explain a.example SOURCE..."


def test_strongest_reason_fits_the_verdict() -> None:
    verdict = make_verdict()
    assert strongest_reason(verdict).startswith("Four of five")
    benign = make_verdict(verdict="benign")
    assert strongest_reason(benign).startswith("1,204 lookups")
    holding = (Alternative(hypothesis="cdn", outcome="holds", because="One owner."),)
    assert strongest_reason(make_verdict(verdict="benign", alternatives=holding)) == "One owner."
    assert strongest_reason(make_verdict(verdict="undecided", missing="More.")) == "More."
    assert strongest_reason(make_verdict(evidence=())) == "no evidence"


def test_words_for_numbers_and_times() -> None:
    assert [score_text(s) for s in (0.0, 0.001, 0.5, 0.994, 0.9999)] == [
        "0.00", "<.01", "0.50", "0.99", ">.99",
    ]  # fmt: skip
    assert [score_text(s) for s in (0.9473, 0.9499, 0.95, 0.57, 0.0501, 0.05, 0.29)] == [
        "0.94", "0.94", "0.95", "0.57", "0.06", "0.05", "0.29",
    ]  # fmt: skip
    shown = [figure_text(x, 2) for x in (0.123, 9.96, 45.2, 99.4, 99.6, 1234.0, -99.6, inf)]
    assert shown == ["0.12", "10", "45", "99", "100", "1,234", "-100", "inf"]
    assert [figure_text(x, 3) for x in (999.4, 999.6, -1e6)] == ["999", "1,000", "-1,000,000"]
    assert range_text(60, 60) == "60"
    assert range_text(None, 60) is None
    assert span_text(START, START + timedelta(hours=1)) == "2026-11-01 10:00 – 11:00"
    assert span_text(START, None) == "time unknown"


@given(st.text(min_size=1), st.integers(1, 60), st.sampled_from(["middle", "end"]))
def test_shortened_text_fits(text: str, width: int, elide: str) -> None:
    screen = Screen(Console(file=io.StringIO(), _environ={}))
    shown = screen.shorten(screen.visible(text), width, elide)  # type: ignore[arg-type]
    assert cell_len(shown) <= width
    if cell_len(screen.visible(text)) > width > 1:
        assert "…" in shown
