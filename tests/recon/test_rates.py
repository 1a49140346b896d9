"""Adjusted rates: textbook figures, coverage of the true rate under outages and bursts, and refusing to compare."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pipeline.agreement import load_agreement
from pipeline.geometry.earth import Floats
from pipeline.model.footprint import Disc, Nowhere
from pipeline.model.records import Incident, Window
from pipeline.model.taxonomy import Activity
from pipeline.model.watch_terms import ObservationState, Watched
from pipeline.recon.cells import Cells, cells_of
from pipeline.recon.coverage import Coverage, coverage
from pipeline.recon.log import Log
from pipeline.recon.makes import load_makes
from pipeline.recon.rates import compare, dispersion, least_noticed, rate
from pipeline.recon.trends import Trend, noticed, silence_word, trends
from tests.recon.watching import at, watched

COUNTS = st.integers(0, 200)
HOURS = st.floats(0.01, 1_000.0)


@pytest.mark.parametrize(
    ("number", "low", "high"),
    # Exact Poisson limits as tables print them (E. S. Pearson and H. O. Hartley, Biometrika Tables, table 40).
    [(0, 0.0, 3.69), (1, 0.0253, 5.57), (5, 1.62, 11.67), (10, 4.80, 18.39), (50, 37.11, 65.92)],
)
def test_intervals_are_those_of_the_tables(number: int, low: float, high: float) -> None:
    found = rate(number, 1.0)
    assert (found.low_per_h, found.high_per_h) == pytest.approx((low, high), abs=0.006)


@given(COUNTS, HOURS, st.floats(1.0, 20.0))
def test_the_rate_lies_in_its_interval_and_bursts_widen_it(number: int, hours: float, spread: float) -> None:
    plain, wide = rate(number, hours), rate(number, hours, dispersion=spread)
    assert plain.per_h == wide.per_h == number / hours
    assert plain.low_per_h <= number / hours <= plain.high_per_h
    assert wide.low_per_h <= plain.low_per_h * (1 + 1e-9)
    assert wide.high_per_h >= plain.high_per_h * (1 - 1e-9)


def test_of_what_was_not_observed_nothing_is_known() -> None:
    found = rate(0, 0.0, 24.0)
    assert (found.per_h, found.low_per_h, found.high_per_h, found.share) == (None, 0.0, np.inf, 0.0)
    assert least_noticed(0.0) == np.inf


@given(HOURS)
def test_the_least_rate_is_noticed_95_times_in_100(hours: float) -> None:
    assert stats.poisson.sf(0, least_noticed(hours) * hours) == pytest.approx(0.95)


def test_dispersion_of_a_poisson_process_is_one_and_of_bursts_is_more() -> None:
    rng = np.random.default_rng(3)
    exposure = rng.uniform(4, 24, (40, 30))
    even = dispersion(zip(rng.poisson(0.3 * exposure), exposure, strict=True))
    bursts = dispersion(zip(rng.poisson(0.1 * exposure) * 5, exposure, strict=True))
    assert even == pytest.approx(1.0, abs=0.12)
    assert bursts == pytest.approx(5.0, rel=0.25)
    assert dispersion([([0, 9], [1.0, 1.0])]) == 1.0
    assert dispersion([([0] * 9, [1.0] * 9), ([], [])]) == 1.0


def outages(rng: np.random.Generator, periods: int, parts: int) -> Floats:
    """Observed hours of the parts of some periods, with outages of any length."""
    return np.asarray(24.0 * np.where(rng.random((periods, parts)) < 0.3, rng.random((periods, parts)) * 0.3, 0.8))


@pytest.mark.parametrize("burst", [1, 4])
@pytest.mark.parametrize("true_per_h", [0.02, 0.5])
def test_the_true_rate_is_in_the_interval_95_times_in_100_where_raw_counts_fail(burst: int, true_per_h: float) -> None:
    # Eight sectors at a time, as in the table: what spreads them is told by all of them together.
    rng = np.random.default_rng(11)
    worlds, sectors, parts = 60, 8, 28
    within = raw = 0
    for _ in range(worlds):
        exposure = outages(rng, sectors, parts)
        counts = rng.poisson(true_per_h * exposure / burst) * burst
        wide = dispersion(zip(counts, exposure, strict=True))
        for number, hours in zip(counts, exposure, strict=True):
            found = rate(int(number.sum()), float(hours.sum()), dispersion=wide)
            within += found.low_per_h <= true_per_h <= found.high_per_h
            naive = rate(int(number.sum()), 24.0 * parts, dispersion=wide)
            raw += naive.low_per_h <= true_per_h <= naive.high_per_h
    assert within / (worlds * sectors) >= 0.94
    # Of a few bursts an interval is so wide that it holds a rate that is wrong by a third, too.
    assert raw < within - (0.1 * worlds * sectors if true_per_h > 0.1 else 0)


def test_equal_rates_differ_by_chance_5_times_in_100_at_most() -> None:
    rng = np.random.default_rng(5)
    exposures = rng.uniform(20, 40, (2_000, 2))
    counts = rng.poisson(0.4 * exposures)
    found = [
        compare(rate(int(n[0]), h[0], 48.0), rate(int(n[1]), h[1], 48.0), anyway=True).p_value
        for n, h in zip(counts, exposures, strict=True)
    ]
    assert np.mean([p is not None and p < 0.05 for p in found]) <= 0.055


@given(st.integers(0, 40), st.integers(0, 40), st.floats(10, 20), st.floats(10, 20))
def test_it_is_the_binomial_test_that_scipy_has(one: int, two: int, hours: float, others: float) -> None:
    found = compare(rate(one, hours, 20.0), rate(two, others, 20.0), anyway=True)
    if not one + two:
        assert found.p_value == 1.0
        return
    share = hours / (hours + others)
    tails = [stats.binomtest(one, one + two, share, alternative=side).pvalue for side in ("greater", "less")]
    assert found.p_value == pytest.approx(min(1.0, 2.0 * min(tails)), rel=1e-6, abs=1e-12)
    limits = stats.binomtest(one, one + two, share).proportion_ci(0.95)
    odds = hours / others
    assert found.low == pytest.approx(limits.low / (1 - limits.low) / odds, rel=1e-6, abs=1e-12)


@given(COUNTS, COUNTS)
def test_compared_the_other_way_round_it_is_the_inverse(one: int, two: int) -> None:
    there, back = (
        compare(rate(one, 9.0), rate(two, 10.0), anyway=True),
        compare(rate(two, 10.0), rate(one, 9.0), anyway=True),
    )
    assert there.p_value == pytest.approx(back.p_value, abs=1e-9)
    if one and two:
        assert there.ratio is not None
        assert back.ratio == pytest.approx(1 / there.ratio)


def test_what_is_not_comparable_is_not_compared_unless_asked() -> None:
    week, day = rate(40, 100.0, 168.0), rate(3, 14.0, 24.0)
    refused = compare(week, day)
    assert (refused.comparable, refused.made, refused.word) == (False, False, "not compared")
    assert refused.reasons == ("the periods are not of one length: 168 h and 24 h",)
    blinded = compare(rate(40, 120.0, 168.0), rate(9, 60.0, 168.0))
    assert not blinded.made
    assert "71% and 36%" in blinded.reasons[0]
    asked = compare(rate(40, 120.0, 168.0), rate(4, 60.0, 168.0), anyway=True)
    assert asked.word == "more often, compared all the same"
    dark = compare(rate(0, 0.0, 24.0), rate(4, 20.0, 24.0), anyway=True)
    assert (dark.made, dark.reasons) == (False, ("the first period was not observed",))


def test_what_is_comparable_is_told_in_plain_words() -> None:
    assert compare(rate(40, 20.0, 24.0), rate(10, 18.0, 24.0)).word == "more often"
    assert compare(rate(10, 20.0, 24.0), rate(40, 18.0, 24.0)).word == "less often"
    assert compare(rate(10, 20.0, 24.0), rate(11, 18.0, 24.0)).word == "no difference shown"
    assert compare(rate(0, 20.0, 24.0), rate(0, 18.0, 24.0)).p_value == 1.0
    assert silence_word(0, Watched.PARTLY_OBSERVED) == "nothing noticed, partly observed"


AGREEMENT = load_agreement("ukraine-hypothetical")
CELLS = cells_of(AGREEMENT)
LINE = AGREEMENT.lines["contact-line"]


def incident(name: str, hours: float, chainage_m: float, offset_m: float, **more: object) -> Incident:
    lon, lat = LINE.place(chainage_m, offset_m)
    fields = {"footprint": Disc(float(lon), float(lat), 500.0), "activity": Activity.SHELLING, **more}
    return Incident(
        incident_id=name,
        window=Window("t", "2026-03-02"),
        report_ids=(f"test:{name}",),
        observed_from=at(hours),
        observed_until=at(hours),
        **fields,  # type: ignore[arg-type]
    )


def covered(begin: float, end: float, *, jammed: tuple[float, float] | None = None, cells: Cells = CELLS) -> Coverage:
    records = []
    for name, chainage_m in (("one", 360_000.0), ("two", 385_000.0), ("three", 410_000.0)):
        lon, lat = LINE.place(chainage_m, 0.0)
        records.append(watched(name, "array", (0, 240), Disc(float(lon), float(lat), 25_000.0)))
        if jammed:
            records.append(watched(name, None, jammed, Nowhere(), state=ObservationState.JAMMED))
    return coverage(Log.of(records, load_makes()), cells, ["heavy_fire", "troops"], at(begin), at(end))


def row(found: list[Trend], sector: str = "zaporizhzhia", class_name: str = "heavy_fire") -> Trend:
    return next(one for one in found if one.group.sector_id == sector and one.class_name == class_name)


def test_incidents_count_in_their_cell_and_class_if_they_are_likely_and_placed() -> None:
    incidents = [
        incident("a", 1, 385_000.0, 2_000.0),
        incident("b", 2, 385_000.0, -2_000.0, activity=Activity.MOVEMENT),
        incident("unlikely", 2, 385_000.0, -2_000.0, occurred=0.4),
        incident("rumour", 2, 385_000.0, -2_000.0, unresolved=True),
        incident("broad", 2, 385_000.0, -2_000.0, footprint=Disc(36.0, 47.5, 20_000.0)),
        incident("nowhere", 2, 385_000.0, -2_000.0, footprint=Nowhere()),
        incident("deep", 2, 385_000.0, 20_000.0),
        incident("flight", 2, 385_000.0, 2_000.0, activity=Activity.FLIGHT),
        incident("before", -2, 385_000.0, 2_000.0),
    ]
    found = covered(0, 24)
    seen = noticed(AGREEMENT, found, incidents)
    rows = trends(found, seen)
    assert row(rows).rate.number == 1
    assert row(rows, class_name="troops").rate.number == 1
    assert sum(one.rate.number for one in rows) == 2
    by_side = [one for one in trends(found, seen, sides=True) if one.rate.number]
    assert [(one.class_name, one.group.side.value if one.group.side else None) for one in by_side] == [
        ("troops", "left"),
        ("heavy_fire", "right"),
    ]


def test_a_blinded_period_is_never_called_quiet() -> None:
    dark = covered(24, 48, jammed=(24, 48))
    one = row(trends(dark, noticed(AGREEMENT, dark, [])))
    assert (one.word, one.watched, one.rate.per_h, one.least_per_h) == ("unobserved", Watched.UNOBSERVED, None, np.inf)
    bright = covered(0, 24)
    assert row(trends(bright, noticed(AGREEMENT, bright, []))).word == "quiet"
    empty = coverage(Log.of([], load_makes()), CELLS, ["heavy_fire"], at(0), at(24))
    assert {one.word for one in trends(empty, noticed(AGREEMENT, empty, []))} == {"unknown"}


def test_two_periods_are_compared_by_what_was_observed() -> None:
    incidents = [incident(f"i{number}", number / 2, 385_000.0, 1_000.0) for number in range(96)]
    now, then = covered(24, 48), covered(0, 24)
    fair = row(trends(now, noticed(AGREEMENT, now, incidents), against=(then, noticed(AGREEMENT, then, incidents))))
    assert fair.word == "no difference shown"
    assert fair.against is not None
    assert fair.against[1].ratio == pytest.approx(1.0)
    half = covered(24, 48, jammed=(24, 40))
    unfair = row(trends(half, noticed(AGREEMENT, half, incidents), against=(then, noticed(AGREEMENT, then, incidents))))
    assert unfair.against is not None
    assert not unfair.against[1].made
    assert "not as much was observed" in unfair.against[1].reasons[0]


def test_exposures_of_parts_add_up_and_so_do_the_numbers() -> None:
    incidents = [incident(f"i{number}", number / 2, 385_000.0, 1_000.0) for number in range(96)]
    whole, parts = covered(0, 48, jammed=(10, 30)), [covered(0, 20, jammed=(10, 30)), covered(20, 48, jammed=(10, 30))]
    rows = [row(trends(one, noticed(AGREEMENT, one, incidents))).rate for one in (whole, *parts)]
    assert rows[1].exposure_h + rows[2].exposure_h == pytest.approx(rows[0].exposure_h)
    assert rows[1].number + rows[2].number == rows[0].number
