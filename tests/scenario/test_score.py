"""A record held against the truth: records that are perfect, naive or wrong by construction."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.model.footprint import Bearing, Disc, Footprint, Nowhere
from pipeline.model.records import Alert, Incident, Window
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity, Standing
from pipeline.monitor.judge import judge
from pipeline.monitor.parameters import DEFAULT
from pipeline.scenario import Invention, TrueIncident, Violation
from pipeline.scenario.scoring import ScoreError, Truth, score, standing
from pipeline.scenario.scoring.findings import violations
from pipeline.scenario.scoring.folder import Played
from pipeline.scenario.scoring.fusion import locates
from tests.scenario import conftest

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
NOON = BEGIN + timedelta(hours=12)
ON_LINE = Disc(36.7, 48.2, 0.0)


def truth_of(
    incidents: Sequence[TrueIncident], inventions: Sequence[Invention] = (), agreement: str = "plain", days: float = 1.0
) -> Truth:
    end = BEGIN + timedelta(days=days)
    played = Played(name="routine", seed=7, agreement=agreement, agreement_version="1", begin=BEGIN, end=end)
    return Truth(played, incidents, inventions)


def happened(name: str, *reports: str, broke: str | None = None, at: datetime = NOON) -> TrueIncident:
    return TrueIncident(
        incident_id=name,
        observed_at=at,
        lon=ON_LINE.lon,
        lat=ON_LINE.lat,
        activity=Activity.EXPLOSION,
        violations=(Violation("plain", broke),) if broke else (),
        report_ids=reports,
    )


def told(name: str, footprint: Footprint = ON_LINE, *, after_s: float = 60.0, ledger: str = "sensor") -> Report:
    return Report(
        report_id=name,
        source="sim",
        observed_from=NOON,
        observed_until=NOON,
        footprint=footprint,
        activity=Activity.EXPLOSION,
        ledger=ledger,
        received_at=NOON + timedelta(seconds=after_s),
    )


def made(*report_ids: str, footprint: Footprint = ON_LINE, activity: Activity = Activity.EXPLOSION) -> Incident:
    return Incident(
        incident_id="in_" + "".join(report_ids),
        window=Window("", ""),
        report_ids=report_ids,
        observed_from=NOON,
        observed_until=NOON,
        footprint=footprint,
        activity=activity,
    )


def alerts_of(incidents: Sequence[Incident], agreement: Agreement) -> list[Alert]:
    return judge(incidents, agreement, DEFAULT).alerts


@pytest.fixture(scope="session")
def provision(plain: Agreement) -> str:
    (clause,) = plain.clauses
    return clause.provision_id


def test_a_record_that_is_the_truth_has_no_fault(routine: conftest.Played, hypothetical: Agreement) -> None:
    truth = truth_of(routine.truth, routine.inventions, hypothetical.name)
    incidents = [
        replace(
            made(*one.report_ids, footprint=Disc(one.lon, one.lat, 0.0), activity=one.activity),
            observed_from=one.observed_at,
            observed_until=one.observed_at,
            weapons=one.weapons,
            calibre_mm=one.calibre_mm,
        )
        for one in routine.truth
        if one.report_ids
    ]
    incidents += [made(*one.report_ids, activity=Activity.HEAT) for one in routine.inventions]
    found = score(truth, routine.reports, incidents, alerts_of(incidents, hypothetical), hypothetical)
    for fusion in (found.located, found.all):
        assert (fusion.pairwise.f1, fusion.bcubed.f1, fusion.count_bias) == (1.0, 1.0, 0.0)
    assert (found.reports, found.missing, found.foreign) == (len(routine.reports), 0, 0)
    assert found.findings.findings > 100
    raised = found.alerts
    assert (raised.recall, raised.per_violation, raised.false_per_day) == (1.0, 1.0, 0.0)
    assert raised.true == raised.alerted == raised.raised > 100
    assert raised.delay_median_s is not None
    assert raised.delay_median_s > 0.0


def test_one_report_one_incident_is_precise_and_counts_too_many(
    routine: conftest.Played, hypothetical: Agreement
) -> None:
    incidents = [made(report.report_id, footprint=report.footprint) for report in routine.reports]
    truth = truth_of(routine.truth, routine.inventions, hypothetical.name)
    found = score(truth, routine.reports, incidents, [], hypothetical)
    sizes = [len(one.report_ids) for one in routine.truth] + [len(one.report_ids) for one in routine.inventions]
    placed = [report for report in routine.reports if not isinstance(report.footprint, Nowhere)]
    assert len(placed) < sum(sizes)
    assert found.all.reports == found.all.incidents == len(placed)
    assert found.all.pairwise.precision == found.all.bcubed.precision == 1.0
    assert found.all.pairwise.recall == 0.0
    assert found.all.bcubed.recall == pytest.approx(found.all.true_incidents / len(placed))
    assert found.all.count_bias == pytest.approx(len(placed) / found.all.true_incidents - 1.0)
    assert found.alerts.recall == 0.0
    assert found.alerts.delay_median_s is None


@pytest.mark.parametrize(
    ("footprint", "ledger", "is_located"),
    [
        (Disc(37.0, 48.0, 1_500.0), "sensor", True),
        (Disc(37.0, 48.0, 1_501.0), "sensor", False),
        (Disc(37.0, 48.0, 10.0), "public", False),
        (Bearing(37.0, 48.0, 0.0, 9_000.0, ((0.0, 20.0),)), "party:a", True),
        (Nowhere(), "sensor", False),
    ],
)
def test_what_locates(footprint: Footprint, ledger: str, is_located: bool) -> None:
    assert locates(told("a", footprint, ledger=ledger)) is is_located


def test_a_report_in_no_incident_stands_alone(plain: Agreement) -> None:
    truth = truth_of([happened("one", "a", "b", "c")])
    found = score(truth, map(told, "abc"), [made("a", "b")], [], plain)
    assert found.located.incidents == found.located.true_incidents == 1
    assert found.located.pairwise.recall == pytest.approx(1 / 3)


def test_reports_of_one_invention_belong_together_and_none_of_its_alerts_is_true(
    plain: Agreement, provision: str
) -> None:
    truth = truth_of([happened("one", "a", broke=provision)], [Invention(report_ids=("x", "y", "z"))], days=2.0)
    incidents = [made("a"), made("x", "y", "z")]
    raised = alerts_of(incidents, plain)
    found = score(truth, map(told, "axyz"), incidents, raised, plain)
    assert found.located.pairwise.f1 == 1.0
    assert found.located.count_bias == 0.0
    assert (found.alerts.raised, found.alerts.true, found.alerts.false_per_day) == (2, 1, 0.5)
    assert (found.findings.findings, found.findings.base_rate) == (2, 0.5)


def test_an_alert_is_true_by_most_of_its_reports_and_the_earlier_of_equals(plain: Agreement, provision: str) -> None:
    truth = truth_of([happened("one", "a", "b", broke=provision), happened("two", "c", "d")])
    broken = truth.broken("plain")
    for names, is_true in (("ab", True), ("abc", True), ("ac", True), ("bcd", False), ("c", False)):
        (alert,) = alerts_of([made(*names)], plain)
        (pair,) = violations([alert], truth.group_of, broken)
        assert pair == ((0, provision) if is_true else None), names


def test_a_violation_told_of_twice_counts_for_two_alerts_and_waits_for_its_first_report(
    plain: Agreement, provision: str
) -> None:
    truth = truth_of([happened("one", "a", "b", "c", broke=provision), happened("two", "d", broke=provision)])
    reports = [told("a", after_s=300.0), told("b", after_s=90.0), told("c", after_s=5.0), told("d", after_s=1.0)]
    incidents = [made("a"), made("b", "c", "d")]
    raised = score(truth, reports, incidents, alerts_of(incidents, plain), plain).alerts
    assert (raised.raised, raised.alerted, raised.per_violation) == (2, 1, 2.0)
    assert (raised.seen, raised.seen_alerted, raised.recall) == (2, 1, 0.5)
    assert raised.delay_median_s == raised.delay_p95_s == 5.0


def test_what_could_be_known_is_what_reports_truly_put_together_would_raise(plain: Agreement, provision: str) -> None:
    truth = truth_of([happened(name, name, name.upper(), broke=provision) for name in "pqr"])
    beside = Disc(ON_LINE.lon, ON_LINE.lat + 0.5, 100.0)
    reports = [told("p"), told("P"), told("q"), told("Q"), told("r", beside), told("R", beside)]
    incidents = [made("p", "P"), made("q", "Q", "r", "R", footprint=beside)]
    found = score(truth, reports, incidents, alerts_of(incidents, plain), plain).alerts
    assert (found.seen, found.seen_alerted) == (3, 1)
    assert (found.knowable, found.knowable_alerted, found.knowable_recall) == (2, 1, 0.5)


def test_a_track_could_be_known_by_any_of_its_places(plain: Agreement, provision: str) -> None:
    truth = truth_of([happened("one", "a", "b", broke=provision), happened("two", "c", broke=provision)])
    beside = Disc(ON_LINE.lon, ON_LINE.lat + 0.5, 100.0)
    moving = [replace(told("a", beside), track_id="t"), replace(told("b"), track_id="t"), told("c", beside)]
    assert score(truth, moving, [], [], plain).alerts.knowable == 1


def test_a_rumour_is_no_incident_and_no_finding(plain: Agreement, provision: str) -> None:
    truth = truth_of([happened("one", "a", "b", broke=provision)])
    incidents = [made("a"), replace(made("b"), unresolved=True)]
    found = score(truth, map(told, "ab"), incidents, [], plain)
    assert (found.located.reports, found.located.incidents, found.findings.findings) == (2, 1, 1)


def test_a_violation_that_nobody_located_is_not_missed(plain: Agreement, provision: str) -> None:
    truth = truth_of([happened("one", "a", broke=provision)])
    found = score(truth, [told("a", Disc(37.0, 48.0, 5_000.0), ledger="public")], [made("a")], [], plain)
    assert (found.alerts.seen, found.alerts.recall) == (0, None)


def test_only_raised_alerts_of_the_scenario_s_agreement_and_reports_count(plain: Agreement, provision: str) -> None:
    truth = truth_of([happened("one", "a", broke=provision)])
    (alert,) = alerts_of([made("a")], plain)
    others = [
        replace(alert, standing=Standing.POSSIBLE),
        replace(alert, agreement="another"),
        replace(alert, report_ids=("of something else",)),
    ]
    reports = [told("a"), told("of something else")]
    found = score(truth, reports, [made("a"), made("of something else")], [alert, *others], plain)
    assert (found.alerts.raised, found.alerts.true) == (1, 1)
    assert (found.foreign, found.findings.findings) == (1, 1)


def test_a_point_in_a_polygon_knows_no_doubt(plain: Agreement, provision: str) -> None:
    far_over_the_edge = Disc(ON_LINE.lon, ON_LINE.lat, 100_000.0)
    truth = truth_of([happened("one", "a", broke=provision), happened("two", "b")])
    incidents = [made("a"), made("b", footprint=far_over_the_edge)]
    found = score(truth, map(told, "ab"), incidents, [], plain)
    assert found.findings.brier is not None
    assert found.findings.brier < 0.1
    assert found.point_in_polygon_brier == 0.5


def test_the_current_version_counts_and_what_was_withdrawn_or_revised_does_not() -> None:
    early, late = told("a"), replace(told("a"), text="again", published_at=NOON)
    withdrawn = replace(told("b"), retracted=True, published_at=NOON)
    revising = replace(told("d"), revises="c")
    elsewhere = replace(told("f"), revises="e", ledger="public")
    everything = [late, early, told("b"), withdrawn, told("c"), revising, told("e"), elsewhere]
    assert standing(everything) == [late, revising, told("e"), elsewhere]
    assert {one.report_id for one in standing(reversed(everything))} == {one.report_id for one in standing(everything)}


def test_a_record_of_something_else_has_no_score(plain: Agreement) -> None:
    with pytest.raises(ScoreError, match="no report of routine, seed 7"):
        score(truth_of([happened("one", "a")]), [told("z")], [made("z")], [], plain)


def test_a_record_of_a_part_says_what_is_missing(routine: conftest.Played, hypothetical: Agreement) -> None:
    part = routine.reports[:100]
    truth = truth_of(routine.truth, routine.inventions, hypothetical.name)
    found = score(truth, part, [], [], hypothetical)
    assert (found.reports, found.missing) == (100, len(routine.reports) - 100)
