"""What an output is: a plan in, files out that a real system loads. It delivers nothing."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

from unflux.act.protected import NOTHING, Protected
from unflux.act.reporter import Reporter
from unflux.model.actions import Action, Plan
from unflux.model.addresses import canonical_address
from unflux.model.errors import UnfluxError, UsageError
from unflux.model.markers import Marker
from unflux.model.times import format_moment

Answer = Literal["nxdomain", "nodata", "garden"]
Trigger = Literal["nsdname", "nsip", "ip"]

DISCARD_NEXT_HOPS: Final[Mapping[Literal[4, 6], str]] = {4: "192.0.2.1", 6: "100::1"}
"""What operators route to nowhere on every router (RFC 5635 section 3): an address of TEST-NET-1
(RFC 5737), as vendors' guides have it, and one of the discard prefix (RFC 6666)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What outputs may be told; each takes what its format knows."""

    answer: Answer = "nxdomain"
    """What a refused name is answered with."""
    garden: str | None = None
    """Name or address of the walled garden, for the answer of that name."""
    zone: str = "rpz.unflux.invalid"
    """Origin of the policy zone, normalised."""
    serial: int = 1
    """Of the policy zone: 0..2^32-1, rising from run to run (RFC 1982)."""
    triggers: frozenset[Trigger] = frozenset()
    """Of the policy zone beside names: name-server names, their addresses, answered addresses."""
    subscribers: Protected = NOTHING
    """The operator's own prefixes, for the policy on servers in subscriber space."""
    servers: Protected = NOTHING
    """Of them, those who asked to run servers."""
    reporter: Reporter | None = None
    """Of reports, bundles and events; without one, what must name somebody is not written."""
    next_hops: Mapping[Literal[4, 6], str] = field(default_factory=lambda: DISCARD_NEXT_HOPS)
    """By family: where routers that take a blackhole route drop what is sent there."""
    markers: tuple[Marker, ...] = ()
    """Of probes, for rules that alert when one leaves an agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Omission:
    """An action that a format cannot express, so that it is left out; never bent to fit."""

    target: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One file, by its name, and what could not be written into it."""

    name: str
    content: bytes
    omissions: tuple[Omission, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Doc:
    """What an output says about itself."""

    summary: str
    references: tuple[str, ...]
    limitations: tuple[str, ...]


class Output(Protocol):
    """Renders a plan for one kind of system: the same plan and options, the same bytes."""

    NAME: str
    """How ``--format`` calls it."""
    DOC: Doc

    def render(self, plan: Plan, options: Options) -> tuple[Rendered, ...]:
        """Return the files; raises UsageError for options that the format cannot follow."""
        ...


_NOT_IN_IDS: Final = re.compile(r"[^A-Za-z0-9_.-]")

WITHDRAWING: Final = "unflux block --withdraw all (or an id), then load this file again"


def heading(plan: Plan, actions: Iterable[Action], undo: str) -> Iterator[str]:
    """Yield the lines of a comment that begins a file: what it is, when it ends, how to undo it."""
    stated = tuple(actions)
    last = max((action.expires_at for action in stated), default=None)
    yield f"unflux block, decided {format_moment(plan.decided_at)}: {len(stated)} entries"
    yield (
        "nothing stands"
        if last is None
        else f"first expires {_moment(min(a.expires_at for a in stated))}, last {_moment(last)}"
    )
    yield f"renew by running unflux block again before; undo: {undo}"


def remark(action: Action) -> str:
    """Return the comment beside an entry: ids that lead back to the reason, and its end.

    Ids are ours; what could end a comment all the same, as in a state that somebody edited, is not
    in it.
    """
    ids = (action.id, action.proposal.verdict, action.proposal.network or "-")
    told = " ".join(_NOT_IN_IDS.sub("?", text) for text in ids)
    return f"{told} until {_moment(action.expires_at)}"


def require(name: str, options: Options, *answers: Answer) -> None:
    """Raise UsageError where the format ``name`` cannot give the answer that is asked for."""
    if options.answer not in answers:
        message = f"{name} cannot answer {options.answer}; it can {', '.join(answers)}"
        raise UsageError(message)
    if options.answer == "garden" and options.garden is None:
        message = "the answer garden needs the name or address of one"
        raise UsageError(message)


def garden_address(name: str, options: Options) -> str:
    """Return the garden as an address; raises UsageError where it is a name."""
    address = canonical_address(options.garden or "")
    if address is None:
        message = f"{name} needs the walled garden as an address, not {options.garden!r}"
        raise UsageError(message)
    return address


def origin(options: Options) -> str:
    """Return what sets the ids of one reporter apart from those of others."""
    return "" if options.reporter is None else options.reporter.mailbox


def lacking(name: str, library: str) -> UnfluxError:
    """Return the error of the format ``name`` where the library of its extra is not installed."""
    return UnfluxError(f"{name} needs {library}: pip install 'unflux[sharing]'")


def _moment(moment: datetime) -> str:
    return format_moment(moment) or ""
