"""One record under each party's reading: what stands under the text and under each, and which events decide.

Every column is judged by itself, as if its reading were the agreement: what one incident alone decides, and what many
mean together, which is folded anew. No column is weighed against another.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from pipeline.agreement.compiled import Agreement
from pipeline.agreement.overlays import is_judged
from pipeline.agreement.readings import read_by, readers
from pipeline.law.folding import BEFORE_ALL, MemoryFindings, refold
from pipeline.law.folds import folds_of
from pipeline.model.records import Alert, Finding, Incident
from pipeline.model.taxonomy import Standing
from pipeline.model.times import to_us_array
from pipeline.monitor.judge import judge
from pipeline.monitor.parameters import DEFAULT, Parameters

_RANK = {None: 0, Standing.POSSIBLE: 1, Standing.RAISED: 2}


class Under(msgspec.Struct, frozen=True):
    """How one event stands in one column; with `standing` None it is no alert there."""

    party: str | None
    standing: Standing | None
    probability: float | None


class Column(msgspec.Struct, frozen=True):
    """What stands under the text (`party` None) or under one party's reading."""

    party: str | None
    reading: str | None
    raised: int
    possible: int


class Event(msgspec.Struct, frozen=True):
    """What stands otherwise in one column than in another; `alert` is that of the first column that has one."""

    alert: Alert
    under: tuple[Under, ...]


class Compared(msgspec.Struct, frozen=True):
    """One provision with readings that are judged; its `events` are the deciding ones, the most telling first."""

    provision: str
    columns: tuple[Column, ...]
    events: tuple[Event, ...]


class Comparison:
    """Incidents held against the text and against each party's reading of it."""

    def __init__(self, agreement: Agreement, parameters: Parameters = DEFAULT) -> None:
        self._parameters, self._days = parameters, agreement.days
        judged = [one for one in agreement.readings if is_judged(one)]
        provisions = [table.id for table in agreement.tables.provisions]
        self._readings = {
            name: {None: None, **{one.party: one.id for one in judged if one.provision == name}}
            for name in provisions
            if any(one.provision == name for one in judged)
        }
        self._read = {party: self._only(read_by(agreement, party), party) for party in (None, *readers(agreement))}
        self._findings: dict[str | None, list[tuple[int, Finding]]] = {party: [] for party in self._read}
        self._alerts: dict[str, dict[str, dict[str | None, Alert]]] = {name: {} for name in self._readings}

    def _only(self, read: Agreement, party: str | None) -> Agreement:
        """The agreement with those clauses alone of which there is a column."""
        return replace(read, clauses=tuple(one for one in read.clauses if self._has(one.provision_id, party)))

    def _has(self, provision: str, party: str | None) -> bool:
        return party in self._readings.get(provision, ())

    def add(self, incidents: Sequence[Incident]) -> None:
        """Takes incidents in, each once; those that are only rumours count for nothing."""
        resolved = [incident for incident in incidents if not incident.unresolved]
        for party, read in self._read.items():
            found = judge(resolved, read, self._parameters)
            self._take(party, found.alerts)
            days = self._days.day_of(to_us_array(one.alert.observed_from for one in found.findings)).tolist()
            self._findings[party] += zip(days, found.findings, strict=True)

    def results(self) -> list[Compared]:
        """The provisions with readings that are judged, in the agreement's order."""
        for party, read in self._read.items():
            memory = MemoryFindings(self._findings[party])
            for fold in folds_of(read):
                if self._has(fold.provision, party):
                    self._take(party, [alert for alert, _ in refold(fold, memory, BEFORE_ALL).alerts])
        return [self._compared(name) for name in self._readings]

    def _take(self, party: str | None, alerts: Sequence[Alert]) -> None:
        for alert in alerts:
            self._alerts[alert.provision].setdefault(alert.alert_id, {})[party] = alert

    def _compared(self, provision: str) -> Compared:
        readings, alerts = self._readings[provision], list(self._alerts[provision].values())
        standings = {party: [one[party].standing for one in alerts if party in one] for party in readings}
        events = [_event(one, list(readings)) for one in alerts]
        deciding = [event for event in events if len({under.standing for under in event.under}) > 1]
        return Compared(
            provision,
            tuple(
                Column(party, reading, of.count(Standing.RAISED), of.count(Standing.POSSIBLE))
                for (party, reading), of in zip(readings.items(), standings.values(), strict=True)
            ),
            tuple(sorted(deciding, key=_telling)),
        )


def _event(alerts: dict[str | None, Alert], parties: Sequence[str | None]) -> Event:
    under = [
        Under(party, alerts[party].standing, alerts[party].probability) if party in alerts else Under(party, None, None)
        for party in parties
    ]
    return Event(next(alerts[party] for party in parties if party in alerts), tuple(under))


def _telling(event: Event) -> tuple[float, float, float, str, str]:
    """What sorts first tells most: how far the parties are apart, then how far any two columns are, then the time."""
    ranks = {one.party: _RANK[one.standing] for one in event.under}
    parties = [rank for party, rank in ranks.items() if party is not None]
    likely = [one.probability or 0.0 for one in event.under]
    return (
        min(parties) - max(parties),
        min(ranks.values()) - max(ranks.values()),
        min(likely) - max(likely),
        event.alert.observed_from.isoformat(),
        event.alert.alert_id,
    )
