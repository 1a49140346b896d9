"""The evidence that two reports are one incident: match weights, term by term.

Each term is the natural logarithm of a likelihood ratio, of what two reports say if they are of one incident against
what they say if they are of two (Fellegi and Sunter, 1969), in thousandths and rounded, so that sums are exact and the
same on every machine. The terms are

* place: how far apart they are, by the errors of both (a normal law in two dimensions), for each square kilometre;
* time: how their intervals fit, by the errors of both, for each minute;
* crowding: how many such incidents there are in a square kilometre and a minute, about here and now;
* activity, weapons, count: what was seen;
* words: the same address or the same words.
"""

from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Bools, Floats
from pipeline.monitor.fuse.sights import (
    ALIKE,
    BEGIN,
    COUNT,
    COUNTED,
    END,
    EX,
    EY,
    EZ,
    KEY,
    LASTS,
    NX,
    NY,
    NZ,
    OBSERVER,
    RATE,
    REACH_M,
    REACH_S,
    TERM,
    TIER,
    VC,
    VEE,
    VEN,
    VNN,
    VT,
    WEAPONS,
    WHOLE,
    WORDS,
    Ints,
    Rows,
    Sights,
    X,
    Y,
    Z,
)
from pipeline.observers import Observers

UNIT = 1000.0
"""Weights are kept in so many parts of a natural logarithm."""

_KM2, _MINUTE = 1e6, 60.0
_TWO_PI = 2.0 * np.pi

TERMS = ("place", "time", "crowding", "activity", "weapons", "count", "words")


class Weights(NamedTuple):
    """The figures of linking that a weight needs, as plain numbers."""

    words: float
    same_term: float
    alike_term: float
    same_weapon: float
    other_weapon: float
    count_spread: float
    count_floor: float
    attach_m: float
    attach_s: float

    @classmethod
    def of(cls, observers: Observers) -> "Weights":
        """Those of some observers."""
        linking = observers.linking
        return cls(
            linking.words_weight,
            linking.same_term_weight,
            linking.alike_term_weight,
            linking.same_weapon_weight,
            linking.other_weapon_weight,
            linking.count_spread,
            linking.count_floor,
            linking.attach_m,
            linking.attach_s,
        )


def terms(sights: Sights, weights: Weights, one: Rows, two: Rows) -> Ints:
    """The weights of pairs of reports, of shape (terms, pairs), in thousandths; the smaller row is the first."""
    a, b = sights.table[one].T, sights.table[two].T
    m, n = sights.marks[one].T, sights.marks[two].T
    rows = (
        _place(a, b),
        _time(a, b, m, n),
        -np.log((a[RATE] + b[RATE]) * 0.5),
        np.where(m[TERM] == n[TERM], weights.same_term, weights.alike_term),
        _weapons(m, n, weights),
        _count(a, b, m, n, weights),
        np.where((m[WORDS] >= 0) & (m[WORDS] == n[WORDS]), weights.words, 0.0),
    )
    return np.array([np.rint(row * UNIT) for row in rows]).astype(np.int64)


def excluded(sights: Sights, weights: Weights, one: Rows, two: Rows) -> Bools:
    """Which pairs are never one incident: out of reach, not alike, two reports of one observer in
    other words, or one report in two windows.
    """
    a, b = sights.table[one].T, sights.table[two].T
    m, n = sights.marks[one].T, sights.marks[two].T
    dx, dy, dz = b[X] - a[X], b[Y] - a[Y], b[Z] - a[Z]
    same_tier = m[TIER] == n[TIER]
    reach_m = np.where(same_tier, a[REACH_M], weights.attach_m)
    reach_s = np.where(same_tier, a[REACH_S], weights.attach_s)
    far = dx * dx + dy * dy + dz * dz > reach_m * reach_m
    apart = np.abs(b[BEGIN] - a[BEGIN]) > reach_s
    alike = ((m[ALIKE] >> n[TERM]) & 1) == 1
    same = (m[OBSERVER] >= 0) & (m[OBSERVER] == n[OBSERVER]) & ~((m[WORDS] >= 0) & (m[WORDS] == n[WORDS]))
    return np.asarray(far | apart | ~alike | same | (m[KEY] == n[KEY]))


