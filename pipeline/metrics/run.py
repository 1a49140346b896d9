"""What the embedded run tells Prometheus."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from pipeline.agreement import Agreement
from pipeline.metrics.declared import Role
from pipeline.metrics.driver import DriverMetrics
from pipeline.store.database import Store
from pipeline.store.efforts import StoredEfforts
from pipeline.store.runner import Step
from pipeline.store.watching import raised_at

COVERAGE_EVERY_S = 60.0


class RunMetrics:
    """What one run of the embedded monitor tells Prometheus.

    Args:
        store: the record that the run writes, when its agreements have caught up.
        clock: seconds since 1970, UTC.
        agreements: of which it tells how well was watched.
    """

    def __init__(
        self, store: Store, clock: Callable[[], float] = time.time, agreements: Sequence[Agreement] = ()
    ) -> None:
        self._clock = clock
        self._efforts = {one.name: StoredEfforts(store.connection, one) for one in agreements}
        self._looked_at = -COVERAGE_EVERY_S
        self._told = DriverMetrics(Role.RUN, clock)
        self.registry = self._told.registry
        self._told.took_over(store.alerts(), raised_at=raised_at(store))
        self._reports = store.figures()["reports"]
        self._told.state_reports(self._reports)

    def on_step(self, step: Step) -> None:
        """Takes in one batch that is on disk."""
        told = self._told
        for (source, feed), count in Counter((report.source, report.feed) for report in step.reports).items():
            told.reports_received(source, feed, count)
        for (source, reason), count in Counter((reject.source, reject.reason) for reject in step.rejects).items():
            told.rejected(source, reason, count)
        late = Counter(report.source for report, was in zip(step.reports, step.outcome.late, strict=False) if was)
        for source, count in late.items():
            told.late(source, count)
        for _ in told.revised(step.outcome.revisions):
            told.report_to_alert(step.committed_at - step.read_at)
        self._reports += sum(step.outcome.new)
        told.state_reports(self._reports)
        told.event_time(step.outcome.watermark)
        if step.outcome.watermark is not None:
            self._look(step.outcome.watermark)
        told.progress()

    def _look(self, until: datetime) -> None:
        """How well was watched lately, now and then: it is some work."""
        now = self._clock()
        if now - self._looked_at < COVERAGE_EVERY_S:
            return
        self._looked_at = now
        for name, efforts in self._efforts.items():
            self._told.coverage(name, efforts.just_now(until))
