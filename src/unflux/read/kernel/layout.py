"""What the compiled code and its caller agree on: tables, their columns, statuses, reasons."""

from typing import Final, NamedTuple

import numpy as np

from unflux.read.message import BAD_TIME, DAMAGED, NO_TIME, NOT_ASKED, OTHER_CLASS, Undecoded

UNKNOWN_TIME: Final = -(1 << 63)
"""Stands for a moment, and for a bucket, that is not known; no moment of a record is as early."""

NO_TTL: Final = -1
"""Stands for a TTL that is not known."""

UNKNOWN_TYPE: Final = 1 << 16
"""Stands for a question type that is not known; types have 16 bits (RFC 1035 section 3.2.3)."""

RRTYPES: Final = ("A", "AAAA", "CNAME", "NS", "SOA")
SECTIONS: Final = ("add", "ans", "auth")
"""Types and sections by their number in the tables: in the order of their names, so that sorted
numbers are sorted names."""

KIND_IPV6: Final = 4
KIND_NAME: Final = 8
"""The least kinds, types times 4 plus section, of IPv6 addresses, and of names."""

RCODES: Final = ("NOERROR", "NXDOMAIN", "SERVFAIL", "other", "unknown")
"""Classes of response codes by their number."""

REASONS: Final = (
    Undecoded.SHORT.value,
    Undecoded.OPCODE.value,
    Undecoded.QUESTION_COUNT.value,
    Undecoded.QUESTION.value,
    Undecoded.CLASS.value,
    BAD_TIME,
    NO_TIME,
    NOT_ASKED,
    OTHER_CLASS,
    DAMAGED,
    "malformed dnstap frame",
    "dnstap frame without a message",
    "dnstap update message",
    "dnstap message of unknown type",
    "dnstap response without its DNS message",
)
"""Reasons for drops by their number in ``Tables.drops``; phrases shared with the interpreted
decoders."""

(
    SHORT, BAD_OPCODE, QUESTION_COUNT, BAD_QUESTION, BAD_CLASS, IMPLAUSIBLE_TIME, MISSING_TIME,
    OUT_OF_SPAN, FOREIGN_CLASS, DAMAGED_MESSAGE, MALFORMED_FRAME, NO_MESSAGE, UPDATE_MESSAGE,
    UNKNOWN_MESSAGE, NO_RESPONSE,
) = range(len(REASONS))  # fmt: skip

(
    RESPONSES, QUERIES, NOW, STAMP, SINCE, UNTIL, BUCKET_US,
    TEXTS, WORDS, ADDRESSES, PREFIXES, SIGHTINGS, LOOKUPS, SETS, BATCH_PUT, BATCH_TAKEN,
) = range(16)  # fmt: skip
"""Places in ``Tables.state``: counts of responses and queries; the clock of the capture; number
of the response in hand; bounds of the time asked for (:data:`UNKNOWN_TIME`: none) and width of a
bucket, microseconds; rows used of each table; messages in the batch and how many are taken."""

STATE_SIZE: Final = 16

STOPPED_AT: Final = 0
STATUS: Final = 1
COUNT: Final = 2
RESIDUE: Final = 3
PROGRESS_SIZE: Final = 4
"""Places in ``progress``, by which compiled functions say how far they came: where they stopped
(an octet or a row), why, and how many rows they wrote, residual packets apart."""

DONE: Final = 1
NO_ROOM: Final = 2
"""The tables may not hold what the next message brings: they must grow."""
INCOMPLETE: Final = 3
"""The next record is not all there."""
FULL: Final = 4
"""The rows given for packets are used up."""
ODD: Final = 5
"""The next record is of a kind that the caller knows how to take."""

PACKET_START: Final = 0
PACKET_END: Final = 1
PACKET_TIME: Final = 2
PACKET_LINK: Final = 3
PACKET_NOW: Final = 4
PACKET_WIDTH: Final = 5
"""Columns of packets and frames: first octet, octet behind the last, moment (microseconds),
LINKTYPE value, and clock of the capture (written for residual packets only)."""

INTERFACE_LINK: Final = 0
INTERFACE_SNAPSHOT: Final = 1
INTERFACE_TICKS: Final = 2
INTERFACE_OFFSET: Final = 3
INTERFACE_WIDTH: Final = 4
"""Columns of the interfaces of a capture: LINKTYPE value, snapshot length in octets (0: none),
ticks per second (0: a resolution or offset that is not reckoned with in 64 bits), microseconds to
add."""

TEXT_LENGTH_MASK: Final = (1 << 12) - 1
TEXT_LOOKUPS: Final = 1
TEXT_HEADER: Final = 2
"""Words of the arena of texts: a text is known by its first one, which holds its hash but for
twelve bits and in these its length in octets; the second holds, 32 bits each, 1 + the lookups that
it was the question of last, for addresses of IPv4 and for all else: where to look first. Its
octets follow."""

ADDRESS_HIGH: Final = 0
ADDRESS_LOW: Final = 1
ADDRESS_FAMILY: Final = 2
ADDRESS_SLASH24: Final = 3
ADDRESS_SLASH16: Final = 4
ADDRESS_STAMP: Final = 5
ADDRESS_WIDTH: Final = 8
"""Columns of addresses: halves of the number (IPv4 in the lower alone), 4 or 6, rows of its
prefixes, response that held it last. IPv4 addresses are here only where prefixes had to be
counted; sightings hold their numbers."""

PREFIX_BITS: Final = 0
PREFIX_KIND: Final = 1
PREFIX_STAMP: Final = 2
PREFIX_WIDTH: Final = 4
"""Columns of prefixes: the leading bits, how many they are (24 and 16 of IPv4, 48 and 32 of IPv6),
response that held it last."""

