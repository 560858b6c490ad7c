"""Hostile text made visible."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.present.generated_results import HOSTILE

from unflux.present.visible import MAX_MARKS, make_visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("www.example", "www.example"),
        ("", ""),
        (r"a\032b.example", r"a\032b.example"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x9b31mred", r"\x9b31mred"),
        ("\x00\x07\x08\x7f", r"\x00\x07\x08\x7f"),
        ("a\r\nb\tc", r"a\x0d\x0ab\x09c"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u2066a\u2069\u200b\ufeff", r"\u2066a\u2069\u200b\ufeff"),
        ("\u2028\u2029\x85", r"\u2028\u2029\x85"),
        ("\U000e0041", r"\U000e0041"),
        ("\ue000\udc80", r"\ue000\udc80"),
        ("\u3164\u2800\ufe0f", r"\u3164\u2800\ufe0f"),
        ("a\u00a0b\u3000c", "a b c"),
        ("Société Générale", "Société Générale"),
        ("\u05d1\u05d6\u05e7", "\u05d1\u05d6\u05e7"),
        ("日本", "日本"),
        ("[bold red]x[/]", "[bold red]x[/]"),
    ],
)
def test_shows(text: str, shown: str) -> None:
    assert make_visible(text) == shown


def test_mark_without_letter_is_escaped() -> None:
    assert make_visible("\u0301a") == r"\u0301a"


def test_piles_of_marks_are_cut() -> None:
    piled = make_visible("a" + "\u0301" * (MAX_MARKS + 2) + "b\u0301")
    assert piled == "a" + "\u0301" * MAX_MARKS + r"\u0301\u0301" + "b\u0301"


def test_ascii_only_spells_typography() -> None:
    assert make_visible("▲ 1–2 … é\u202e", ascii_only=True) == r"! 1-2 ... \xe9\u202e"


@given(st.text() | st.just(HOSTILE) | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Mn"])))
def test_nothing_unseen_is_left(text: str) -> None:
    shown = make_visible(text)
    assert {unicodedata.category(character)[0] for character in shown} <= set("LMNPSZ")
    assert {c for c in shown if unicodedata.category(c)[0] == "Z"} <= {" "}
    assert make_visible(shown) == shown
    assert make_visible(text, ascii_only=True).isascii()
