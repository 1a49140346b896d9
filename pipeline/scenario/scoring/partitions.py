"""How alike two partitions of the same things are: which of them belong together, truly and as somebody says.

A partition is an array of whole numbers: things with the same number are one group. `APART` is a group of its own for
every thing that has it.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]

APART = -1


class Quality(msgspec.Struct, frozen=True):
    """Precision and recall from 0 to 1, and their harmonic mean."""

    precision: float
    recall: float
    f1: float


def pairwise(truth: Labels, predicted: Labels) -> Quality:
    """Of the pairs that are said to belong together, the share that does (precision); and the other way (recall).

    Where there are no pairs to be wrong about, nothing is wrong.

    >>> pairwise(np.array([1, 1, 1, 2]), np.array([7, 7, 8, 8]))
    Quality(precision=0.5, recall=0.3333333333333333, f1=0.4)
    """
    true, said, both = _sizes(truth, predicted)
    right, claimed, there = _pairs(both), _pairs(said), _pairs(true)
    return Quality(
        right / claimed if claimed else 1.0,
        right / there if there else 1.0,
        2.0 * right / (claimed + there) if claimed + there else 1.0,
    )


def bcubed(truth: Labels, predicted: Labels) -> Quality:
    """The mean over things of the share of its said group that is of its true group (precision), and the other way.

    Unlike pairs, a group of a hundred counts a hundred times as much as a thing by itself, and not five thousand times.

    >>> bcubed(np.array([1, 1, 1, 2]), np.array([7, 7, 8, 8]))
    Quality(precision=0.75, recall=0.6666666666666666, f1=0.7058823529411765)
    """
    if not len(truth):
        return Quality(1.0, 1.0, 1.0)
    number = len(truth)
    truth, predicted = _dense(truth), _dense(predicted)
    true, said, (cells, both) = np.bincount(truth), np.bincount(predicted), _cells(truth, predicted)
    rows, columns = np.divmod(cells, len(said))
    squares = both.astype(np.float64) * both
    precision = float((squares / said[columns]).sum()) / number
    recall = float((squares / true[rows]).sum()) / number
    return Quality(precision, recall, 2.0 * precision * recall / (precision + recall))


def number_of_groups(labels: Labels) -> int:
    """How many groups there are; what is `APART` is in none of them.

    >>> number_of_groups(np.array([3, 3, -1, 5, -1]))
    2
    """
    return len(np.unique(labels[labels != APART]))


def _sizes(truth: Labels, predicted: Labels) -> tuple[Labels, Labels, Labels]:
    """The sizes of the true groups, of the said groups, and of what they have in common."""
    truth, predicted = _dense(truth), _dense(predicted)
    return np.bincount(truth), np.bincount(predicted), _cells(truth, predicted)[1]


def _cells(truth: Labels, predicted: Labels) -> tuple[Labels, Labels]:
    """Each true and said group that have something in common, as one number, and how much."""
    width = int(predicted.max()) + 1 if len(predicted) else 1
    return np.unique(truth * width + predicted, return_counts=True)


def _dense(labels: Labels) -> Labels:
    """The same partition numbered from 0, with what is apart in groups of one."""
    _, numbers = np.unique(labels, return_inverse=True)
    apart = np.flatnonzero(labels == APART)
    numbers[apart] = numbers.max(initial=0) + 1 + np.arange(len(apart))
    return numbers.astype(np.int64)


def _pairs(sizes: Labels) -> int:
    return int((sizes * (sizes - 1)).sum()) // 2
