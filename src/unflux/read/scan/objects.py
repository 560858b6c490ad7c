"""JSON objects, one a line: where the values lie that are asked for (RFC 8259).

The pass accepts only what Python's ``json`` accepts; any line of which it is not sure it calls odd,
and whoever calls decodes that line alone. Depth is bounded and there is no recursion.
"""

import numpy as np

from unflux.read.scan.jit import compiled, inlined

ABSENT, NULL, TRUE, FALSE, INTEGER, FLOAT, STRING, OBJECT, ARRAY = range(9)
"""Kinds of values. The span of a string lies between its quotation marks; it has no escapes."""

(CHILD, SIBLING, KEY_START, KEY_END, SLOT, LIST, FLAGS, MARKS) = range(8)
"""Columns of the nodes of a shape: first member (or element), next member of its parent, span of
its key, slot that takes its value, list that takes its elements, flags, and a bit for each mark
(see :func:`mark_of`) that the keys of its members have."""

NODE_WIDTH = 8
NONE = -1

IS_STRICT = 1
"""Flag of an object of which a member that is not in the shape makes the line odd."""

MAX_DEPTH = 48
"""Of nesting. Suricata's deepest events have 8 levels."""

MAX_ITEMS = 4096
"""Elements of lists in one line, beyond which it is odd."""

MAX_DIGITS = 18
"""Of a whole number; they fit in 64 bits."""

_QUOTE, _BACKSLASH, _LINE_END = ord('"'), ord("\\"), ord("\n")
_OPEN_OBJECT, _CLOSE_OBJECT, _OPEN_ARRAY, _CLOSE_ARRAY = ord("{"), ord("}"), ord("["), ord("]")
_COLON, _COMMA, _MINUS, _PLUS, _DOT, _ZERO = (ord(c) for c in ":,-+.0")
_BLANK, _TAB, _RETURN = ord(" "), ord("\t"), ord("\r")
_SLASH, _B, _F, _N, _R, _T, _U = (ord(c) for c in "/bfnrtu")
_E_LOWER, _E_UPPER = ord("e"), ord("E")

_ODD = -1


def _is_plain_table() -> np.ndarray:
    """Return which octets a string holds as they are."""
    table = np.ones(256, dtype=np.bool_)
    table[:0x20] = False
    table[_QUOTE] = table[_BACKSLASH] = False
    return table


def _is_hex_table() -> np.ndarray:
    table = np.zeros(256, dtype=np.bool_)
    for octet in b"0123456789abcdefABCDEF":
        table[octet] = True
    return table


_IS_PLAIN = _is_plain_table()
_IS_HEX = _is_hex_table()
_TRUE = np.frombuffer(b"true", dtype=np.uint8)
_FALSE = np.frombuffer(b"false", dtype=np.uint8)
_NULL = np.frombuffer(b"null", dtype=np.uint8)


@compiled
def _skip_blanks(octets: np.ndarray, at: int) -> int:
    while octets[np.uintp(at)] == _BLANK or octets[np.uintp(at)] == _TAB:
        at += 1
    return at


@compiled
def _end_of_string(octets: np.ndarray, at: int) -> tuple[int, bool]:
    """Return where the closing mark of a string is whose text begins here, and if it has escapes.

    :data:`_ODD` where the string is none. The block ends with a line end, which ends any string.
    """
    has_escapes = False
    while True:
        while _IS_PLAIN[octets[np.uintp(at)]]:
            at += 1
        octet = octets[np.uintp(at)]
        if octet == _QUOTE:
            return at, has_escapes
        if octet != _BACKSLASH:
            return _ODD, has_escapes
        has_escapes = True
        octet = octets[np.uintp(at + 1)]
        if octet == _U:
            for place in range(at + 2, at + 6):
                if not _IS_HEX[octets[np.uintp(place)]]:  # a line end is none
                    return _ODD, has_escapes
            at += 6
        elif (
            octet == _QUOTE or octet == _BACKSLASH or octet == _SLASH or octet == _B
            or octet == _F or octet == _N or octet == _R or octet == _T
        ):  # fmt: skip
            at += 2
        else:
            return _ODD, has_escapes


@compiled
def _end_of_digits(octets: np.ndarray, at: int) -> int:
    while 0 <= int(octets[np.uintp(at)]) - _ZERO <= 9:
        at += 1
    return at


@compiled
def _end_of_number(octets: np.ndarray, start: int) -> tuple[int, int]:
    """Return where a number ends and its kind; :data:`_ODD` where it is none, or long."""
    at = start
    if octets[np.uintp(at)] == _MINUS:
        at += 1
    first = at
    at = _end_of_digits(octets, at)
    digits = at - first
    if digits == 0 or digits > MAX_DIGITS or (digits > 1 and octets[np.uintp(first)] == _ZERO):
        return _ODD, INTEGER
    if digits == 1 and first > start and octets[np.uintp(first)] == _ZERO:
        return _ODD, INTEGER  # -0, which would be another text as a number than as written
    kind = INTEGER
    if octets[np.uintp(at)] == _DOT:
        kind = FLOAT
        first = at + 1
        at = _end_of_digits(octets, first)
        if at == first:
            return _ODD, kind
    if octets[np.uintp(at)] == _E_LOWER or octets[np.uintp(at)] == _E_UPPER:
        kind = FLOAT
        at += 1
        if octets[np.uintp(at)] == _PLUS or octets[np.uintp(at)] == _MINUS:
            at += 1
        first = at
        at = _end_of_digits(octets, first)
        if at == first:
            return _ODD, kind
    return at, kind