SIGHTING_BUCKET: Final = 0
SIGHTING_NAMES: Final = 1
SIGHTING_DATA: Final = 2
SIGHTING_COUNT: Final = 3
SIGHTING_SEEN: Final = 4
SIGHTING_TTLS: Final = 5
SIGHTING_STAMP: Final = 6
SIGHTING_WIDTH: Final = 8
"""Columns of sightings, one cache line in all, and in halves of 32 bits (lower, upper). Names:
owner, query. Data: kind (type times 4, plus section), then the number of an IPv4 address, the row
of an IPv6 address or a text. Seen: first and last moment, microseconds from the start of the
bucket. TTLs: 1 + greatest, least. Stamp: the response that held it last."""

LOOKUP_BUCKET: Final = 0
LOOKUP_QUESTION: Final = 1
LOOKUP_RESPONSES: Final = 2
LOOKUP_FAILED: Final = 3
LOOKUP_ANSWERED: Final = 4
LOOKUP_SUM: Final = 5
LOOKUP_SEEN: Final = 6
LOOKUP_MOST: Final = 7
LOOKUP_WIDTH: Final = 8
"""Columns of lookups, likewise. Question: type, query. Responses: all, NOERROR. Failed: NXDOMAIN,
SERVFAIL. Answered: other codes, responses with an address. Sum of addresses. Seen: as above. Most:
addresses in one answer, and 1 + the answer set seen last."""

TRAIL_LENGTH: Final = 16
"""Sightings that the responses of a lookup led to last, 1 + each, in order; one cache line."""

SET_LOOKUP: Final = 0
SET_HASH: Final = 1
SET_RESPONSES: Final = 2
SET_ADDRESSES: Final = 3
SET_SLASH24S: Final = 4
SET_SLASH16S: Final = 5
SET_SEEN: Final = 6
SET_WIDTH: Final = 8
"""Columns of answer sets; the lookup stands for bucket, query and type. Seen: as above."""

NEVER_SEEN: Final = 0xFFFF_FFFF
"""First and last moment of a row that nothing was added to."""

MAX_ANSWERS: Final = 1 << 13
"""More addresses than one message of 64 KiB can hold: a record takes 15 octets at least."""

ANSWER_WIDTH: Final = 3
"""Columns of the answer addresses of the message in hand: family, halves of the number."""

BATCH_ROWS: Final = 16
BATCH_START: Final = 0
BATCH_END: Final = 1
BATCH_TIME: Final = 2
BATCH_HASH: Final = 3
BATCH_TYPE: Final = 4
BATCH_TEXT: Final = 5
BATCH_WIDTH: Final = 8
"""Messages taken together, and their columns: first octet, octet behind the last, moment; hash in
hand, type asked, text of the name. Chosen: 2026-11-24; more than 16 do not wait less, and their
rows must stay in the caches."""

RESPONSE_TIME: Final = 0
RESPONSE_QUERY: Final = 1
RESPONSE_TYPE: Final = 2
RESPONSE_CODE: Final = 3
RESPONSE_RECORDS: Final = 4
RESPONSE_WIDTH: Final = 5
"""Columns of responses given as numbers: moment, row of the query's text, type, place in RCODES,
and how many of the records are theirs."""

RECORD_OWNER: Final = 0
RECORD_KIND: Final = 1
RECORD_TTL: Final = 2
RECORD_LOW: Final = 3
RECORD_HIGH: Final = 4
RECORD_WIDTH: Final = 5
"""Columns of their records, response after response: text of the owner, kind, TTL (-1: unknown),
and the number of an address, or a text in the lower half."""

MAX_TEXT_BYTES: Final = 2176
"""Octets of the longest text kept: an SOA record, whose two names may be escaped throughout
(4 octets for each of 255), and five numbers."""

MAX_ADDRESS_TEXT: Final = 39
"""Octets of the longest canonical address: eight groups of IPv6."""

TEXT_WORDS: Final = MAX_TEXT_BYTES // 16 + 4
"""Words of the arena kept free for each text of a message: more than a name can take, and with
what the name before it leaves, enough for an SOA record."""

KEY_COUNT: Final = MAX_TEXT_BYTES // 4 + 16
"""Random numbers of the hashes: two for each eight octets of a text, and some for rows."""

MEMO_WIDTH: Final = 4
MEMO_ROWS: Final = 1 << 14
"""Names of the message in hand by where they begin, as far as a pointer reaches (14 bits, RFC
1035 section 4.1.4): response, text, octet where it ends, parts."""


class Tables(NamedTuple):
    """Everything that the compiled decoder writes to.

    Each of the hashed tables has slots (int64: 32 bits of the hash and 1 + the row or word; 0 is
    free) and rows. ``state``, ``drops``: see above. ``keys``: uint64 below 2^32, random.
    """

    state: np.ndarray
    drops: np.ndarray
    keys: np.ndarray
    text_slots: np.ndarray
    text_words: np.ndarray
    address_slots: np.ndarray
    address_rows: np.ndarray
    prefix_slots: np.ndarray
    prefix_rows: np.ndarray
    sighting_slots: np.ndarray
    sighting_rows: np.ndarray
    lookup_slots: np.ndarray
    lookup_rows: np.ndarray
    lookup_trails: np.ndarray
    set_slots: np.ndarray
    set_rows: np.ndarray
    memo: np.ndarray
    scratch: np.ndarray
    answers: np.ndarray
    batch: np.ndarray
    presentation: np.ndarray
