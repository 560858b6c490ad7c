"""JSON objects: lines or an array, however hostile."""

import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unflux.read.json_objects import NOT_JSON, head_objects, read_objects
from unflux.read.source import Drops

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES, max_size=3), max_size=6)


def objects_of(octets: bytes) -> tuple[list[dict[str, object]], Drops]:
    drops = Drops()
    return list(read_objects(io.BytesIO(octets), drops)), drops


@settings(deadline=None)
@given(OBJECTS, st.booleans())
def test_lines_come_back(objects: list[dict[str, object]], is_ascii: bool) -> None:
    text = "\n".join(json.dumps(value, ensure_ascii=is_ascii) for value in objects)
    octets = text.encode("utf-8", "surrogatepass" if is_ascii else "replace")
    found, drops = objects_of(octets)
    assert found == [json.loads(line) for line in octets.decode().split("\n") if line]
    assert not drops.reasons


@settings(deadline=None)
@given(OBJECTS, st.sampled_from([None, 2]))
def test_an_array_comes_back(objects: list[dict[str, object]], indent: int | None) -> None:
    found, drops = objects_of(b"\xef\xbb\xbf \n" + json.dumps(objects, indent=indent).encode())
    assert (found, dict(drops.reasons)) == (objects, {})


def test_a_long_array_in_many_pieces() -> None:
    objects: list[dict[str, object]] = [
        {"n": n, "text": "\u00e9\u20ac\U0001f600" * 7} for n in range(5000)
    ]
    octets = json.dumps(objects, ensure_ascii=False).encode()
    assert objects_of(octets)[0] == objects


@pytest.mark.parametrize(
    "line", ["[" * 100_000, "{" + '"a":{' * 50_000, '{"a":' + "9" * 6000 + "}", "17", "{", "null"]
)
def test_what_is_no_object_is_counted(line: str) -> None:
    found, drops = objects_of(b'{"a":1}\n' + line.encode() + b'\n{"b":2}\n')
    assert (found, dict(drops.reasons)) == ([{"a": 1}, {"b": 2}], {NOT_JSON: 1})


@pytest.mark.parametrize("tail", [b"", b'{"b":', b'{"b":1}', b"[" * 50_000, b"nonsense"])
def test_an_array_cut_short_keeps_its_first_objects(tail: bytes) -> None:
    found, drops = objects_of(b'[{"a":1},' + tail)
    assert found[0] == {"a": 1}
    assert dict(drops.reasons) == {"JSON array cut short or damaged": 1}


def test_head_objects() -> None:
    assert head_objects(b'{"a":1}\n{"b":2}\n{"c"') == [{"a": 1}, {"b": 2}]
    assert head_objects(b'[\n{"a":1},\n{"b"') == [{"a": 1}]
    assert head_objects(b"plain text") == []
