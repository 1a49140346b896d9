"""What a driver says of its work, and the registry that keeps it; labels stay bounded whatever an input makes up."""

import math
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from pipeline.law.transitions import OPEN
from pipeline.metrics.declared import BUCKETS_S, DECLARED, JUDGES, Role
from pipeline.metrics.waiting import Unacknowledged
from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import RejectReason, Standing, Status
from pipeline.monitor.parameters import Parameters

MAX_VALUES = 200
"""The most values of one label, or pairs of source and feed, that are kept apart."""
MAX_LENGTH = 100
OTHER = "other"
"""What stands for the rest: sources and feeds are few, unless an input says otherwise."""

_REASONS = frozenset(reason.value for reason in RejectReason)

disable_created_metrics()  # type: ignore[no-untyped-call]


class _Bounded:
    """Keeps labels to a bounded number of values, whatever an input makes up; the last one gives way."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, ...]] = set()

    def __call__(self, *values: str | None) -> tuple[str, ...]:
        kept = tuple(value or "" for value in values)
        if kept in self._seen:
            return kept
        if len(self._seen) >= MAX_VALUES or not all(map(_can_be_told, kept)):
            return (*kept[:-1], OTHER)
        self._seen.add(kept)
        return kept

    def one(self, value: str | None) -> str:
        """The same for a label by itself."""
        return self(value)[0]


def _can_be_told(value: str) -> bool:
    """Whether a label may have this value: a page with half a character in it could not be served at all."""
    return len(value) <= MAX_LENGTH and value == value.encode("utf-8", "replace").decode()


class _Labels(NamedTuple):
    """Those of an open alert."""

    agreement: str
    severity: str
    status: str


class DriverMetrics:
    """What a process tells Prometheus. Which metrics it has depends on its role; to feed another is a KeyError.

    Args:
        role: the command that runs.
        clock: seconds since 1970, UTC.
        judged_by: the rules and parameters by which it judges.
    """

    def __init__(
        self, role: Role, clock: Callable[[], float] = time.time, judged_by: str = Parameters().judged_by
    ) -> None:
        self._clock = clock
        self._sources, self._feeds = _Bounded(), _Bounded()
        self._agreements, self._provisions = _Bounded(), _Bounded()
        self._watermark: datetime | None = None
        self._last: dict[tuple[str, ...], float] = {}
        self._standing: dict[int | str, dict[str, _Labels]] = {}
        self._held: dict[str, int] = {}
        self.registry = CollectorRegistry()
        self._declare(role)
        if role in JUDGES:
            self._gauges["event_time_lag_seconds"].set_function(self._event_time_lag)
            self._unacknowledged = Unacknowledged(self._gauges["alerts_oldest_unacknowledged_seconds"], clock)
        if role is not Role.RUN:
            ProcessCollector(registry=self.registry)
        self._gauges["build_info"].labels(_own_version(), judged_by, platform.python_version(), role.value).set(1)
        self.progress()

    def _declare(self, role: Role) -> None:
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._histograms: dict[str, Histogram] = {}
        for metric in DECLARED:
            name = metric.name.removeprefix("truceline_")
            told = metric.name, metric.meaning, metric.labels
            if role not in metric.roles:
                continue
            if metric.kind is Counter:
                self._counters[name] = Counter(*told, registry=self.registry)
            elif metric.kind is Gauge:
                self._gauges[name] = Gauge(*told, registry=self.registry)
            else:
                self._histograms[name] = Histogram(*told, buckets=BUCKETS_S, registry=self.registry)

    def reports_received(
        self, source: str, feed: str | None = None, count: int = 1, received_at: float | None = None
    ) -> None:
        """Counts reports of a feed, the last of them received at `received_at` (seconds since 1970; None is now)."""
        labels = self._feeds(self._sources.one(source), feed)
        last = max(self._last.get(labels, 0.0), self._clock() if received_at is None else received_at)
        self._last[labels] = last
        self._counters["reports_received_total"].labels(*labels).inc(count)
        self._gauges["source_last_report_timestamp_seconds"].labels(*labels).set(last)

    def coverage(self, agreement: str, told: Mapping[tuple[str, str], float]) -> None:
        """By line and sector of an agreement, the share of what happened lately that would have been noticed."""
        for (line, sector), share in told.items():
            self._gauges["coverage_ratio"].labels(f"{agreement}/{line}", sector).set(share)

    def no_coverage(self) -> None:
        """Another process tells how well was watched from now on."""
        self._gauges["coverage_ratio"].clear()

    def rejected(self, source: str, reason: RejectReason | str, count: int = 1) -> None:
        """Counts rows that could not be read."""
        told = str(reason) if reason in _REASONS else OTHER
        self._counters["reports_rejected_total"].labels(self._sources.one(source), told).inc(count)

    def late(self, source: str, count: int = 1) -> None:
        """Counts reports that came after the retention of their window."""
        self._counters["reports_late_total"].labels(self._sources.one(source)).inc(count)

    def took_over(
        self, alerts: Iterable[Alert], partition: int | str = 0, raised_at: Mapping[str, datetime] | None = None
    ) -> None:
        """Counts the alerts that the book of a partition holds as this process begins to keep it.

        Args:
            raised_at: by alert id, when it was raised: without it, nobody knows for how long it has waited.
        """
        self.gave_up(partition)
        standing, times = self._standing.setdefault(partition, {}), raised_at or {}
        for alert in alerts:
            self._stand(standing, alert)
            if alert.alert_id in times:
                self._wait(partition, alert, times[alert.alert_id].timestamp())

    def gave_up(self, partition: int | str) -> None:
        """Another process counts the alerts of this partition from now on."""
        self._unacknowledged.gave_up(partition)
        for labels in self._standing.pop(partition, {}).values():
            self._count_open(labels, -1)

    def revised(self, revisions: Sequence[Revision], partition: int | str = 0) -> list[Revision]:
        """Takes in what was written, in its order; gives the revisions that raised an alert.

        What stood before is what `took_over` and earlier calls said of the partition.
        The same revision once more changes nothing. An alert that takes the place of one that stood is not raised:
        it is the same incident by another name.
        """
        standing = self._standing.setdefault(partition, {})
        stood = {name for said in revisions for name in said.supersedes if name in standing}
        since = self._unacknowledged.since(
            partition, {name for said in revisions for name in (said.alert.alert_id, *said.supersedes)}
        )
        raised = []
        for said in revisions:
            alert, new = said.alert, said.alert.alert_id not in standing
            self._stand(standing, alert)
            waited = [since[name] for name in (alert.alert_id, *said.supersedes) if name in since]
            self._wait(partition, alert, min([said.decided_at.timestamp(), *waited]))
            if not new or alert.alert_id not in standing:
                continue
            stood.add(alert.alert_id)
            if stood.isdisjoint(said.supersedes):
                raised.append(said)
                labels = *self._provisions(self._agreements.one(alert.agreement), alert.provision), alert.severity.value
                self._counters["alerts_raised_total"].labels(*labels).inc()
        return raised

    def report_to_alert(self, delay_s: float) -> None:
        """Observes how long a raised alert took, from its report's arrival until it was written."""
        self._histograms["report_to_alert_seconds"].observe(delay_s)

    def event_time(self, watermark: datetime | None) -> None:
        """Says how far event time has come; the lag grows from there by itself."""
        if watermark is not None and (self._watermark is None or watermark > self._watermark):
            self._watermark = watermark

    def consumer_lag(self, topic: str, partition: int, records: int) -> None:
        """Says how many records of a partition are still to be worked off."""
        self._gauges["consumer_lag_records"].labels(topic, str(partition)).set(records)

    def no_longer_consumes(self, topic: str, partition: int) -> None:
        """The partition is another process's: its lag is no longer told here."""
        self._gauges["consumer_lag_records"].remove(topic, str(partition))

    def broker_connected(self, connected: bool) -> None:
        """Says whether the broker answers."""
        self._gauges["broker_connected"].set(connected)

    def listening(self, change: int) -> None:
        """Says that so many listeners more are told of changes."""
        self._gauges["console_listeners"].inc(change)

    def cut(self) -> None:
        """Counts a listener who took nothing for too long."""
        self._counters["console_cut_total"].inc()

    def notified(self, receiver: str, outcome: str, count: int = 1) -> None:
        """Counts what a receiver was sent, by what became of it."""
        self._counters["notifications_total"].labels(receiver, outcome).inc(count)

    def notifications(self, receiver: str, waiting: int, dead: int) -> None:
        """Says how much a receiver has still to be told, and how much was put aside."""
        self._gauges["notifications_waiting"].labels(receiver).set(waiting)
        self._gauges["notifications_dead"].labels(receiver).set(dead)

    def notify_behind(self, entries: int) -> None:
        """Says how many entries of the history were not yet taken in."""
        self._gauges["notify_behind_entries"].set(entries)

    def progress(self) -> None:
        """The process is not stuck: it has done something, or has asked for work and there was none."""
        self._gauges["last_progress_timestamp_seconds"].set(self._clock())

    def state_reports(self, count: int, part: str = "") -> None:
        """Says how many reports the state holds, or a part of it."""
        self._held[part] = count
        self._gauges["state_reports"].set(sum(self._held.values()))

    def _event_time_lag(self) -> float:
        return math.nan if self._watermark is None else self._clock() - self._watermark.timestamp()

    def _stand(self, standing: dict[str, _Labels], alert: Alert) -> None:
        """Puts an alert down as it stands now, if it stands, and counts it."""
        before = standing.pop(alert.alert_id, None)
        if before is not None:
            self._count_open(before, -1)
        if alert.standing is Standing.RAISED and alert.status is not Status.SUPERSEDED:
            labels = _Labels(self._agreements.one(alert.agreement), alert.severity.value, alert.status.value)
            standing[alert.alert_id] = labels
            self._count_open(labels, 1)

    def _wait(self, partition: int | str, alert: Alert, since: float) -> None:
        """Puts down whether an alert waits for somebody to see it, and since when; one in another's place as long."""
        self._unacknowledged.stand(partition, alert, self._agreements.one(alert.agreement), since)

    def _count_open(self, labels: _Labels, count: int) -> None:
        if labels.status in OPEN:
            self._gauges["alerts_open"].labels(*labels).inc(count)


def _own_version() -> str:
    try:
        return version("truceline")
    except PackageNotFoundError:
        return "unknown"
