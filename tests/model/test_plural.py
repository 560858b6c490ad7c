import pytest

from unflux.model.plural import plural


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 hosts"), (1, "1 host"), (2, "2 hosts"), (1_234, "1,234 hosts")]
)
def test_counts_have_their_plural(count: int, words: str) -> None:
    assert plural(count, "host") == words
    assert plural(count, "host", "hosts") == words
