"""Coverage against truth: it says p, and the share of true incidents that somebody reported is p."""

from datetime import timedelta
from itertools import product

import msgspec
import numpy as np
import pytest
from scipy import stats

from pipeline.agreement import Agreement, load_agreement
from pipeline.geometry.places import Places
from pipeline.model.records import Observation
from pipeline.model.taxonomy import Side
from pipeline.model.times import from_us, to_us
from pipeline.model.watch_terms import ObservationState, Watched
from pipeline.recon.blindness import blind_spells
from pipeline.recon.cells import cells_of
from pipeline.recon.coverage import coverage
from pipeline.recon.log import Log
from pipeline.recon.makes import load_makes
from pipeline.recon.rates import rate
from pipeline.scenario.catalogue import scenario_named
from pipeline.scenario.conditions import DAY_MS, prevail
from pipeline.scenario.kinds import NUMBER
from pipeline.scenario.watching import Keeper
from pipeline.scenario.world import World
from tests.recon.truth import (
    LAST_S,
    Noticed,
    Played,
    by_chance,
    calibration_error,
    judged,
    noticed,
    played,
    split,
    weakened,
)
from tests.scenario.days import BEGIN_MS, fresh

HELD_OUT = (101, 102)
MOST_ERROR = 0.02
HOUR_MS = 3_600_000
STEP_S = 600


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    return load_agreement("ukraine-hypothetical")


@pytest.fixture(scope="module", params=["routine", "jammed"])
def told(request: pytest.FixtureRequest, agreement: Agreement) -> Noticed:
    return noticed(request.param, HELD_OUT, agreement)


def test_of_what_is_noticed_with_a_chance_of_p_the_share_p_is_noticed(told: Noticed) -> None:
    assert len(told.chance) > 5_000
    assert calibration_error(told) < MOST_ERROR
    # Had it no idea of where and when, it could say no more than how much is noticed on the whole.
    clueless = told.chance.mean() * (1.0 - told.chance.mean())
    assert np.mean((told.chance - told.seen) ** 2) < 0.8 * clueless


def test_so_it_is_for_every_class_range_and_hour(told: Noticed) -> None:
    ranges_km = np.digitize(told.away_m, [5_000.0, 15_000.0, 50_000.0])
    for by in (told.class_names, ranges_km, told.hour):
        groups = split(told, by, least=100)
        assert len(groups) >= 4
        for name, group in groups.items():
            assert calibration_error(group) < MOST_ERROR + by_chance(group), name


def test_who_believes_that_more_is_noticed_than_is_says_too_much(agreement: Agreement) -> None:
    day = played("jammed", HELD_OUT[0], agreement, detection=0.7)
    believed = judged(day, agreement, load_makes())
    assert calibration_error(believed) > 4.0 * MOST_ERROR
    assert believed.chance.mean() - believed.seen.mean() > 4.0 * MOST_ERROR
    known = judged(day, agreement, weakened(load_makes(), 0.7))
    assert calibration_error(known) < MOST_ERROR


@pytest.fixture(scope="module")
def jammed_days(agreement: Agreement) -> list[Played]:
    return [played("jammed", seed, agreement) for seed in range(201, 207)]


@pytest.mark.parametrize(
    ("kind", "class_name", "depth_m"), [("troops_in_buffer", "troops", 7_000.0), ("traffic", "traffic", 25_000.0)]
)
def test_rates_are_recovered_from_what_is_noticed(
    kind: str, class_name: str, depth_m: float, agreement: Agreement, jammed_days: list[Played]
) -> None:
    """Of some days with jammers, intervals of 95 in 100 hold the true rate in all but a few; raw counts say less."""
    cells = cells_of(agreement, 30_000.0, depth_m)
    truth_h = scenario_named("jammed").per_day[kind] / 24.0
    hours = (DAY_MS / 1000.0 - LAST_S) / 3600.0
    held, raw = 0, 0
    for days in jammed_days:
        end = days.until - timedelta(seconds=LAST_S)
        begin = end - timedelta(hours=hours)
        of_kind = zip(days.incidents, days.kind == NUMBER[kind], strict=True)
        count = sum(bool(one.report_ids) and one.observed_at < end for one, right in of_kind if right)
        watched = coverage(Log.of(days.records, load_makes()), cells, [class_name], begin, end)
        exposure_h = np.average(watched.share[:, :, 0], axis=0, weights=cells.length_m).sum()
        adjusted = rate(count, float(exposure_h), hours)
        held += adjusted.low_per_h <= truth_h <= adjusted.high_per_h
        raw += count
    # So few intervals that hold the truth would come up once in a thousand such tests; and so would so few incidents.
    assert held >= stats.binom.ppf(0.001, len(jammed_days), 0.95)
    assert stats.poisson.cdf(raw, truth_h * hours * len(jammed_days)) < 0.001


def test_within_an_hour_the_log_says_that_the_monitors_are_jammed_where_and_since_when(agreement: Agreement) -> None:
    world = World(agreement, fresh(51))
    conditions = prevail(scenario_named("jammed"), world, 0, BEGIN_MS, fresh(52))
    lines = Keeper(world, "x-").day(conditions, BEGIN_MS + DAY_MS)
    records = [msgspec.json.decode(line, type=Observation) for line in lines]
    cells = cells_of(agreement)
    jams = list(zip(*(column.tolist() for column in conditions.jams), strict=True))
    assert len(jams) >= 5
    for drawn_m, from_ms, _ in jams:
        now = from_us(1000 * (from_ms + HOUR_MS))
        known = Log.of([one for one in records if one.received_at and one.received_at <= now], load_makes())
        watched = coverage(known, cells, ["flare", "small_drone"], now - timedelta(hours=2), now, step_s=STEP_S)
        # The scenario measures the line by an arithmetic of its own.
        place = Places(*world.path.place(np.array([drawn_m]), np.zeros(1)))
        chainage_m = float(place.along(agreement.lines[agreement.tables.lines[0].id]).chainage_m[0])
        spells = [
            one
            for one in blind_spells(watched)
            if one.from_m <= chainage_m <= one.to_m
            and any(cause.state is ObservationState.JAMMED for cause in one.causes)
        ]
        assert {(one.class_name, one.side) for one in spells} == set(
            product(watched.class_names, (Side.LEFT, Side.RIGHT))
        )
        for one in spells:
            # To a step; and somebody may have been out of order before the jamming, and then it was dark before.
            causes = {cause.state for cause in one.causes}
            since_ms = to_us(one.since) // 1000
            assert abs(since_ms - from_ms) <= STEP_S * 1000 or (
                ObservationState.OUTAGE in causes and since_ms < from_ms
            )
            # A drone that sets out now may still be followed as it comes back, when nobody may be jammed any more.
            assert one.until >= now - timedelta(minutes=20)
        here = [number for number, cell in enumerate(cells.cells) if cell.from_m <= chainage_m < cell.to_m]
        shares = watched.share[here, -6:-2].ravel().tolist()
        assert {watched.level(share) for share in shares} == {Watched.UNOBSERVED}
