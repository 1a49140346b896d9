"""The commands' words, handed to the console: a screen says of an alert what `truceline alerts show` says."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pipeline.agreement import Agreement
from pipeline.agreement.sentence import sentence
from pipeline.cli import show_alert, show_incident
from pipeline.cli.alert_words import AlertWords
from pipeline.cli.evidence import evidence, explained, standing_now, versions_of
from pipeline.cli.handover import lines
from pipeline.cli.printing import Section
from pipeline.cli.register import duplicates_of, entries_of
from pipeline.cli.show_alert import Behind
from pipeline.cli.show_incident import Book, Known
from pipeline.cli.tending import tended
from pipeline.console import Passage
from pipeline.console.telling import Evidence
from pipeline.law.handover import Handover
from pipeline.law.register import Entry
from pipeline.model.records import Alert, Incident
from pipeline.model.report import Report
from pipeline.store import Store


class Words(AlertWords):
    """The words for what a console shows."""

    def provisions(self, agreement: Agreement) -> Mapping[str, str]:
        """What each clause asks in one sentence, by the id of its provision."""
        return {table.id: sentence(agreement.tables, table) for table in agreement.tables.provisions}

    def alert(self, store: Store, alert: Alert, now: datetime) -> Evidence:
        """All that stands behind an alert."""
        versions = versions_of(store, [alert])
        reports, history = evidence(alert, versions), list(store.history(alert.alert_id))
        instead, known = standing_now(store, alert.incident_id), _known(store, alert, reports)
        how, last_day = tended(store, alert, now), store.last_day()
        behind = Behind(reports, sum(map(len, versions.values())), known, instead, history, how, last_day)
        said = show_alert.sections(alert, self._of(alert), behind)
        return Evidence(reports, _passages(said), now=instead, acts=how.acts)

    def incident(self, store: Store, incident: Incident) -> Evidence:
        """All that stands behind an incident."""
        reports = evidence(incident, versions_of(store, [incident]))
        why = explained(store, incident, reports)
        each = (self._known.get(name) for name in store.agreements())
        agreements = [agreement for agreement in each if agreement is not None]
        alerts = [alert for alert in store.alerts(possible=True) if alert.incident_id == incident.incident_id]
        book = Book(alerts, store.predecessors(incident.incident_id))
        said = show_incident.sections(Known(incident, why), agreements, reports, book)
        pairs: dict[str, Any] = {} if why is None else {"pairs": [_pair(pair) for pair in why.pairs]}
        return Evidence(reports, _passages(said), None if why is None else {**why._asdict(), **pairs})

    def register(self, store: Store, alerts: Iterable[Alert]) -> Sequence[Entry]:
        """The way of some alerts, and of their duplicates, from allegation to outcome."""
        return entries_of(store, [*alerts, *duplicates_of(store)])

    def handover(self, store: Store, note: Handover) -> str:
        """The note from one watch to the next, as Markdown."""
        return "\n".join(lines(note, self._known, store.last_day())) + "\n"


def _known(store: Store, alert: Alert, reports: Sequence[Report]) -> Known | None:
    """The alert's incident, and why its reports are one; None where it stands no more."""
    incident = store.incident(alert.incident_id)
    if incident is None or incident.report_ids != alert.report_ids:
        return None
    return Known(incident, explained(store, incident, reports))


def _pair(pair: Any) -> dict[str, Any]:
    return {**pair._asdict(), "total": pair.total}


def _passages(said: Iterable[Section]) -> list[Passage]:
    return [Passage(one.heading, tuple(one.lines)) for one in said]
