"""How long the oldest alert has waited for somebody to see it; it grows from scrape to scrape by itself."""

from collections.abc import Callable, Iterable

from prometheus_client import Gauge

from pipeline.law.waiting import is_unacknowledged
from pipeline.model.records import Alert


class Unacknowledged:
    """The unacknowledged alerts of each partition, by the labels of the gauge: agreement and severity.

    Args:
        clock: seconds since 1970, UTC.
    """

    def __init__(self, gauge: Gauge, clock: Callable[[], float]) -> None:
        self._gauge, self._clock = gauge, clock
        self._since: dict[tuple[str, str], dict[tuple[int | str, str], float]] = {}

    def since(self, partition: int | str, names: Iterable[str]) -> dict[str, float]:
        """Since when those of some alerts wait that do, in seconds since 1970."""
        asked = set(names)
        return {
            name: waiting[partition, name]
            for waiting in self._since.values()
            for name in asked
            if (partition, name) in waiting
        }

    def stand(self, partition: int | str, alert: Alert, agreement: str, since: float) -> None:
        """Puts an alert down as it stands now.

        Args:
            agreement: the label.
            since: when it was raised, in seconds since 1970.
        """
        for waiting in self._since.values():
            waiting.pop((partition, alert.alert_id), None)
        if is_unacknowledged(alert):
            self._waiting(agreement, alert.severity.value)[partition, alert.alert_id] = since

    def gave_up(self, partition: int | str) -> None:
        """Another process looks after this partition from now on."""
        for waiting in self._since.values():
            for key in [key for key in waiting if key[0] == partition]:
                del waiting[key]

    def _waiting(self, agreement: str, severity: str) -> dict[tuple[int | str, str], float]:
        if (agreement, severity) not in self._since:
            waiting = self._since[agreement, severity] = {}
            # A scrape may come while an alert is put down.
            told = self._gauge.labels(agreement, severity)
            told.set_function(lambda: max(self._clock() - min([*waiting.values()], default=self._clock()), 0.0))
        return self._since[agreement, severity]
