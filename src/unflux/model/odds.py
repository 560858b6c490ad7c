"""Log-odds as probabilities."""

import math


def probability(log_odds: float) -> float:
    """Return the probability, 0..1, that log-odds (natural logarithm) stand for."""
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds))))
