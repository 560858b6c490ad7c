"""Running programs against each other: what they cost, in rounds, as a page."""
