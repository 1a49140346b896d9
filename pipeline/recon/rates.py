"""Rates of what happens, adjusted for what was watched.

The model: what happens is a Poisson process of an even rate in a sector; each thing is noticed by itself, with the
chance that coverage says. Then what is noticed is Poisson too, with the rate times the observed hours: the integral of
the chance over time. Where things come in bursts, counts spread more; how much more is estimated from parts of the
period, and intervals are widened by it (quasi-Poisson).
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LEVEL = 0.95
"""Of intervals, and of "would have been noticed"."""

COVERAGE_FACTOR = 1.5
"""Where the share that was observed differs by more than this, rates are not compared unasked: the difference rests
more on the model of who notices what than on what was noticed."""

PERIOD_FACTOR = 1.01
LEAST_PARTS = 5
LEAST_EXPECTED = 0.1


class Rate(NamedTuple):
    """How often something happens.

    Attributes:
        number: how often it was noticed.
        hours: how long the period is.
        exposure_h: the observed hours: of one for which all would have been noticed, one; of one for which half, half.
        per_h: the rate in one hour, None where nothing was observed; and its interval.
        dispersion: by how much more than a Poisson process its counts spread.
    """

    number: int
    hours: float
    exposure_h: float
    per_h: float | None
    low_per_h: float
    high_per_h: float
    dispersion: float = 1.0

    @property
    def share(self) -> float:
        """The chance of being noticed, over the whole period."""
        return self.exposure_h / self.hours if self.hours else 0.0


class Comparison(NamedTuple):
    """One rate against another.

    Attributes:
        comparable: whether it can be compared at face value.
        reasons: why not, in plain words.
        made: whether it was compared: because it can be, or because that was asked for all the same.
        ratio: of the first to the second; None where there is none; and its interval.
        p_value: how often rates that are equal would differ by as much.
    """

    comparable: bool
    reasons: tuple[str, ...]
    made: bool
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None

    @property
    def word(self) -> str:
        """What it comes to, in a word or two."""
        if not self.made:
            return "not compared"
        if self.p_value is None or self.p_value > 1.0 - LEVEL:
            said = "no difference shown"
        else:
            said = "more often" if self.ratio is None or self.ratio > 1.0 else "less often"
        return said if self.comparable else f"{said}, compared all the same"


def rate(
    number: int, exposure_h: float, hours: float | None = None, *, dispersion: float = 1.0, level: float = LEVEL
) -> Rate:
    """A rate with its interval: exact (F. Garwood, Biometrika 28, 437, 1936), widened by the dispersion.

    >>> found = rate(10, 100.0)
    >>> found.per_h, round(found.low_per_h, 4), round(found.high_per_h, 4)
    (0.1, 0.048, 0.1839)
    """
    whole_h = exposure_h if hours is None else hours
    if exposure_h <= 0.0:
        return Rate(number, whole_h, 0.0, None, 0.0, np.inf, dispersion)
    tail, spread = (1.0 - level) / 2.0, max(dispersion, 1.0)
    low = spread * float(stats.gamma.ppf(tail, number / spread)) if number else 0.0
    high = spread * float(stats.gamma.ppf(1.0 - tail, number / spread + 1.0))
    return Rate(number, whole_h, exposure_h, number / exposure_h, low / exposure_h, high / exposure_h, spread)


def dispersion(series: Iterable[tuple[ArrayLike, ArrayLike]]) -> float:
    """By how much more than a Poisson process the counts of parts of a period spread: Pearson's, at least 1.

    Of fewer than five parts of which something was to be expected it cannot be told, and is 1.

    Args:
        series: counts and observed hours of the parts; several series with a rate of their own each, such as sectors,
            tell of it together.
    """
    squares, freedom = 0.0, 0
    for counts, exposures_h in series:
        number, exposure = np.asarray(counts, dtype=float), np.asarray(exposures_h, dtype=float)
        if not number.sum() or exposure.sum() <= 0.0:
            continue
        expected = number.sum() * exposure / exposure.sum()
        # Parts of which next to nothing was to be expected say nothing of spread, and would say it loudly.
        told = expected >= LEAST_EXPECTED
        squares += float(((number - expected)[told] ** 2 / expected[told]).sum())
        freedom += max(0, int(told.sum()) - 1)
    return max(1.0, squares / freedom) if freedom >= LEAST_PARTS - 1 else 1.0


def least_noticed(exposure_h: float, *, dispersion: float = 1.0, level: float = LEVEL) -> float:
    """The rate in one hour from which on something would have been noticed at least once, this surely.

    >>> round(least_noticed(100.0), 4)
    0.03
    """
    return np.inf if exposure_h <= 0.0 else max(dispersion, 1.0) * -float(np.log(1.0 - level)) / exposure_h


def compare(one: Rate, other: Rate, *, anyway: bool = False, level: float = LEVEL) -> Comparison:
    """Whether one rate is higher than another: given how many there were in both, how many fell to the one.

    That is binomial whatever the rates, with the observed hours as odds (the conditional test of J. Przyborowski and
    H. Wilenski, Biometrika 31, 313, 1940); counts are divided by the dispersion first.

    Args:
        anyway: compare what is not comparable, and say so.
    """
    reasons = tuple(_reasons(one, other))
    if one.exposure_h <= 0.0 or other.exposure_h <= 0.0:
        return Comparison(False, reasons, made=False)
    if reasons and not anyway:
        return Comparison(False, reasons, made=False)
    ratio = None if not other.number else one.number * other.exposure_h / (other.number * one.exposure_h)
    if not one.number + other.number:
        return Comparison(not reasons, reasons, True, p_value=1.0)
    spread = max(one.dispersion, other.dispersion)
    first, second = one.number / spread, other.number / spread
    odds = one.exposure_h / other.exposure_h
    tail = (1.0 - level) / 2.0
    low = float(stats.beta.ppf(tail, first, second + 1.0)) if first else 0.0
    high = float(stats.beta.ppf(1.0 - tail, first + 1.0, second)) if second else 1.0
    expected = odds / (1.0 + odds)
    # Of a binomial count the tails, by the beta integral, which knows parts of a count too.
    at_least = float(stats.beta.cdf(expected, first, second + 1.0)) if first else 1.0
    at_most = float(stats.beta.sf(expected, first + 1.0, second)) if second else 1.0
    upper = np.inf if high >= 1.0 else high / (1.0 - high) / odds
    p_value = min(1.0, 2.0 * min(at_least, at_most))
    return Comparison(not reasons, reasons, True, ratio, low / (1.0 - low) / odds, float(upper), p_value)


def _reasons(one: Rate, other: Rate) -> list[str]:
    """Why two rates cannot be compared at face value."""
    found = list[str]()
    longer, shorter = max(one.hours, other.hours), min(one.hours, other.hours)
    if longer > shorter * PERIOD_FACTOR:
        found.append(f"the periods are not of one length: {one.hours:,.4g} h and {other.hours:,.4g} h")
    dark = [name for name, each in (("the first", one), ("the second", other)) if each.exposure_h <= 0.0]
    found += [f"{name} period was not observed" for name in dark]
    more, less = max(one.share, other.share), min(one.share, other.share)
    if not dark and more > less * COVERAGE_FACTOR:
        found.append(
            f"not as much was observed: {one.share:.0%} and {other.share:.0%} of what happened would have been noticed"
        )
    return found
