"""Escalation: more findings of one provision in one sector of a line than were to be expected.

A control chart of daily counts that runs by itself: a fold over the days in their order, of which the state is the
last eight weeks. Each day the sums of the last day, three days and week are held against the days before them, by a
chance that allows for clusters of findings and for how few days there were (`counts`). It is a scan over windows that
end today (J. I. Naus, 1965; prospectively M. Kulldorff, 2001) beside a trailing baseline with a gap (the EARS methods,
L. Hutwagner and others, 2003), the day of the week being a factor of what is to be expected (as C. P. Farrington and
others, 1996, have the season). docs/escalation.md says how often it is wrong.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace

from pipeline.geometry.earth import Bools, Floats
from pipeline.law.counts import EXCESS, Counts, chance_of_more, excess_weights

WEEK = 7
DIGITS = 3
MOST_SURPRISE = 300.0
_NINE_IN_TEN = 1.645


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """How the chart is set.

    Attributes:
        chance: of a day, in a series of which the rate is steady, that a run begins on it. `chance_for` gives it for
            many series.
        ends_above: a run ends when what was counted lately had at least this chance.
        spent_share: of that chance, what is given to the law of counts; the rest is for what it does not have: clusters
            with longer tails, days that take after each other.
        windows_days: the stretches, ending today, that are looked at; each has an equal part of `chance`. The last is
            the longest.
        gap_days: between a window and the days that it is held against, so that a rise does not hide in them.
        baseline_days: so many days are held against it at most.
        least_days: there is no verdict before so many.
        weekday_from_days: the day of the week counts from so many days of baseline on.
        weekday_spread: the standard deviation to which factors of the days of the week are thought to go.
        longest_begun_days: a run began at most so many days before it was noticed.
        adopted_days: a run of so many days is the usual from then on.
        spike_days: the days of a run that was shorter are usual when it is over, so that it is learned that such days
            occur; to leave out all that was high would make every later chance too small.
        fallen_days, fallen_chance: if so many days bring so few findings that there is no more than this chance of it,
            they are the baseline.
        kept_days: the length of the state.
    """

    chance: float = 0.001
    spent_share: float = 0.25
    ends_above: float = 0.05
    windows_days: tuple[int, ...] = (1, 3, 7)
    gap_days: int = 2
    baseline_days: int = 42
    least_days: int = 7
    weekday_from_days: int = 28
    weekday_spread: float = 0.3
    longest_begun_days: int = 14
    adopted_days: int = 28
    spike_days: int = 14
    fallen_days: int = 10
    fallen_chance: float = 0.0001
    kept_days: int = 56


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What a series remembers: its last days, the oldest first.

    Attributes:
        counts, efforts: of each day.
        usual: whether a day may be held against later ones: not those of a run.
        run_days: how many of the last days are the run that goes on; 0 without one.
    """

    counts: tuple[int, ...] = ()
    efforts: tuple[float, ...] = ()
    usual: tuple[bool, ...] = ()
    run_days: int = 0


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What a day brought.

    Attributes:
        learning: too few days to hold it against: no verdict.
        expected, expected_from, expected_until: how many findings were to be expected today, and between what, nine
            times in ten, their true rate lies; 0 while learning.
        dispersion: how many times its mean the variance of a day's count is thought to be.
        window_days, counted, expected_there: the stretch, ending today, that is least to be expected; how many there
            were in it, and how many were to be expected.
        surprise: −log10 of the chance of so many, for the number of windows that were looked at.
        signals: a run begins today, or goes on with no less surprise than that.
        run_days: how many days the run has lasted that goes on today, today included; 0 without one. Its first day
            may lie before the day on which it was noticed.
        adopted: the run ends today, as its rate is the usual from now on.
    """

    learning: bool = False
    expected: float = 0.0
    expected_from: float = 0.0
    expected_until: float = 0.0
    dispersion: float = 0.0
    window_days: int = 0
    counted: int = 0
    expected_there: float = 0.0
    surprise: float = 0.0
    signals: bool = False
    run_days: int = 0
    adopted: bool = False


LEARNING = Judgement(learning=True)


def chance_for(series: int, days_between: float) -> float:
    """The chance at which so many series together begin a false run once in so many days, or less often.

    What is to be expected of a sum needs no independence: it holds however alike the sectors' days are.

    >>> round(1.0 / chance_for(48, 30.0))
    1440
    """
    return 1.0 / (max(series, 1) * days_between)


def step(
    state: State, count: int, effort: float = 1.0, weekday: int = 0, chart: Chart | None = None
) -> tuple[State, Judgement]:
    """One day more.

    Args:
        count: of findings that day.
        effort: how much was watched, in any unit; of a day with none, nothing is said and nothing learned.
        weekday: 0 to 6, from any day on, as long as it is always the same.
    """
    chart = chart or Chart()
    past = _Past(state, count, effort, weekday, chart)
    tests = past.tests()
    if not tests or effort <= 0.0:
        return past.after(state.run_days + 1 if state.run_days else 0), LEARNING
    best = min(tests, key=lambda test: (test.chance, test.days))
    surprise = _surprise(best.chance * len(tests))
    signals = surprise >= _surprise(chart.chance * chart.spent_share)
    judgement = past.judgement(best, surprise, signals)
    run_days = _run_days(state, past, tests, best, signals, chart.ends_above)
    if run_days >= chart.adopted_days:
        return past.after_adopting(chart.adopted_days), replace(judgement, signals=False, adopted=True)
    if not run_days and past.has_fallen():
        return past.after_adopting(chart.fallen_days), judgement
    return past.after(run_days), replace(judgement, run_days=run_days)


def judged(
    counts: Sequence[int], efforts: Sequence[float] | None = None, first_weekday: int = 0, chart: Chart | None = None
) -> list[Judgement]:
    """A judgement of each day of a series.

    >>> [judgement.signals for judgement in judged([3, 2, 4, 3, 2, 3, 4, 3, 2, 3, 30])][-2:]
    [False, True]
    """
    state, told = State(), []
    for day, count in enumerate(counts):
        effort = 1.0 if efforts is None else efforts[day]
        state, judgement = step(state, int(count), float(effort), (first_weekday + day) % WEEK, chart)
        told.append(judgement)
    return told


class _Test(NamedTuple):
    """A window against its baseline.

    Attributes:
        rate: findings by unit of exposure in the baseline, and `rate_error` the standard error of it.
    """

    days: int
    counted: int
    exposure: float
    rate: float
    rate_error: float
    chance: float


class _Past:
    """The last days with today, the oldest first."""

    def __init__(self, state: State, count: int, effort: float, weekday: int, chart: Chart) -> None:
        self._chart, self._run_days = chart, state.run_days
        days = chart.kept_days - 1
        self._given = State(
            counts=(*state.counts[-days:], count),
            efforts=(*state.efforts[-days:], effort),
            usual=(*state.usual[-days:], True),
        )
        watched = np.array(self._given.efforts) > 0.0
        usual = np.array(self._given.usual) & watched
        # Runs in quick succession may leave nothing usual: then they are.
        self._usual: Bools = usual if usual.sum() >= chart.least_days else watched
        self._counts: Counts = np.where(watched, self._given.counts, 0)
        self._age = np.arange(len(watched))[::-1]
        self._exposure: Floats = np.where(watched, self._given.efforts, 0.0)
        longest = max((days for days in chart.windows_days if self._suffices(days)), default=0)
        if longest:
            self._weights = self._weigh(self._baseline(longest), (weekday - self._age) % WEEK)

    @property
    def dispersion(self) -> float:
        """How many times its mean the variance of a day's count is thought to be."""
        return 1.0 + float(self._weights @ EXCESS)

    def tests(self) -> list[_Test]:
        """Every window that there are enough days to hold against."""
        return [self._test(days, self._baseline(days)) for days in self._chart.windows_days if self._suffices(days)]

    def begun_days(self, rate: float) -> int:
        """How many days ago, today included, a rise began: where its likelihood against the rate is greatest."""
        counted = np.cumsum(self._counts[::-1])[: self._chart.longest_begun_days].astype(np.float64)
        expected = rate * np.cumsum(self._exposure[::-1])[: len(counted)]
        more = (counted > expected) & (expected > 0.0)
        ratio = np.where(more, counted, 1.0) / np.where(more, expected, 1.0)
        gain = np.where(more, counted * np.log(ratio) - (counted - expected), 0.0)
        # Above a rate of nothing, any finding is part of the rise.
        return int(np.argmax(gain if rate > 0.0 else counted)) + 1

    def has_fallen(self) -> bool:
        """Whether the last days brought so little that the days before them tell nothing of days to come."""
        days = self._chart.fallen_days
        before = self._baseline(days, gap_days=0)
        if before.sum() < self._chart.least_days or not self._usual[-days:].all():
            return False
        there, here = int(self._counts[before].sum()), int(self._counts[-days:].sum())
        exposures = float(self._exposure[before].sum()), float(self._exposure[-days:].sum())
        if there / exposures[0] <= here / exposures[1]:
            return False
        share = exposures[0] / sum(exposures)
        return chance_of_more(there, there + here, share, self._weights) <= self._chart.fallen_chance

    def after(self, run_days: int) -> State:
        """The state when today is over. The days of a run are not usual, but for those of a short one that is over."""
        usual = np.array(self._given.usual)
        usual[self._age < run_days] = False
        if not run_days and self._run_days < self._chart.spike_days:
            usual[self._age <= self._run_days] = True
        return replace(self._given, usual=tuple(usual.tolist()), run_days=run_days)

    def after_adopting(self, days: int) -> State:
        """The state from which the last days are what is usual, and those before them are not."""
        return replace(self._given, usual=tuple((self._age < days).tolist()))

    def judgement(self, best: _Test, surprise: float, signals: bool) -> Judgement:
        """What today brought; of a run it says nothing."""
        today = float(self._exposure[-1])
        either = _NINE_IN_TEN * best.rate_error
        return Judgement(
            expected=round(best.rate * today, DIGITS),
            expected_from=round(max(0.0, best.rate - either) * today, DIGITS),
            expected_until=round((best.rate + either) * today, DIGITS),
            dispersion=round(self.dispersion, DIGITS),
            window_days=best.days,
            counted=best.counted,
            expected_there=round(best.rate * best.exposure, DIGITS),
            surprise=surprise,
            signals=signals,
        )

    def _suffices(self, days: int) -> bool:
        return bool(self._baseline(days).sum() >= self._chart.least_days)

    def _baseline(self, days: int, gap_days: int | None = None) -> Bools:
        """The days that a window of so many is held against."""
        gap = self._chart.gap_days if gap_days is None else gap_days
        allowed = self._usual & (self._age >= days + gap)
        newest_first = np.cumsum(allowed[::-1])[::-1]
        return np.asarray(allowed & (newest_first <= self._chart.baseline_days))

    def _weigh(self, baseline: Bools, weekdays: Counts) -> Floats:
        """The weights of the excesses; where there are weeks enough, the exposure allows for the day of the week."""
        counts = self._counts[baseline]
        weights = excess_weights(counts, self._exposure[baseline])
        if len(counts) < self._chart.weekday_from_days:
            return weights
        expected = self._exposure[baseline] * (counts.sum() / self._exposure[baseline].sum())
        # Few findings tell little of a day of the week: then its factor stays near 1.
        caution = (1.0 + float(weights @ EXCESS)) / self._chart.weekday_spread**2
        there = np.bincount(weekdays[baseline], counts, WEEK) + caution
        self._exposure = (
            self._exposure * (there / (np.bincount(weekdays[baseline], expected, WEEK) + caution))[weekdays]
        )
        return excess_weights(counts, self._exposure[baseline])

    def _test(self, days: int, baseline: Bools) -> _Test:
        counted, there = int(self._counts[-days:].sum()), int(self._counts[baseline].sum())
        exposure, before = float(self._exposure[-days:].sum()), float(self._exposure[baseline].sum())
        chance = 1.0
        if counted * before > there * exposure:
            chance = chance_of_more(counted, counted + there, exposure / (exposure + before), self._weights)
        error = math.sqrt(self.dispersion * (there + 0.5)) / before
        return _Test(days, counted, exposure, there / before, error, chance)


def _run_days(state: State, past: _Past, tests: Sequence[_Test], best: _Test, signals: bool, ends_above: float) -> int:
    """How long the run is that goes on today: what is over ends by the shorter windows, as the longest remembers it."""
    if not state.run_days:
        return past.begun_days(best.rate) if signals else 0
    lately = tests[:-1] or tests
    chance = min(test.chance for test in lately) * len(lately)
    return state.run_days + 1 if chance <= ends_above else 0


def _surprise(chance: float) -> float:
    """−log10 of a chance, rounded, so that processors that differ in a last bit say the same."""
    if chance <= 10.0**-MOST_SURPRISE:
        return MOST_SURPRISE
    return round(max(0.0, -math.log10(chance)), DIGITS)
