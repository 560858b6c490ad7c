"""JSON objects, one a line: where the values lie that are asked for (RFC 8259).

The pass accepts only what Python's ``json`` accepts; any line of which it is not sure it calls odd,
and whoever calls decodes that line alone. Depth is bounded and there is no recursion.
"""

import numpy as np

from unflux.read.kernel.jit import inlined, shared
from unflux.read.kernel.octets import octet
from unflux.read.kernel.scan import layout
from unflux.read.kernel.scan.layout import (
    ABSENT,
    ARRAY,
    CHILD,
    FALSE,
    FLAGS,
    FLOAT,
    INTEGER,
    IS_STRICT,
    KEY_END,
    KEY_START,
    LIST,
    MARKS,
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_ITEMS,
    NONE,
    NULL,
    OBJECT,
    SCAN_AT,
    SCAN_ITEMS,
    SCAN_ODD,
    SCAN_ROWS,
    SIBLING,
    SLOT,
    STRING,
    TRUE,
)
from unflux.read.kernel.scan.spans import word_at

(_NODE, _IS_ARRAY, _IN_ITEM, _BEGIN, _SEEN) = range(layout.LEVEL_WIDTH)
"""Columns of the levels of a line: node of the value (or NONE), whether it is an array, whether it
lies in an item, where it began, and a bit for each member that came so far."""

_QUOTE, _BACKSLASH, _LINE_END = ord('"'), ord("\\"), ord("\n")
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = ord("{"), ord("}"), ord("["), ord("]")
_COLON, _COMMA, _MINUS, _PLUS, _DOT, _ZERO = (ord(c) for c in ":,-+.0")
_BLANK, _TAB = ord(" "), ord("\t")
_SLASH, _B, _F, _N, _R, _T, _U = (ord(c) for c in "/bfnrtu")
_A, _E, _L, _S = (ord(c) for c in "aels")

_ODD = -1

_ONES = np.uint64(0x0101_0101_0101_0101)
_TOPS = np.uint64(0x8080_8080_8080_8080)
_QUOTES = np.uint64(0x2222_2222_2222_2222)
_BACKSLASHES = np.uint64(0x5C5C_5C5C_5C5C_5C5C)
_BLANKS = np.uint64(0x2020_2020_2020_2020)

mark_of = inlined(layout.mark_of)


@inlined
def skip_blanks(octets: np.ndarray, at: int) -> int:
    """Return where the next octet is that is neither blank nor tab."""
    while octet(octets, at) == _BLANK or octet(octets, at) == _TAB:
        at += 1
    return at


@inlined
def is_plain(letter: int) -> bool:
    """Tell whether a string holds an octet as it is."""
    return letter >= _BLANK and letter != _QUOTE and letter != _BACKSLASH


@inlined
def special_octets(word: np.uint64) -> np.uint64:
    """Return a word whose lowest bit that is set is the top bit of the first octet not plain.

    Zero where all eight are plain. (x - 1) & ~x has the top bit set of an octet that is zero, and
    perhaps of those above it.
    """
    quotes, backslashes = word ^ _QUOTES, word ^ _BACKSLASHES
    found = (quotes - _ONES) & ~quotes
    found |= (backslashes - _ONES) & ~backslashes
    found |= (word - _BLANKS) & ~word  # octets below a blank
    return found & _TOPS


@inlined
def place_of(found: np.uint64) -> int:
    """Return the number of the octet whose top bit is the lowest bit that is set."""
    below = (found & (~found + np.uint64(1))) - np.uint64(1)
    return np.int64(((below & _ONES) * _ONES) >> np.uint64(56)) - 1


@inlined
def skip_plain(octets: np.ndarray, at: int) -> int:
    """Return where the next octet is that a string does not hold as it is."""
    found = np.uint64(0)
    while found == 0 and at + 8 <= len(octets):
        found = special_octets(word_at(octets, at))
        at += 8 if found == 0 else place_of(found)
    if found == 0:
        while is_plain(octet(octets, at)):
            at += 1
    return at


@inlined
def is_hexadecimal(letter: int) -> bool:
    """Tell whether an octet is a digit of base 16."""
    lower = letter | 0x20
    return 0 <= letter - _ZERO <= 9 or _A <= lower <= _F