@compiled
def _is_word(octets: np.ndarray, at: int, word: np.ndarray) -> bool:
    """Tell whether a word stands here; a line end, which no word has, stops the comparison."""
    for index in range(len(word)):
        if octets[np.uintp(at + index)] != word[index]:
            return False
    return True


def mark_of(length: int, first: int, last: int) -> int:
    """Return a number below 64 by which most keys that are not in a shape are told from those."""
    return (7 * length + 5 * first + last) & 63


_mark_of = inlined(mark_of)


@compiled
def _find_member(
    octets: np.ndarray, start: int, end: int, nodes: np.ndarray, keys: np.ndarray, node: int
) -> int:
    """Return the node of the member of that name, or :data:`NONE`."""
    if start == end:
        return NONE
    mark = _mark_of(end - start, int(octets[np.uintp(start)]), int(octets[np.uintp(end - 1)]))
    if not nodes[np.uintp(node), MARKS] >> mark & 1:
        return NONE
    member = nodes[np.uintp(node), CHILD]
    while member >= 0:
        key = nodes[np.uintp(member), KEY_START]
        if nodes[np.uintp(member), KEY_END] - key == end - start:
            same = 0
            while (
                same < end - start and octets[np.uintp(start + same)] == keys[np.uintp(key + same)]
            ):
                same += 1
            if same == end - start:
                return int(member)
        member = nodes[np.uintp(member), SIBLING]
    return NONE


@compiled
def _aside(node: int) -> int:
    """Turn a node into a number that is none, for an array not looked into, and back."""
    return NONE - 1 - node


@compiled
def _scan_line(
    octets: np.ndarray,
    at: int,
    nodes: np.ndarray,
    keys: np.ndarray,
    row: int,
    kinds: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    item: int,
    item_lists: np.ndarray,
    item_rows: np.ndarray,
    item_kinds: np.ndarray,
    item_starts: np.ndarray,
    item_ends: np.ndarray,
    stack: np.ndarray,
    seen: np.ndarray,
) -> tuple[int, int]:
    """Scan the object that begins here; return where its line ends and the items there are then.

    :data:`_ODD` first where the line is odd. ``stack`` has, for each level, the node of the value
    (or NONE), whether it is an array, whether it lies in an item, and where it began; ``seen`` the
    members of it that came so far.
    """
    first_item = item
    depth = 0
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = 0, 0, 0, at
    seen[0] = 0
    at = _skip_blanks(octets, at + 1)
    may_close = True
    while True:
        # Here begins a member or element, or an empty object or array ends.
        node, is_array = stack[depth, 0], stack[depth, 1]
        octet = octets[np.uintp(at)]
        is_empty = may_close and octet == (_CLOSE_ARRAY if is_array else _CLOSE_OBJECT)
        if not is_empty:
            child, in_item = NONE, stack[depth, 2]
            if is_array:
                if node >= 0:
                    if item == len(item_rows) or item - first_item == MAX_ITEMS:
                        return _ODD, item
                    child, in_item = nodes[np.uintp(node), CHILD], 1
                    item_lists[np.uintp(item)] = nodes[np.uintp(node), LIST]
                    item_rows[np.uintp(item)] = row
                    for slot in range(len(item_kinds)):
                        item_kinds[np.uintp(slot), np.uintp(item)] = ABSENT
                    item += 1
            else:
                if octet != _QUOTE:
                    return _ODD, item
                start = at + 1
                at, has_escapes = _end_of_string(octets, start)
                if at < 0:
                    return _ODD, item
                if node >= 0:
                    if has_escapes:  # may be any of its members
                        return _ODD, item
                    child = _find_member(octets, start, at, nodes, keys, node)
                    if child >= 0:
                        bit = np.int64(1) << child
                        if seen[depth] & bit:  # the last one would count
                            return _ODD, item
                        seen[depth] |= bit
                    elif nodes[np.uintp(node), FLAGS] & IS_STRICT:
                        return _ODD, item
                at = _skip_blanks(octets, at + 1)
                if octets[np.uintp(at)] != _COLON:
                    return _ODD, item
                at = _skip_blanks(octets, at + 1)
            octet = octets[np.uintp(at)]
            if octet == _OPEN_OBJECT or octet == _OPEN_ARRAY:
                depth += 1
                if depth == MAX_DEPTH:
                    return _ODD, item
                stack[depth, 0], stack[depth, 1] = child, octet == _OPEN_ARRAY
                stack[depth, 2], stack[depth, 3] = in_item, at
                if child >= 0 and octet == _OPEN_ARRAY and nodes[np.uintp(child), LIST] < 0:
                    stack[depth, 0] = _aside(child)
                seen[depth] = 0
                at = _skip_blanks(octets, at + 1)
                may_close = True
                continue
            start = at
            if octet == _QUOTE:
                start = at + 1
                end, has_escapes = _end_of_string(octets, start)
                if end < 0 or (has_escapes and child >= 0):
                    return _ODD, item
                kind, at = STRING, end + 1
            elif octet == _MINUS or 0 <= int(octet) - _ZERO <= 9:
                end, kind = _end_of_number(octets, at)
                if end < 0:
                    return _ODD, item
                at = end
            elif octet == _T and _is_word(octets, at, _TRUE):
                kind, end = TRUE, at + 4
                at = end
            elif octet == _F and _is_word(octets, at, _FALSE):
                kind, end = FALSE, at + 5
                at = end
            elif octet == _N and _is_word(octets, at, _NULL):
                kind, end = NULL, at + 4
                at = end
            else:
                return _ODD, item
            if child >= 0:
                slot = nodes[np.uintp(child), SLOT]
                if in_item:
                    item_kinds[np.uintp(slot), np.uintp(item - 1)] = kind
                    item_starts[np.uintp(slot), np.uintp(item - 1)] = start
                    item_ends[np.uintp(slot), np.uintp(item - 1)] = end
                else:
                    kinds[np.uintp(slot), np.uintp(row)] = kind
                    starts[np.uintp(slot), np.uintp(row)] = start
                    ends[np.uintp(slot), np.uintp(row)] = end
        # Here goes on, or ends, what holds the value.
        while True:
            at = _skip_blanks(octets, at)
            octet = octets[np.uintp(at)]
            if octet == _COMMA and not is_empty:
                at = _skip_blanks(octets, at + 1)
                may_close = False
                break
            if octet != (_CLOSE_ARRAY if stack[depth, 1] else _CLOSE_OBJECT):
                return _ODD, item
            at += 1
            if depth == 0:
                at = _skip_blanks(octets, at)
                return (at if octets[np.uintp(at)] == _LINE_END else _ODD), item
            node = stack[depth, 0]
            if node < NONE:
                node = _aside(node)
            if node >= 0:
                slot = nodes[np.uintp(node), SLOT]
                kind = ARRAY if stack[depth, 1] else OBJECT
                if stack[depth, 2]:
                    item_kinds[np.uintp(slot), np.uintp(item - 1)] = kind
                    item_starts[np.uintp(slot), np.uintp(item - 1)] = stack[depth, 3]
                    item_ends[np.uintp(slot), np.uintp(item - 1)] = at
                else:
                    kinds[np.uintp(slot), np.uintp(row)] = kind
                    starts[np.uintp(slot), np.uintp(row)] = stack[depth, 3]
                    ends[np.uintp(slot), np.uintp(row)] = at
            depth -= 1
            is_empty = False


