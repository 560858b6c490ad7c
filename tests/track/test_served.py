"""What tracked networks served, and who shares their agents: the same on every engine."""

from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from unflux.engine.connection import Engine
from unflux.link.components import MEMBERS
from unflux.model.columns import ANSWER_SETS, MOMENT, TEXT
from unflux.model.tracks import NetworkOverlap, OverlapDay
from unflux.pipeline.tracking_steps import NEIGHBOURS, OVERLAPS, SERVED_BUCKETS, TRACKED_SETS
from unflux.track.overlap import find_overlaps

HOUR_S = 3600
START_S = 1_237_000_000 // HOUR_S * HOUR_S
NO_BUCKET = -1
FLUX, TWIN, SHOP, FAR, PLANTED = "20.0.0.1", "20.1.0.2", "20.2.0.3", "20.3.0.4", "10.0.0.1"

UNTOLD = ("holder", "country", "provider", "provider_use")

SEEN = (
    # role, domain, host, address, hour, seconds until it was seen last
    ("answer", "flux.example", "flux.example", FLUX, 0, 9),
    ("answer", "flux.example", "www.flux.example", FLUX, 0, 60),
    ("answer", "flux.example", "flux.example", FLUX, 2, 0),
    ("answer", "flux.example", "flux.example", TWIN, 0, 0),
    ("answer", "flux.example", "flux.example", PLANTED, 0, 0),
    ("glue", "flux.example", "ns1.flux.example", FAR, 0, 0),
    ("answer", "twin.example", "twin.example", TWIN, 0, 0),
    ("answer", "twin.example", "twin.example", SHOP, 0, 30),
    ("answer", "twin.example", "twin.example", FAR, None, None),
    ("answer", "near.example", "near.example", FLUX, 1, 0),
    ("answer", "near.example", "near.example", FLUX, 3, 7),
    ("answer", "near.example", "near.example", TWIN, 1, 0),
    ("answer", "near.example", "near.example", SHOP, 1, 0),
    # Two of its addresses are no company.
    ("answer", "apart.example", "apart.example", FLUX, 0, 0),
    ("answer", "apart.example", "apart.example", SHOP, 0, 0),
    ("answer", "apart.example", "apart.example", FAR, 0, 0),
)
TRACKED = pa.table(
    {"domain": ["flux.example", "twin.example"], "network": ["n-1", "n-1"]}, schema=MEMBERS
)


NETWORKS = pa.table(
    {
        "domain": ["flux.example", "twin.example", "near.example", "apart.example"],
        "network": ["n-1", "n-1", "n-2", "n-3"],
    },
    schema=MEMBERS,
)


def incidences() -> pa.Table:
    """Return what :func:`unflux.measure.records.incidences` would of ``SEEN``, as far as needed."""

    def moment(hour: int | None, more_s: int | None) -> datetime | None:
        seconds = None if hour is None or more_s is None else START_S + hour * HOUR_S + more_s
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

    role, domain, host, address, hour, more_s = zip(*SEEN, strict=True)
    buckets = [NO_BUCKET if one is None else START_S + one * HOUR_S for one in hour]
    last_at = [moment(one, more) for one, more in zip(hour, more_s, strict=True)]
    return pa.table(
        {
            "role": pa.array(role, TEXT),
            "domain": pa.array(domain, TEXT),
            "host": pa.array(host, TEXT),
            "address": pa.array(address, TEXT),
            "bucket": pa.array(buckets, pa.int64()),
            "count": pa.array([1] * len(SEEN), pa.int64()),
            "first_at": pa.array([moment(one, 0) for one in hour], MOMENT),
            "last_at": pa.array(last_at, MOMENT),
            "ttl_min_s": pa.array([300] * len(SEEN), pa.int64()),
            "ttl_max_s": pa.array([300] * len(SEEN), pa.int64()),
        }
    )


def places() -> pa.Table:
    addresses = [FLUX, TWIN, SHOP, FAR, PLANTED]
    return pa.table(
        {
            "address": pa.array(addresses, TEXT),
            "slash24": pa.array([f"{one.rsplit('.', 1)[0]}.0/24" for one in addresses], TEXT),
            "slash16": pa.array([f"{one.rsplit('.', 2)[0]}.0.0/16" for one in addresses], TEXT),
            "is_special_use": pa.array([one == PLANTED for one in addresses], pa.bool_()),
            "asn": pa.array([64_500 if one == FLUX else None for one in addresses], pa.int64()),
            **{name: pa.nulls(len(addresses), TEXT) for name in UNTOLD},
        }
    )


