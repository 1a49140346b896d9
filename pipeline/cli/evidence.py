"""The reports behind alerts, from the log: each frame is opened once, however many alerts rest on it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from pipeline.model.identity import content_hash
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.store.database import Store, store_errors

_ASKED = 500
_BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)

Versions = Mapping[str, Sequence[Report]]
"""Every version of some reports, by report id."""


def versions_of(store: Store, alerts: Iterable[Alert]) -> Versions:
    """Every version of every report that some alerts rest on."""
    wanted = sorted({report_id for alert in alerts for report_id in alert.report_ids})
    places: dict[int, list[int]] = defaultdict(list)
    with store_errors(store.path):
        for start in range(0, len(wanted), _ASKED):
            some = wanted[start : start + _ASKED]
            marks = ", ".join("?" * len(some))
            asked = f"SELECT DISTINCT seq, line FROM reports WHERE report_id IN ({marks})"
            for seq, line in store.connection.execute(asked, some):
                places[seq].append(line)
    found: dict[str, list[Report]] = defaultdict(list)
    for seq in sorted(places):
        frame = store.frame(seq)
        for line in sorted(places[seq]):
            found[frame[line].report_id].append(frame[line])
    return found


def current(alert: Alert, versions: Sequence[Report]) -> Report | None:
    """The version that an alert rests on: of those of its own interval, the one that counts within a window."""
    same = [report for report in versions if report.observed_from == alert.observed_from]
    return max(
        same or versions, key=lambda report: (report.published_at or _BEFORE_ALL, content_hash(report)), default=None
    )


def evidence(alert: Alert, versions: Versions) -> list[Report]:
    """The reports that an alert rests on, each in the version that counts."""
    each = (current(alert, versions.get(report_id, ())) for report_id in alert.report_ids)
    return [report for report in each if report is not None]
