"""The demonstration: scan the example and compare with the truth."""

from dataclasses import replace

from rich.console import Console

from unflux.cli.arguments import default_workers
from unflux.cli.example import Example
from unflux.cli.output import compose_drawing
from unflux.cli.progress import say, shown_progress
from unflux.lab.small_internet import SmallInternet
from unflux.model.verdicts import ScanResult
from unflux.pipeline.gathering import Options, prepare_reading
from unflux.pipeline.scanning import scan
from unflux.present import terminal
from unflux.present.report import render_report


def show_findings(internet: SmallInternet, example: Example, console: Console) -> None:
    """Scan the example's capture, write the report, and print what was found beside the truth."""
    capture, routes, report = example.capture, example.routes, example.report
    console.print(
        f"Scanning it: unflux scan {capture} --asn {routes} --report {report}",
        highlight=False,
        markup=False,
    )
    options = Options(workers=default_workers(None), routes=(routes,), list_all=True)
    prepare_reading(say)
    with shown_progress() as progress:
        result = scan([str(capture)], options, progress)
    report.write_text(render_report(result), encoding="utf-8")
    terminal.print_result(
        _without_benign(result), console, compose_drawing(options, is_whole=False)
    )
    _compare(result, internet, console)
    console.print(f"\nThe page to look at: {report}", highlight=False, markup=False)
    suspect = next((v.domain for v in result.verdicts if v.verdict == "fast-flux"), None)
    if suspect is not None:
        console.print(
            f"Why one of them:     unflux explain {suspect} {capture} --asn {routes}",
            highlight=False,
            markup=False,
        )


def _without_benign(result: ScanResult) -> ScanResult:
    return replace(result, verdicts=tuple(v for v in result.verdicts if v.verdict != "benign"))


def _compare(result: ScanResult, internet: SmallInternet, console: Console) -> None:
    """Say how the verdicts compare with what the small internet was built as."""
    said = {verdict.domain: verdict.verdict for verdict in result.verdicts}
    flux = [domain for domain, (truth, _) in internet.truth.items() if truth == "fast-flux"]
    innocent = [domain for domain, (truth, _) in internet.truth.items() if truth == "benign"]
    found = sum(said.get(domain) == "fast-flux" for domain in flux)
    accused = [domain for domain in innocent if said.get(domain) == "fast-flux"]
    console.print(
        f"\nThe small internet holds {len(flux)} fast-flux domains: {found} were found. "
        f"Of {len(innocent)} innocent ones {len(accused)} were accused"
        + (f" ({', '.join(accused)})." if accused else ".")
    )
