"""JSON in columns: what is taken is what Python's json makes of it."""

import json
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from unflux.read.json_objects import parse_object
from unflux.read.kernel.scan.layout import (
    ABSENT,
    ARRAY,
    FALSE,
    FLOAT,
    INTEGER,
    NULL,
    OBJECT,
    STRING,
    TRUE,
)
from unflux.read.objects import Member, Objects, Shape, Values

SHAPE = Shape(
    Member(key="a"),
    Member(key="b", members=(Member(key="a"), Member(key="c"))),
    Member(key="list", elements=(Member(key="a"),)),
)
KEYS = st.sampled_from(["a", "b", "c", "list", "", "ä", 'q"', "\\"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
KINDS = {NULL: type(None), TRUE: bool, FALSE: bool, INTEGER: int, FLOAT: float, STRING: str,
         OBJECT: dict, ARRAY: list}  # fmt: skip
NOTHING = object()


def value_of(values: Values, row: int) -> Any:
    kind = values.kinds[row]
    if kind == ABSENT:
        return NOTHING
    text = values.octets[values.starts[row] : values.ends[row]].tobytes().decode()
    value = text if kind == STRING else json.loads(text)
    assert type(value) is KINDS[kind]
    return value


def member(value: Any, key: str) -> Any:
    return value.get(key, NOTHING) if isinstance(value, dict) else NOTHING


@st.composite
def lines(draw: st.DrawFn) -> str:
    value = draw(st.dictionaries(KEYS, VALUES, max_size=5))
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]))
    text = json.dumps(value, separators=separators, ensure_ascii=draw(st.booleans()))
    if draw(st.booleans()):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.text('{}[],:"\\ \t0.e-nu', max_size=2)) + text[at + 1 :]
    return text


@given(st.lists(lines(), max_size=4))
def test_rows_are_what_json_makes_of_them(texts: list[str]) -> None:
    block = "".join(f"{text}\n" for text in texts).encode()
    objects = Objects(block, SHAPE)
    odd = {line for _, line in objects.odd_lines()}
    taken = [text for text in texts if text not in odd and text.strip(" \t")]
    assert objects.row_count == len(taken)
    assert [line for _, line in objects.lines_of(np.arange(len(taken)))] == taken
    for row, text in enumerate(taken):
        value = parse_object(text)
        assert value is not None
        for path, inner in (("a", value), ("b", value), ("list", value)):
            found, expected = value_of(objects.column(path), row), member(inner, path)
            assert repr(found) == repr(expected)
        for key in ("a", "c"):
            found = value_of(objects.column(f"b/{key}"), row)
            assert repr(found) == repr(member(value.get("b"), key))
        items = [number for number, of in enumerate(objects.item_rows) if of == row]
        elements = value.get("list")
        expected = elements if isinstance(elements, list) else []
        assert repr([value_of(objects.item_column(""), i) for i in items]) == repr(expected)
        for number, element in zip(items, expected, strict=True):
            found = value_of(objects.item_column("a"), number)
            assert repr(found) == repr(member(element, "a"))


def test_usual_lines_are_taken() -> None:
    text = '{"a":-1.5e-3,"b":{"c":null,"x":[{"y":"\\u00e9\\/"},[]]},"list":["q",{"a":true}, 0]}\n'
    objects = Objects(text.encode() * 1000, SHAPE)
    assert objects.row_count == 1000
    assert len(objects.item_rows) == 3000
    assert not list(objects.odd_lines())


def test_deep_and_long_lines_are_odd() -> None:
    deep = "[" * 5000 + "]" * 5000
    long = ",".join(["1"] * 5000)
    for text in (
        f'{{"x":{deep}}}',
        f'{{"list":[{long}]}}',
        '{"a":1,"a":2}',
        '{"a":-0}',
        '{"x":NaN}',
    ):
        objects = Objects(text.encode() + b"\n" + b'{"a":1}\n', SHAPE)
        assert [line for _, line in objects.odd_lines()] == [text]
        assert objects.row_count == 1
