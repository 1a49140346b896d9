"""Every Prometheus metric, in one place. One registry for each run: a replay never feeds the live ones."""

import platform
import socket
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, start_http_server

from pipeline.model.records import Alert, Revision
from pipeline.model.taxonomy import Standing, Status
from pipeline.monitor.parameters import Parameters
from pipeline.store.database import Store
from pipeline.store.runner import Step

MAX_VALUES = 200
"""The most values of one label that are kept apart."""
MAX_LENGTH = 100
OTHER = "other"
"""What stands for the rest: sources and feeds are few, unless an input says otherwise."""

OPEN = frozenset({Status.ALLEGED, Status.CORROBORATED, Status.UNDER_VERIFICATION})
"""The statuses of an alert that waits for an outcome."""

_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)

disable_created_metrics()  # type: ignore[no-untyped-call]


class AddressError(Exception):
    """An address to listen on that cannot be.

    Attributes:
        taken: it is well written, and something else listens there already.
    """

    def __init__(self, message: str, *, taken: bool = False) -> None:
        super().__init__(message)
        self.taken = taken


class _Values:
    """Keeps a label to a bounded number of values, whatever an input makes up."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def __call__(self, value: str | None) -> str:
        value = value or ""
        if value in self._seen:
            return value
        if len(self._seen) >= MAX_VALUES or len(value) > MAX_LENGTH:
            return OTHER
        self._seen.add(value)
        return value


class RunMetrics:
    """What one run of the embedded monitor tells Prometheus.

    Args:
        store: the record that the run writes, when its agreements have caught up.
        clock: seconds since 1970, UTC.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store, self._clock = store, clock
        self._source, self._feed = _Values(), _Values()
        self.registry = CollectorRegistry()
        self._make_counters()
        self._make_gauges()
        for alert in store.alerts():
            self._count_open(alert, 1)
        self._reports.set(store.figures()["reports"])
        build = self._gauge("build_info", "What runs here; always 1", "version", "judged_by", "python")
        build.labels(_own_version(), Parameters().judged_by, platform.python_version()).set(1)

    def _make_counters(self) -> None:
        self._received = self._counter("reports_received_total", "Reports read, repeats included", "source", "feed")
        self._rejected = self._counter("reports_rejected_total", "Rows that could not be read", "source", "reason")
        self._late = self._counter("reports_late_total", "Reports further behind than the retention", "source")
        self._raised = self._counter(
            "alerts_raised_total", "Alerts that were raised", "agreement", "provision", "severity"
        )
        self._delay = Histogram(
            "truceline_report_to_alert_seconds",
            "From the first row of a batch being read to its raised alerts being on disk",
            buckets=_BUCKETS_S,
            registry=self.registry,
        )

    def _make_gauges(self) -> None:
        self._open = self._gauge(
            "alerts_open", "Raised alerts that wait for an outcome", "agreement", "severity", "status"
        )
        self._last_report = self._gauge(
            "source_last_report_timestamp_seconds", "When a source's last report was received", "source", "feed"
        )
        self._lag = self._gauge("event_time_lag_seconds", "How far the latest report lies behind the clock")
        self._progress = self._gauge("last_progress_timestamp_seconds", "When the last batch was on disk")
        self._reports = self._gauge("state_reports", "Reports that the record holds")

    def _counter(self, name: str, meaning: str, *labels: str) -> Counter:
        return Counter(f"truceline_{name}", meaning, labels, registry=self.registry)

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(f"truceline_{name}", meaning, labels, registry=self.registry)

    def on_step(self, step: Step) -> None:
        """Takes in one batch that is on disk."""
        now = self._clock()
        tally = Tally((report.source, report.feed) for report in step.reports)
        for (source, feed), count in tally.items():
            labels = self._source(source), self._feed(feed)
            self._received.labels(*labels).inc(count)
            self._last_report.labels(*labels).set(now)
        for reject in step.rejects:
            self._rejected.labels(self._source(reject.source), reject.reason.value).inc()
        late = Tally(report.source for report, was in zip(step.reports, step.outcome.late, strict=False) if was)
        for source, count in late.items():
            self._late.labels(self._source(source)).inc(count)
        for revision in step.outcome.revisions:
            self._revise(revision, step.committed_at - step.read_at)
        self._reports.inc(sum(step.outcome.new))
        self._progress.set(now)
        if step.outcome.watermark is not None:
            self._lag.set(now - step.outcome.watermark.timestamp())

    def _revise(self, revision: Revision, delay_s: float) -> None:
        alert, before = revision.alert, self._before(revision)
        if before is not None:
            self._count_open(before, -1)
        self._count_open(alert, 1)
        if _stands(alert) and (before is None or not _stands(before)) and not self._takes_over(revision):
            self._raised.labels(alert.agreement, alert.provision, alert.severity.value).inc()
            self._delay.observe(delay_s)

    def _takes_over(self, revision: Revision) -> bool:
        """Whether the alert stands for one that was raised before: the same incident by another name."""
        former = (self._store.alert(alert_id) for alert_id in revision.supersedes)
        return any(alert is not None and alert.standing is Standing.RAISED for alert in former)

    def _before(self, revision: Revision) -> Alert | None:
        """What the alert said before this revision."""
        if revision.revision == 1:
            return None
        history = self._store.history(revision.alert.alert_id)
        return next((said.alert for said in history if said.revision == revision.revision - 1), None)

    def _count_open(self, alert: Alert, count: int) -> None:
        if _stands(alert) and alert.status in OPEN:
            self._open.labels(alert.agreement, alert.severity.value, alert.status.value).inc(count)


def _stands(alert: Alert) -> bool:
    return alert.standing is Standing.RAISED and alert.status is not Status.SUPERSEDED


def _own_version() -> str:
    try:
        return version("truceline")
    except PackageNotFoundError:
        return "unknown"


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; without a host, this machine alone.

    >>> parse_address("0.0.0.0:9464"), parse_address(":9464"), parse_address("[::1]:9464")
    (('0.0.0.0', 9464), ('127.0.0.1', 9464), ('::1', 9464))

    Raises:
        AddressError: it is no address.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise AddressError(f"{text!r} is no HOST:PORT, such as 127.0.0.1:9464")
    return host.strip("[]") or "127.0.0.1", int(port)


@contextmanager
def served(registry: CollectorRegistry, address: str) -> Iterator[str]:
    """Serves a registry at `address` under /metrics until the block ends; gives the page's URL.

    Raises:
        AddressError: the address is none, or is taken.
    """
    host, port = parse_address(address)
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except (socket.gaierror, UnicodeError) as error:
        raise AddressError(f"{address}: there is no host {host!r}") from error
    except OSError as error:
        raise AddressError(f"{address}: cannot listen there: {error.strerror or error}", taken=True) from error
    shown = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{shown}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
