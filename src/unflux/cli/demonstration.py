"""The demonstration: build a small internet, scan it, compare with the truth."""

from pathlib import Path

from rich.console import Console

from unflux.cli.arguments import default_workers
from unflux.cli.progress import shown_progress
from unflux.lab.small_internet import SmallInternet, build_small_internet
from unflux.model.errors import UnfluxError
from unflux.model.verdicts import ScanResult
from unflux.pipeline.scanning import Options, scan
from unflux.present import terminal
from unflux.present.report import render_report


def demonstrate(folder: Path, seed: int) -> None:
    """Write capture, address table and report into ``folder`` and print what was found."""
    console = Console()
    capture, routes = folder / "small-internet.pcap", folder / "routes.csv"
    report = folder / "report.html"
    console.print("Writing a capture of a small internet: 72 hours, two resolvers.")
    internet = build_small_internet(seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        internet.write_capture(capture)
        internet.write_routes(routes)
    except OSError as error:
        message = f"{folder}: cannot be written ({error.strerror})"
        raise UnfluxError(message) from error
    console.print(f"Scanning it: unflux scan {capture} --asn {routes} --report {report}")
    options = Options(workers=default_workers(None), routes=(routes,), list_all=True)
    with shown_progress() as progress:
        result = scan([str(capture)], options, progress)
    report.write_text(render_report(result), encoding="utf-8")
    terminal.print_result(_without_benign(result), console)
    _compare(result, internet, console)
    console.print(f"\nThe page to look at: {report}")
    suspect = next((v.domain for v in result.verdicts if v.verdict == "fast-flux"), None)
    if suspect is not None:
        console.print(
            f"Why one of them:     unflux explain {suspect} {capture} --asn {routes}",
            highlight=False,
            markup=False,
        )


def _without_benign(result: ScanResult) -> ScanResult:
    return ScanResult(
        **{
            field: getattr(result, field)
            for field in ScanResult.__dataclass_fields__
            if field != "verdicts"
        },
        verdicts=tuple(v for v in result.verdicts if v.verdict != "benign"),
    )


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
