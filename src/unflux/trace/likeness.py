"""Likeness of sizes: how far the octets of requests and of their relays may be apart."""

from typing import Final

import numpy as np

SLACK_BYTES: Final = {True: 300, False: 4}
SLACK_RATIO: Final = {True: 0.05, False: 0.0}
"""How far sizes of a request and its relay may differ, of TCP and of datagrams: a proxy changes
header lines. Chosen: 2026-11-28; a relay that adds Via and X-Forwarded-For stays within it."""


def apart(
    ours: np.ndarray, theirs: np.ndarray, is_tcp: np.ndarray, flow_count: np.ndarray | int = 1
) -> np.ndarray:
    """Return how far octets are apart, in units of what a relay may change: 1 is the bound.

    ``flow_count``: flows that each number is the sum of, the more of the two.
    """
    slack = np.where(is_tcp, SLACK_BYTES[True], SLACK_BYTES[False]) * flow_count
    ratio = np.where(is_tcp, SLACK_RATIO[True], SLACK_RATIO[False])
    units: np.ndarray = np.abs(ours - theirs) / (slack + ratio * np.maximum(ours, theirs))
    return units
