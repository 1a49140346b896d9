"""What the record keeps of incidents: those that stand, what became of the others, and their alerts' history."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import Change, Status
from pipeline.store import Recorder, Store, open_store
from tests.monitor.fusion.telling import bridged, disc, post, told
from tests.monitor.remembering import remembered
from tests.store.histories import has_no_gaps
from tests.worlds import DAY, world


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "t.db", write=True) as opened:
        yield opened


@pytest.fixture
def recorder(store: Store, agreement: Agreement) -> Recorder:
    return Recorder(store, [agreement], {}, clock=lambda: DAY + timedelta(days=9))


def ids(store: Store) -> list[str]:
    return [incident.incident_id for incident in store.incidents()]


def withdrawn(report: Report) -> Report:
    return replace(report, retracted=True, published_at=DAY + timedelta(days=1))


def standing(store: Store) -> list[Alert]:
    return list(store.alerts(possible=True))


def names(reports: Iterable[Report]) -> set[str]:
    return {report.report_id for report in reports}


def test_a_late_report_joins_two_incidents_and_both_sides_say_so(store: Store, recorder: Recorder) -> None:
    one, other, between = bridged()
    recorder.record([one, other])
    (first, second), (kept, lost) = ids(store), sorted(standing(store), key=lambda alert: alert.observed_from)
    said_before = list(store.history())
    recorder.record([between])
    assert ids(store) == [first]
    assert (store.successors(second), store.predecessors(first)) == ([first], [second])
    assert (store.successors(first), store.incident(second)) == ([], None)
    (alert,) = standing(store)
    assert (alert.alert_id, alert.incident_id, set(alert.report_ids)) == (
        kept.alert_id,
        first,
        names([one, other, between]),
    )
    assert alert.status is Status.CORROBORATED
    last = list(store.history(lost.alert_id))[-1]
    assert (last.alert.status, last.change) == (Status.SUPERSEDED, Change.EVIDENCE_WITHDRAWN)
    assert last.superseded_by == (kept.alert_id,)
    assert list(store.history(kept.alert_id))[-1].supersedes == (lost.alert_id,)
    assert list(store.history())[: len(said_before)] == said_before
    assert has_no_gaps(store)


def test_a_late_report_that_is_the_first_gives_them_a_new_name(store: Store, recorder: Recorder) -> None:
    one, other, between = bridged(at_s=-5.0)
    recorder.record([one, other])
    before, lost = ids(store), {alert.alert_id for alert in standing(store)}
    recorder.record([between])
    (incident,) = store.incidents()
    assert incident.report_ids[0] == between.report_id
    assert incident.incident_id not in before
    assert [store.successors(name) for name in before] == [[incident.incident_id]] * 2
    assert store.predecessors(incident.incident_id) == sorted(before)
    (alert,) = standing(store)
    assert set(next(iter(store.history(alert.alert_id))).supersedes) == lost
    assert all(list(store.history(name))[-1].superseded_by == (alert.alert_id,) for name in lost)


def test_they_part_again_when_it_is_withdrawn(store: Store, recorder: Recorder, agreement: Agreement) -> None:
    one, other, between = bridged()
    recorder.record([one, other])
    before, alerts_before = list(store.incidents()), standing(store)
    recorder.record([between])
    joined = list(store.history())
    recorder.record([withdrawn(between)])
    assert list(store.incidents()) == before
    assert standing(store) == alerts_before
    assert list(store.history())[: len(joined)] == joined
    reopened = list(store.history())[len(joined) :]
    assert {entry.alert.alert_id for entry in reopened} == {alert.alert_id for alert in alerts_before}
    assert all(entry.alert.status is not Status.SUPERSEDED for entry in reopened)
    assert has_no_gaps(store)
    expected = remembered([agreement], [[one, other]])
    assert {one.incident_id: one for one in before} == expected.incidents


def test_a_revision_moves_a_report_from_one_incident_to_another(store: Store, recorder: Recorder) -> None:
    here = [told(1, "array-1"), told(2, "array-2"), told(3, "array-3")]
    there = [told(4, "array-1", disc(9_000), at_s=600), told(5, "array-2", disc(9_000), at_s=600)]
    recorder.record([*here, *there])
    assert [len(incident.report_ids) for incident in store.incidents()] == [3, 2]
    moved = replace(there[1], report_id="test:6", observer="array-3", revises="test:3")
    recorder.record([moved])
    assert [set(one.report_ids) for one in store.incidents()] == [names(here[:2]), names([*there, moved])]
    told_of = [set(alert.report_ids) for alert in sorted(standing(store), key=lambda alert: alert.observed_from)]
    assert told_of == [names(here[:2]), names([*there, moved])]


def test_rumours_are_kept_apart_from_incidents(store: Store, recorder: Recorder) -> None:
    located = told(1, "array-1")
    rumour = post(2, "outlet-1", disc(radius_m=40_000.0), "so they say")
    recorder.record([located, rumour])
    assert [one.report_ids for one in store.incidents()] == [("test:1",)]
    assert [one.report_ids for one in store.incidents(unresolved=True)] == [("test:2",)]
    assert (store.figures()["incidents"], store.figures()["unresolved"]) == (1, 1)
    assert all("test:2" not in alert.report_ids for alert in standing(store))
    recorder.record([withdrawn(rumour)])
    assert list(store.incidents(unresolved=True)) == []


def test_a_rumour_that_is_made_precise_becomes_an_incident(store: Store, recorder: Recorder) -> None:
    rumour = post(2, "outlet-1", disc(radius_m=40_000.0), "so they say")
    recorder.record([rumour])
    precise = replace(rumour, footprint=disc(radius_m=900.0), published_at=DAY + timedelta(days=1))
    recorder.record([precise])
    (incident,) = store.incidents(unresolved=None)
    assert (incident.unresolved, incident.footprint) == (False, precise.footprint)
    assert len(standing(store)) == 1


def test_what_is_said_of_an_incident_is_said_once(store: Store, recorder: Recorder) -> None:
    """Reports that come again, or that have nothing to do with it, give its alerts no further revision."""
    pair = [told(1, "array-1"), told(2, "array-2")]
    recorder.record(pair)
    said = list(store.history())
    recorder.record(pair)
    recorder.record([told(3, "array-1", disc(300_000)), told(4, "array-1", at_s=40_000)])
    assert [entry for entry in store.history() if "test:1" in entry.alert.report_ids] == said


def test_another_observer_makes_it_one_more_revision(store: Store, recorder: Recorder) -> None:
    recorder.record([told(1, "array-1")])
    recorder.record([told(2, "array-2", at_s=0.5)])
    (alert,) = standing(store)
    history = list(store.history(alert.alert_id))
    assert [(entry.revision, entry.alert.status, entry.change) for entry in history] == [
        (1, Status.ALLEGED, Change.REPORTED),
        (2, Status.CORROBORATED, Change.EVIDENCE_CHANGED),
    ]
    assert history[1].alert.incident_id == history[0].alert.incident_id
