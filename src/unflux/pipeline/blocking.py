"""Blocking in a watch: after each judgement the gate of ``unflux block``, and its deliveries."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from unflux.act.delivering import deliver
from unflux.act.standing import next_serial
from unflux.engine.connection import Engine
from unflux.model.actions import BLOCKS, Action, Plan
from unflux.model.errors import UnfluxError
from unflux.model.telling import Tell
from unflux.model.times import format_moment
from unflux.pipeline.acting import plan_analysed, surroundings_of
from unflux.pipeline.analysis import Analysis
from unflux.pipeline.deployment import Deployment, Place, Prepared, read_deployment
from unflux.pipeline.gathering import gather_nothing
from unflux.pipeline.scanning import compose_result

RETRY: Final = timedelta(minutes=1)
"""After a delivery that failed. Chosen: 2026-11-28; a reload may take 30 s until it is killed."""
LOOK: Final = timedelta(minutes=10)
"""Between two looks at what stands while nothing is convicted: others deliver there too. Chosen:
2026-11-28."""
SETTLING: Final = timedelta(minutes=1)
"""From a decision until it is in force everywhere. Chosen: 2026-11-28; what stood before this
process began may have been seen so long after its state was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What the operator wants done, and where."""

    place: Place
    prepared: Prepared
    """As of the moment the lists were read."""
    is_dry: bool = True


@dataclass(slots=True, kw_only=True)
class Acts:
    """What was done since the watch began, and what stands."""

    standing: Mapping[str, int] = field(default_factory=dict)
    """By kind."""
    begun: Counter[str] = field(default_factory=Counter)
    """By kind."""
    withdrawn: Counter[str] = field(default_factory=Counter)
    """By the rule that ended it."""
    refused: Counter[str] = field(default_factory=Counter)
    """By rule: once for each target that it refuses, for as long as it goes on to."""
    delivered: Counter[str] = field(default_factory=Counter)
    """By output."""
    failed: Counter[str] = field(default_factory=Counter)
    """By output."""
    failure: str | None = None
    """Why nothing was decided, or not all of it delivered; null while all is well."""


class Blocker:
    """Decides after each judgement, and delivers what changed; in a dry run it only tells.

    ``read_orders`` reads configuration and lists. One thread at a time decides; another may have
    them read again meanwhile.
    """

    def __init__(self, read_orders: Callable[[], Orders], tell: Tell) -> None:
        self._read_orders = read_orders
        self._orders = read_orders()
        self._done: Orders | None = None
        """Those that were carried out last."""
        self._tell = tell
        self._due_at: datetime | None = None
        self._retry_at: datetime | None = None
        self._dry: tuple[Action, ...] | None = None
        self._latest: Mapping[str, Action] = {}
        self._refused: frozenset[tuple[str, str]] = frozenset()
        self.acts = Acts()

    def reread(self) -> None:
        """Read configuration and lists again; raises UnfluxError, and the former hold then."""
        self._orders = self._read_orders()

    def is_due(self, now: datetime) -> bool:
        """Tell whether something must be done although nothing new was seen."""
        return self._is_forced or (self._due_at is not None and now >= self._due_at)

    def is_concerned(self, now: datetime) -> bool:
        """Tell whether there is something to decide on although nothing is convicted."""
        return bool(self.acts.standing) or self.is_due(now)

    def act(self, engine: Engine, analysis: Analysis, now: datetime) -> None:
        """Decide on what was judged, and deliver what changed by it; what fails is tried again."""
        orders = self._orders
        try:
            with orders.place.hold(is_dry=orders.is_dry):
                deployment = read_deployment(orders.place, ())
                prepared = self._prepare(orders, deployment, now)
                analysis.bring(surroundings_of(analysis, prepared.standing))
                result = compose_result(
                    engine, analysis, gather_nothing(), list_all=False, domain=None
                )
                decided = plan_analysed(engine, result, prepared.gate, prepared.standing)
                self._follow(decided, prepared, deployment, orders)
        except UnfluxError as error:
            self._fail(str(error), now)

    def _prepare(self, orders: Orders, deployment: Deployment, now: datetime) -> Prepared:
        """Return the orders as of now, with what stands."""
        stood = deployment.standing.actions
        if orders.is_dry and self._dry is not None:
            stood = self._dry
        before = orders.prepared
        return replace(
            before,
            gate=replace(before.gate, now=now),
            standing=replace(
                before.standing,
                # The state is written when something changes: what was seen since is known here.
                actions=tuple(self._latest.get(action.id, action) for action in stood),
                convicted_until=dict(self._until(stood)),
            ),
            deployment=deployment,
            options=replace(before.options, serial=next_serial(deployment.standing.serial, now)),
        )

    def _until(self, stood: Sequence[Action]) -> Iterator[tuple[str, datetime]]:
        """Yield until when what was seen of domains had them blocked."""
        for action in stood:
            latest = self._latest.get(action.id)
            seen = (latest or action).proposal.last_seen
            if action.kind == "block-domain" and seen is not None:
                yield action.target, seen if latest else seen + SETTLING

    def _follow(
        self, decided: Plan, prepared: Prepared, deployment: Deployment, orders: Orders
    ) -> None:
        """Deliver a plan where it differs from what is there, and tell of it."""
        now = decided.decided_at
        standing = decided.of_kind(*BLOCKS)
        self.acts.failure = None
        if orders.is_dry:
            self._dry = standing
        elif self._must_deliver(decided, deployment):
            self._deliver(decided, prepared, deployment)
        self._done = orders
        self._latest = {action.id: action for action in standing}
        self._tell_plan(decided, is_dry=orders.is_dry)
        self.acts.standing = Counter(action.kind for action in standing)
        self._retry_at = None if self.acts.failure is None else now + RETRY
        self._due_at = min([now + LOOK, *(action.expires_at for action in standing)])
        if self._retry_at is not None:
            self._due_at = min(self._due_at, self._retry_at)

    @property
    def _is_forced(self) -> bool:
        """Whether orders were read that are not carried out yet."""
        return self._orders is not self._done

    def _must_deliver(self, decided: Plan, deployment: Deployment) -> bool:
        now = decided.decided_at
        if self._is_forced or decided.withdrawals or _fresh(decided):
            return True
        if not deployment.is_whole:
            return self._retry_at is None or now >= self._retry_at
        stood = {action.id: action.expires_at for action in deployment.standing.actions}
        # Files hold the end of each action: they are written again when half of its time is over.
        return any(
            (stood[action.id] - now) * 2 <= action.expires_at - now
            for action in decided.of_kind(*BLOCKS)
        )

    def _deliver(self, decided: Plan, prepared: Prepared, deployment: Deployment) -> None:
        rendered = {o.NAME: o.render(decided, prepared.options) for o in deployment.outputs}
        for done in deliver(
            decided, deployment.targets, rendered, serial=prepared.options.serial,
            state=deployment.state, before=deployment.journal,
        ):  # fmt: skip
            output = done.target.output
            if done.failure is None:
                self.acts.delivered[output] += 1
                self._tell("delivered", output=output, files=len(done.files))
            else:
                self.acts.failed[output] += 1
                self.acts.failure = f"{output}: {done.failure}"
                self._tell("delivery-failed", output=output, because=done.failure)

    def _tell_plan(self, decided: Plan, *, is_dry: bool) -> None:
        would = "would-" if is_dry else ""
        for action in _fresh(decided):
            self.acts.begun[action.kind] += 1
            self._tell(
                f"{would}block", kind=action.kind, target=action.target, id=action.id,
                score=round(action.proposal.score, 4), expires=format_moment(action.expires_at),
            )  # fmt: skip
        for withdrawal in decided.withdrawals:
            action, ended = withdrawal.action, withdrawal.objection
            self.acts.withdrawn[ended.rule] += 1
            self._tell(
                f"{would}withdraw", kind=action.kind, target=action.target, id=action.id,
                rule=ended.rule, because=ended.because,
            )  # fmt: skip
        refused = dict(_refusals(decided))
        for (id_, rule), (target, because) in refused.items():
            if (id_, rule) not in self._refused:
                self.acts.refused[rule] += 1
                if target is not None:
                    self._tell(f"{would}refuse", target=target, rule=rule, because=because)
        self._refused = frozenset(refused)

    def _fail(self, because: str, now: datetime) -> None:
        if self.acts.failure != because:
            self._tell("not-decided", because=because)
        self.acts.failure = because
        self._due_at = now + RETRY


def _fresh(decided: Plan) -> list[Action]:
    """Return what begins to stand; reports do not."""
    return [action for action in decided.of_kind(*BLOCKS) if action.id in decided.fresh]


def _refusals(decided: Plan) -> Iterator[tuple[tuple[str, str], tuple[str | None, str]]]:
    """Yield each refusal of something that would stand, by id and rule.

    With the target where a line of the log is worth it: of addresses there are thousands.
    """
    for refusal in decided.refusals:
        proposal = refusal.proposal
        if proposal.kind in BLOCKS:
            target = proposal.target if proposal.kind == "block-domain" else None
            for objection in refusal.objections:
                yield (proposal.id, objection.rule), (target, objection.because)
