"""The HTML report: its structure, hostile text in it, and what a real browser makes of it."""

import base64
import hashlib
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.present.conftest import Browser
from tests.present.generated_results import HOSTILE, make_result, results
from tests.present.sample_result import (
    START,
    Served,
    empty_result,
    result_of,
    rotating_network,
    rotation_table,
    sample_result,
)

from unflux.model.verdicts import ScanResult
from unflux.present.page import data_block
from unflux.present.report import MAX_EXPLAINED, PREVIEW_AGENTS, render_report
from unflux.present.visible import make_visible

VOID = {"meta", "link", "input", "br", "img", "hr"}
LOADING = ("src", "srcset", "href", "action", "formaction", "data", "poster", "xlink:href", "style")
CREDIT = "https://db-ip.com/"
"""The one link that leads away: the licence of the bundled data asks for it."""
HOSTILE_NAMES = (
    "</script><script>alert(1)</script>.example",
    '"onmouseover=alert(1)//.example',
    "javascript:alert(1)",
    "<!--<script>",
    "{{7*7}}.example",
    "</style><img src=x onerror=alert(1)>",
    HOSTILE,
)


@dataclass
class Node:
    tag: str
    attributes: dict[str, str | None]
    children: list["Node | str"] = field(default_factory=list)

    def walk(self) -> Iterator["Node"]:
        return (node for node in self._parts() if isinstance(node, Node))

    def _parts(self, without: frozenset[str] = frozenset()) -> Iterator["Node | str"]:
        waiting: list[Node | str] = [self]
        while waiting:
            part = waiting.pop()
            yield part
            if isinstance(part, Node) and part.tag not in without:
                waiting.extend(reversed(part.children))

    def find(self, tag: str, **attributes: str) -> list["Node"]:
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        return [
            node
            for node in self.walk()
            if node.tag == tag
            and all(value in (node.attributes.get(name) or "").split() if name == "class"
                    else node.attributes.get(name) == value for name, value in wanted.items())
        ]  # fmt: skip

    @property
    def raw(self) -> str:
        """All text within, scripts and styles included."""
        return "".join(part for part in self._parts() if isinstance(part, str))

    @property
    def text(self) -> str:
        """What is read: without scripts and styles, single spaces."""
        parts = self._parts(without=frozenset({"script", "style"}))
        return " ".join("".join(p if isinstance(p, str) else " " for p in parts).split())


