import ctypes
import re
import shutil
import sys
from pathlib import Path

import pytest

from unflux.model.memory import let_go


def resident_kb(library: str) -> int:
    count, is_of_library = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            is_of_library = library in line
        elif is_of_library and line.startswith("Rss:"):
            count += int(line.split()[1])
    return count


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep the pages")
def test_a_library_let_go_takes_less_and_still_works(tmp_path: Path) -> None:
    # A copy: nothing else here is to use it.
    maps = Path("/proc/self/maps").read_text()
    found = re.search(r"/\S+/libm[.-]\S+", maps)
    assert found is not None
    library = str(shutil.copy(found[0], tmp_path / "libcopied.so"))
    cos = ctypes.CDLL(library).cos
    cos.restype, cos.argtypes = ctypes.c_double, [ctypes.c_double]
    assert cos(0.0) == 1.0
    before = resident_kb("libcopied")
    let_go("libcopied")
    assert resident_kb("libcopied") < before
    assert cos(0.0) == 1.0


def test_an_unknown_library_is_let_be() -> None:
    let_go("no-such-library")
    assert ctypes.CDLL(None).getpid() > 0
