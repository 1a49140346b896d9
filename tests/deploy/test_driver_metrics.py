"""What a driver tells Prometheus: true counts over revisions and partitions, bounded labels, a well-made page."""

import math
import re
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from prometheus_client import generate_latest

from pipeline.metrics import DECLARED, MAX_VALUES, OTHER, DriverMetrics, Role
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Change, Reason, RejectReason, Severity, Standing, Status
from tests.test_docs import CHECKOUT

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OPEN = {"agreement": "world", "severity": "grave", "status": "alleged"}
RAISED = {"agreement": "world", "provision": "ceasefire", "severity": "grave"}


def alert(alert_id: str, **fields: Any) -> Alert:
    said: dict[str, Any] = {
        "alert_id": alert_id,
        "agreement": "world",
        "agreement_version": "1",
        "provision": "ceasefire",
        "article": "1",
        "incident_id": f"of-{alert_id}",
        "status": Status.ALLEGED,
        "severity": Severity.GRAVE,
        "reason": Reason.PROHIBITED_ACTIVITY,
        "probability": 1.0,
        "place_probability": 1.0,
        "observed_from": NOW,
        "observed_until": NOW,
        "report_ids": ("test:1",),
        "standing": Standing.RAISED,
        "judged_by": "test",
    }
    nothing: dict[str, Any] = dict.fromkeys(
        "line side chainage_m offset_m lon lat radius_m acknowledged_by assignee".split()
    )
    empty: dict[str, Any] = dict.fromkeys(("doubts", "readings", "attribution"), ())
    return Alert(**{**said, **nothing, **empty, **fields})


def said(of: Alert, revision: int = 1, **fields: Any) -> Revision:
    return Revision(alert=of, revision=revision, decided_at=NOW, change=Change.REPORTED, author="monitor", **fields)


class Clock:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now


def value(metrics: DriverMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"truceline_{name}", labels)


def test_open_alerts_follow_their_partition() -> None:
    first, second = DriverMetrics(Role.WORKER), DriverMetrics(Role.WORKER)
    first.revised([said(alert("a")), said(alert("b"))], partition=0)
    first.revised([said(alert("c"))], partition=1)
    assert value(first, "alerts_open", **OPEN) == 3
    first.gave_up(0)
    second.took_over([alert("a"), alert("b")], partition=0)
    assert value(first, "alerts_open", **OPEN) == 1
    assert value(second, "alerts_open", **OPEN) == 2
    assert value(second, "alerts_raised_total", **RAISED) is None
    second.took_over([alert("a")], partition=0)
    assert value(second, "alerts_open", **OPEN) == 1


def test_the_same_revision_again_changes_nothing() -> None:
    metrics = DriverMetrics(Role.WORKER)
    raised = said(alert("a"))
    assert metrics.revised([raised]) == [raised]
    assert metrics.revised([raised, raised]) == []
    assert value(metrics, "alerts_open", **OPEN) == 1
    assert value(metrics, "alerts_raised_total", **RAISED) == 1


def test_a_status_moves_an_alert_and_an_outcome_closes_it() -> None:
    metrics = DriverMetrics(Role.WORKER)
    metrics.revised([said(alert("a"))])
    metrics.revised([said(alert("a", status=Status.CORROBORATED), 2)])
    assert value(metrics, "alerts_open", **OPEN) == 0
    assert value(metrics, "alerts_open", **{**OPEN, "status": "corroborated"}) == 1
    assert metrics.revised([said(alert("a", status=Status.CONFIRMED), 3)]) == []
    assert value(metrics, "alerts_open", **{**OPEN, "status": "corroborated"}) == 0
    assert value(metrics, "alerts_open", **{**OPEN, "status": "confirmed"}) is None


def test_a_possible_alert_is_raised_when_it_becomes_one() -> None:
    metrics = DriverMetrics(Role.WORKER)
    assert metrics.revised([said(alert("a", standing=Standing.POSSIBLE))]) == []
    assert value(metrics, "alerts_open", **OPEN) is None
    assert len(metrics.revised([said(alert("a"), 2)])) == 1


