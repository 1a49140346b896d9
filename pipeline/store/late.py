"""A report that comes for a closed window: what it says by itself, and what it takes back elsewhere."""

from collections.abc import Sequence

from msgspec.structs import replace

from pipeline.model.identity import incident_id
from pipeline.monitor import Changes, Monitor
from pipeline.monitor.core import tombstones
from pipeline.monitor.windows import Entry, Windows


def corrected(monitor: Monitor, windows: Windows, entries: Sequence[Entry]) -> Changes | None:
    """What becomes of the reports that late ones revise, where their windows are open; None where they revise none."""
    revising = [entry for entry in entries if entry.report.revises is not None]
    if not revising:
        return None
    windows.retire(tombstones(revising))
    changes = monitor.consider(revising)
    # The windows of the late reports themselves hold nothing any more, and what was said of them stays.
    own = {incident_id(entry.report.report_id, entry.window) for entry in revising}
    return replace(changes, considered=changes.considered - own)


def by_itself(alone: Changes, corrected: Changes | None) -> Changes:
    """What a late report says, and what it takes back, as one. No provision that remembers is told of the former."""
    none = dict.fromkeys(alone.findings, ())
    if corrected is None:
        return replace(alone, findings={})
    return replace(
        alone,
        considered=alone.considered | corrected.considered,
        incidents=alone.incidents + corrected.incidents,
        alerts={name: alerts + corrected.alerts[name] for name, alerts in alone.alerts.items()},
        findings=none | dict(corrected.findings),
        matches=alone.matches + corrected.matches,
        outside=alone.outside + corrected.outside,
    )
