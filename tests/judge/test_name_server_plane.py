"""Evidence from the name servers: when each piece speaks, which way, and when it is silent."""

from typing import Any

import pytest
from tests.judge.profiles import judge, profile

from unflux.engine.connection import Engine

Found = dict[str, dict[str, Any]]


def served(
    addresses: int, per_host: int, asns: int | None, *, late: int | None = 0, **changes: Any
) -> dict[str, Any]:
    return profile("", ns_hosts=2, ns_addresses=addresses, ns_slash16=addresses, ns_asns=asns,
                   ns_host_addresses_max=per_host, ns_host_slash16_max=per_host,
                   ns_host_late_slash16_max=late, ns_served_max=1) | changes  # fmt: skip


CASES: dict[str, tuple[str, float | None, dict[str, Any]]] = {
    "a stable server": ("server-rotation", -0.5, served(2, 1, 1)),
    "dual-stack": ("server-rotation", -0.5, served(4, 2, 2)),
    "wide and still": ("server-rotation", -0.15, served(10, 10, 10)),
    "renumbered once": ("server-rotation", 0.0, served(2, 2, 2, late=1)),
    "five late": ("server-rotation", 5.0, served(8, 8, 3, late=5)),
    "four hosts that move a little": ("server-rotation", 8.0, served(30, 9, 9, late=3,
                                      ns_late_slash16=11)),
    "39 addresses under a name": ("server-rotation", 8.0, served(80, 39, 30, late=19)),
    "seen for five minutes": ("server-rotation", None, served(80, 39, 30, late=None)),
    "a stable server's width": ("server-width", -0.15, served(2, 1, 1)),
    "width alone": ("server-width", 1.5, served(9, 9, 3, late=None)),
    "width beside motion": ("server-width", 0.45, served(9, 9, 3, late=5)),
    "no width without glue": ("server-width", None, profile("", ns_hosts=2, ns_served_max=1)),
    "no glue": ("server-rotation", None, profile("", ns_hosts=2, ns_served_max=1)),
    "no NS": ("server-rotation", None, profile("")),
    "servers in one ASN": ("server-spread", -0.09, served(2, 1, 1)),
    "servers in twelve ASNs": ("server-spread", 2.0, served(12, 1, 12)),
    "beside a stronger one": ("server-spread", 0.6, served(12, 12, 12, late=6)),
    "servers unmapped": ("server-spread", None, served(2, 1, None)),
    "a small site on one machine": ("both-planes", 0.0, served(1, 1, 1, overlap=1,
                                    overlap_slash16=1)),
    "five hosts do both": ("both-planes", 7.0, served(8, 4, 8, overlap=5, overlap_slash16=5)),
    "two hosts do both": ("both-planes", 2.5, served(8, 1, 8, overlap=2, overlap_slash16=2)),
    "no server seen": ("both-planes", None, profile("")),
    "no address": ("both-planes", None, served(8, 1, 8) | {"addresses": 0}),
}  # fmt: skip


@pytest.fixture(scope="module")
def found(engine: Engine) -> Found:
    return judge(engine, [row | {"domain": case} for case, (_, _, row) in CASES.items()])


@pytest.mark.parametrize("case", CASES)
def test_piece(found: Found, case: str) -> None:
    piece, ratio, _ = CASES[case]
    assert found[case][f"llr_{piece}"] == ratio
