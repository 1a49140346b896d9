"""How soon an escalation is signalled, and how often a steady series is: the chart beside two plain rules.

The series are daily numbers of violations by sector and provision, of what truly happens in the scenarios, without
observers. `--seeds` chooses the worlds, 1000 being added: none of them served to set the chart.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline import load_agreement
from pipeline.agreement import Agreement
from pipeline.geometry.earth import Bools
from pipeline.law.counts import Counts
from pipeline.law.escalation import WEEK, Chart, judged
from pipeline.model.times import to_us
from pipeline.scenario import scenarios
from pipeline.scenario.catalogue import BEGIN, scenario_named
from pipeline.scenario.conditions import DAY_MS, prevail
from pipeline.scenario.happen import happen
from pipeline.scenario.truth import Judge
from pipeline.scenario.world import World
from tests.bench import Effort, Figure

HELD_OUT = 1_000
STEADY_DAYS = 100
BEFORE_DAYS, AFTER_DAYS = 40, 14
RAMP_DAYS = 10
SERIES, BROUGHT_ABOUT = 20, 0.5
LEAST_A_DAY = 1.0
"""A rise is looked for in series with so many violations a day before it: of fewer, no rule sees it within days."""

STEADY = ("quiet", "routine", "noisy-public", "jammed")
RISING = ("escalation", "breakdown")

Rule = Callable[[Counts], Bools]


class Rise(NamedTuple):
    """A series that is steady for `BEFORE_DAYS`, and what is said of it from then on."""

    what: str
    counts: Counts


def run(effort: Effort) -> list[Figure]:
    agreement = load_agreement("ukraine-hypothetical")
    days = max(BEFORE_DAYS + AFTER_DAYS, effort.of(STEADY_DAYS))
    worlds = [HELD_OUT + seed for seed in effort.seeds]
    steady = {name: np.concatenate([played(agreement, name, days, seed) for seed in worlds]) for name in STEADY}
    rises = [rise for seed in worlds for rise in risen(agreement, seed)]
    rises += injected(steady["routine"])
    steady["days that take after each other"] = exciting(days, effort.seeds)
    return [figure for name, rule in rules().items() for figure in measured(name, rule, steady, rises)]


def rules() -> dict[str, Rule]:
    """What is compared, each at several thresholds; the plain ones look back four weeks."""
    charts: dict[str, Rule] = {f"the chart, 1 in {days:,}": _chart(1.0 / days) for days in (100, 1_000, 10_000)}
    sigmas: dict[str, Rule] = {f"mean and {sigmas} sigma": _sigmas(sigmas) for sigmas in (2, 3, 4)}
    averages: dict[str, Rule] = {f"7-day average, {times:g} times": _average(times) for times in (1.5, 2.0, 3.0)}
    return {**charts, **sigmas, **averages}


def measured(name: str, rule: Rule, steady: dict[str, NDArray[np.int64]], rises: Sequence[Rise]) -> Iterator[Figure]:
    for scenario, series in steady.items():
        told = [rule(counts) for counts in series if counts.any()]
        begun = sum(int(one[0]) + sum(now and not before for before, now in pairwise(one.tolist())) for one in told)
        on, days = sum(int(one.sum()) for one in told), sum(map(len, told))
        rate = 1_000.0 * begun / days
        note = f"{begun} begun in {days:,} series-days; {1_000.0 * on / days:.3g} days under alarm"
        yield Figure.one(f"{name}: false alarms, {scenario}", rate, "in 1,000 days", note)
    for what in dict.fromkeys(rise.what for rise in rises):
        delays = [delay(rule(rise.counts)) for rise in rises if rise.what == what]
        seen = [days for days in delays if days is not None]
        share = 100.0 * len(seen) / len(delays)
        # One that is never signalled counts as later than all others, so that the median is not flattered.
        middle = float(np.median([AFTER_DAYS if days is None else days for days in delays]))
        mean = f"mean {np.mean(seen):.2g} days of those" if seen else "none"
        note = f"{share:.0f}% of {len(delays)} within {AFTER_DAYS} days, {mean}"
        yield Figure.one(f"{name}: delay, {what}", middle, "days (median)", note)


def delay(signals: Bools) -> int | None:
    """Days from the first risen day to the first signal; 0 on the day itself."""
    found = np.flatnonzero(signals[BEFORE_DAYS : BEFORE_DAYS + AFTER_DAYS])
    return int(found[0]) if len(found) else None


def played(agreement: Agreement, name: str, days: int, seed: int, first_day: int = 0) -> NDArray[np.int64]:
    """Violations by series and day, as many days of what truly happens."""
    scenario, world, judge = scenario_named(name), World(agreement, np.random.default_rng(seed)), Judge(agreement)
    provisions = {clause.provision_id: row for row, clause in enumerate(agreement.clauses)}
    ends_m = np.array([sector.to_m for sector in agreement.sectors])
    stream = list(scenarios()).index(name)
    counts = np.zeros((len(provisions), len(ends_m), days), dtype=np.int64)
    for day in range(days):
        rng = np.random.default_rng([seed, stream, first_day + day])
        conditions = prevail(scenario, world, day, to_us(BEGIN) // 1000 + (first_day + day) * DAY_MS, rng)
        happened = happen(scenario, world, conditions, rng)
        sectors = np.minimum(np.searchsorted(ends_m, happened.chainage_m), len(ends_m) - 1).tolist()
        for sector, broken in zip(sectors, judge.violations(happened), strict=True):
            for violation in broken:
                counts[provisions[violation.provision], sector, day] += 1
    return counts.reshape(-1, days)


def risen(agreement: Agreement, seed: int) -> Iterator[Rise]:
    """`routine`, and then the scenarios that rise, in the same world: fire everywhere, of which they are made."""
    before = played(agreement, "routine", BEFORE_DAYS, seed, first_day=10_000)
    fire = [row for row in _ceasefire_rows(agreement) if before[row].mean() >= LEAST_A_DAY]
    for name in RISING:
        after = played(agreement, name, AFTER_DAYS, seed)
        for row in fire:
            yield Rise(name, np.concatenate([before[row], after[row]]))


def exciting(days: int, seeds: Sequence[int]) -> NDArray[np.int64]:
    """Steady in the long run, ten a day, half of it brought about by the days before: not what the chart assumes."""
    rows = []
    for seed in seeds:
        rng, carried, counts = np.random.default_rng([HELD_OUT, seed]), np.full(SERIES, 10.0), []
        for _ in range(days):
            counts.append(rng.poisson(10.0 * (1.0 - BROUGHT_ABOUT) + BROUGHT_ABOUT * carried))
            carried = (carried + counts[-1]) / 2.0
        rows.append(np.array(counts).T)
    return np.concatenate(rows)


def injected(series: NDArray[np.int64]) -> Iterator[Rise]:
    """Steady series with as much again added, of other days of their own: clusters stay clusters."""
    rng = np.random.default_rng(HELD_OUT)
    for counts in series[series.mean(axis=1) >= LEAST_A_DAY]:
        own = counts[: BEFORE_DAYS + AFTER_DAYS]
        for times in (2, 3):
            yield Rise(f"step to {times} times", own + _after(rng.choice(counts, (times - 1, AFTER_DAYS)).sum(axis=0)))
        share = np.minimum(1.0, (1.0 + np.arange(AFTER_DAYS)) / RAMP_DAYS)
        more = rng.choice(counts, (2, AFTER_DAYS)).sum(axis=0)
        yield Rise(f"ramp to 3 times in {RAMP_DAYS} days", own + _after(rng.binomial(more, share)))


def _after(more: Counts) -> Counts:
    return np.concatenate([np.zeros(BEFORE_DAYS, dtype=np.int64), more])


@cache
def _chart(chance: float) -> Rule:
    chart = Chart(chance=chance)
    return lambda counts: np.array([told.run_days > 0 for told in judged(counts.tolist(), chart=chart)])


def _sigmas(sigmas: float) -> Rule:
    def rule(counts: Counts) -> Bools:
        return np.array(
            [_beyond(counts[max(0, day - 4 * WEEK) : day], counts[day], sigmas) for day in range(len(counts))]
        )

    return rule


def _beyond(before: Counts, count: int, sigmas: float) -> bool:
    return len(before) >= WEEK and bool(count > before.mean() + sigmas * before.std(ddof=1))


def _average(times: float) -> Rule:
    def rule(counts: Counts) -> Bools:
        return np.array([_grown(counts[max(0, day - 5 * WEEK + 1) : day + 1], times) for day in range(len(counts))])

    return rule


def _grown(counts: Counts, times: float) -> bool:
    """The last week's average against that of the four weeks before it."""
    before = counts[:-WEEK]
    return len(before) >= WEEK and bool(counts[-WEEK:].mean() > times * before.mean())


def _ceasefire_rows(agreement: Agreement) -> list[int]:
    """The series of the provision that all fire breaks."""
    sectors = len(agreement.sectors)
    number = next(row for row, clause in enumerate(agreement.clauses) if clause.provision_id == "ceasefire")
    return list(range(number * sectors, (number + 1) * sectors))
