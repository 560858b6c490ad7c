"""The steps that a track's report takes after those of an analysis."""

from typing import Final

from unflux.engine.step import Step
from unflux.link.components import MEMBERS
from unflux.track.served import neighbours, served_buckets

GIVEN: Final = {"tracked": MEMBERS}
"""What is put into the engine: domain and network of what is followed."""

SERVED_BUCKETS: Final = Step(
    name="served_buckets", reads=("incidences", "places", "tracked"), build=served_buckets
)
NEIGHBOURS: Final = Step(
    name="neighbours", reads=("incidences", "served_buckets", "tracked"), build=neighbours
)
TRACKING_STEPS: Final = (SERVED_BUCKETS, NEIGHBOURS)
