"""Published detectors, run beside ours on the same records."""

from typing import Final

from unflux.judge.baselines.baseline import Baseline
from unflux.judge.baselines.five_asns import FiveAsns
from unflux.judge.baselines.holz import Holz, HolzAll
from unflux.judge.baselines.nazario import Nazario
from unflux.judge.baselines.perdisci import Perdisci

BASELINES: Final[tuple[Baseline, ...]] = (Holz(), HolzAll(), Nazario(), Perdisci(), FiveAsns())