@pytest.mark.parametrize("heir_first", [True, False])
def test_an_alert_that_takes_another_s_place_is_not_raised(heir_first: bool) -> None:
    metrics = DriverMetrics(Role.WORKER)
    metrics.revised([said(alert("old"))])
    heir = said(alert("new"), supersedes=("old",))
    gone = said(replace(alert("old"), status=Status.SUPERSEDED), 2, superseded_by=("new",))
    assert metrics.revised([heir, gone] if heir_first else [gone, heir]) == []
    assert value(metrics, "alerts_open", **OPEN) == 1
    assert value(metrics, "alerts_raised_total", **RAISED) == 1


WAITS = {"agreement": "world", "severity": "grave"}


def test_the_oldest_unacknowledged_alert_waits_until_somebody_acknowledges_it() -> None:
    clock = Clock()
    metrics = DriverMetrics(Role.RUN, clock)
    waits = "alerts_oldest_unacknowledged_seconds"
    assert value(metrics, waits, **WAITS) is None
    metrics.took_over([alert("a"), alert("b")], raised_at={"a": NOW - timedelta(hours=1), "b": NOW})
    assert value(metrics, waits, **WAITS) == 3600.0
    clock.now += 60.0
    assert value(metrics, waits, **WAITS) == 3660.0
    metrics.revised([said(alert("a", acknowledged_by="Ines"), 2)])
    assert value(metrics, waits, **WAITS) == 60.0
    metrics.revised([said(alert("b", status=Status.CONFIRMED, acknowledged_by="Ines"), 2)])
    assert value(metrics, waits, **WAITS) == 0.0
    metrics.revised([said(alert("a"), 3)])
    metrics.gave_up(0)
    assert value(metrics, waits, **WAITS) == 0.0


@pytest.mark.parametrize("heir_first", [True, False])
def test_an_alert_under_a_new_name_has_waited_as_long_as_the_old(heir_first: bool) -> None:
    clock = Clock()
    metrics = DriverMetrics(Role.RUN, clock)
    metrics.revised([said(alert("old"))])
    clock.now += 60.0
    later = NOW + timedelta(seconds=60)
    heir = replace(said(alert("new"), supersedes=("old",)), decided_at=later)
    gone = replace(said(replace(alert("old"), status=Status.SUPERSEDED), 2), decided_at=later)
    metrics.revised([heir, gone] if heir_first else [gone, heir])
    assert value(metrics, "alerts_oldest_unacknowledged_seconds", **WAITS) == 60.0


def test_the_lag_of_event_time_grows_while_nothing_comes() -> None:
    clock = Clock()
    metrics = DriverMetrics(Role.WORKER, clock)
    assert math.isnan(value(metrics, "event_time_lag_seconds") or 0.0)
    metrics.event_time(NOW)
    clock.now += 60
    assert value(metrics, "event_time_lag_seconds") == 60
    metrics.event_time(None)
    metrics.event_time(datetime(2020, 1, 1, tzinfo=UTC))
    assert value(metrics, "event_time_lag_seconds") == 60


def test_progress_is_told_from_the_start() -> None:
    clock = Clock()
    metrics = DriverMetrics(Role.SEND, clock)
    assert value(metrics, "last_progress_timestamp_seconds") == NOW.timestamp()
    clock.now += 5
    metrics.progress()
    assert value(metrics, "last_progress_timestamp_seconds") == NOW.timestamp() + 5


def test_a_backlog_does_not_make_a_feed_younger_or_older() -> None:
    clock = Clock()
    metrics = DriverMetrics(Role.WORKER, clock)
    metrics.reports_received("csv", "a", 2, received_at=clock.now - 100)
    metrics.reports_received("csv", "a", 2, received_at=clock.now - 900)
    last = value(metrics, "source_last_report_timestamp_seconds", source="csv", feed="a")
    assert last == clock.now - 100
    assert value(metrics, "reports_received_total", source="csv", feed="a") == 4


