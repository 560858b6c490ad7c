"""No cell is run."""

import pytest

from unflux.model.spreadsheets import defuse


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-a.example", "'-a.example"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "\t'=1"),
        ("\rx", "'\rx"),
        ("  =1", "  '=1"),
        ("＝1", "'＝1"),
        (r"a\;=1", r"a\;'=1"),
        ("a=1; b=-2", "a=1; b=-2"),
        ("a-b.example", "a-b.example"),
        ("", ""),
    ],
)
def test_defuses(text: str, safe: str) -> None:
    assert defuse(text) == safe
