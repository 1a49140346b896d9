"""The reports behind alerts, from the log."""

from collections.abc import Iterable, Mapping, Sequence

from pipeline.model.identity import content_hash, precedence
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.store.database import Store

Versions = Mapping[str, Sequence[Report]]
"""Every version of some reports, by report id."""


def versions_of(store: Store, alerts: Iterable[Alert]) -> Versions:
    """Every version of every report that some alerts rest on."""
    return store.versions(report_id for alert in alerts for report_id in alert.report_ids)


def current(alert: Alert, versions: Sequence[Report]) -> Report | None:
    """The version that an alert rests on: of those of its own interval, the one that counts within a window."""
    same = [report for report in versions if report.observed_from == alert.observed_from]
    return max(same or versions, key=lambda report: precedence(report, content_hash(report)), default=None)


def evidence(alert: Alert, versions: Versions) -> list[Report]:
    """The reports that an alert rests on, each in the version that counts."""
    each = (current(alert, versions.get(report_id, ())) for report_id in alert.report_ids)
    return [report for report in each if report is not None]
