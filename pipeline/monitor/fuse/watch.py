"""Watching: where instruments and patrols report, their silence on what rumour tells says something.

A place is watched at a time where anybody who is no rumour reported anything from near by within some hours. (What
assets watched, and how well, is not known yet.)
"""

from itertools import product

import numpy as np

from pipeline.geometry.earth import Bools, Floats
from pipeline.monitor.fuse.pairs import loops_for
from pipeline.monitor.fuse.sights import BEGIN, TIER, Ints, Rows, Sights, Tier, X, Z
from pipeline.observers import Linking

_WIDE = 1 << 20
_FEW = 200
"""Up to so many reports the compiled loop is not worth getting."""


def located(sights: Sights) -> Rows:
    """The rows of reports that tell that somebody watches."""
    return np.flatnonzero(sights.marks[:, TIER] == Tier.LOCATED)


def watched(sights: Sights, rows: Rows, by: Rows, linking: Linking) -> Bools:
    """Which of some reports tell of a place that is watched.

    Args:
        rows: the reports in question.
        by: the reports that tell that somebody watches.
    """
    found = np.zeros(len(rows), dtype=bool)
    if not len(by) or not len(rows):
        return found
    where, when = sights.table[:, X : Z + 1], sights.table[:, BEGIN]
    by = by[np.argsort(when[by], kind="stable")]
    cells = np.unique(_keys(where[by], linking.watch_m))
    about = np.concatenate([cells + _shift(step) for step in product((-1, 0, 1), repeat=3)])
    near = np.isin(_keys(where[rows], linking.watch_m), about)
    asked = rows[near]
    answer = np.zeros(len(asked), dtype=bool)
    loops = loops_for(len(asked), _FEW)
    if loops is None:
        _watch(where[asked], when[asked], where[by], when[by], (linking.watch_m, linking.watch_s), answer)
    else:
        reach = np.array([linking.watch_m, linking.watch_s])
        loops.watch(where[asked], when[asked], where[by], when[by], reach, answer)
    found[near] = answer
    return found


def _watch(
    where: Floats, when: Floats, by_where: Floats, by_when: Floats, reach: tuple[float, float], found: Bools
) -> None:
    """The twin of `kernels.watch`."""
    first = np.searchsorted(by_when, when - reach[1], side="left")
    last = np.searchsorted(by_when, when + reach[1], side="right")
    for row, (begin, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        apart = by_where[begin:end] - where[row]
        found[row] = ((apart * apart).sum(axis=1) <= reach[0] * reach[0]).any()


def _keys(where: Floats, cell_m: float) -> Ints:
    x, y, z = (np.floor(where / cell_m).astype(np.int64) + (_WIDE >> 1)).T
    return np.asarray((x * _WIDE + y) * _WIDE + z)


def _shift(step: tuple[int, ...]) -> int:
    return (step[0] * _WIDE + step[1]) * _WIDE + step[2]
