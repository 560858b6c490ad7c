"""Time unflux against other readers of DNS on generated traffic; print the page of figures.

Usage: wire_speed.py [--folder FOLDER] [--install] [--responses N] [--rounds N] [--out FILE] ...
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from peers.c_decoder import build_decoder
from peers.install import install_peers
from peers.programs import PEERS, Peer, count_said, find_version, with_interpreter
from timing.aims import weigh_aims
from timing.contender import Contender
from timing.curves import Point, trace
from timing.machine import describe_machine
from timing.ours import FORM_NAMES, capture_contenders, read_of, reader
from timing.rounds import run_rounds
from timing.speed_page import PeerNote, SpeedReport, compose_page
from timing.starts import time_starts
from timing.traffic_store import Traffic, TrafficStore, write_prefix

SMALL: Final = 1000
"""Responses in the capture that starts are timed with, and that peers are first tried on."""

CURVE_RESPONSES: Final = "100000,300000,1000000,3000000,10000000,20000000"
CURVE_NAMES: Final = "1000,10000,100000,1000000"


def main(arguments: list[str]) -> None:
    """Generate, run, print."""
    options = _parse(arguments)
    with ExitStack() as stack:
        folder = options.folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="unflux-benchmark-"))
        )
        folder.mkdir(parents=True, exist_ok=True)
        if options.install:
            install_peers(folder)
        page = compose_page(_measure(options, folder.resolve()))
    if options.out:
        options.out.write_text(page, encoding="utf-8")
    print(page)


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="keeps what is generated, built and installed")
    parser.add_argument("--install", action="store_true", help="install the other programs first")
    parser.add_argument("--responses", type=int, default=1_000_000)
    parser.add_argument("--names", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--only",
        default="*",
        metavar="NAMES",
        help="readers to run, as in 'C decoder,unflux read*'",
    )
    parser.add_argument("--no-peers", action="store_true", help="leave the other programs out")
    parser.add_argument("--no-curves", action="store_true", help="leave the curves out")
    parser.add_argument("--curve-rounds", type=int, default=3)
    parser.add_argument("--curve-responses", default=CURVE_RESPONSES, help="default: %(default)s")
    parser.add_argument("--curve-names", default=CURVE_NAMES, help="default: %(default)s")
    parser.add_argument("--out", type=Path, help="write the page there, too")
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace, folder: Path) -> SpeedReport:
    store, cache = TrafficStore(folder), folder / "cache"
    decoder = build_decoder(folder)
    if decoder is None:
        print("no C compiler: the limit is left out", file=sys.stderr)
    traffic = Traffic(responses=options.responses, names=options.names)
    small = Traffic(responses=SMALL, names=options.names)
    (small_capture,) = store.get(small, "pcap")
    starts = time_starts(small_capture, SMALL, cache, options.rounds)
    contenders, notes = _contenders(options, folder, store, traffic, decoder)
    only = options.only.split(",")
    contenders = [c for c in contenders if any(fnmatchcase(c.name, name) for name in only)]
    for path in {Path(part) for c in contenders for part in c.command if Path(part).is_file()}:
        _warm(path)
    results = run_rounds(contenders, options.rounds)
    by_responses, by_names = _curves(options, store, decoder, cache)
    return SpeedReport(
        machine=describe_machine(),
        command=" ".join(["wire_speed.py", *_told(options)]),
        round_count=options.rounds,
        traffic=traffic,
        results=results,
        notes=notes,
        starts=starts,
        aims=weigh_aims(results, starts, by_responses),
        by_responses=by_responses,
        by_names=by_names,
    )


def _told(options: argparse.Namespace) -> list[str]:
    """Return what decides about the figures, without any path."""
    told = [f"--{name} {vars(options)[name]}" for name in ("responses", "names", "rounds")]
    if options.only != "*":
        told.append(f"--only '{options.only}'")
    flags = {"--no-peers": options.no_peers, "--no-curves": options.no_curves}
    return told + [flag for flag, is_set in flags.items() if is_set]


def _contenders(
    options: argparse.Namespace,
    folder: Path,
    store: TrafficStore,
    traffic: Traffic,
    decoder: Path | None,
) -> tuple[list[Contender], list[PeerNote]]:
    cache = folder / "cache"
    capture, *others = store.get(traffic, "pcap", *FORM_NAMES)
    contenders = list(capture_contenders(decoder, capture, traffic.responses, cache))
    contenders += [
        reader(read_of(form), path, traffic.responses, cache, cores=2)  # as users run it
        for form, path in zip(FORM_NAMES, others, strict=True)
    ]
    notes = []
    for peer in () if options.no_peers else PEERS:
        version = find_version(peer, folder)
        if version is None:
            print(f"{peer.name}: not installed", file=sys.stderr)
            continue
        contenders.append(_peer_contender(peer, folder, store, traffic))
        notes.append(_note(peer, version, folder, store))
    return contenders, notes


def _peer_contender(peer: Peer, folder: Path, store: TrafficStore, traffic: Traffic) -> Contender:
    responses = min(peer.most_responses, traffic.responses)
    if peer.form == "pcap":
        (capture,) = store.get(traffic, "pcap")
        if responses < traffic.responses:
            capture = write_prefix(capture, responses)
    else:
        part = Traffic(responses=responses, names=traffic.names)
        (capture,) = store.get(part, peer.form)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    command = with_interpreter(peer, peer.command(capture, scratch), folder)
    assert command is not None  # its version has just been told
    return Contender(name=peer.name, command=command, responses=responses, note=peer.does)


def _note(peer: Peer, version: str, folder: Path, store: TrafficStore) -> PeerNote:
    (capture,) = store.get(Traffic(responses=SMALL), peer.form)
    with tempfile.TemporaryDirectory() as scratch:
        said = count_said(peer, capture, folder, Path(scratch))
    return PeerNote(name=peer.name, version=version, does=peer.does, said=said, of=SMALL)


def _warm(path: Path) -> None:
    """Read a file once, so that no contender pays for the disk."""
    with path.open("rb") as file:
        while file.read(1 << 24):
            pass


def _curves(
    options: argparse.Namespace, store: TrafficStore, decoder: Path | None, cache: Path
) -> tuple[list[Point], list[Point]]:
    if options.no_curves:
        return [], []
    by_responses = [
        Traffic(responses=responses, names=options.names)
        for responses in _numbers(options.curve_responses)
    ]
    by_names = [
        Traffic(responses=options.responses, names=names, skew=0.0)
        for names in _numbers(options.curve_names)
    ]
    return (
        trace(store, by_responses, decoder, cache, options.curve_rounds),
        trace(store, by_names, decoder, cache, options.curve_rounds),
    )


def _numbers(text: str) -> Sequence[int]:
    return [int(part) for part in text.split(",") if part]


if __name__ == "__main__":
    main(sys.argv[1:])