@shared
def end_of_string(octets: np.ndarray, at: int) -> tuple[int, bool]:
    """Return where the closing mark of a string is whose text begins here, and if it has escapes.

    -1 where the string is none. The block ends with a line end, which ends any string.
    """
    has_escapes = False
    while True:
        at = skip_plain(octets, at)
        letter = octet(octets, at)
        if letter == _QUOTE:
            return at, has_escapes
        if letter != _BACKSLASH:
            return _ODD, has_escapes
        has_escapes = True
        letter = octet(octets, at + 1)
        if letter == _U:
            for place in range(at + 2, at + 6):
                if not is_hexadecimal(octet(octets, place)):  # a line end is none
                    return _ODD, has_escapes
            at += 6
        elif (
            letter == _QUOTE or letter == _BACKSLASH or letter == _SLASH or letter == _B
            or letter == _F or letter == _N or letter == _R or letter == _T
        ):  # fmt: skip
            at += 2
        else:
            return _ODD, has_escapes


@inlined
def end_of_digits(octets: np.ndarray, at: int) -> int:
    """Return where the next octet is that is no decimal digit."""
    while 0 <= octet(octets, at) - _ZERO <= 9:
        at += 1
    return at


@shared
def end_of_number(octets: np.ndarray, start: int) -> tuple[int, int]:
    """Return where a number ends and its kind; -1 where it is none, or long."""
    at = start
    if octet(octets, at) == _MINUS:
        at += 1
    first = at
    at = end_of_digits(octets, at)
    digits = at - first
    if digits == 0 or digits > MAX_DIGITS or (digits > 1 and octet(octets, first) == _ZERO):
        return _ODD, INTEGER
    if digits == 1 and first > start and octet(octets, first) == _ZERO:
        return _ODD, INTEGER  # -0, which would be another text as a number than as written
    kind = INTEGER
    if octet(octets, at) == _DOT:
        kind = FLOAT
        first = at + 1
        at = end_of_digits(octets, first)
        if at == first:
            return _ODD, kind
    if octet(octets, at) | 0x20 == _E:
        kind = FLOAT
        at += 1
        if octet(octets, at) == _PLUS or octet(octets, at) == _MINUS:
            at += 1
        first = at
        at = end_of_digits(octets, first)
        if at == first:
            return _ODD, kind
    return at, kind


@inlined
def end_of_word(octets: np.ndarray, at: int) -> tuple[int, int]:
    """Return where ``true``, ``false`` or ``null`` ends and its kind; -1 where there is none.

    The end of the line, which is in none of them, stops the comparison.
    """
    first = octet(octets, at)
    if first == _T and octet(octets, at + 1) == _R and octet(octets, at + 2) == _U:
        return (at + 4 if octet(octets, at + 3) == _E else _ODD), TRUE
    if first == _N and octet(octets, at + 1) == _U and octet(octets, at + 2) == _L:
        return (at + 4 if octet(octets, at + 3) == _L else _ODD), NULL
    if first == _F and octet(octets, at + 1) == _A and octet(octets, at + 2) == _L:
        is_word = octet(octets, at + 3) == _S and octet(octets, at + 4) == _E
        return (at + 5 if is_word else _ODD), FALSE
    return _ODD, NULL


@shared
def find_member(
    octets: np.ndarray, start: int, end: int, nodes: np.ndarray, key_octets: np.ndarray, node: int
) -> int:
    """Return the node of the member of that name, or NONE."""
    if start == end:
        return NONE
    mark = mark_of(end - start, octet(octets, start), octet(octets, end - 1))
    if not nodes[np.uintp(node), MARKS] >> mark & 1:
        return NONE
    member = nodes[np.uintp(node), CHILD]
    while member >= 0:
        key = nodes[np.uintp(member), KEY_START]
        if nodes[np.uintp(member), KEY_END] - key == end - start:
            same = 0
            while same < end - start and octet(octets, start + same) == octet(
                key_octets, key + same
            ):
                same += 1
            if same == end - start:
                return member
        member = nodes[np.uintp(member), SIBLING]
    return NONE


@inlined
def aside(node: int) -> int:
    """Turn a node into a number that is none, for an array not looked into, and back."""
    return NONE - 1 - node


