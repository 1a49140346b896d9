"""What folds that watch other provisions go over: their alerts, as they stand."""

from typing import Any

import msgspec

from pipeline.agreement.compiled import Agreement
from pipeline.agreement.remembering import ConsultationTable, EscalationTable
from pipeline.model.identity import alert_id
from pipeline.model.records import Alert, DoubtNote, ReadingNote
from pipeline.model.report import Time
from pipeline.model.taxonomy import Reason, Severity, Side, Standing, Status


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """An alert, as far as those who watch it need it; it can be read from an alert's own JSON."""

    alert_id: str
    provision: str
    incident_id: str
    status: Status
    severity: Severity
    standing: Standing
    probability: float
    observed_from: Time
    observed_until: Time
    line: str | None
    side: Side | None
    chainage_m: float | None
    report_ids: tuple[str, ...]
    judged_by: str
    agreement_version: str


def watched(alert: Alert) -> Watched:
    """What is watched of an alert."""
    return Watched(**{name: getattr(alert, name) for name in Watched.__struct_fields__})


def in_order(one: Watched) -> tuple[Any, ...]:
    """By which watched alerts are sorted."""
    return one.observed_from, one.alert_id


class Sectors:
    """In which sector of an agreement's lines an alert lies."""

    def __init__(self, agreement: Agreement) -> None:
        self._of = {
            line: [sector for sector in agreement.sectors if sector.line_id == line] for line in agreement.lines
        }

    def of(self, one: Watched) -> str | None:
        """The sector's id; the line's where it has none; None past its end, and where there is no line."""
        if one.line is None or one.chainage_m is None or one.side is Side.BEYOND:
            return None
        for sector in self._of[one.line]:
            if sector.from_m <= one.chainage_m <= sector.to_m:
                return sector.sector_id
        return one.line


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """On what an alert rests, and when; `line` is that along which it happened, where it is one."""

    begin: Time
    until: Time
    incident_ids: tuple[str, ...]
    report_ids: tuple[str, ...]
    line: str | None = None


def spoken(
    agreement: Agreement,
    table: EscalationTable | ConsultationTable,
    subject: str,
    anchor: Watched,
    evidence: Evidence,
    *,
    probability: float,
    doubts: tuple[DoubtNote, ...] = (),
    figures: dict[str, Any],
) -> Alert:
    """The alert of a provision that watches others; it rests on the incidents of theirs, and has their readings.

    Args:
        subject: tells it from other alerts of the provision that begin with the same incident.
        anchor: the alert that tipped it.
    """
    likely = round(probability, 4)
    return Alert(
        alert_id=alert_id(agreement.name, f"{table.id}/{subject}", anchor.incident_id),
        agreement=agreement.name,
        agreement_version=agreement.version,
        provision=table.id,
        article=table.article,
        incident_id=anchor.incident_id,
        status=Status.ALLEGED,
        severity=table.severity,
        reason=Reason.ESCALATION if isinstance(table, EscalationTable) else Reason.CONSULTATION_DUE,
        probability=likely,
        place_probability=1.0,
        observed_from=evidence.begin,
        observed_until=evidence.until,
        line=evidence.line,
        side=None,
        chainage_m=None,
        offset_m=None,
        lon=None,
        lat=None,
        radius_m=None,
        report_ids=evidence.report_ids,
        doubts=doubts,
        readings=tuple(
            ReadingNote(one.id, one.party, one.says) for one in agreement.readings if one.provision in table.provisions
        ),
        attribution=(),
        standing=Standing.RAISED if likely >= agreement.raise_from else Standing.POSSIBLE,
        acknowledged_by=None,
        assignee=None,
        judged_by=anchor.judged_by,
        incident_ids=evidence.incident_ids,
        subject=subject,
        figures=figures,
    )
