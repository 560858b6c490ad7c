"""Abuse bundles: for each holder of addresses, which of them serve as agents, and when."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Final

from unflux.act.abuse_mail import compose_mail
from unflux.act.output import Doc, Options, Rendered
from unflux.act.plain import lines, one_line
from unflux.act.reporter import Reporter
from unflux.act.xarf import ports, xarf_report
from unflux.model.actions import Action, Plan
from unflux.model.plural import plural
from unflux.model.spreadsheets import defuse
from unflux.model.times import format_moment

HEADER: Final = (
    "address", "asn", "holder", "country", "first_seen_utc", "last_seen_utc", "roles", "ports",
    "domains", "network", "score", "proofs",
)  # fmt: skip


class Abuse:
    """Writes ``abuse/AS*.csv``, ``.txt``, and for a reporter ``.xarf.jsonl`` and ``.eml``."""

    NAME = "abuse"
    DOC = Doc(
        summary="per AS holder: agents as CSV, X-ARF, and a mail to send",
        references=(
            "X-ARF 4.2: infrastructure, botnet; RFC 5965 and 6522: the mail; RFC 2142: abuse@",
            "Honeynet, Know Your Enemy: Fast-Flux (2007): tell owners and providers of agents",
        ),
        limitations=(
            "Addresses stand here on less proof than a block needs, and change hands: the times "
            "say whose it was. The text says so.",
            "Nothing is sent, and the holder's contact is not looked up: the mail has no To.",
            "X-ARF and the mail must name who reports, so they are written with --reporter only.",
            "RFC 5965 wants the mail that is complained of as its third part; there is none, and "
            "the X-ARF reports take its place.",
            "Ports are those of an agent's roles: nobody has connected.",
        ),
    )

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return a table and a text for each AS; unmapped addresses go into one of their own."""
        held: dict[int, list[Action]] = {}
        for action in plan.of_kind("report-address"):
            agent = action.proposal.agent
            asn = agent.asn if agent is not None and agent.asn is not None else -1
            held.setdefault(asn, []).append(action)
        files = []
        for asn in sorted(held):
            stem = f"abuse/AS{asn}" if asn >= 0 else "abuse/AS-unknown"
            files.append(Rendered(name=f"{stem}.csv", content=_table(held[asn])))
            text = lines(_text(plan, held[asn]))
            files.append(Rendered(name=f"{stem}.txt", content=text))
            if options.reporter is not None:
                files += _reports(stem, text, held[asn], options.reporter)
        return tuple(files)


def _reports(
    stem: str, text: bytes, actions: Sequence[Action], reporter: Reporter
) -> Iterator[Rendered]:
    """Yield the X-ARF reports, one a line, and the mail that carries them."""
    xarf = lines(json.dumps(xarf_report(action, reporter)) for action in actions)
    yield Rendered(name=f"{stem}.xarf.jsonl", content=xarf)
    mail = compose_mail(text.decode("ascii"), xarf, actions, reporter)
    yield Rendered(name=f"{stem}.eml", content=mail)


def _table(actions: Sequence[Action]) -> bytes:
    sink = io.StringIO()
    table = csv.writer(sink, lineterminator="\r\n")
    table.writerow(HEADER)
    for action in actions:
        table.writerow([defuse(one_line(text)) for text in _cells(action)])
    return sink.getvalue().encode("ascii")


def _cells(action: Action) -> tuple[str, ...]:
    proposal, agent = action.proposal, action.proposal.agent
    return (
        action.target,
        str(agent.asn) if agent is not None and agent.asn is not None else "",
        (agent.holder if agent is not None else None) or "",
        (agent.country if agent is not None else None) or "",
        format_moment(proposal.first_seen) or "",
        format_moment(proposal.last_seen) or "",
        " ".join(agent.roles) if agent is not None else "",
        ports(action),
        " ".join(proposal.related),
        proposal.network or "",
        f"{proposal.score:.4f}",
        " | ".join(f"{proof.witness}: {proof.says}" for proof in proposal.proofs),
    )


def _text(plan: Plan, actions: Sequence[Action]) -> Iterator[str]:
    agent = actions[0].proposal.agent
    asn = "unknown" if agent is None or agent.asn is None else f"AS{agent.asn}"
    holder = (agent.holder if agent is not None else None) or "the holder of these addresses"
    addresses = plural(len(actions), "address", "addresses")
    yield f"Subject: {addresses} in {asn} seen to serve fast flux"
    yield ""
    yield "To:"
    yield f"  {one_line(holder)}"
    yield ""
    yield "The addresses below were seen in DNS as front ends of fast-flux networks: infected"
    yield "machines that relay web traffic or name service to hidden servers. Times are UTC; an"
    yield "address may have changed hands since. Operators also plant addresses of strangers in"
    yield "their answers, so please check before you act. What comes with this text holds domains"
    yield "and evidence."
    yield ""
    for action in actions:
        seen = action.proposal
        yield (
            f"  {action.target}  {format_moment(seen.first_seen) or '?'} - "
            f"{format_moment(seen.last_seen) or '?'}  {ports(action)}  "
            f"{one_line(seen.network or '-')}  {seen.verdict}"
        )
    yield ""
    yield f"Decided {format_moment(plan.decided_at)} by unflux; this report cannot be taken back."
