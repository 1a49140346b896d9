"""Joining: some rounds in which each group joins the one that suits it best, if that one thinks so too.

A greedy joining in order of arrival gives other incidents for another order; one that goes on until nothing is left to
join lets an incident depend on reports without end. Rounds of reciprocal best do neither: what a report ends in depends
on the reports within 2 × rounds × reach of it, and on nothing else. All pairs across must be within reach, so that no
incident is wider than the reach, however dense the fire.
"""

import numpy as np

from pipeline.monitor.fuse.pairs import Links
from pipeline.monitor.fuse.sights import Ints, Rows, mixed

_SCALE = 64
"""Means are compared in so many parts of a thousandth: as integers, the same on every machine."""


def joined(keys: Ints, links: Links, above: int, rounds: int) -> Rows:
    """The group of each report: the smallest row in it.

    Args:
        keys: a number for each report, its own wherever it is looked at; of pairs that are equally good they choose.
        above: the mean weight from which two groups are joined.
    """
    count = len(keys)
    group = np.arange(count)
    one, two, weight = links
    for _ in range(rounds):
        first, second, mean = _candidates(count, group, Links(one, two, weight))
        good = mean > above * _SCALE
        if not good.any():
            break
        kept, into = _reciprocal(keys, first[good], second[good], mean[good])
        renamed = np.arange(count)
        renamed[into] = kept
        group = renamed[group]
        apart = group[one] != group[two]
        one, two, weight = one[apart], two[apart], weight[apart]
    return group


def _candidates(count: int, group: Rows, links: Links) -> tuple[Rows, Rows, Ints]:
    """Pairs of groups of which every pair of reports across may be one incident, with the mean weight of those."""
    left, right = group[links.one], group[links.two]
    low, high = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    if not len(low):
        return low, high, np.zeros(0, dtype=np.int64)
    starts = np.flatnonzero(np.concatenate([[True], (low[1:] != low[:-1]) | (high[1:] != high[:-1])]))
    total = np.add.reduceat(links.weight[order], starts)
    many = np.diff(np.append(starts, len(low)))
    low, high = low[starts], high[starts]
    size = np.bincount(group, minlength=count)
    whole = many == size[low] * size[high]
    return low[whole], high[whole], total[whole] * _SCALE // many[whole]


def _reciprocal(keys: Ints, low: Rows, high: Rows, mean: Ints) -> tuple[Rows, Rows]:
    """Pairs of which each is the other's best.

    Of equals it is as if a lot were drawn for each pair, the same for both: were the first always the best, of many
    that are alike only two would find each other in a round.
    """
    count = len(keys)
    source, target, value = np.concatenate([low, high]), np.concatenate([high, low]), np.concatenate([mean, mean])
    lot = mixed([keys[low], keys[high]])
    order = np.lexsort((target, np.concatenate([lot, lot]), -value, source))
    source, target = source[order], target[order]
    foremost = np.concatenate([[True], source[1:] != source[:-1]])
    best = np.full(count, -1)
    best[source[foremost]] = target[foremost]
    chosen = np.flatnonzero(best >= 0)
    mutual = chosen[(best[best[chosen]] == chosen) & (chosen < best[chosen])]
    return mutual, best[mutual]