@compiled
def scan_objects(
    octets: np.ndarray,
    at: int,
    nodes: np.ndarray,
    keys: np.ndarray,
    row: int,
    kinds: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    lines: np.ndarray,
    item: int,
    item_lists: np.ndarray,
    item_rows: np.ndarray,
    item_kinds: np.ndarray,
    item_starts: np.ndarray,
    item_ends: np.ndarray,
    odd: int,
    odd_lines: np.ndarray,
) -> tuple[int, int, int, int]:
    """Scan lines from ``at`` on: a row for each object, and its items; blank lines are none.

    ``octets`` end with a line end. ``nodes`` and ``keys`` are the shape (see :mod:`.shapes`).
    ``kinds``, ``starts`` and ``ends`` have a row for each slot and a column for each row, and
    likewise for items. ``lines`` takes the span of each row's line; ``odd_lines`` that of each line
    that is not understood, and how many rows came before it. Kinds are ABSENT at first.

    Returns where the scan stopped, which is before the end where there is no room for more,
    and how many rows, items and odd lines there are then.
    """
    stack = np.zeros((MAX_DEPTH, 4), dtype=np.int64)
    seen = np.zeros(MAX_DEPTH, dtype=np.int64)
    size = len(octets)
    while at < size:
        begin = at
        at = _skip_blanks(octets, at)
        if octets[np.uintp(at)] == _LINE_END:
            at += 1
            continue
        if row == len(lines) or odd == len(odd_lines):
            return begin, row, item, odd
        end, last_item = _ODD, item
        if octets[np.uintp(at)] == _OPEN_OBJECT:
            end, last_item = _scan_line(
                octets, at, nodes, keys, row, kinds, starts, ends, item, item_lists, item_rows,
                item_kinds, item_starts, item_ends, stack, seen,
            )  # fmt: skip
        if end >= 0:
            lines[row, 0], lines[row, 1] = begin, end
            row, item, at = row + 1, last_item, end + 1
            continue
        for slot in range(len(kinds)):
            kinds[np.uintp(slot), np.uintp(row)] = ABSENT
        if last_item == len(item_rows):
            return begin, row, item, odd
        while octets[np.uintp(at)] != _LINE_END:
            at += 1
        odd_lines[odd, 0], odd_lines[odd, 1], odd_lines[odd, 2] = begin, at, row
        odd += 1
        at += 1
    return at, row, item, odd
