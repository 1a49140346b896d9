"""Coverage against truth: whether p is p, and whether rates come out right, on worlds that nothing was set by.

`--seeds` chooses the worlds, 500 being added.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline import load_agreement
from pipeline.agreement import Agreement
from pipeline.geometry.earth import Floats
from pipeline.model.times import to_us
from pipeline.recon.cells import Cells, cells_of
from pipeline.recon.coverage import coverage
from pipeline.recon.log import Log
from pipeline.recon.makes import load_makes
from pipeline.recon.rates import Rate, rate
from pipeline.recon.trends import Noticed as Counted
from pipeline.recon.trends import trends
from pipeline.scenario.catalogue import Scenario, scenario_named
from pipeline.scenario.fire import ANSWERS_TO_FIRST, ANSWERS_TO_OTHERS, GENERATIONS
from pipeline.scenario.generate import world_of
from pipeline.scenario.incidents import front
from pipeline.scenario.kinds import KINDS, NUMBER, Where
from pipeline.scenario.world import World
from tests.bench import Effort, Figure
from tests.recon.truth import LAST_S, Noticed, Played, by_chance, calibration_error, judged, played, split, weakened

HELD_OUT = 500
DAYS = 3
CASES = ("routine", "jammed", "escalation")
WRONG = (0.7, 1.3)
RANGES_KM = (5, 15, 50)
LEAST = 100
"""Incidents of a group of which a calibration error is told."""
DRAWN = 50_000

EVENLY = {"troops": ("troops_in_buffer",), "traffic": ("traffic",)}
AT_THE_FRONT = {"flight": ("drone_flight",), "flare": ("flare",), "small_drone": ("drone_crossing",)}
FIRE = {"heavy_fire": ("mortar_fire", "artillery_fire", "explosion"), "light_fire": ("small_arms_fire",)}
RATED = {**EVENLY, **AT_THE_FRONT, **FIRE}
FIRE_SHARE = 0.5
"""Half of what is exchanged is light, half heavy."""


def run(effort: Effort) -> list[Figure]:
    agreement = load_agreement("ukraine-hypothetical")
    worlds = [HELD_OUT + seed for seed in effort.seeds]
    days = effort.of(DAYS)
    figures = [figure for name in CASES for figure in _reliable(name, worlds, days, agreement)]
    figures += [_wrong(share, worlds, days, agreement) for share in WRONG]
    return [*figures, *_rates(worlds, days, agreement)]


def _reliable(name: str, worlds: Sequence[int], days: int, agreement: Agreement) -> Iterator[Figure]:
    told = _together([judged(played(name, seed, agreement, days), agreement, load_makes()) for seed in worlds])
    note = f"{len(told.chance):,} incidents; {by_chance(told, 0.5):.4f} by chance alone, were every chance right"
    yield Figure.one(f"{name}: expected calibration error", calibration_error(told), note=note)
    brier = float(((told.chance - told.seen) ** 2).mean())
    base = float(told.seen.mean())
    yield Figure.one(f"{name}: Brier skill over one who says {base:.2f} of all", 1.0 - brier / (base * (1.0 - base)))
    ranges = np.array(RANGES_KM)[np.minimum(np.digitize(told.away_m / 1000.0, RANGES_KM), len(RANGES_KM) - 1)]
    for what, by in (("class", told.class_names), ("range", ranges), ("hour", told.hour)):
        groups = split(told, by, LEAST)
        errors = {one: calibration_error(group) - by_chance(group, 0.5) for one, group in groups.items()}
        worst = max(errors, key=lambda one: errors[one])
        found = groups[worst]
        note = f"{worst}: {len(found.chance):,} incidents, {found.chance.mean():.3f} said, {found.seen.mean():.3f} seen"
        yield Figure.one(
            f"{name}: greatest calibration error of any {what}, less what chance alone gives", errors[worst], note=note
        )


def _wrong(share: float, worlds: Sequence[int], days: int, agreement: Agreement) -> Figure:
    """Observers notice so much of what coverage assumes, and of it knows nothing."""
    runs = [played("jammed", seed, agreement, days, share) for seed in worlds]
    told = _together([judged(one, agreement, load_makes()) for one in runs])
    known = _together([judged(one, agreement, weakened(load_makes(), share)) for one in runs])
    note = (
        f"{told.chance.mean():.3f} said, {told.seen.mean():.3f} seen; "
        f"{calibration_error(known):.4f} where coverage knows the true figures"
    )
    return Figure.one(
        f"jammed: calibration error where all notice {share:g} of what is assumed", calibration_error(told), note=note
    )


def _together(parts: Sequence[Noticed]) -> Noticed:
    return Noticed._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


class Trial(NamedTuple):
    """One rate of one sector of one world, and the truth."""

    class_name: str
    truth_h: float
    adjusted: Rate

    @property
    def raw(self) -> Rate:
        """As if all had been watched."""
        return rate(self.adjusted.number, self.adjusted.hours, dispersion=self.adjusted.dispersion)


def _rates(worlds: Sequence[int], days: int, agreement: Agreement) -> Iterator[Figure]:
    trials = [trial for seed in worlds for trial in _trials("jammed", seed, days, agreement)]
    for what, names in (("spread evenly", EVENLY), ("at the front", AT_THE_FRONT), ("fire, in exchanges", FIRE)):
        some = [trial for trial in trials if trial.class_name in names]
        yield Figure.one(f"jammed, {what}: intervals of 0.95 that hold the true rate", _held(some), note=_note(some))
        raw = [trial.raw for trial in some]
        held = np.mean([one.low_per_h <= trial.truth_h <= one.high_per_h for one, trial in zip(raw, some, strict=True)])
        yield Figure.one(f"jammed, {what}: the same of raw counts", float(held))


def _held(trials: Sequence[Trial]) -> float:
    return float(np.mean([one.adjusted.low_per_h <= one.truth_h <= one.adjusted.high_per_h for one in trials]))


def _note(trials: Sequence[Trial]) -> str:
    """What the rates come to in all."""
    truth = sum(one.truth_h for one in trials)
    adjusted = sum(one.adjusted.per_h or 0.0 for one in trials)
    raw = sum(one.raw.per_h or 0.0 for one in trials)
    return f"{len(trials)} rates of sectors; in all {adjusted / truth:.3f} of the truth, raw {raw / truth:.3f}"


def _trials(name: str, seed: int, days: int, agreement: Agreement) -> Iterator[Trial]:
    told, scenario, world = played(name, seed, agreement, days), scenario_named(name), world_of(name, seed, agreement)
    cells = cells_of(agreement)
    end = told.until - timedelta(seconds=LAST_S)
    begin = told.until - timedelta(days=days)
    watched = coverage(Log.of(told.records, load_makes()), cells, list(RATED), begin, end)
    drawn = {name: _drawn(kinds[0], world, agreement, cells) for name, kinds in RATED.items()}
    for trend in trends(watched, _counted(told, agreement, cells)):
        share = float(np.isin(drawn[trend.class_name], trend.group.cells).mean())
        yield Trial(trend.class_name, share * _per_day(scenario, trend.class_name) / 24.0, trend.rate)


def _counted(told: Played, agreement: Agreement, cells: Cells) -> Counted:
    """What was noticed, each at its true place and of its true class: what fusion makes of it is another matter."""
    seen = np.array([bool(one.report_ids) for one in told.incidents])
    column = np.full(len(KINDS), -1)
    for at, names in enumerate(RATED.values()):
        column[[NUMBER[name] for name in names]] = at
    lon, lat = (np.array([getattr(one, name) for one in told.incidents])[seen] for name in ("lon", "lat"))
    time_ms = np.array([to_us(one.observed_at) // 1000 for one in told.incidents], dtype=np.int64)[seen]
    return Counted(cells.at(agreement, lon, lat), column[told.kind[seen]], time_ms, lon, lat)


def _per_day(scenario: Scenario, class_name: str) -> float:
    """True incidents a day, all along the line."""
    number = sum(scenario.per_day[name] for name in RATED[class_name])
    if class_name not in FIRE:
        return number
    answers = ANSWERS_TO_FIRST * sum(ANSWERS_TO_OTHERS**generation for generation in range(GENERATIONS))
    return number + FIRE_SHARE * scenario.exchanges_per_day * (1.0 + answers)


def _drawn(kind_name: str, world: World, agreement: Agreement, cells: Cells) -> NDArray[np.int64]:
    """The cells of places drawn as those of a kind are."""
    rng, kind = np.random.default_rng(1), KINDS[NUMBER[kind_name]]
    chainage_m: Floats
    if kind.where is Where.FRONT:
        chainage_m, offset_m = front(world, DRAWN, rng)
        if kind.crosses:
            offset_m = offset_m + np.where(offset_m < 0.0, -1_500.0, 1_500.0)
    else:
        chainage_m = rng.random(DRAWN) * world.path.length_m
        low_m, high_m = kind.depth_m
        offset_m = np.where(rng.random(DRAWN) < 0.5, -1.0, 1.0) * (low_m + (high_m - low_m) * rng.random(DRAWN))
    return np.asarray(cells.at(agreement, *world.path.place(chainage_m, offset_m)))
