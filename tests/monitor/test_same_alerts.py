"""The central test: the same reports give the same alerts, whatever the order, the batches and the repeats."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.model.taxonomy import Status
from pipeline.store import Recorder, open_store
from tests.monitor.remembering import AREAS, as_bytes, in_memory
from tests.worlds import DAY, mirrored, reports_near_the_line, retold_reports, world

REPORTS = retold_reports()
ONE_VERSION_EACH = st.lists(
    reports_near_the_line(named_areas=False), min_size=1, max_size=14, unique_by=lambda one: one.report_id
)
CUTS = st.lists(st.integers(0, 40), max_size=4)


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("image"), mirror=True)


def batches(reports: list[Report], cuts: list[int]) -> list[list[Report]]:
    ends = sorted({0, len(reports), *(cut for cut in cuts if cut < len(reports))})
    return [reports[begin:end] for begin, end in itertools.pairwise(ends)]


@given(reports=REPORTS, data=st.data())
def test_order_batches_and_repeats_change_nothing(
    agreement: Agreement, reports: list[Report], data: st.DataObject
) -> None:
    once = as_bytes(in_memory([agreement], [reports]))
    again = data.draw(st.permutations(reports + reports[: len(reports) // 2]))
    assert as_bytes(in_memory([agreement], batches(again, data.draw(CUTS)))) == once


@given(reports=REPORTS)
def test_another_agreement_changes_nothing_of_the_first(
    agreement: Agreement, image: Agreement, reports: list[Report]
) -> None:
    other = replace(image, tables=replace(image.tables, header=replace(image.tables.header, name="other")))
    both = in_memory([agreement, other], [reports])
    alone = in_memory([agreement], [reports])
    assert as_bytes({key: alert for key, alert in both.items() if alert.agreement == agreement.name}) == as_bytes(alone)


@given(reports=ONE_VERSION_EACH)
def test_mirrored_parties_geometry_and_reports_have_mirrored_alerts(
    agreement: Agreement, image: Agreement, reports: list[Report]
) -> None:
    """Clauses that bind one side go with their party: nothing depends on left or right, east or west.

    Of two versions published together the content's hash decides, which has no mirror image: one version each.
    """

    def seen(alerts: dict[str, Alert], *, turned: bool) -> list[tuple[object, ...]]:
        sides = {"left": "right", "right": "left"} if turned else {}
        return sorted(
            (
                alert.report_ids,
                alert.provision,
                alert.standing,
                round(alert.probability, 3),
                alert.severity,
                sides.get(str(alert.side), str(alert.side)),
                None if alert.chainage_m is None else round(alert.chainage_m / 5.0),
                tuple(note.doubt for note in alert.doubts),
            )
            for alert in alerts.values()
        )

    here = in_memory([agreement], [reports])
    there = in_memory([image], [[mirrored(report) for report in reports]])
    assert seen(here, turned=False) == seen(there, turned=True)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(reports=REPORTS, data=st.data())
def test_the_store_says_what_memory_says(
    agreement: Agreement, tmp_path_factory: pytest.TempPathFactory, reports: list[Report], data: st.DataObject
) -> None:
    fed = batches(data.draw(st.permutations(reports + reports[:3])), data.draw(CUTS))
    with open_store(tmp_path_factory.mktemp("store") / "t.db", write=True) as store:
        recorder = Recorder(store, [agreement], AREAS, clock=lambda: DAY)
        for batch in fed:
            recorder.record(batch)
        kept = {alert.alert_id: alert for alert in store.alerts(possible=True)}
        figures = store.figures()
    expected = in_memory([agreement], [reports])
    assert as_bytes(kept) == as_bytes(expected)
    assert figures["alerts"] + figures["possible"] == len(expected)
    assert all(alert.status is not Status.SUPERSEDED for alert in kept.values())
