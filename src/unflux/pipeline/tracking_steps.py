"""The steps that a track's report takes after those of an analysis."""

from typing import Final

from unflux.engine.step import Step
from unflux.link.components import MEMBERS
from unflux.track.served import neighbours, overlaps, served_buckets, tracked_sets

GIVEN: Final = {"tracked": MEMBERS, "all_members": MEMBERS}
"""What is put into the engine: domain and network of what is followed, and of all there are."""

SERVED_BUCKETS: Final = Step(
    name="served_buckets", reads=("incidences", "places", "tracked"), build=served_buckets
)
NEIGHBOURS: Final = Step(
    name="neighbours", reads=("incidences", "served_buckets", "tracked"), build=neighbours
)
OVERLAPS: Final = Step(
    name="overlaps", reads=("incidences", "places", "served_buckets", "all_members"), build=overlaps
)
TRACKED_SETS: Final = Step(
    name="tracked_sets", reads=("answer_sets", "tracked"), build=tracked_sets
)
TRACKING_STEPS: Final = (SERVED_BUCKETS, NEIGHBOURS, OVERLAPS, TRACKED_SETS)
