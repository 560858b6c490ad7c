"""Answers that a log lists without owner and type, in columns: give them both back."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from unflux.model.addresses import canonical_address
from unflux.read.chain import NAMED_ANSWERS, NO_OWNER, TYPED, UNTYPED
from unflux.read.presentation import BAD_NAME, BAD_TTL, parse_rdata, unescape_octets
from unflux.read.records import AAAA, CNAME, NS, A, Records
from unflux.read.source import Drops
from unflux.read.spans import Coded, Spans, unify
from unflux.read.ttls import BAD

_UNTYPED: Final = -2
"""Stands for a type of which the log does not tell enough."""

_PASSED: Final = -1
"""Stands for a type that is not kept."""


def own_answer_columns(
    query: Coded,
    qtype: Coded,
    response: np.ndarray,
    answers: Spans,
    ttl_s: np.ndarray,
    *,
    drops: Drops,
) -> Records:
    """Do for a batch what :func:`unflux.read.chain.own_answers` does for one response.

    ``query`` and ``qtype`` have a row for each response; ``response``, ``answers`` and ``ttl_s``
    (as of :func:`unflux.read.ttls.parse_ttls`) one for each answer, in order.
    """
    data, rrtype = _guess(answers, qtype, response)
    untyped_count = int(np.count_nonzero(rrtype == _UNTYPED))
    if untyped_count:
        drops.drop(UNTYPED, untyped_count)
    names, (queries, rdata) = unify(query, data)
    qname = _owners(queries, response, rdata, rrtype == CNAME)
    kept = rrtype >= 0
    for reason, is_bad in (
        (NO_OWNER, qname < 0),
        (BAD_NAME, data.is_null),
        (BAD_TTL, ttl_s == BAD),
    ):
        count = int((kept & is_bad).sum())
        if count:
            drops.drop(reason, count)
            kept &= ~is_bad
    return Records(
        response=response[kept],
        names=names,
        qname=qname[kept],
        rrtype=rrtype[kept],
        rdata=rdata[kept],
        ttl_s=ttl_s[kept],
        section=np.zeros(int(kept.sum()), dtype=np.int8),
    )


def _guess(answers: Spans, qtype: Coded, response: np.ndarray) -> tuple[Coded, np.ndarray]:
    """Return the data of each answer, null where it is bad, and its type (or _PASSED or _UNTYPED).

    The values of the data may repeat.
    """
    distinct, codes = answers.distinct()
    texts, family = distinct.addresses()
    kinds = np.select([family == 4, family == 6], [A, AAAA], CNAME).astype(np.int8)
    others = np.flatnonzero(family == 0)
    if len(others):
        spans = distinct.at(others)
        names, is_plain = spans.plain_names()
        guesses = [_guess_text(text) for text in spans.at(~is_plain).texts().to_pylist()]
        kinds[others[~is_plain]] = np.array([kind for kind, _ in guesses], dtype=np.int8)
        odd = pa.array([text for _, text in guesses], pa.string())
        names = pc.replace_with_mask(names, pa.array(~is_plain), odd)
        texts = pc.replace_with_mask(texts, pa.array(family == 0), names)
    kind = kinds[codes]
    of_names = [_type_of_names(text) for text in qtype.values.to_pylist()]
    by_question = np.array([*of_names, CNAME], dtype=np.int8)[qtype.codes]  # last: not known
    rrtype = np.where(kind == CNAME, by_question[response], kind)
    if texts.null_count:
        codes = np.where(np.asarray(texts.is_null())[codes], np.int32(-1), codes)
    return Coded(texts, codes), rrtype


def _guess_text(text: str) -> tuple[int, str | None]:
    """Return the type of an answer, CNAME for any name, and its data."""
    address = canonical_address(text)
    if address is not None:
        return (AAAA if ":" in address else A), address
    if TYPED.match(text):
        return _PASSED, ""
    return CNAME, parse_rdata("CNAME", unescape_octets(text))


def _type_of_names(qtype: str) -> int:
    """Return the type of a name in the answer to a question."""
    if qtype == "ANY":
        return _UNTYPED
    if qtype not in NAMED_ANSWERS:
        return CNAME
    return NS if qtype == "NS" else _PASSED  # of an SOA, such logs hold one name only


def _owners(
    queries: np.ndarray, response: np.ndarray, rdata: np.ndarray, is_alias: np.ndarray
) -> np.ndarray:
    """Return the owner of each record: the data of the last CNAME before it, or the query.

    Below 0 where that CNAME is no name.
    """
    owners: np.ndarray = queries[response]
    if is_alias.any():
        rows = np.arange(len(response))
        last_alias = np.maximum.accumulate(np.where(is_alias, rows, -1))
        before = np.append(-1, last_alias[:-1])
        follows = (before >= 0) & (response[before] == response)
        owners[follows] = rdata[before[follows]]
    return owners
