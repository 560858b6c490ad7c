"""A deployment: where what is decided goes, and what stands there by earlier runs."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from unflux.act.gate import Gate
from unflux.act.journal import Delivery, read_journal
from unflux.act.output import Options, Output
from unflux.act.outputs import OUTPUTS
from unflux.act.standing import Deployed, read_standing
from unflux.act.state import State
from unflux.act.targets import Target
from unflux.model.errors import UsageError
from unflux.model.lock import locked
from unflux.pipeline.acting import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a run may deliver to, before anything is known of what is there."""

    state: State
    targets: tuple[Target, ...] = ()
    """Of a configuration."""
    folder: Path | None = None
    """Of ``--out``, where every format has its usual name."""

    def hold(self, *, is_dry: bool) -> AbstractContextManager[None]:
        """Keep other runs out, unless this one changes nothing."""
        return nullcontext() if is_dry else locked(self.state.lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What is there, and where this run would deliver to."""

    state: State
    targets: tuple[Target, ...]
    standing: Deployed
    journal: tuple[Delivery, ...]

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs of the targets, in their order."""
        named = {output.NAME: output for output in OUTPUTS}
        return tuple(named[target.output] for target in self.targets)

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever delivered here."""
        return not self.journal and not self.standing.actions

    @property
    def is_whole(self) -> bool:
        """Whether everything arrived that was ever delivered here."""
        return all(delivery.step == "done" for delivery in self.journal)


def read_deployment(place: Place, formats: Sequence[str]) -> Deployment:
    """Return what is deployed at a place.

    ``formats``: what was asked for; in a folder, what was ever written there is written again, lest
    one file keep what was withdrawn. Raises UnfluxError where the state cannot be read.
    """
    journal = read_journal(place.state)
    targets = place.targets
    if place.folder is not None:
        known = [output.NAME for output in OUTPUTS]
        asked = dict.fromkeys([*(delivery.output for delivery in journal), *formats])
        folder = place.folder.absolute()
        targets = tuple(
            Target(output=name, path=folder, is_folder=True) for name in asked if name in known
        )
    elif formats:
        message = f"--format {formats[0]}: the outputs of --config are delivered; name it there"
        raise UsageError(message)
    return Deployment(
        state=place.state, targets=targets, standing=read_standing(place.state), journal=journal
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is known before records are read: the gate, the outputs, what stands where."""

    gate: Gate
    standing: Standing
    deployment: Deployment | None
    options: Options
    outputs: tuple[Output, ...]
