"""Published detectors, run beside ours on the same records."""

from typing import Final

from unflux.judge.baselines.baseline import Baseline
from unflux.judge.baselines.caglayan import Caglayan
from unflux.judge.baselines.five_asns import FiveAsns
from unflux.judge.baselines.fluxor import Fluxor
from unflux.judge.baselines.holz import Holz, HolzAll
from unflux.judge.baselines.nazario import Nazario
from unflux.judge.baselines.perdisci import Perdisci
from unflux.judge.baselines.perdisci_clusters import PerdisciClusters
from unflux.judge.baselines.zeek import Zeek

BASELINES: Final[tuple[Baseline, ...]] = (
    Holz(), HolzAll(), Zeek(), Nazario(), Fluxor(), Caglayan(), Perdisci(), PerdisciClusters(),
    FiveAsns(),
)  # fmt: skip