def _place(a: Floats, b: Floats) -> Floats:
    dx, dy, dz = b[X] - a[X], b[Y] - a[Y], b[Z] - a[Z]
    east, north = dx * a[EX] + dy * a[EY] + dz * a[EZ], dx * a[NX] + dy * a[NY] + dz * a[NZ]
    ee, en, nn = a[VEE] + b[VEE], a[VEN] + b[VEN], a[VNN] + b[VNN]
    determinant = ee * nn - en * en
    square = (east * east * nn - 2.0 * east * north * en + north * north * ee) / determinant
    return np.asarray(-0.5 * square - 0.5 * np.log(determinant) - np.log(_TWO_PI / _KM2))


def _time(a: Floats, b: Floats, m: Ints, n: Ints) -> Floats:
    variance = a[VT] + b[VT]
    lasts = a[LASTS]
    begins, ends = b[BEGIN] - a[BEGIN], b[END] - a[END]
    # Both saw the whole. The middles are apart by the errors, of two incidents by anything; and so with how long they
    # last, which of two incidents differs by about as much as incidents last, and by the errors.
    error = np.sqrt(np.pi * variance)
    both = -(begins * begins + ends * ends) / (2.0 * variance)
    both += np.log((lasts + error) / error) - np.log(error / _MINUTE)
    # One of the two passes by: what it sees lies within what the other sees, anywhere in it.
    first = m[WHOLE] == 1
    begin, end = np.where(first, a[BEGIN], b[BEGIN]), np.where(first, a[END], b[END])
    part_begin, part_end = np.where(first, b[BEGIN], a[BEGIN]), np.where(first, b[END], a[END])
    gap = np.maximum(np.maximum(begin - part_begin, part_end - end), 0.0)
    room = np.maximum((end - begin) - (part_end - part_begin), 0.0) + np.sqrt(_TWO_PI * variance)
    within = -gap * gap / (2.0 * variance) - np.log(room / _MINUTE)
    # Both pass by: the longer the gap, the less likely it was still there.
    between = np.maximum(np.maximum(b[BEGIN] - a[END], a[BEGIN] - b[END]), 0.0)
    passing = -between / lasts - np.log((2.0 * lasts + np.sqrt(_TWO_PI * variance)) / _MINUTE)
    # Where only the day is told, it is that day's, any time.
    day = -np.log(np.maximum(np.maximum(a[END] - a[BEGIN], b[END] - b[BEGIN]), _MINUTE) / _MINUTE)
    whole = m[WHOLE] + n[WHOLE]
    return np.asarray(np.where(whole < 0, day, np.where(whole == 2, both, np.where(whole == 1, within, passing))))


def _weapons(m: Ints, n: Ints, weights: Weights) -> Floats:
    said = (m[WEAPONS] != 0) & (n[WEAPONS] != 0)
    agree = (m[WEAPONS] & n[WEAPONS]) != 0
    return np.asarray(np.where(said, np.where(agree, weights.same_weapon, weights.other_weapon), 0.0))


def _count(a: Floats, b: Floats, m: Ints, n: Ints, weights: Weights) -> Floats:
    apart, variance = b[COUNT] - a[COUNT], a[VC] + b[VC]
    weight = -apart * apart / (2.0 * variance) - 0.5 * np.log(_TWO_PI * variance) + np.log(weights.count_spread)
    weight = np.maximum(weight, weights.count_floor)
    return np.asarray(np.where((m[COUNTED] >= 0) & (m[COUNTED] == n[COUNTED]), weight, 0.0))
