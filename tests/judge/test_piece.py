"""What pieces of evidence are made of."""

import math

import ibis
import pyarrow as pa
import pytest
from tests.judge.profiles import pool, profile

from unflux.engine.connection import Engine
from unflux.judge.piece import band, geometric_bands, is_mapped, known_places
from unflux.judge.weighing import PIECES
from unflux.model.columns import PROFILE


def test_a_band_reaches_from_its_edge_to_the_next(every_engine: Engine) -> None:
    values = [None, -1, 0, 1, 2, 3, 9]
    rows = every_engine.table("j_band", pa.table({"n": pa.array(values, pa.int64())}))
    banded = rows.mutate(ratio=band(rows.n, [(1, 0.5), (3, 2.0)], below=-1.0))
    found = every_engine.fetch(banded).to_pylist()
    assert {row["n"]: row["ratio"] for row in found} == {
        None: None, -1: -1.0, 0: -1.0, 1: 0.5, 2: 0.5, 3: 2.0, 9: 2.0,
    }  # fmt: skip


def test_geometric_bands_are_the_ratio_of_two_geometric_chances() -> None:
    bands = geometric_bands(innocent_mean=2.0, flux_mean=10.0, floor=-9.0, cap=9.0, most=6)
    for n, ratio in bands:
        flux = 0.1 * 0.9 ** (n - 1)
        innocent = 0.5 * 0.5 ** (n - 1)
        assert ratio == pytest.approx(math.log(flux / innocent), abs=1e-3)


def test_geometric_bands_are_bounded_and_rise() -> None:
    ratios = [r for _, r in geometric_bands(innocent_mean=1.2, flux_mean=40, floor=-1.0, cap=2.0)]
    assert ratios == sorted(ratios)
    assert (ratios[0], ratios[-1]) == (-1.0, 2.0)


def test_places_are_asns_only_where_half_are_mapped(every_engine: Engine) -> None:
    rows = [
        pool("all.example", 6),
        pool("half.example", 6, asns=3, unmapped_addresses=3),
        pool("few.example", 6, asns=1, unmapped_addresses=4),
        pool("private.example", 6, slash16=2, asns=2, special_use_addresses=4),
        profile("none.example", addresses=2, special_use_addresses=2, slash16=0, asns=None),
    ]
    p = every_engine.table("j_places", pa.Table.from_pylist(rows, schema=PROFILE.schema))
    found = every_engine.fetch(p.select("domain", mapped=is_mapped(p), places=known_places(p)))
    assert {row["domain"]: (row["mapped"], row["places"]) for row in found.to_pylist()} == {
        "all.example": (True, 6),
        "half.example": (True, 3),
        "few.example": (False, 6),
        "private.example": (True, 2),
        "none.example": (False, 0),
    }


def test_every_piece_names_its_source_and_no_name_comes_twice() -> None:
    assert len({piece.name for piece in PIECES}) == len(PIECES)
    for piece in PIECES:
        assert len(piece.source) > 10, piece.name
        assert isinstance(piece.weigh(ibis.table(_schema(), name="p")), ibis.Value)


def _schema() -> ibis.Schema:
    columns = {c.name: ibis.dtype(str(ibis.Schema.from_pyarrow(PROFILE.schema)[c.name])) for c in
               PROFILE.columns}  # fmt: skip
    return ibis.schema(
        columns
        | {
            "members": "int64", "network": "string", "network_llr": "float64",
            "network_members": "int64", "pool_addresses": "int64",
            "is_slow_in_one_rack": "boolean", "is_scattering": "boolean",
            "is_known_pool": "boolean", "is_known_seed": "boolean",
        }
    )  # fmt: skip
