"""What the resolvers of a generated internet are told, as rows of a plain table."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from unflux.lab.adversary.asking import Question
from unflux.lab.adversary.scene import Scene
from unflux.lab.resolver import Resolver
from unflux.lab.zones import RRset, Vantage

SCHEMA: Final = pa.schema(
    [
        pa.field("ts", pa.string()),
        pa.field("qname", pa.string()),
        pa.field("rrtype", pa.string()),
        pa.field("rdata", pa.string()),
        pa.field("ttl", pa.int64()),
        pa.field("query", pa.string()),
        pa.field("section", pa.string()),
        pa.field("rcode", pa.string()),
    ]
)
"""Seconds since the epoch as text with microseconds; a response without records is a row without
data; null TTL is unknown."""


@dataclass(frozen=True, slots=True)
class Make:
    """What sort of resolver it is: see :class:`Resolver`."""

    caches: int
    minimal: int
    is_cyclic: bool
    glue_age_s: int


GLUE_AGE_S: Final = 21 * 3600
"""Glue of the dig records of 2009 has 27 to 48 h left."""

MAKES: Final[dict[Vantage, Make]] = {
    "one": Make(1, 0, is_cyclic=True, glue_age_s=0),
    "two": Make(4, 2, is_cyclic=False, glue_age_s=GLUE_AGE_S),
    "three": Make(1, 1, is_cyclic=False, glue_age_s=0),
    "four": Make(24, 0, is_cyclic=False, glue_age_s=GLUE_AGE_S),
    "five": Make(3, 3, is_cyclic=True, glue_age_s=0),
    "six": Make(1, 0, is_cyclic=False, glue_age_s=0),
}
"""Chosen: 2026-11-24; "four" is a large provider's farm as in the dig records of 2009, "three" and
"five" say no more than asked, as many do today."""


def build_resolvers(scene: Scene) -> dict[str, Resolver]:
    """Build a resolver for each vantage: farms and single caches, talkative and minimal."""
    return {
        vantage: Resolver(
            vantage,
            scene.zones,
            scene.stream(f"resolver {vantage}"),
            cache_count=make.caches,
            minimal_count=make.minimal,
            is_cyclic=make.is_cyclic,
            glue_age_s=make.glue_age_s,
        )
        for vantage, make in MAKES.items()
    }


class _Columns:
    """Rows under construction: responses by number, records by response."""

    def __init__(self) -> None:
        self.answered_us: list[int] = []
        self.response: list[int] = []
        self.texts: dict[str, list[str | None]] = {
            name: [] for name in ("qname", "rrtype", "rdata", "query", "section", "rcode")
        }
        self.ttl: list[int | None] = []

    def add_response(self, answered_us: int) -> None:
        self.answered_us.append(answered_us)

    def add(
        self, question: Question, section: str | None, rcode: str, rrset: RRset, *, keeps_ttl: bool
    ) -> None:
        number = len(self.answered_us) - 1
        texts = self.texts
        for rdata in rrset.rdatas or (None,):
            self.response.append(number)
            self.ttl.append(rrset.ttl_s if keeps_ttl and rdata is not None else None)
            texts["qname"].append(rrset.owner)
            texts["rrtype"].append(rrset.rrtype)
            texts["rdata"].append(rdata)
            texts["query"].append(question.qname)
            texts["section"].append(section)
            texts["rcode"].append(rcode)


def observe(scene: Scene, questions: Iterable[Question]) -> pa.Table:
    """Resolve all questions, which come in order of time, and return the rows by time."""
    resolvers = build_resolvers(scene)
    columns = _Columns()
    for question in questions:
        reply = resolvers[question.vantage].resolve(
            question.qname, question.qtype, question.asked_us
        )
        columns.add_response(reply.answered_us)
        keeps_ttl = question.qname not in scene.without_ttl
        if not reply.answer:
            nothing = RRset(question.qname, question.qtype, 0, ())
            columns.add(question, None, reply.rcode, nothing, keeps_ttl=False)
            continue
        for section, rrsets in (
            ("ans", reply.answer),
            ("auth", reply.authority),
            ("add", reply.additional),
        ):
            # An archive without TTLs holds answers alone.
            if section == "ans" or keeps_ttl:
                for rrset in rrsets:
                    columns.add(question, section, reply.rcode, rrset, keeps_ttl=keeps_ttl)
    return _compose(columns)


def _compose(columns: _Columns) -> pa.Table:
    """Put responses in order of time, no two of them at the same moment."""
    answered_us = np.array(columns.answered_us, dtype=np.int64)
    order = np.argsort(answered_us, kind="stable")
    places = np.arange(len(order))
    # The least strictly rising moments that are nowhere earlier than the true ones.
    moments = np.maximum.accumulate(answered_us[order] - places) + places
    texts = np.array(
        [f"{us // 1_000_000}.{us % 1_000_000:06d}" for us in moments.tolist()], dtype=object
    )
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = places
    response = rank[np.array(columns.response, dtype=np.int64)]
    table = pa.table(
        {
            "ts": pa.array(texts[response], pa.string()),
            **columns.texts,
            "ttl": pa.array(columns.ttl, pa.int64()),
        }
    )
    return table.take(pa.array(np.argsort(response, kind="stable"))).select(SCHEMA.names)
