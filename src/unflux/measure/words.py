"""Words in the names asked: those that pools and peer-to-peer seeds carry."""

import ibis.expr.types as ir

from unflux.measure.records import Records

POOL_WORDS = r"(^|[.-])([0-9]*ntp[0-9]*|pool[0-9]*|time[0-9]*|mirrors?|irc)([.-]|$)"
SEED_WORDS = r"(^|[.-])([a-z]*seed(s|er|nodes?)?([.-]?[a-z0-9])?|bootstrap|peers?)([.-]|$)"


def measure_words(records: Records) -> ir.Table:
    """Count the names of each domain that say pool, NTP, time or mirror, and seed or peer.

    Chosen: 2026-11-22, the words that public NTP pools, mirrors and the seeders of open
    peer-to-peer networks use; effect: at most 3.5 nats towards innocence.
    """
    names = records.lookups.select("domain", "query").union(
        # Sources such as passive DNS show records, and no lookups.
        records.sightings.select("domain", "query"),
        distinct=True,
    )
    return names.group_by("domain").agg(
        pool_names=names["query"].re_search(POOL_WORDS).cast("int64").sum(),
        seed_names=names["query"].re_search(SEED_WORDS).cast("int64").sum(),
    )
