"""Shares of time: which part of an interval lies within others."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np

from pipeline.geometry.earth import Floats
from pipeline.model.times import to_us

_OPEN_END = np.iinfo(np.int64).max


def time_share(begin_us: Any, end_us: Any, from_us: int, until_us: int) -> Floats:
    """The share of each interval that lies within another; an instant lies in it or not."""
    begin, end = np.asarray(begin_us), np.asarray(end_us)
    length = end - begin
    overlap = np.minimum(end, until_us) - np.maximum(begin, from_us)
    instant = ((begin >= from_us) & (begin < until_us)).astype(float)
    return np.where(length > 0, np.clip(overlap, 0, None) / np.maximum(length, 1), instant)


def share_within(begin_us: Any, end_us: Any, spans: Iterable[tuple[datetime, datetime | None]]) -> Floats:
    """The share of each interval that lies within any of some spans that are apart from one another."""
    share = np.zeros(np.shape(begin_us))
    for begin, until in spans:
        share = share + time_share(begin_us, end_us, to_us(begin), _OPEN_END if until is None else to_us(until))
    return np.minimum(share, 1.0)
