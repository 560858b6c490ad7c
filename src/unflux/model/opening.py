"""The opening of a domain: its first minutes, in which no address counts as new yet."""

from typing import Final

OPENING_S: Final = 300
"""What is seen in the first five minutes of a domain is its opening set, not newcomers. Chosen:
2026-11-22; one fine bucket, two rotations of TTL 150, so that two caches of one farm agree."""