class Page(HTMLParser):
    """A tree of the page; a wrongly nested tag fails."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("root", {})
        self._open = [self.root]
        self.declared: list[str] = []
        self.feed(html)
        self.close()
        assert [node.tag for node in self._open] == ["root"], "a tag is left open"

    def handle_decl(self, decl: str) -> None:
        self.declared.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"an attribute twice: {attrs}"
        node = Node(tag, dict(attrs))
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open[-1].children.append(Node(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open[-1].tag == tag, f"</{tag}> ends <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def page_of(result: ScanResult) -> Node:
    return Page(render_report(result)).root


def timeless_result() -> ScanResult:
    network, served = rotating_network(
        "ff-timeless", addresses=20, asns=6, domains=3, at_once=4, buckets=10
    )
    without_times: Served = {(address, None): count for (address, _), count in served.items()}
    return replace(result_of((network, without_times)), first_seen=None, last_seen=None)


def many_networks(count: int) -> ScanResult:
    return result_of(
        *(
            rotating_network(f"ff-{number}", addresses=12 + 3 * number, asns=4, at_once=3,
                             domains=2, buckets=20, seed=number, first_address=400 * number)
            for number in range(count)
        )
    )  # fmt: skip


@pytest.fixture(scope="module")
def sample() -> ScanResult:
    return sample_result()


@pytest.fixture(scope="module")
def sample_page(sample: ScanResult) -> Node:
    return page_of(sample)


EVERY = {
    "sample": sample_result,
    "nothing found": empty_result,
    "without times": timeless_result,
    "fifty networks": lambda: many_networks(50),
    "agents but no rows": make_result,
}


@pytest.fixture(scope="module", params=list(EVERY.values()), ids=list(EVERY))
def any_html(request: pytest.FixtureRequest) -> str:
    return render_report(request.param())


def test_every_page_is_well_formed_and_labelled(any_html: str) -> None:
    page = Page(any_html)
    assert page.declared == ["doctype html"]
    root = page.root
    (html,) = root.find("html")
    assert html.attributes["lang"] == "en"
    assert len(root.find("h1")) == len(root.find("main")) == len(root.find("title")) == 1
    ids = [node.attributes["id"] for node in root.walk() if "id" in node.attributes]
    assert len(set(ids)) == len(ids)
    for node in root.walk():
        target = node.attributes.get("aria-labelledby") or node.attributes.get("data-tools")
        assert target is None or target in ids
        if node.tag == "a" and node.attributes["href"] != CREDIT:
            assert (node.attributes["href"] or "").removeprefix("#") in ids
        if node.tag == "button":
            assert node.attributes["type"] == "button"
            assert node.text or node.attributes.get("aria-label")
        if node.tag == "input" or "data-picture" in node.attributes:
            assert node.attributes.get("aria-label")
        if node.tag == "svg":
            assert node.attributes.get("aria-hidden") == "true" or node.attributes["aria-label"]
        if node.tag == "th":
            assert node.attributes["scope"] == "col"
    for table in root.find("table"):
        (head,) = table.find("thead")
        columns = len(head.find("th"))
        for row in [row for body in table.find("tbody") for row in body.find("tr")]:
            assert sum(int(cell.attributes.get("colspan") or 1) for cell in row.find("td")) == (
                columns
            )


def test_no_page_loads_anything_or_runs_foreign_script(any_html: str) -> None:
    root = Page(any_html).root
    for node in root.walk():
        for name, value in node.attributes.items():
            assert not name.startswith("on"), (node.tag, name)
            if name in LOADING and (node.tag, value) != ("a", CREDIT):
                assert (value or "").startswith("#") or value == "data:,", (node.tag, name, value)
        assert node.tag not in {"iframe", "object", "embed", "base", "form", "img"}
    (style,) = root.find("style")
    sheet = style.raw
    assert "url(" not in sheet
    assert "@import" not in sheet
    (policy,) = root.find("meta", http_equiv="Content-Security-Policy")
    rules = dict(
        rule.strip().split(" ", 1) for rule in (policy.attributes["content"] or "").split(";")
    )
    assert rules["default-src"] == "'none'"
    scripts = [node for node in root.find("script") if "type" not in node.attributes]
    assert rules["script-src"].split() == [hash_of(s.raw) for s in scripts]
    assert rules["style-src"] == hash_of(sheet)
    for block in root.find("script", type="application/json"):
        json.loads(block.raw)


def hash_of(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def test_the_header_says_what_was_scanned_and_found(sample_page: Node) -> None:
    (header,) = sample_page.find("header")
    for words in (
        "2 fast-flux networks found", "resolver-a/2026-03-03.dnstap.zst",
        "2026-03-03 00:00 to 2026-03-04 00:00 UTC (1 day)", "509,020 DNS responses",
        "fast-flux domains 42", "undecided 7", "benign 1,318", "networks 2", "agents 149",
        "1 of 3 sources could not be read",
    ):  # fmt: skip
        assert words in header.text


def test_each_network_has_its_card(sample: ScanResult, sample_page: Node) -> None:
    cards = sample_page.find("section", **{"class": "network"})
    assert len(cards) == 2
    for card, network in zip(cards, sample.networks, strict=True):
        assert f"Network {network.id} {network.kind}" in card.text
        pictures = [n.attributes["data-picture"] for n in card.walk() if "data-picture" in
                    n.attributes]  # fmt: skip
        assert pictures == ["rotation", "growth", "map"]
        (block,) = card.find("script", type="application/json")
        data = json.loads(block.raw)
        assert data["agents"]["address"] == [agent.address for agent in network.agents]
        assert sum(data["rotation"]["counts"]) == sum(
            count
            for identity, count in zip(
                sample.rotation["network"].to_pylist(), sample.rotation["count"].to_pylist(),
                strict=True,
            )
            if identity == network.id
        )  # fmt: skip
        (agents,) = card.find("table", **{"class": "agents"})
        shown = min(PREVIEW_AGENTS, len(network.agents))
        assert len(agents.find("tbody")[0].find("tr")) == shown
        for host in network.name_servers:
            assert host in card.text


def test_the_evidence_of_the_strongest_domain_is_written_out(
    sample: ScanResult, sample_page: Node
) -> None:
    card = sample_page.find("section", **{"class": "network"})[0]
    strongest = max(
        (v for v in sample.verdicts if v.network == sample.networks[0].id), key=lambda v: v.score
    )
    assert f"Why: the evidence on {strongest.domain}" in card.text
    (table,) = card.find("div", **{"aria-label": f"Evidence on {strongest.domain}"})
    rows = table.find("tbody")[0].find("tr")
    assert len(rows) == len(strongest.evidence)
    for row, piece in zip(rows, strongest.evidence, strict=True):
        for words in (piece.name, piece.says, piece.source):
            assert words in row.text
        (bar,) = row.find("rect")
        start, width = float(bar.attributes["x"] or ""), float(bar.attributes["width"] or "")
        if piece.llr >= 0:
            assert (bar.attributes["class"], start) == ("for", 50)
        else:
            assert bar.attributes["class"] == "against"
            assert start + width == pytest.approx(50)
    assert f"Sum {sum(piece.llr for piece in strongest.evidence):+.2f}" in table.text
    for other in strongest.alternatives:
        assert other.because in card.text
    assert len(card.find("details")) == MAX_EXPLAINED - 1 + 1


def test_undecided_says_what_is_missing_and_benign_what_holds(
    sample: ScanResult, sample_page: Node
) -> None:
    for label, outcome in (("Undecided domains", "undecided"), ("Benign domains", "benign")):
        (region,) = sample_page.find("div", **{"aria-label": label})
        rows = region.find("tbody")[0].find("tr")
        listed = [verdict for verdict in sample.verdicts if verdict.verdict == outcome]
        assert len(rows) == len(listed)
        for row, verdict in zip(rows, listed, strict=True):
            assert verdict.domain in row.text
            assert (verdict.missing or verdict.alternatives[0].because) in row.text


def test_sources_and_drops_are_listed(sample: ScanResult, sample_page: Node) -> None:
    (sources,) = sample_page.find("div", **{"aria-label": "Sources"})
    for source in sample.sources:
        assert source.name in sources.text
    assert "not read neither a capture nor a table" in sources.text
    assert "already in the store" in sources.text
    (drops,) = sample_page.find("div", **{"aria-label": "Skipped input by reason"})
    assert [row.text for row in drops.find("tbody")[0].find("tr")] == [
        "not DNS 1,207", "truncated message 41", "time before 1970 or after 2100 3",
    ]  # fmt: skip


def test_a_page_without_networks_says_what_was_looked_at() -> None:
    html = render_report(empty_result())
    text = Page(html).root.text
    assert "No fast-flux network found" in text
    assert "In 18,204 responses, none of 214 domains had enough evidence" in text
    assert "office.pcapng" in text
    assert len(html) < 100_000, "no pictures, so no library for them"


def test_a_fast_flux_domain_without_network_is_not_lost(sample: ScanResult) -> None:
    loose = replace(sample.verdicts[0], network=None)
    text = page_of(replace(empty_result(), verdicts=(loose,), totals={"fast-flux": 1})).text
    assert "1 fast-flux domain, in no network" in text
    assert loose.domain in text
    assert loose.evidence[0].says in text


def test_domains_without_network_that_are_left_out_are_counted(
    sample: ScanResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unflux.present.report.MAX_TABLE_DOMAINS", 2)
    loose = tuple(
        replace(sample.verdicts[0], network=None, domain=f"d{number}.example")
        for number in range(3)
    )
    text = page_of(replace(empty_result(), verdicts=loose, totals={"fast-flux": 3})).text
    assert "The first 2 of 3; the JSON output has them all." in text
    assert "d2.example" not in text
    assert "The first" not in page_of(replace(empty_result(), verdicts=loose[:2])).text


def test_records_without_times_get_a_sentence_in_place_of_pictures() -> None:
    root = page_of(timeless_result())
    assert "Records without times" in root.text
    assert "The records of this network carry no time" in root.text
    drawn = [n.attributes["data-picture"] for n in root.walk() if "data-picture" in n.attributes]
    assert drawn == ["map"]


def test_the_same_result_gives_the_same_bytes_in_any_order_of_rows(sample: ScanResult) -> None:
    first = render_report(sample)
    assert first == render_report(sample_result())
    order = list(range(sample.rotation.num_rows))
    random.Random(1).shuffle(order)
    served = list(range(sample.service.num_rows))
    random.Random(2).shuffle(served)
    shuffled = replace(
        sample, rotation=sample.rotation.take(order), service=sample.service.take(served)
    )
    assert render_report(shuffled) == first


def hostile_result(name: str) -> ScanResult:
    network, served = rotating_network(
        name, addresses=12, asns=3, domains=2, at_once=3, buckets=6, bucket_s=300
    )
    network = replace(
        network,
        domains=(name, "plain.example"),
        agents=tuple(replace(a, holder=name, country=name) for a in network.agents),
        name_servers=(name,),
        motherships=(name,),
    )
    result = sample_result()
    verdicts = tuple(
        replace(
            verdict,
            domain=f"{name}{place}",
            network=name if verdict.network else None,
            evidence=tuple(
                replace(e, name=name, value=name, says=name, source=name) for e in verdict.evidence
            ),
            alternatives=tuple(
                replace(a, hypothesis=name, because=name) for a in verdict.alternatives
            ),
            missing=name if verdict.missing else None,
        )
        for place, verdict in enumerate(result.verdicts)
    )
    service = pa.Table.from_pylist(
        [
            {"network": name, "domain": name, "address": agent.address, "role": "answer",
             "count": 1}
            for agent in network.agents
        ],
        schema=result.service.schema,
    )  # fmt: skip
    return replace(
        result,
        verdicts=verdicts,
        networks=(network,),
        sources=tuple(
            replace(s, name=name, format=name, error=s.error and name) for s in result.sources
        ),
        drops={name: 3},
        rotation=rotation_table([(network, served)]),
        service=service,
    )


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_text_stays_text(name: str) -> None:
    html = render_report(hostile_result(name))
    root = Page(html).root
    plain = page_of(hostile_result("harmless.example"))
    assert [n.tag for n in root.walk()] == [n.tag for n in plain.walk()], "it became markup"
    for node, other in zip(root.walk(), plain.walk(), strict=True):
        assert node.attributes.keys() == other.attributes.keys()
    shown = " ".join(make_visible(name).split())
    for region in ("Undecided domains", "Benign domains", "Sources", "Skipped input by reason"):
        (found,) = root.find("div", **{"aria-label": region})
        assert shown in found.text
    (block,) = root.find("script", type="application/json")
    raw = block.raw
    assert not set(raw) & set("<>&'\u2028\u2029")
    assert json.loads(raw)["agents"]["holderNames"] == [make_visible(name)]
    assert make_visible(html.replace("\n", "")) == html.replace("\n", ""), "something hides"


@pytest.mark.slow
@given(results)
@settings(max_examples=40, deadline=None)
def test_any_result_gives_a_well_formed_page(result: ScanResult) -> None:
    html = render_report(result)
    Page(html)
    html.encode("utf-8")


json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=12,
)


@given(json_values)
def test_data_blocks_hold_no_markup_and_give_the_value_back(value: Any) -> None:
    block = str(data_block(value))
    assert block.isascii()
    assert not set(block) & set("<>&'")
    assert json.loads(block) == visible(value)


def visible(value: Any) -> Any:
    if isinstance(value, str):
        return make_visible(value)
    if isinstance(value, list):
        return [visible(item) for item in value]
    return {k: visible(v) for k, v in value.items()} if isinstance(value, dict) else value


def test_the_page_stays_small(sample: ScanResult) -> None:
    assert len(render_report(sample).encode()) < 1_500_000


def test_the_vendored_library_comes_with_its_licences() -> None:
    vendor = Path(__file__).parents[2] / "src/unflux/present/vendor"
    for name in ("LICENSE-echarts", "NOTICE-echarts", "LICENSE-zrender", "LICENSE-d3"):
        assert (vendor / name).stat().st_size > 100
    assert 't.version="6.' in (vendor / "echarts.min.js").read_text()


# ---- in a real browser ----

VIEWS = [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")]

INK = """[...document.querySelectorAll("[data-picture]")].map((holder) => {
    const canvas = holder.querySelector("canvas");
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const brush = copy.getContext("2d", { willReadFrequently: true });
    brush.drawImage(canvas, 0, 0);
    const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
    let ink = 0;
    for (let at = 3; at < data.length; at += 4) ink += data[at] > 0;
    return [holder.dataset.picture, ink];
})"""


def write(folder: Path, result: ScanResult) -> Path:
    file = folder / "report.html"
    file.write_text(render_report(result), encoding="utf-8")
    return file


def check_quiet(browser: Browser, file: Path) -> None:
    assert browser.complaints() == []
    assert [url for url in browser.requests() if url != "data:,"] == [file.resolve().as_uri()]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_the_browser_draws_every_picture(
    browser: Browser, tmp_path: Path, sample: ScanResult, width: int, scheme: str
) -> None:
    file = write(tmp_path, sample)
    browser.open(file, width=width, scheme=scheme)
    browser.draw_all()
    ink = browser.evaluate(INK)
    assert [picture for picture, _ in ink] == ["rotation", "growth", "map"] * 2
    assert all(pixels > 1_000 for _, pixels in ink), ink
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    paper = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(re.findall(r"\d+", paper)[0])
    assert (red < 60) == (scheme == "dark")
    check_quiet(browser, file)


@pytest.mark.slow
@pytest.mark.parametrize(
    "result", [empty_result(), timeless_result(), many_networks(50), make_result()],
    ids=["nothing found", "without times", "fifty networks", "agents but no rows"],
)  # fmt: skip
def test_the_browser_takes_every_kind_of_page(
    browser: Browser, tmp_path: Path, result: ScanResult
) -> None:
    file = write(tmp_path, result)
    browser.open(file, width=400)
    if len(result.networks) == 50:
        drawn = browser.evaluate("document.querySelectorAll('[data-drawn]').length")
        assert drawn < 30, "pictures far below are not drawn before they are scrolled to"
    browser.draw_all()
    assert all(pixels > 200 for _, pixels in browser.evaluate(INK))
    assert browser.evaluate("document.documentElement.scrollWidth") <= 400
    check_quiet(browser, file)


@pytest.mark.slow
def test_the_browser_shows_hostile_text_as_text(browser: Browser, tmp_path: Path) -> None:
    for name in HOSTILE_NAMES:
        file = write(tmp_path, hostile_result(name))
        browser.open(file)
        browser.draw_all()
        tip = hover(browser, "map", 0.2105, 0.3)
        assert make_visible(name).split()[0] in tip
        assert browser.evaluate("document.querySelectorAll('script').length") == 3
        assert browser.evaluate("document.querySelectorAll('.tip img, .tip script').length") == 0
        check_quiet(browser, file)


@pytest.mark.slow
def test_the_rotation_tells_about_the_mark_under_the_pointer(
    browser: Browser, tmp_path: Path
) -> None:
    network, served = rotating_network(
        "ff-1", addresses=1, asns=2, domains=1, at_once=1, buckets=4, name_servers=False
    )
    (agent,) = network.agents
    agent = replace(agent, asn=64_496, holder="<img src=x onerror=alert(1)>")
    network = replace(network, agents=(agent,))
    file = write(tmp_path, result_of((network, served)))
    browser.open(file)
    browser.draw_all()
    tip = hover(browser, "rotation", 0.95, 0.4)
    count = served[agent.address, max(at for _, at in served if at is not None)]
    for words in (
        agent.address, f"AS{agent.asn}", str(agent.holder), str(agent.country),
        f"{START:%Y-%m-%d} 00:15", f"{START:%Y-%m-%d} 00:20", f"Answers{count}",
    ):  # fmt: skip
        assert words in tip
    assert browser.evaluate("document.querySelectorAll('.tip img').length") == 0
    check_quiet(browser, file)


def hover(browser: Browser, picture: str, across: float, down: float) -> str:
    """Point at a place of a picture, by its share of width and height; return the tooltip."""
    browser.evaluate(
        f"document.querySelector('[data-picture={picture}]')"
        ".scrollIntoView({ behavior: 'instant', block: 'center' })"
    )
    box = browser.evaluate(
        f"(({{ x, y, width, height }}) => [x, y, width, height])"
        f"(document.querySelector('[data-picture={picture}]').getBoundingClientRect())"
    )
    x, y = box[0] + box[2] * across, box[1] + box[3] * down
    for shift in (2, 1, 0):
        browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x + shift, y=y)
    tips = f"document.querySelector('[data-picture={picture}] .tip')"
    browser.wait_for(f"{tips} !== null")
    return str(browser.evaluate(f"{tips}.textContent"))


@pytest.mark.slow
def test_keys_and_buttons_zoom_and_single_out(
    browser: Browser, tmp_path: Path, sample: ScanResult
) -> None:
    file = write(tmp_path, sample)
    browser.open(file)
    browser.draw_all()
    zoom = (
        "echarts.getInstanceByDom(document.querySelector('[data-picture=rotation]'))"
        ".getOption().dataZoom.map(({ start, end }) => [start, end])"
    )
    assert browser.evaluate(zoom) == [[0, 100], [0, 100]]
    browser.evaluate("document.querySelector('[data-zoom=in]').click()")
    assert browser.evaluate(zoom) == [[25, 75], [25, 75]]
    browser.evaluate("document.querySelector('[data-picture=rotation]').focus()")
    for key, expected in (("ArrowRight", [[37.5, 87.5], [25, 75]]), ("0", [[0, 100], [0, 100]])):
        browser.call("Input.dispatchKeyEvent", type="keyDown", key=key)
        assert browser.evaluate(zoom) == expected
    before = dict(browser.evaluate(INK)[:1])["rotation"]
    pressed = "document.querySelector('.legend button')"
    browser.evaluate(f"{pressed}.click()")
    assert browser.evaluate(f"{pressed}.getAttribute('aria-pressed')") == "true"
    browser.evaluate(f"{pressed}.click()")
    assert browser.evaluate(f"{pressed}.getAttribute('aria-pressed')") == "false"
    assert dict(browser.evaluate(INK)[:1])["rotation"] == before
    check_quiet(browser, file)


@pytest.mark.slow
def test_the_agents_can_be_sorted_filtered_and_shown_all(
    browser: Browser, tmp_path: Path, sample: ScanResult
) -> None:
    browser.open(write(tmp_path, sample))
    browser.draw_all()
    agents = sample.networks[0].agents
    rows = "[...document.querySelectorAll('table.agents')[0].tBodies[0].rows]"
    tools = "document.getElementById('network-1-agent-tools')"
    assert browser.evaluate(f"{rows}.length") == PREVIEW_AGENTS
    browser.evaluate(f"{tools}.querySelector('button.all').click()")
    assert browser.evaluate(f"{rows}.length") == len(agents)
    heads = "document.querySelectorAll('table.agents')[0].tHead.querySelectorAll('button')"
    for presses, order in ((1, "ascending"), (2, "descending")):
        browser.evaluate(f"{heads}[5].click()")
        shown = browser.evaluate(f"{rows}.map((row) => Number(row.cells[5].textContent))")
        assert shown == sorted((a.domains for a in agents), reverse=presses == 2)
        assert browser.evaluate(f"{heads}[5].parentElement.getAttribute('aria-sort')") == order
    browser.evaluate(f"{heads}[1].click()")
    asns = browser.evaluate(f"{rows}.map((row) => row.cells[1].textContent)")
    assert asns[-1] == "unknown", "what is unknown comes last"
    needle = agents[40].address
    browser.evaluate(
        f"(() => {{ const box = {tools}.querySelector('input'); box.value = '{needle}';"
        "box.dispatchEvent(new Event('input')); })()"
    )
    found = browser.evaluate(f"{rows}.map((row) => row.cells[0].textContent)")
    assert found == [a.address for a in agents if needle in a.address]
    assert browser.evaluate(f"{tools}.querySelector('output').textContent") == "1 of 1 found"


@pytest.mark.slow
def test_print_is_light_and_draws_what_was_never_scrolled_to(
    browser: Browser, tmp_path: Path, sample: ScanResult
) -> None:
    file = write(tmp_path, sample)
    browser.open(file, scheme="dark")
    browser.evaluate("dispatchEvent(new Event('beforeprint'))")
    ink = browser.evaluate(INK)
    assert len(ink) == 6
    assert all(pixels > 1_000 for _, pixels in ink)
    ground = "getComputedStyle(document.documentElement).getPropertyValue('--paper').trim()"
    printed = browser.evaluate(ground)
    browser.evaluate("dispatchEvent(new Event('afterprint'))")
    assert printed != browser.evaluate(ground)
    check_quiet(browser, file)
