"""Relays in several networks are one operator's where DNS leads one name to them."""

import pyarrow as pa
import pytest
from tests.trace.relayed_capture import MOTHERSHIP
from tests.trace.test_judging import household, trace

from unflux.model.traces import TracedHost
from unflux.trace.sites import Answers

HOMES = (3, 4, 5, 6)
RELAYS = {number: f"198.{18 + number % 2}.{number}.7" for number in HOMES}


def homes(names: dict[int, list[str | None]], *, of_one: bool = False) -> pa.Table:
    """Return the flows of homes whose visitors ask for these names, one after the other.

    ``of_one``: all visitors come from one network, else each from his own.
    """
    parts = []
    for number, asked in names.items():
        flows = household(number, 4)
        hosts = flows["http_host"].to_pylist()
        came = [n for n, server in enumerate(flows["server"].to_pylist())
                if server == RELAYS[number]]  # fmt: skip
        for place, row in enumerate(came):
            hosts[row] = asked[place % len(asked)]
        clients = flows["client"].to_pylist()
        for place, row in enumerate(came):
            clients[row] = f"192.0.2.{number}" if of_one else f"192.{place}.{number}.9"
        flows = flows.set_column(flows.schema.get_field_index("client"), "client", [clients])
        column = flows.schema.get_field_index("http_host")
        parts.append(flows.set_column(column, "http_host", pa.array(hosts, pa.string())))
    return pa.concat_tables(parts)


def mothership(names: dict[int, list[str | None]], answers: Answers) -> TracedHost:
    return trace(homes(names), answers=answers)[f"{MOTHERSHIP} mothership"]


def led(*names: str, to: tuple[int, ...] = HOMES) -> Answers:
    return dict.fromkeys(names, frozenset(RELAYS[number] for number in to))


SHOP: dict[int, list[str | None]] = {number: ["Shop.example."] for number in HOMES}


def test_one_name_that_leads_to_the_relays_tells_a_network() -> None:
    host = mothership(SHOP, led("shop.example"))
    assert host.verdict == "accused"
    (maker,) = (a for a in host.alternatives if a.hypothesis == "makers-application")
    assert maker.outcome == "rejected"
    assert "to relays in 4 networks" in maker.because
    assert "shop.example" in maker.because


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        (SHOP, {}),  # how visitors came there is not seen
        (SHOP, led("shop.example", to=(3, 4))),
        (SHOP, led("other.example")),
        # Each home has a name of its own.
        (
            {number: [f"h{number}.maker.example"] for number in HOMES},
            {f"h{number}.maker.example": frozenset([RELAYS[number]]) for number in HOMES},
        ),
        # Nobody asks for the name that somebody leads there.
        ({number: [f"h{number}.maker.example"] for number in HOMES}, led("planted.example")),
        # Some ask for it, and most do not.
        (
            {number: ["planted.example", *[f"h{number}.maker.example"] * 3] for number in HOMES},
            led("planted.example"),
        ),
        # The name above is asked for too, and leads to the maker.
        (
            {number: ["maker.example", f"h{number}.maker.example"] for number in HOMES},
            {f"h{number}.maker.example": frozenset([RELAYS[number]]) for number in HOMES},
        ),
        ({number: [RELAYS[number]] for number in HOMES}, led(*RELAYS.values())),
        ({number: [None] for number in HOMES}, led("shop.example")),
        ({number: ["localhost"] for number in HOMES}, led("localhost")),
    ],
)
def test_anything_less_leaves_an_application_of_many_homes(
    asked: dict[int, list[str | None]], answers: Answers
) -> None:
    host = mothership(asked, answers)
    assert host.verdict == "suspected"
    assert host.missing is not None
    assert host.missing.startswith("Many households")


def test_several_names_of_one_pool_count_together() -> None:
    asked: dict[int, list[str | None]] = {
        number: [f"{'www.' * (number % 2)}shop{number % 3}.example"] for number in HOMES
    }
    answers = led("shop0.example", "www.shop1.example", "shop2.example")
    assert mothership(asked, answers).verdict == "accused"


def test_visitors_of_one_network_are_not_enough() -> None:
    found = trace(homes(SHOP, of_one=True), answers=led("shop.example"))
    host = found[f"{MOTHERSHIP} mothership"]
    assert host.verdict == "suspected"
    (maker,) = (a for a in host.alternatives if a.hypothesis == "makers-application")
    assert "that they come from: 1." in maker.because


def test_hosts_below_a_name_count_for_it() -> None:
    asked: dict[int, list[str | None]] = {
        number: ["shop.example", f"x{number}.shop.example"] for number in HOMES
    }
    assert mothership(asked, led("shop.example")).verdict == "accused"