@inlined
def enter(levels: np.ndarray, depth: int, node: int, is_array: int, in_item: int, at: int) -> None:
    """Note what begins at a place."""
    level = np.uintp(depth)
    levels[level, _NODE] = node
    levels[level, _IS_ARRAY] = is_array
    levels[level, _IN_ITEM] = in_item
    levels[level, _BEGIN] = at
    levels[level, _SEEN] = 0


@inlined
def note_value(
    kinds: np.ndarray,
    span_starts: np.ndarray,
    span_ends: np.ndarray,
    slot: int,
    column: int,
    kind: int,
    start: int,
    end: int,
) -> None:
    """Write down where a value lies, and its kind."""
    row, at = np.uintp(slot), np.uintp(column)
    kinds[row, at] = kind
    span_starts[row, at] = start
    span_ends[row, at] = end


@shared
def scan_line(
    octets: np.ndarray,
    at: int,
    nodes: np.ndarray,
    key_octets: np.ndarray,
    row: int,
    kinds: np.ndarray,
    span_starts: np.ndarray,
    span_ends: np.ndarray,
    item: int,
    item_lists: np.ndarray,
    item_rows: np.ndarray,
    item_kinds: np.ndarray,
    item_starts: np.ndarray,
    item_ends: np.ndarray,
    levels: np.ndarray,
) -> tuple[int, int]:
    """Scan the object that begins here; return where its line ends and the items there are then.

    -1 first where the line is odd. ``levels`` are scratch.
    """
    first_item = item
    depth, node, is_array, in_item = 0, np.int64(0), np.int64(0), np.int64(0)
    enter(levels, 0, 0, 0, 0, at)
    at = skip_blanks(octets, at + 1)
    may_close = True
    while True:
        # Here begins a member or element, or an empty object or array ends.
        letter = octet(octets, at)
        is_empty = may_close and letter == (_CLOSE_ARRAY if is_array else _CLOSE_OBJECT)
        if not is_empty:
            child, child_in_item = np.int64(NONE), in_item
            if is_array:
                if node >= 0:
                    if item == len(item_rows) or item - first_item == MAX_ITEMS:
                        return _ODD, item
                    child, child_in_item = nodes[np.uintp(node), CHILD], np.int64(1)
                    item_lists[np.uintp(item)] = nodes[np.uintp(node), LIST]
                    item_rows[np.uintp(item)] = row
                    for slot in range(len(item_kinds)):
                        item_kinds[np.uintp(slot), np.uintp(item)] = ABSENT
                    item += 1
            else:
                if letter != _QUOTE:
                    return _ODD, item
                start = at + 1
                at, has_escapes = end_of_string(octets, start)
                if at < 0:
                    return _ODD, item
                if node >= 0:
                    if has_escapes:  # may be any of its members
                        return _ODD, item
                    child = find_member(octets, start, at, nodes, key_octets, node)
                    if child >= 0:
                        bit = np.int64(1) << child
                        if levels[np.uintp(depth), _SEEN] & bit:  # the last one would count
                            return _ODD, item
                        levels[np.uintp(depth), _SEEN] |= bit
                    elif nodes[np.uintp(node), FLAGS] & IS_STRICT:
                        return _ODD, item
                at = skip_blanks(octets, at + 1)
                if octet(octets, at) != _COLON:
                    return _ODD, item
                at = skip_blanks(octets, at + 1)
            letter = octet(octets, at)
            if letter == _OPEN_OBJECT or letter == _OPEN_ARRAY:
                depth += 1
                if depth == MAX_DEPTH:
                    return _ODD, item
                node, is_array, in_item = child, np.int64(letter == _OPEN_ARRAY), child_in_item
                if child >= 0 and is_array and nodes[np.uintp(child), LIST] < 0:
                    node = aside(child)
                enter(levels, depth, node, is_array, in_item, at)
                at = skip_blanks(octets, at + 1)
                may_close = True
                continue
            start = at
            if letter == _QUOTE:
                start = at + 1
                end, has_escapes = end_of_string(octets, start)
                if end < 0 or (has_escapes and child >= 0):
                    return _ODD, item
                kind, at = STRING, end + 1
            else:
                if letter == _MINUS or 0 <= letter - _ZERO <= 9:
                    end, kind = end_of_number(octets, at)
                else:
                    end, kind = end_of_word(octets, at)
                if end < 0:
                    return _ODD, item
                at = end
            if child >= 0:
                slot = nodes[np.uintp(child), SLOT]
                if child_in_item:
                    note_value(item_kinds, item_starts, item_ends, slot, item - 1, kind, start, end)
                else:
                    note_value(kinds, span_starts, span_ends, slot, row, kind, start, end)
        # Here goes on, or ends, what holds the value.
        while True:
            at = skip_blanks(octets, at)
            letter = octet(octets, at)
            if letter == _COMMA and not is_empty:
                at = skip_blanks(octets, at + 1)
                may_close = False
                break
            if letter != (_CLOSE_ARRAY if is_array else _CLOSE_OBJECT):
                return _ODD, item
            at += 1
            if depth == 0:
                at = skip_blanks(octets, at)
                return (at if octet(octets, at) == _LINE_END else _ODD), item
            if node < NONE:
                node = aside(node)
            if node >= 0:
                slot, begin = nodes[np.uintp(node), SLOT], levels[np.uintp(depth), _BEGIN]
                kind = ARRAY if is_array else OBJECT
                if in_item:
                    note_value(item_kinds, item_starts, item_ends, slot, item - 1, kind, begin, at)
                else:
                    note_value(kinds, span_starts, span_ends, slot, row, kind, begin, at)
            depth -= 1
            level = np.uintp(depth)
            node, is_array = levels[level, _NODE], levels[level, _IS_ARRAY]
            in_item = levels[level, _IN_ITEM]
            is_empty = False


