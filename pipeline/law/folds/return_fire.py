"""Return fire: fire may be answered only after the mechanism by which the sides coordinate was called on.

Fire answers fire where a weapon that stood on one side of the line fired within some minutes of one that stood on the
other, not further away than stated. A call on the mechanism counts from the fire that is answered on. That the record
has none does not show that there was none, and the alert says so: the mechanism's own log may not be at hand.

Which side an observer *heard* something from says nothing here: only fire that is placed where the weapon stood counts.
"""

from collections.abc import Sequence

import msgspec
import numpy as np

from pipeline.agreement.clauses import COORDINATION
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.remembering import ReturnFireTable
from pipeline.geometry.earth import distance_m
from pipeline.law.effort import Efforts
from pipeline.law.folds.episode import also_resting_on, as_alert, begun
from pipeline.law.saying import figure
from pipeline.model.decoding import decodable
from pipeline.model.records import Alert, DoubtNote, Finding, Progress
from pipeline.model.taxonomy import Compliance, Doubt, Side, Standing
from pipeline.model.times import to_us

_MINUTE_US = 60_000_000
_SIDES = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}


class Fire(msgspec.Struct, frozen=True):
    """A weapon that fired."""

    incident_id: str
    report_ids: tuple[str, ...]
    at_us: int
    until_us: int
    side: Side
    lon: float
    lat: float
    probability: float


@decodable
class Lately(msgspec.Struct, frozen=True, kw_only=True):
    """Fire, and calls on the mechanism, that may still be answered; and how many answers there were so far."""

    fire: tuple[Fire, ...] = ()
    calls_us: tuple[int, ...] = ()
    coordinated: int = 0
    uncoordinated: int = 0


class ReturnFire:
    """The fold of a `return_fire` provision."""

    state_type = Lately
    watches = False
    weighs_effort = False

    def __init__(self, agreement: Agreement, table: ReturnFireTable) -> None:
        self._agreement, self._table = agreement, table
        self.provision, self.feeds = table.id, (table.id,)
        self._within_us = round(table.within_minutes * _MINUTE_US)

    def begin(self) -> Lately:
        """No fire yet."""
        return Lately()

    def step(
        self, state: Lately, day: int, findings: Sequence[Finding], efforts: Efforts
    ) -> tuple[Lately, list[Alert]]:
        """Holds each fire against that of the other side before it."""
        alerts: list[Alert] = []
        # Of what happened at one time, the call is taken to be the earlier.
        for finding in sorted(findings, key=lambda one: (one.alert.observed_from, one.role != COORDINATION)):
            state, alert = self._one(state, finding)
            alerts += [] if alert is None else [alert]
        return state, alerts

    def standing(self, state: Lately) -> list[Alert]:
        """None: what is answered later is another incident's alert."""
        return []

    def progress(self, state: Lately, day: int, efforts: Efforts) -> list[Progress]:
        """How much fire was answered, and how much of it after a call."""
        answered = state.coordinated + state.uncoordinated
        says = f"{figure(answered)} answered fire, {figure(state.coordinated)} after a recorded call on the mechanism"
        return [
            Progress(
                agreement=self._agreement.name,
                provision=self.provision,
                subject="all zones",
                day=self._agreement.days.date_of(day).isoformat(),
                compliance=Compliance.INDETERMINATE if state.uncoordinated else Compliance.KEPT,
                says=says,
                figures={"coordinated": state.coordinated, "uncoordinated": state.uncoordinated},
            )
        ]

    def _one(self, state: Lately, finding: Finding) -> tuple[Lately, Alert | None]:
        alert = finding.alert
        at_us = to_us(alert.observed_from)
        fire = tuple(one for one in state.fire if one.at_us >= at_us - self._within_us)
        calls = tuple(one for one in state.calls_us if one >= at_us - self._within_us)
        state = msgspec.structs.replace(state, fire=fire, calls_us=calls)
        if finding.role == COORDINATION:
            sure = alert.standing is Standing.RAISED
            return msgspec.structs.replace(state, calls_us=(*calls, at_us)) if sure else state, None
        if alert.side not in _SIDES or alert.lon is None or alert.lat is None:
            return state, None
        until_us, place = to_us(alert.observed_until), (alert.lon, alert.lat)
        own = Fire(alert.incident_id, alert.report_ids, at_us, until_us, alert.side, *place, alert.probability)
        answered = self._answered(fire, own)
        state = msgspec.structs.replace(state, fire=(*fire, own))
        if answered is None:
            return state, None
        if any(call >= answered.at_us for call in calls):
            return msgspec.structs.replace(state, coordinated=state.coordinated + 1), None
        counted = msgspec.structs.replace(state, uncoordinated=state.uncoordinated + 1)
        return counted, self._alert(finding, own, answered)

    def _answered(self, fire: Sequence[Fire], own: Fire) -> Fire | None:
        """The latest fire of the other side, near enough; of equals that of the greatest id."""
        # What may still have gone on when this began may as well be the answer.
        others = [one for one in fire if one.side is _SIDES[own.side] and one.until_us <= own.at_us != one.at_us]
        if not others:
            return None
        lons, lats = np.array([one.lon for one in others]), np.array([one.lat for one in others])
        away_m = distance_m(np.full(len(others), own.lon), np.full(len(others), own.lat), lons, lats)
        near = [one for one, away in zip(others, away_m.tolist(), strict=True) if away <= self._table.within_m]
        return max(near, key=lambda one: (one.at_us, one.incident_id), default=None)

    def _alert(self, finding: Finding, own: Fire, answered: Fire) -> Alert:
        away_m = float(distance_m([own.lon], [own.lat], [answered.lon], [answered.lat])[0])
        figures = {
            "answers": answered.incident_id,
            "minutes_after": round((own.at_us - answered.at_us) / _MINUTE_US, 1),
            "distance_m": round(away_m),
        }
        return as_alert(
            self._agreement,
            also_resting_on(begun(finding), [answered]),
            probability=own.probability * answered.probability,
            doubts=[DoubtNote(Doubt.COORDINATION_UNRECORDED, {"within_minutes": self._table.within_minutes})],
            figures=figures,
        )
