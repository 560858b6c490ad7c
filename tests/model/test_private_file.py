from pathlib import Path

import pytest

from unflux.model.errors import UnfluxError
from unflux.model.private_file import read_private


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o640])
def test_owner_and_group_may_read_it(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"12345678")
    path.chmod(mode)
    assert read_private(path, 8) == b"12345678"


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o660, 0o602, 0o601])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"12345678")
    path.chmod(mode)
    with pytest.raises(UnfluxError, match=f"its mode is {mode:03o}"):
        read_private(path, 8)


def test_what_is_no_file_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"12345678")
    path.chmod(0o600)
    with pytest.raises(UnfluxError, match="more than 7 octets"):
        read_private(path, 7)
    for missing in (tmp_path, tmp_path / "none"):
        with pytest.raises(UnfluxError, match="cannot be read"):
            read_private(missing, 8)