@shared
def scan_objects(
    octets: np.ndarray,
    nodes: np.ndarray,
    key_octets: np.ndarray,
    scanned: np.ndarray,
    kinds: np.ndarray,
    span_starts: np.ndarray,
    span_ends: np.ndarray,
    lines: np.ndarray,
    item_lists: np.ndarray,
    item_rows: np.ndarray,
    item_kinds: np.ndarray,
    item_starts: np.ndarray,
    item_ends: np.ndarray,
    odd_lines: np.ndarray,
    levels: np.ndarray,
) -> None:
    """Scan lines: a row for each object, and its items; blank lines are none.

    ``octets`` end with a line end. ``nodes`` and ``key_octets`` are the shape (see
    :class:`unflux.read.objects.Shape`). ``kinds``, ``span_starts`` and ``span_ends`` have a row for
    each slot and a column for each row, and likewise for items. ``lines`` takes the span of each
    row's line; ``odd_lines`` that of each line that is not understood, and how many rows came
    before it. Kinds are ABSENT at first; ``levels`` are scratch.

    ``scanned`` says where to go on, and then where the scan stopped: before the end where there is
    no room for more.
    """
    at, row = scanned[SCAN_AT], scanned[SCAN_ROWS]
    item, odd = scanned[SCAN_ITEMS], scanned[SCAN_ODD]
    while at < len(octets):
        begin = at
        at = skip_blanks(octets, at)
        if octet(octets, at) == _LINE_END:
            at += 1
            continue
        if row == len(lines) or odd == len(odd_lines):
            at = begin
            break
        end, last_item = _ODD, item
        if octet(octets, at) == _OPEN_OBJECT:
            end, last_item = scan_line(
                octets, at, nodes, key_octets, row, kinds, span_starts, span_ends, item,
                item_lists, item_rows, item_kinds, item_starts, item_ends, levels,
            )  # fmt: skip
        if end >= 0:
            lines[np.uintp(row), 0], lines[np.uintp(row), 1] = begin, end
            row, item, at = row + 1, last_item, end + 1
            continue
        for slot in range(len(kinds)):
            kinds[np.uintp(slot), np.uintp(row)] = ABSENT
        if last_item == len(item_rows):
            at = begin
            break
        while octet(octets, at) != _LINE_END:
            at += 1
        odd_lines[np.uintp(odd), 0], odd_lines[np.uintp(odd), 1] = begin, at
        odd_lines[np.uintp(odd), 2] = row
        odd += 1
        at += 1
    scanned[SCAN_AT], scanned[SCAN_ROWS] = at, row
    scanned[SCAN_ITEMS], scanned[SCAN_ODD] = item, odd
