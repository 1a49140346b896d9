"""Staying inside: whether a track was within a clause's zones for as long as it asks, without leaving.

Decided by the centres of its places in the order of their times: it enters where one is deep enough within the edge,
and leaves where one is as far outside. What lies between, or nowhere, changes nothing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.agreement.clauses import Dwell
from pipeline.geometry.earth import Bools, Floats
from pipeline.model.records import Incident
from pipeline.model.taxonomy import Doubt
from pipeline.monitor.doubts import Note

_MINUTE_US = 60_000_000

Times = NDArray[np.int64]


class Stays(NamedTuple):
    """Of each place, whether it belongs to a stay that is long enough, and from when until when that lasted."""

    counts: Bools
    begin_us: Times
    end_us: Times


def stays(dwell: Dwell, margin_m: Floats, owner: NDArray[np.intp], begin_us: Times, end_us: Times) -> Stays:
    """The stays of tracks.

    Args:
        margin_m: how deep each place lies within; NaN where it says nothing.
        owner: the track of each place; those of one track follow one another, in the order of their times.

    >>> times = np.arange(4) * 60_000_000
    >>> margin_m = np.array([5.0, 40.0, -5.0, 10.0])
    >>> stays(Dwell(2.0, 30.0), margin_m, np.zeros(4, dtype=int), times, times).counts.tolist()
    [False, True, True, True]
    """
    rows = np.arange(len(owner))
    first = np.diff(owner, prepend=-1) != 0
    enters, leaves = margin_m >= dwell.hysteresis_m, margin_m < -dwell.hysteresis_m
    last = np.maximum.accumulate(np.where(first | enters | leaves, rows, 0))
    inside = enters[last]
    begins = np.flatnonzero(first | (np.diff(inside, prepend=False)))
    stay = np.searchsorted(begins, rows, side="right") - 1
    stay_begin_us, stay_end_us = begin_us[begins][stay], np.maximum.reduceat(end_us, begins)[stay]
    long_enough = stay_end_us - stay_begin_us >= round(dwell.minutes * _MINUTE_US)
    return Stays(inside & long_enough, stay_begin_us, stay_end_us)


def dwell_short(dwell: Dwell, incident: Incident) -> Note | None:
    """The doubt of what is no track, where it was seen for less than the dwell."""
    seen_minutes = (incident.observed_until - incident.observed_from).total_seconds() / 60.0
    if seen_minutes >= dwell.minutes:
        return None
    return Doubt.DWELL_SHORT, {"dwell_minutes": dwell.minutes, "seen_minutes": round(seen_minutes, 1)}
