"""The decoder in C beside this file: built where a compiler is present."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("decoder.c")
FLAGS: Final = ("-O3", "-march=native", "-std=gnu11", "-Wall", "-Wextra")


def find_compiler() -> str | None:
    """Return the path of a C compiler, or null."""
    return shutil.which("gcc") or shutil.which("cc")


def build_decoder(folder: Path, *more_flags: str) -> Path | None:
    """Build the decoder into a folder; null where there is no compiler.

    Raise :class:`subprocess.CalledProcessError` where it does not compile.
    """
    compiler = find_compiler()
    if compiler is None:
        return None
    program = folder / "decoder"
    subprocess.run([compiler, *FLAGS, *more_flags, "-o", program, SOURCE], check=True)
    return program
