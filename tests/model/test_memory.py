import ctypes
import re
import shutil
import sys
from pathlib import Path

import pytest

from unflux.model.memory import page_out


def resident_kb(library: str) -> int:
    count, is_of_library = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            is_of_library = library in line
        elif is_of_library and line.startswith("Rss:"):
            count += int(line.split()[1])
    return count


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep the pages")
def test_a_library_paged_out_takes_less_and_still_works(tmp_path: Path) -> None:
    # A copy: the system keeps pages that other processes use as well.
    maps = Path("/proc/self/maps").read_text()
    found = re.search(r"/\S+/libm[.-]\S+", maps)
    assert found is not None
    library = str(shutil.copy(found[0], tmp_path / "libcopied.so"))
    cos = ctypes.CDLL(library).cos
    cos.restype, cos.argtypes = ctypes.c_double, [ctypes.c_double]
    assert cos(0.0) == 1.0
    before = resident_kb("libcopied")
    page_out("libcopied")
    assert resident_kb("libcopied") < before / 2
    assert cos(0.0) == 1.0


def test_an_unknown_library_is_let_be() -> None:
    page_out("no-such-library")
    assert ctypes.CDLL(None).getpid() > 0
