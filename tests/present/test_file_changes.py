"""A diff says what changes, in few and harmless lines."""

from hypothesis import given
from hypothesis import strategies as st

from unflux.present.file_changes import MOST_CELLS, MOST_COMPARED, describe_changes


def test_lines_that_come_and_go_are_shown_with_what_is_around() -> None:
    told = list(describe_changes("/srv/x", b"a\nb\nc\nd\n", b"a\nb\nX\nd\n"))
    assert told == [
        "--- /srv/x (deployed)", "+++ /srv/x (planned)", "@@ -2,3 +2,3 @@", " b", "-c", "+X", " d",
        "(1 lines come, 1 go)",
    ]  # fmt: skip


def test_a_file_that_comes_or_goes_has_no_other_side() -> None:
    assert list(describe_changes("/x", None, b"a\n"))[:2] == [
        "--- /dev/null (deployed)", "+++ /x (planned)",
    ]  # fmt: skip
    assert list(describe_changes("/x", b"a\n", None))[1] == "+++ /dev/null (planned)"
    assert list(describe_changes("/x", b"a\n", b"a\n")) == []
    assert list(describe_changes("/x", None, None)) == []


def test_of_a_long_diff_a_part_is_shown_and_all_is_counted() -> None:
    after = b"".join(b"%d\n" % n for n in range(5_000))
    told = list(describe_changes("/x", b"", after, most=10))
    assert len(told) == 2 + 10 + 2
    assert told[-2] == "... and 4,992 more lines"
    assert told[-1] == "(5,000 lines come, 0 go)"
    huge = b"x\n" * (MOST_COMPARED + 1)
    assert len(list(describe_changes("/x", huge, b"y\n"))) == 3


@given(st.binary(max_size=200), st.binary(max_size=200), st.text(max_size=20))
def test_every_line_is_visible_ascii_of_bounded_length(
    before: bytes, after: bytes, name: str
) -> None:
    for line in describe_changes(name, before, after):
        assert line.isascii()
        assert line.isprintable()
        assert len(line) <= 10 * MOST_CELLS
