"""Notified exceptions: what was announced beforehand suspends what is announced, where and while it is announced.

Notices arrive as reports of the activity `notification`, whose interval and footprint are those of what they announce,
and they may arrive after what they suspend. A notice counts where it was published so many hours before it begins, as
the exception asks; where nobody knows when it was published it counts by half, for it may have been in time. That it
was given at all is as probable as its incident.

A violation is settled at the end of the day on which it ends: no notice that begins later can cover it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from pipeline.agreement.clauses import NOTICE, UNSAID
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.format import ProvisionTable
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.membership import membership
from pipeline.geometry.outlines import polygon_of
from pipeline.geometry.places import Places
from pipeline.geometry.zones import PolygonZone
from pipeline.law.effort import Efforts
from pipeline.law.folds.episode import nothing_there
from pipeline.law.saying import figure, plural
from pipeline.model.decoding import decodable
from pipeline.model.footprint import Footprint
from pipeline.model.records import Alert, DoubtNote, Finding, Fix, Incident, Progress
from pipeline.model.report import Time
from pipeline.model.taxonomy import Activity, Compliance, Doubt, Standing
from pipeline.model.times import to_us
from pipeline.monitor.judge import standing
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.timing import time_share


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A notice: when and where what it announces is to be, when it was published, how surely it was given."""

    incident_id: str
    begin: Time
    until: Time
    footprint: Footprint
    published_at: Time | None
    given: float


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A violation, and the notice that covers most of it so far."""

    alert: Alert
    activity: Activity
    begin: Time
    until: Time
    footprint: Footprint
    covered: float = 0.0
    notice: str | None = None
    published_at: Time | None = None


@decodable
class Notices(msgspec.Struct, frozen=True, kw_only=True):
    """Notices and violations that may still meet; and how many there were."""

    given: tuple[Given, ...] = ()
    held: tuple[Held, ...] = ()
    received: int = 0
    covered: int = 0
    raised: int = 0
    possible: int = 0


class Notified:
    """The fold of a provision with an exception whose notices are taken from reports."""

    state_type = Notices
    watches = False
    weighs_effort = False

    def __init__(self, agreement: Agreement, table: ProvisionTable) -> None:
        self._agreement = agreement
        self.provision, self.feeds = table.id, (table.id,)
        self._asks = [
            exception
            for clause in agreement.clauses
            if clause.provision_id == table.id and clause.role == NOTICE
            for exception in clause.exceptions
            if exception.from_reports
        ]

    def begin(self) -> Notices:
        """No notice was given."""
        return Notices()

    def step(
        self, state: Notices, day: int, findings: Sequence[Finding], efforts: Efforts
    ) -> tuple[Notices, list[Alert]]:
        """Takes the day's notices in, whenever on the day they begin, and holds violations against them."""
        ends = self._agreement.days.ends(day)
        new = [_given(one) for one in findings if one.role == NOTICE]
        given = (*state.given, *new)
        held = [*state.held, *(self._held(one) for one in findings if one.role != NOTICE and not nothing_there(one))]
        held = [self._covered(one, given) for one in held]
        settled = [one for one in held if one.until <= ends]
        alerts = [alert for one in settled if (alert := self._alert(one)) is not None]
        counted = _counted(settled, alerts)
        return Notices(
            given=tuple(one for one in given if one.until > ends),
            held=tuple(one for one in held if one.until > ends),
            received=state.received + len(new),
            covered=state.covered + counted["covered"],
            raised=state.raised + counted["raised"],
            possible=state.possible + counted["possible"],
        ), alerts

    def standing(self, state: Notices) -> list[Alert]:
        """Those that a notice may still cover."""
        return [alert for one in state.held if (alert := self._alert(one)) is not None]

    def progress(self, state: Notices, day: int, efforts: Efforts) -> list[Progress]:
        """How many notices there were, and how much of what happened they cover."""
        counted = _counted(state.held, self.standing(state))
        figures = {
            "notices": state.received,
            "covered": state.covered + counted["covered"],
            "raised": state.raised + counted["raised"],
            "possible": state.possible + counted["possible"],
        }
        left_open = Compliance.INDETERMINATE if figures["possible"] else Compliance.KEPT
        return [
            Progress(
                agreement=self._agreement.name,
                provision=self.provision,
                subject="all zones",
                day=self._agreement.days.date_of(day).isoformat(),
                compliance=Compliance.BROKEN if figures["raised"] else left_open,
                says=f"{plural(figures['notices'], 'notice')}; {figure(figures['covered'])} covered, "
                f"{figure(figures['raised'])} raised, {figure(figures['possible'])} possible",
                figures=dict(figures),
            )
        ]

    def _held(self, finding: Finding) -> Held:
        """A violation that no notice covers yet: of a track, at that of its places by which it was judged."""
        incident, alert = finding.incident, finding.alert
        at: Incident | Fix = incident
        if incident.fixes:
            places = Footprints([fix.footprint for fix in incident.fixes], self._agreement.areas)
            there = (np.round(places.lon, 6) == alert.lon) & (np.round(places.lat, 6) == alert.lat)
            at = incident.fixes[int(np.argmax(there))]
        return Held(
            alert=replace(alert, incident_ids=(alert.incident_id,)),
            activity=incident.activity,
            begin=at.observed_from,
            until=at.observed_until,
            footprint=at.footprint,
        )

    def _covered(self, held: Held, given: Sequence[Given]) -> Held:
        """A violation with the notice that covers most of it; of equals the first by its id."""
        for one in given:
            share = self._in_time(held, one)
            # A place is asked for only where time leaves something.
            share *= self._in_place(held, one) if share > 0.0 else 0.0
            better = share > held.covered or (share == held.covered and one.incident_id < (held.notice or ""))
            if share > 0.0 and better:
                held = replace(held, covered=share, notice=one.incident_id, published_at=one.published_at)
        return held

    def _in_time(self, held: Held, given: Given) -> float:
        """The share of a violation's time that a notice covers, by so much as it counts for its activity."""
        counts = max(
            (
                _prior(given, exception.notice_hours)
                for exception in self._asks
                if not exception.activities or held.activity.value in exception.activities
            ),
            default=0.0,
        )
        if counts == 0.0:
            return 0.0
        span = to_us(given.begin), to_us(given.until)
        return counts * given.given * float(time_share([to_us(held.begin)], [to_us(held.until)], *span)[0])

    def _in_place(self, held: Held, given: Given) -> float:
        outline = polygon_of(given.footprint, self._agreement.areas)
        if outline is None:
            return 0.0
        there = Footprints([held.footprint], self._agreement.areas)
        zone = PolygonZone("", outline)
        return float(membership(there, [zone], [], Places(there.lon, there.lat)).each[0, 0])

    def _alert(self, held: Held) -> Alert | None:
        """The alert of a violation, as far as no notice covers it; None where hardly anything is left."""
        alert = held.alert
        before = next((n.figures["share_suspended"] for n in alert.doubts if n.doubt is Doubt.EXCEPTION_MAY_APPLY), 0.0)
        covered = round(held.covered, 4)
        if covered <= before:
            return alert
        likely = round(alert.probability * (1.0 - covered) / (1.0 - before), 4)
        if likely < DEFAULT.possible_from:
            return None
        note = DoubtNote(Doubt.EXCEPTION_MAY_APPLY, {"share_suspended": covered})
        doubts = (*(one for one in alert.doubts if one.doubt is not Doubt.EXCEPTION_MAY_APPLY), note)
        published_at = None if held.published_at is None else held.published_at.isoformat()
        figures: dict[str, Any] = {**alert.figures, "notice": held.notice, "published_at": published_at}
        return replace(
            alert,
            probability=likely,
            doubts=doubts,
            standing=standing(likely, doubts, self._agreement),
            figures=figures,
        )


def _given(finding: Finding) -> Given:
    incident = finding.incident
    return Given(
        incident_id=incident.incident_id,
        begin=incident.observed_from,
        until=incident.observed_until,
        footprint=incident.footprint,
        published_at=incident.notified_at,
        given=incident.occurred,
    )


def _prior(given: Given, notice_hours: float) -> float:
    """Whether a notice was given in time: 1 or 0, and by half where nobody knows."""
    if given.published_at is None:
        return UNSAID
    return float(given.published_at <= given.begin - timedelta(hours=notice_hours))


def _counted(held: Sequence[Held], alerts: Sequence[Alert]) -> dict[str, int]:
    raised = sum(alert.standing is Standing.RAISED for alert in alerts)
    return {"covered": len(held) - len(alerts), "raised": raised, "possible": len(alerts) - raised}
