"""Consultation: when confirmed or sustained violations are put before a person.

A threshold that is reached opens a case: an alert that rests on all the violations that count. It is a matter for a
named person, who decides by the acts of an alert's lifecycle; nothing follows from the case by itself.

- *Confirmed*: so many violations that an operator confirmed, within so many days.
- *Sustained*: in one sector, on so many reporting days in a row, so many raised and not dismissed.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from pipeline.agreement.compiled import Agreement
from pipeline.agreement.remembering import ConsultationTable
from pipeline.law.effort import Efforts
from pipeline.law.folds.episode import MOST_NAMED
from pipeline.law.saying import figure, plural
from pipeline.law.watching import Evidence, Sectors, Watched, spoken
from pipeline.model.decoding import decodable
from pipeline.model.records import Alert, Progress
from pipeline.model.taxonomy import Compliance, Standing, Status

CONFIRMED, SUSTAINED = "confirmed", "sustained"

_DISMISSED = frozenset({Status.REFUTED, Status.NOT_A_VIOLATION, Status.SUPERSEDED})


class Counted(msgspec.Struct, frozen=True):
    """A violation that counts, and its day."""

    day: int
    watched: Watched


class Streak(msgspec.Struct, frozen=True):
    """Days in a row, in one sector, that had enough violations."""

    last_day: int
    days: int
    number: int
    counted: tuple[Counted, ...]


class Case(msgspec.Struct, frozen=True):
    """A threshold that is reached: by which violation, and on which ones it rests."""

    tipped_by: Watched
    counted: tuple[Counted, ...]
    number: int


@decodable
class Cases(msgspec.Struct, frozen=True, kw_only=True):
    """What may count towards a threshold, and the cases that are open, by their subject."""

    confirmed: tuple[Counted, ...] = ()
    streaks: dict[str, Streak] = {}
    open: dict[str, Case] = {}


class Consultation:
    """The fold of a `consultation` provision."""

    state_type = Cases
    watches = True
    weighs_effort = False

    def __init__(self, agreement: Agreement, table: ConsultationTable) -> None:
        self._agreement, self._table = agreement, table
        self.provision, self.feeds = table.id, table.provisions
        self._sectors = Sectors(agreement)

    def begin(self) -> Cases:
        """Nothing counts yet."""
        return Cases()

    def step(self, state: Cases, day: int, found: Sequence[Watched], efforts: Efforts) -> tuple[Cases, list[Alert]]:
        """Holds one day's violations against both thresholds; a case ends when its threshold is reached no more."""
        found = [one for one in found if one.status not in _DISMISSED and one.standing is Standing.RAISED]
        confirmed = tuple(
            one
            for one in (*state.confirmed, *(Counted(day, w) for w in found if w.status is Status.CONFIRMED))
            if one.day > day - self._table.within_days
        )
        streaks = self._streaks(state.streaks, day, found)
        reached: dict[str, Case] = {}
        if len(confirmed) >= self._table.confirmed:
            tipping = confirmed[self._table.confirmed - 1].watched
            reached[CONFIRMED] = Case(tipping, _named(confirmed), len(confirmed))
        for sector, streak in streaks.items():
            if streak.days >= self._table.sustained_days:
                reached[f"{SUSTAINED}/{sector}"] = Case(streak.counted[-1].watched, streak.counted, streak.number)
        open_ = {name: _kept_up(state.open.get(name), case) for name, case in reached.items()}
        ended = [self._alert(name, case) for name, case in sorted(state.open.items()) if name not in open_]
        return Cases(confirmed=confirmed, streaks=streaks, open=open_), ended

    def standing(self, state: Cases) -> list[Alert]:
        """The cases that are open."""
        return [self._alert(name, case) for name, case in sorted(state.open.items())]

    def progress(self, state: Cases, day: int, efforts: Efforts) -> list[Progress]:
        """How near both thresholds are."""
        table = self._table
        confirmed = sum(one.day > day - table.within_days for one in state.confirmed)
        longest = max((s.days for s in state.streaks.values() if s.last_day >= day - 1), default=0)
        lately = f"{figure(confirmed)} confirmed within {plural(table.within_days, 'day')}"
        daily = f"{plural(longest, 'day')} in a row with {figure(table.sustained_per_day)} or more in one sector"
        told: list[tuple[str, bool, str, dict[str, Any]]] = [
            (
                CONFIRMED,
                confirmed >= table.confirmed,
                f"{lately}; the threshold is {figure(table.confirmed)}",
                {"confirmed": confirmed, "wanted": table.confirmed},
            ),
            (
                SUSTAINED,
                longest >= table.sustained_days,
                f"{daily}; the threshold is {figure(table.sustained_days)}",
                {"days": longest, "wanted": table.sustained_days},
            ),
        ]
        return [
            Progress(
                agreement=self._agreement.name,
                provision=self.provision,
                subject=subject,
                day=self._agreement.days.date_of(day).isoformat(),
                compliance=Compliance.CALLED_FOR if reached else Compliance.KEPT,
                says=says,
                figures=figures,
            )
            for subject, reached, says, figures in told
        ]

    def _streaks(self, before: dict[str, Streak], day: int, found: Sequence[Watched]) -> dict[str, Streak]:
        by_sector: dict[str, list[Counted]] = {}
        for one in found:
            sector = self._sectors.of(one)
            if sector is not None:
                by_sector.setdefault(sector, []).append(Counted(day, one))
        streaks = {}
        for sector, counted in sorted(by_sector.items()):
            if len(counted) >= self._table.sustained_per_day:
                last = before.get(sector)
                goes_on = last is not None and last.last_day == day - 1
                earlier = last.counted if last is not None and goes_on else ()
                days, number = (last.days, last.number) if last is not None and goes_on else (0, 0)
                streaks[sector] = Streak(day, days + 1, number + len(counted), _named((*earlier, *counted)))
        return streaks

    def _alert(self, name: str, case: Case) -> Alert:
        kind, _, sector = name.partition("/")
        counted = [one.watched for one in case.counted]
        figures: dict[str, Any] = {"threshold": kind, "violations": case.number}
        if kind == SUSTAINED:
            figures |= {"sector": sector, "days": self._table.sustained_days, "a_day": self._table.sustained_per_day}
        else:
            figures |= {"confirmed": self._table.confirmed, "within_days": self._table.within_days}
        figures["alerts"] = [one.alert_id for one in counted]
        evidence = Evidence(
            begin=min(one.observed_from for one in counted),
            until=max(one.observed_until for one in counted),
            incident_ids=tuple(dict.fromkeys(one.incident_id for one in counted)),
            report_ids=tuple(dict.fromkeys(one.report_ids[0] for one in counted)),
        )
        return spoken(
            self._agreement,
            self._table,
            name,
            case.tipped_by,
            evidence,
            probability=min(one.probability for one in counted),
            figures=figures,
        )


def _named(counted: tuple[Counted, ...]) -> tuple[Counted, ...]:
    """Those that a case names: the first, and the latest others."""
    return counted if len(counted) <= MOST_NAMED else (counted[0], *counted[1 - MOST_NAMED :])


def _kept_up(before: Case | None, now: Case) -> Case:
    """A case that is open keeps the violation that tipped it."""
    return now if before is None else replace(now, tipped_by=before.tipped_by)
