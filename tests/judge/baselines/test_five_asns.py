"""The plain rule: five ASNs."""

from tests.judge.baselines.asked_records import Row, answer, weigh_cases

from unflux.engine.connection import Engine
from unflux.judge.baselines.five_asns import FiveAsns

PLACE = 1 << 24


def of_asns(count: int) -> list[Row]:
    return [answer(PLACE + n, 64500 + n % count) for n in range(12)]


def test_five_asns_of_either_family_are_enough(engine: Engine) -> None:
    ipv6 = answer(1, 64599) | {"rrtype": "AAAA", "address": "2001:db8::1", "number": None}
    assert weigh_cases(
        engine,
        FiveAsns(),
        {
            "four": {"answers": of_asns(4)},
            "five": {"answers": of_asns(5)},
            "both families": {"answers": [*of_asns(4), ipv6]},
        },
    ) == {"four": (4, False), "five": (5, True), "both families": (5, True)}


def test_unmapped_is_unknown_and_never_an_asn(engine: Engine) -> None:
    unmapped = [answer(PLACE + n) for n in range(9)]
    assert weigh_cases(
        engine,
        FiveAsns(),
        {"none": {"answers": unmapped}, "one": {"answers": [*unmapped, answer(PLACE, 64500)]}},
    ) == {"none": (None, False), "one": (1, False)}
