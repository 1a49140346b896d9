"""How surprising a number of findings is beside earlier numbers, where they come in clusters.

Findings do not come singly: one exchange of fire is seven of them. So daily counts are taken to be negative binomial
(M. Greenwood, G. U. Yule, 1920): a mean in proportion to the effort, and a variance of `1 + excess` times the mean. Of
two sums of such counts, given their total, the one is beta-binomial whatever the mean (the argument of J. Przyborowski
and H. Wilenski, 1940, for Poisson counts, and of J. G. Skellam, 1948, for the beta-binomial law). So it needs no
estimate of the mean to say how surprising the later of them is: that the rate is known from a few days only is in the
answer. The excess is not estimated either: the chances by each value of a grid are averaged with the weights that the
earlier counts give them (J. M. Dickey, 1983, for the likelihood, a Dirichlet-multinomial).
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats

Counts = NDArray[np.int64]

EXCESS: Floats = np.geomspace(0.05, 200.0, 16)
"""From counts that are all but Poisson to ones of which the variance is 200 times the mean."""

_PRIOR_MEDIAN = 2.0
_PRIOR_SPREAD = 1.5
"""Before any count is seen: log-normal, 19 in 20 between a twentieth and twenty times the median."""

_BOOKED = 1e-12
"""A value of the grid with less weight than this share is left out."""

_CHUNK = 512
_NEGLIGIBLE = 1e-13
_SHIFT = 8


def excess_weights(counts: Counts, exposures: Floats) -> Floats:
    """The weight of each value of `EXCESS` after these daily counts; they sum to 1.

    Args:
        counts: findings a day.
        exposures: in proportion to how many were to be expected each day; all above 0.
    """
    log_weight = -0.5 * (np.log(EXCESS / _PRIOR_MEDIAN) / _PRIOR_SPREAD) ** 2
    total = int(counts.sum())
    if total:
        size = (total / EXCESS)[:, None] * (exposures / exposures.sum())
        log_weight += log_gamma(total / EXCESS) - log_gamma(total + total / EXCESS)
        log_weight += (log_gamma(size + counts) - log_gamma(size)).sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    return np.asarray(weight / weight.sum())


def chance_of_more(count: int, total: int, share: float, weights: Floats) -> float:
    """The chance that of a total so many, or more, fall to a stretch of days that a share of them is to be expected in.

    Args:
        count: what fell to it.
        total: with what fell to the days that it is compared with.
        share: of the exposure, between 0 and 1.
        weights: of each value of `EXCESS`.

    >>> from_alike = excess_weights(np.array([4, 6, 5, 5, 4, 6, 5]), np.ones(7))
    >>> round(chance_of_more(5, 40, 1 / 8, from_alike), 2), round(chance_of_more(20, 55, 1 / 8, from_alike), 4)
    (0.54, 0.0011)
    """
    if count <= 0:
        return 1.0
    if share <= 0.0:
        return 0.0
    if share >= 1.0:
        return 1.0
    kept = weights > _BOOKED
    size = total / EXCESS[kept]
    tails = _upper_tails(count, total, size * share, size * (1.0 - share))
    return float(min(1.0, (weights[kept] * tails).sum() / weights[kept].sum()))


def log_gamma(values: Floats) -> Floats:
    """The logarithm of the gamma function of numbers above 0, by Stirling's series; numpy has none.

    >>> log_gamma(np.array([1.0, 5.0])).round(12).tolist()
    [0.0, 3.178053830348]
    """
    # The series is exact to 1e-13 from 8 on; below, Γ(x + 1) = x Γ(x) leads up to there.
    small = values < _SHIFT
    first = np.where(small, values, 1.0)
    below = first.copy()
    for step in range(1, _SHIFT):
        below *= first + step
    below[~small] = 1.0
    x = values + _SHIFT * small
    inverse = 1.0 / (x * x)
    series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse * (1 / 1680 - inverse / 1188)))) / x
    return np.asarray((x - 0.5) * np.log(x) - x + 0.5 * np.log(2.0 * np.pi) + series - np.log(below))


def _upper_tails(count: int, total: int, a: Floats, b: Floats) -> Floats:
    """P(X >= count) of beta-binomial laws, summed term by term from `count` on."""
    one = np.ones_like(a)
    ends = ((total + 1.0) * one, (count + 1.0) * one, (total - count + 1.0) * one)
    gammas = log_gamma(np.array([*ends, count + a, total - count + b, total + a + b, a + b, a, b]))
    last = np.array([1.0, -1.0, -1.0, 1.0, 1.0, -1.0, 1.0, -1.0, -1.0]) @ gammas
    tails = np.exp(last)
    # Where b is below 1 the law may rise again towards its end, and every term is needed.
    falls_off = bool((b >= 1.0).all())
    for begin in range(count, total, _CHUNK):
        k = np.arange(begin, min(begin + _CHUNK, total), dtype=np.float64)[:, None]
        terms = last + np.cumsum(np.log((total - k) * (k + a) / ((k + 1.0) * (total - k - 1.0 + b))), axis=0)
        tails += np.exp(terms).sum(axis=0)
        falling = bool((terms[-1] < terms[-2]).all()) if len(terms) > 1 else False
        last = terms[-1]
        if falls_off and falling and bool((np.exp(last) * (total - begin) <= _NEGLIGIBLE * tails).all()):
            break
    return np.asarray(np.minimum(tails, 1.0))
