"""Halves of surrogate pairs."""

import re

from hypothesis import given
from hypothesis import strategies as st

from unflux.model.surrogates import without_lone_surrogates


@given(st.text(st.characters(codec=None)))
def test_only_lone_surrogates_change(text: str) -> None:
    spelt = without_lone_surrogates(text)
    assert not re.search("[\ud800-\udfff]", spelt)
    assert (spelt == text) == (not re.search("[\ud800-\udfff]", text))


def test_a_lone_surrogate_is_spelt_out() -> None:
    assert without_lone_surrogates("a\udc80") == r"a\udc80"
