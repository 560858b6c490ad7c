"""The HTML report: one self-contained page that needs no network and runs no foreign text."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
from jinja2 import Environment
from markupsafe import Markup

from unflux import __version__
from unflux.model.verdicts import Agent, Evidence, FluxNetwork, ScanResult, Verdict
from unflux.present.json_lines import distinct_known, measured
from unflux.present.page import (
    data_block,
    page_environment,
    read_resource,
    security_policy,
)
from unflux.present.pictures import (
    AsnGroup,
    Growth,
    Integers,
    Rotation,
    ServiceMap,
    asn_groups,
    draw_growth,
    draw_rotation,
    draw_service_map,
    of_network,
)
from unflux.present.wording import SYMBOLS, range_text, score_text, strongest_reason

MAX_MARKS: Final = 40_000
MAX_MARKS_PER_PAGE: Final = 200_000
MIN_MARKS: Final = 4_000
"""Chosen: 2026-11-22, a network of 3,000 addresses: its 30,000 marks are 0.2 MB and drawn in 0.1 s.
Networks share the page's marks, down to the minimum; fewer marks mean wider columns of time."""

MAX_TABLE_AGENTS: Final = 10_000
MAX_TABLE_DOMAINS: Final = 1_000
MAX_EXPLAINED: Final = 12
"""Chosen: 2026-11-22: domains of a network whose evidence is written out, the strongest first;
the others differ little from them and ``unflux explain`` has them all."""

