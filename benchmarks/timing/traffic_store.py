"""Generated traffic that is kept between runs, as long as its generator does not change."""

import hashlib
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from traffic.forms import FILES

BENCHMARKS: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What ``generate_traffic.py`` is asked for."""

    responses: int
    names: int = 20_000
    skew: float = 1.0


class TrafficStore:
    """A folder of generated traffic.

    The generator runs in a process of its own: one that is started is first charged the memory
    of the one it was started from.
    """

    def __init__(self, folder: Path) -> None:
        digest = hashlib.sha256()
        for source in sorted((BENCHMARKS / "traffic").glob("*.py")):
            digest.update(source.read_bytes())
        self._folder = folder / f"traffic-{digest.hexdigest()[:8]}"

    def get(self, traffic: Traffic, *forms: str) -> list[Path]:
        """Return the files of some forms, generated where they are not there yet."""
        folder = self._folder_of(traffic)
        missing = [form for form in forms if not (folder / FILES[form]).exists()]
        if missing:
            print(f"generating {traffic} as {', '.join(missing)}", file=sys.stderr, flush=True)
            draft = folder.with_name(folder.name + ".draft")
            shutil.rmtree(draft, ignore_errors=True)
            subprocess.run(
                [
                    sys.executable, BENCHMARKS / "generate_traffic.py", draft,
                    "--responses", str(traffic.responses), "--names", str(traffic.names),
                    "--skew", str(traffic.skew), "--forms", ",".join(missing),
                ],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True)
            for form in missing:
                (draft / FILES[form]).rename(folder / FILES[form])
            draft.rmdir()
        return [folder / FILES[form] for form in forms]

    def forget(self, traffic: Traffic) -> None:
        """Delete what is there of some traffic."""
        shutil.rmtree(self._folder_of(traffic), ignore_errors=True)

    def _folder_of(self, traffic: Traffic) -> Path:
        return self._folder / f"{traffic.responses}-{traffic.names}-{traffic.skew:g}"


def write_prefix(capture: Path, packets: int) -> Path:
    """Write the first packets of a pcap beside it; return the file."""
    prefix = capture.with_name(f"{capture.stem}-{packets}{capture.suffix}")
    if prefix.exists():
        return prefix
    with capture.open("rb") as source:
        octets = source.read(24 + packets * 2000)  # no packet of ours is longer
    at = 24
    for _ in range(packets):
        at += 16 + struct.unpack_from("<I", octets, at + 8)[0]
    prefix.write_bytes(octets[:at])
    return prefix