def test_a_partition_that_went_elsewhere_has_no_lag_here() -> None:
    metrics = DriverMetrics(Role.WORKER)
    metrics.consumer_lag("truceline.alerts", 3, 7)
    assert value(metrics, "consumer_lag_records", topic="truceline.alerts", partition="3") == 7
    metrics.no_longer_consumes("truceline.alerts", 3)
    metrics.no_longer_consumes("truceline.alerts", 4)
    assert value(metrics, "consumer_lag_records", topic="truceline.alerts", partition="3") is None


def test_pairs_of_source_and_feed_are_bounded_too() -> None:
    metrics = DriverMetrics(Role.WORKER)
    for number in range(3 * MAX_VALUES):
        metrics.reports_received(f"source-{number % 20}", f"feed-{number}")
        metrics.rejected(f"source-{number}", RejectReason.BAD_TIME)
    told = generate_latest(metrics.registry).decode()
    assert len(re.findall(r"^truceline_reports_received_total{", told, re.MULTILINE)) == MAX_VALUES + 20
    assert len(re.findall(r"^truceline_reports_rejected_total{", told, re.MULTILINE)) == MAX_VALUES + 1
    assert value(metrics, "reports_received_total", source="source-0", feed=OTHER) == 20


def test_reasons_are_a_closed_list_and_half_a_character_is_no_label() -> None:
    metrics = DriverMetrics(Role.WORKER)
    metrics.rejected("csv", "made_up", 2)
    metrics.rejected("csv", RejectReason.BAD_TIME, 3)
    metrics.reports_received("csv", "\ud800")
    assert value(metrics, "reports_rejected_total", source="csv", reason=OTHER) == 2
    assert value(metrics, "reports_rejected_total", source="csv", reason="bad_time") == 3
    assert value(metrics, "reports_received_total", source="csv", feed=OTHER) == 1
    assert generate_latest(metrics.registry)


def _fed(role: Role) -> DriverMetrics:
    """A driver's metrics, each with a value."""
    metrics = DriverMetrics(role)
    has = {metric.name for metric in DECLARED if role in metric.roles}
    if "truceline_reports_received_total" in has:
        metrics.reports_received("csv", 'a "feed"\n')
        metrics.rejected("csv", RejectReason.BAD_TIME)
    if "truceline_alerts_open" in has:
        metrics.late("csv")
        metrics.revised([said(alert("a"))])
        metrics.report_to_alert(0.1)
        metrics.state_reports(1)
        metrics.coverage("invented", {("front", "north"): 0.4})
    if "truceline_consumer_lag_records" in has:
        metrics.consumer_lag("truceline.reports", 0, 1)
    if "truceline_broker_connected" in has:
        metrics.broker_connected(True)
    if "truceline_notifications_total" in has:
        metrics.notified("tracker", "delivered")
        metrics.notifications("tracker", 1, 0)
        metrics.notify_behind(2)
    return metrics


@pytest.mark.needs("prometheus")
@pytest.mark.parametrize("role", Role)
def test_promtool_finds_nothing_to_blame(role: Role) -> None:
    page = generate_latest(_fed(role).registry)
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


@pytest.mark.parametrize("role", Role)
def test_each_command_has_its_metrics_with_their_labels(role: Role) -> None:
    told = {}
    for family in _fed(role).registry.collect():
        (first, *_) = family.samples
        labels = frozenset(first.labels) - {"le"}
        told[family.name + "_total" * (family.type == "counter")] = labels
    ours = {name: labels for name, labels in told.items() if name.startswith("truceline_")}
    assert ours == {metric.name: frozenset(metric.labels) for metric in DECLARED if role in metric.roles}
    assert ("process_start_time_seconds" in told) == (role is not Role.RUN)


def test_the_page_on_metrics_has_each_with_its_labels_and_where_it_is() -> None:
    page = (CHECKOUT / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(truceline_\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \| [^|]{20,} \|$", page, re.MULTILINE)
    told = {name: (kind, _words(labels), _words(roles)) for name, kind, labels, roles in rows}
    assert told == {
        metric.name: (metric.kind.__name__.lower(), sorted(metric.labels), sorted(role.value for role in metric.roles))
        for metric in DECLARED
    }


def _words(cell: str) -> list[str]:
    return sorted(re.findall(r"\w+", cell))
