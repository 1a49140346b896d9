"""The alerts that a batch raises, each told once: what an operator sees arrive."""

from pipeline.model.records import Alert
from pipeline.model.taxonomy import Standing, Status
from pipeline.store.news import Outcome

REMEMBERED = 200_000
"""Alerts that are known to have been told; of a feed that runs for years, the oldest are forgotten."""


class Arrivals:
    """Tells the alerts that are raised now from those that were raised before."""

    def __init__(self) -> None:
        self._told: dict[str, None] = {}

    def of(self, outcome: Outcome) -> list[Alert]:
        """The alerts that are raised by a batch and were not before; what is only possible is never pushed.

        An alert that takes the place of one that was told (an earlier report has come in) is no news.
        """
        raised = [revision for revision in outcome.revisions if self._is_fresh(revision.alert)]
        fresh = [revision.alert for revision in raised if self._told.keys().isdisjoint(revision.supersedes)]
        self._told.update(dict.fromkeys(revision.alert.alert_id for revision in raised))
        while len(self._told) > REMEMBERED:
            del self._told[next(iter(self._told))]
        return sorted(fresh, key=lambda alert: (alert.observed_from, alert.alert_id))

    def _is_fresh(self, alert: Alert) -> bool:
        raised = alert.standing is Standing.RAISED and alert.status is not Status.SUPERSEDED
        return raised and alert.alert_id not in self._told
