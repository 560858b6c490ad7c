import ctypes
import re
import shutil
import sys
from pathlib import Path
from typing import Any

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


@pytest.fixture
def cos(tmp_path: Path) -> Any:
    """The function of a library that nothing else here uses, because it is a copy."""
    if sys.platform != "linux":
        pytest.skip("other systems keep the pages")
    found = re.search(r"/\S+/libm[.-]\S+", Path("/proc/self/maps").read_text())
    assert found is not None
    function = ctypes.CDLL(str(shutil.copy(found[0], tmp_path / "libcopied.so"))).cos
    function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double]
    assert function(0.0) == 1.0
    return function


def test_a_library_let_go_takes_less_and_still_works(cos: Any) -> None:
    before = resident_kb("libcopied")
    let_go("libcopied")
    assert resident_kb("libcopied") < before
    assert cos(0.0) == 1.0


@pytest.mark.usefixtures("cos")
def test_other_libraries_are_let_be() -> None:
    before = resident_kb("libcopied")
    let_go("no-such-library")
    assert resident_kb("libcopied") == before > 0