PREVIEW_AGENTS: Final = 15
"""Rows of the agents' table that are there without scripts and in print."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkView:
    """A network and all that its card shows."""

    network: FluxNetwork
    asns: int | None
    unmapped: int
    countries: int | None
    lookups: int
    as_name_server: int
    in_both_roles: int
    groups: tuple[AsnGroup, ...]
    is_timeless: bool
    """Its addresses were seen in answers, but no record says when."""
    rotation: Rotation | None
    growth: Growth | None
    map: ServiceMap | None
    typical_active: int | None
    """Median of the addresses seen within one column of the growth curve."""
    sparkline: str
    explained: tuple[Verdict, ...]
    scores: tuple[tuple[str, float | None], ...]
    data: Markup


def render_report(result: ScanResult) -> str:
    """Return the report as one HTML page; the same result gives the same bytes.

    Everything from the network is escaped by the template engine or, in the data blocks, as JSON
    without markup characters; characters that cannot be seen are written as ``\\u202e``. The
    page's own scripts and styles are the only ones that its Content-Security-Policy admits.
    """
    environment = _environment()
    views = tuple(_view_networks(result))
    has_pictures = any(view.rotation or view.map for view in views)
    style = read_resource("templates/report.css")
    scripts = [read_resource("vendor/echarts.min.js")] if has_pictures else []
    scripts.append(read_resource("templates/report.js"))
    policy = security_policy(style, scripts)
    listed = {view.network.id for view in views}
    return environment.get_template("report.html.j2").render(
        result=result,
        views=views,
        loose=_of_outcome(result, "fast-flux", without=listed),
        undecided=_of_outcome(result, "undecided"),
        benign=_of_outcome(result, "benign"),
        agents=len({agent.address for view in views for agent in view.network.agents}),
        policy=policy,
        style=Markup(style),  # noqa: S704 - our own file
        scripts=[Markup(script) for script in scripts],  # noqa: S704 - our own and vendored files
        version=__version__,
        preview=PREVIEW_AGENTS,
        max_agents=MAX_TABLE_AGENTS,
        max_domains=MAX_TABLE_DOMAINS,
    )


def _environment() -> Environment:
    environment = page_environment()
    environment.globals.update(ranged=range_text, reason=strongest_reason, symbols=SYMBOLS)
    environment.filters.update(bars=_bars, llr=_llr, score=_score, value=_value)
    return environment


def _of_outcome(
    result: ScanResult, outcome: str, without: Iterable[str] = ()
) -> tuple[Verdict, ...]:
    left_out = frozenset(without)
    return tuple(v for v in result.verdicts if v.verdict == outcome and v.network not in left_out)


def _view_networks(result: ScanResult) -> Iterable[NetworkView]:
    """Yield the view of each network, in the result's order."""
    max_marks = max(MIN_MARKS, min(MAX_MARKS, MAX_MARKS_PER_PAGE // max(len(result.networks), 1)))
    verdicts: dict[str, Verdict] = {}
    members: dict[str, list[Verdict]] = {}
    for verdict in result.verdicts:
        verdicts[verdict.domain] = verdict
        if verdict.network is not None:
            members.setdefault(verdict.network, []).append(verdict)
    for network in result.networks:
        own = sorted(members.get(network.id, ()), key=lambda verdict: -verdict.score)
        yield _view(result, network, own, verdicts, max_marks)


def _view(
    result: ScanResult,
    network: FluxNetwork,
    own: Sequence[Verdict],
    verdicts: dict[str, Verdict],
    max_marks: int,
) -> NetworkView:
    seen = of_network(result.rotation, network.id)
    rotation = draw_rotation(seen, result.bucket_s, max_marks)
    growth = draw_growth(seen, result.bucket_s)
    service_map = draw_service_map(of_network(result.service, network.id), network)
    groups = asn_groups(network.agents)
    roles = [frozenset(agent.roles) for agent in network.agents]
    return NetworkView(
        network=network,
        asns=distinct_known(agent.asn for agent in network.agents),
        unmapped=sum(a.asn is None for a in network.agents),
        countries=distinct_known(agent.country for agent in network.agents),
        lookups=sum(verdict.counts.lookups for verdict in own),
        as_name_server=sum("name-server" in role for role in roles),
        in_both_roles=sum(len(role) == 2 for role in roles),
        groups=groups,
        is_timeless=seen.num_rows > 0 and rotation is None,
        rotation=rotation,
        growth=growth,
        map=service_map,
        typical_active=None if growth is None else int(np.median(growth.active)),
        sparkline=_sparkline(growth),
        explained=tuple(own[:MAX_EXPLAINED]),
        scores=tuple(
            (domain, verdicts[domain].score if domain in verdicts else None)
            for domain in network.domains
        ),
        data=data_block(_network_data(network, groups, rotation, growth, service_map)),
    )


def _network_data(
    network: FluxNetwork,
    groups: Sequence[AsnGroup],
    rotation: Rotation | None,
    growth: Growth | None,
    service_map: ServiceMap | None,
) -> dict[str, Any]:
    """Return what the page's script draws: lists in place of rows, indexes in place of text."""
    shown = network.agents[:MAX_TABLE_AGENTS]
    index_of = {agent.address: index for index, agent in enumerate(shown)}
    data: dict[str, Any] = {
        "groups": [group.key for group in groups],
        "agents": _agent_columns(shown),
        "holders": {str(a.asn): a.holder for a in reversed(shown) if a.asn and a.holder},
    }
    if rotation is not None:
        marks_per_row = np.bincount(rotation.rows, minlength=len(rotation.addresses))
        data["rotation"] = {
            "start": rotation.start_s,
            "step": rotation.step_s,
            "columnCount": rotation.column_count,
            "addresses": [index_of.get(address, address) for address in rotation.addresses],
            "marks": marks_per_row.tolist(),
            "columns": rotation.columns.tolist(),
            "counts": rotation.counts.tolist(),
        }
    if growth is not None:
        data["growth"] = {
            "start": growth.start_s,
            "step": growth.step_s,
            "columns": growth.columns.tolist(),
            "cumulative": growth.cumulative.tolist(),
            "active": growth.active.tolist(),
            "answers": growth.answers.tolist(),
        }
    if service_map is not None:
        data["map"] = {
            "domains": list(service_map.domains),
            "remaining": service_map.remaining_domains,
            "domainAgents": service_map.domain_agents.tolist(),
            "grouped": service_map.agents_grouped,
            "right": list(service_map.right),
            "otherAsns": service_map.other_asns,
            "rightAgents": service_map.right_agents.tolist(),
            "links": service_map.links.tolist(),
        }
    return data


def _agent_columns(agents: Sequence[Agent]) -> dict[str, list[Any]]:
    holders = sorted({agent.holder for agent in agents if agent.holder is not None})
    place = {holder: index for index, holder in enumerate(holders)}
    return {
        "address": [agent.address for agent in agents],
        "asn": [agent.asn for agent in agents],
        "holder": [None if a.holder is None else place[a.holder] for a in agents],
        "holderNames": list(holders),
        "country": [agent.country for agent in agents],
        "first": [_seconds(agent.first_seen) for agent in agents],
        "last": [_seconds(agent.last_seen) for agent in agents],
        "roles": [("answer" in a.roles) + 2 * ("name-server" in a.roles) for a in agents],
        "domains": [agent.domains for agent in agents],
    }


def _sparkline(growth: Growth | None) -> str:
    """Return the growth curve as points of an SVG polyline in a box of 96 by 20."""
    if growth is None or len(growth.columns) < 2:
        return ""
    picked = np.unique(np.linspace(0, len(growth.columns) - 1, 48).round().astype(np.int64))
    x: Integers = growth.columns[picked] - growth.columns[0]
    y: Integers = growth.cumulative[picked]
    across = x / max(int(x[-1]), 1) * 94 + 1
    down = 19 - y / max(int(y[-1]), 1) * 18
    return " ".join(f"{a:.1f},{d:.1f}" for a, d in zip(across, down, strict=True))


def _bars(evidence: Sequence[Evidence]) -> list[tuple[Evidence, float, float]]:
    """Return each piece with start and width of its bar, in a box 100 wide with zero at 50."""
    finite = [abs(piece.llr) for piece in evidence if math.isfinite(piece.llr)]
    largest = max([1.0, *finite])
    bars = []
    for piece in evidence:
        llr = 0.0 if math.isnan(piece.llr) else max(-largest, min(largest, piece.llr))
        width = round(abs(llr) / largest * 48, 1)
        bars.append((piece, 50.0 if llr >= 0 else round(50 - width, 1), width))
    return bars


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _score(number: float | None) -> str:
    return "–" if number is None else score_text(number)


def _llr(number: float) -> str:
    return f"{number:+.2f}".replace("-", "−")


def _value(value: float | int | str | None) -> str:
    shown = measured(value)
    if shown is None:
        return "–"
    return shown if isinstance(shown, str) else f"{shown:,}"