def test_networks_are_served_by_bucket_and_shared_with_neighbours(engine: Engine) -> None:
    for name, rows in {"incidences": incidences(), "places": places(), "tracked": TRACKED}.items():
        engine.put(name, rows)
    engine.run(SERVED_BUCKETS)
    served = {
        (row["domain"], row["address"], row["bucket"] - START_S): (
            row["network"], row["count"], row["asn"], row["slash16"],
            row["first_at"].timestamp() - START_S, row["last_at"].timestamp() - START_S,
        )
        for row in engine.rows(SERVED_BUCKETS.name).to_pylist()
    }  # fmt: skip
    later = 2 * HOUR_S
    assert served == {
        ("flux.example", FLUX, 0): ("n-1", 2, 64_500, "20.0.0.0/16", 0, 60),
        ("flux.example", FLUX, later): ("n-1", 1, 64_500, "20.0.0.0/16", later, later),
        ("flux.example", TWIN, 0): ("n-1", 1, None, "20.1.0.0/16", 0, 0),
        ("twin.example", TWIN, 0): ("n-1", 1, None, "20.1.0.0/16", 0, 0),
        ("twin.example", SHOP, 0): ("n-1", 1, None, "20.2.0.0/16", 0, 30),
    }
    (near,) = engine.take(NEIGHBOURS).to_pylist()
    assert (near["domain"], near["network"], near["shared"]) == ("near.example", "n-1", 3)
    seen_s = near["first_at"].timestamp() - START_S, near["last_at"].timestamp() - START_S
    assert seen_s == (HOUR_S, 3 * HOUR_S + 7)


def test_networks_that_share_addresses_are_held_against_each_other_by_day(engine: Engine) -> None:
    # Another network has one of them a week later alone, and one at no time.
    more = incidences().slice(11, 1)
    week_us = 7 * 86_400 * 1_000_000
    for name in ("bucket", "first_at", "last_at"):
        by = week_us if name != "bucket" else week_us // 1_000_000
        column = pc.add(more[name].cast(pa.int64()), by).cast(more[name].type)
        more = more.set_column(more.schema.get_field_index(name), name, column)
    seen = pa.concat_tables([incidences(), more])
    given = {"incidences": seen, "places": places(), "tracked": TRACKED, "all_members": NETWORKS}
    for name, rows in given.items():
        engine.put(name, rows)
    engine.run(SERVED_BUCKETS)
    rows = engine.take(OVERLAPS).to_pylist()
    assert {row["network"] for row in rows} == {"n-1"}
    day = datetime.fromtimestamp(START_S // 86_400 * 86_400, UTC)
    assert find_overlaps(rows) == (
        NetworkOverlap(
            network="n-2", shared=3, of_other=3, ratio=1.0,
            days=(OverlapDay(at=day, shared=3, addresses=3, of_other=3),),
        ),
    )  # fmt: skip
    two = {row["day"]: row["shared"] for row in rows if row["other"] == "n-3"}
    assert two == {-1: 2, int(day.timestamp()): 2}


def test_sets_of_what_is_tracked_have_a_time_and_an_address(engine: Engine) -> None:
    usual = {
        "bucket_at": datetime.fromtimestamp(START_S, UTC), "query": "www.flux.example",
        "domain": "flux.example", "qtype": "A", "answer_set": 7, "responses": 1, "addresses": 2,
        "slash24s": 2, "slash16s": 2, "first_at": datetime.fromtimestamp(START_S, UTC),
        "last_at": datetime.fromtimestamp(START_S + 9, UTC),
    }  # fmt: skip
    others = (
        {"domain": "shop.example"}, {"addresses": 0},
        {"bucket_at": None, "first_at": None, "last_at": None},
    )  # fmt: skip
    rows = [usual, *(usual | other for other in others)]
    engine.put("answer_sets", pa.Table.from_pylist(rows, schema=ANSWER_SETS.schema))
    engine.put("tracked", TRACKED)
    (found,) = engine.take(TRACKED_SETS).to_pylist()
    assert found == {
        "network": "n-1", "query": "www.flux.example", "qtype": "A", "answer_set": 7,
        "first_at": usual["first_at"], "last_at": usual["last_at"],
    }  # fmt: skip
