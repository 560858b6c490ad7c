"""Moments and TTLs among JSON values, as columns."""

import json

import numpy as np

from unflux.read.kernel.scan.layout import ABSENT, FLOAT, INTEGER, NULL, STRING
from unflux.read.moments import parse_moment
from unflux.read.objects import Values
from unflux.read.presentation import parse_ttl
from unflux.read.spans import parse_moments
from unflux.read.ttls import BAD, NO_TTL, parse_ttls


def moments_of(values: Values) -> np.ndarray:
    """Return what :func:`parse_moment` makes of each (int64, microseconds), OTHER for nothing."""
    moments = parse_moments(values.texts, parse_moment)
    is_number = values.is_kind(INTEGER, FLOAT)
    if is_number.any():
        numbers = values.at(is_number).spans(INTEGER, FLOAT)
        moments[is_number] = parse_moments(numbers, lambda text: parse_moment(json.loads(text)))
    return moments


def ttls_of(values: Values) -> np.ndarray:
    """Return what :func:`parse_ttl` makes of each: seconds (int64), NO_TTL, or BAD."""
    ttl_s = np.full(len(values.kinds), BAD)
    ttl_s[values.is_kind(ABSENT, NULL)] = NO_TTL
    is_number = values.is_kind(INTEGER, FLOAT)
    if is_number.any():
        numbers = values.at(is_number).spans(INTEGER, FLOAT)
        ttl_s[is_number] = parse_ttls(numbers, lambda text: parse_ttl(json.loads(text)))
    is_text = values.is_kind(STRING)
    if is_text.any():
        ttl_s[is_text] = parse_ttls(values.at(is_text).texts, parse_ttl)
    return ttl_s
