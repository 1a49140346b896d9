"""What a provision that remembers makes of some reports: alerts and progress."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.law.folding import BEFORE_ALL, Fold, MemoryFindings, progress, refold
from pipeline.law.folds import folds_of
from pipeline.model.footprint import Disc, Footprint
from pipeline.model.records import Alert, Finding, Progress
from pipeline.model.report import Count, Report
from pipeline.model.taxonomy import Activity, CountUnit, Weapon
from pipeline.model.times import to_us_array
from pipeline.monitor import MemoryWindows, Monitor
from tests.monitor.remembering import AREAS
from tests.worlds import report

NEAR_A, FURTHER_A = Disc(37.45, 48.35, 50.0), Disc(37.40, 48.34, 50.0)
"""Some 4 km left of the line, A's side; some 4 km from each other."""
NEAR_B = Disc(37.6, 48.15, 50.0)
"""Some 6 km right of the line: B's side."""


def seen(number: int | str, place: Footprint, *, day: float = 0.0, **fields: Any) -> Report:
    """A report by a patrol of something that stands there, so many days after the first of March."""
    fields = {"activity": Activity.WEAPON_PRESENCE, "observer": "patrol", "ledger": "independent"} | fields
    return report(number, place, at=timedelta(days=day, hours=8), **fields)


def guns(number: int | str, place: Footprint, least: float, most: float | None, **fields: Any) -> Report:
    """So many guns of 122 mm."""
    count = Count(float(least), None if most is None else float(most), CountUnit.WEAPON)
    return seen(number, place, weapons=(Weapon.ARTILLERY,), calibre_mm=122.0, count=count, **fields)


def findings(agreement: Agreement, given: Sequence[Report]) -> list[tuple[int, Finding]]:
    """What the monitor finds in some reports for the provisions that remember, with the day of each."""
    found = Monitor([agreement], MemoryWindows(), AREAS).process(given).findings[agreement.name]
    days = agreement.days.day_of(to_us_array(one.alert.observed_from for one in found)).tolist()
    return list(zip(days, found, strict=True))


def fold_of(agreement: Agreement, provision: str) -> Fold:
    return next(fold for fold in folds_of(agreement) if fold.provision == provision)


def alerts(agreement: Agreement, provision: str, *given: Report) -> list[Alert]:
    """The alerts of a provision, by when they begin."""
    refolded = refold(fold_of(agreement, provision), MemoryFindings(findings(agreement, given)), BEFORE_ALL)
    return sorted((alert for alert, _ in refolded.alerts), key=lambda alert: (alert.observed_from, alert.alert_id))


def stands(agreement: Agreement, provision: str, on: str, *given: Report) -> dict[str, Progress]:
    """A provision's progress at the end of a day, by subject."""
    day = agreement.days.number_of(date.fromisoformat(on))
    told = progress(fold_of(agreement, provision), MemoryFindings(findings(agreement, given)), day)
    return {one.subject: one for one in told}


def raised(agreement: Agreement, given: Sequence[Report], **changed: Any) -> list[tuple[int, Alert]]:
    """The alerts that some reports raise by themselves, with the day of each."""
    found = Monitor([agreement], MemoryWindows(), AREAS).process(given).alerts[agreement.name]
    days = agreement.days.day_of(to_us_array(one.observed_from for one in found)).tolist()
    return [(day, replace(one, **changed)) for day, one in zip(days, found, strict=True)]


def watching(agreement: Agreement, provision: str, said: Sequence[tuple[int, Alert]]) -> list[Alert]:
    """What a provision that watches others makes of their alerts."""
    refolded = refold(fold_of(agreement, provision), MemoryFindings((), said), BEFORE_ALL)
    return sorted((alert for alert, _ in refolded.alerts), key=lambda alert: (alert.observed_from, alert.alert_id))
