"""What operators do, for tests: each action well said, unless its fields say otherwise."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pipeline.law.lifecycle import Case
from pipeline.model.actions import Action, action
from pipeline.model.records import Alert
from pipeline.model.taxonomy import (
    ActionKind,
    ActionReason,
    Basis,
    Confidence,
    PartyResponse,
    Status,
)
from tests.worlds import DAY

NOON = DAY + timedelta(hours=12)

WELL_SAID: Mapping[ActionKind, Mapping[str, Any]] = {
    ActionKind.ACKNOWLEDGE: {},
    ActionKind.ASSIGN: {"assignee": "Team 2"},
    ActionKind.COMMENT: {"text": "The same place as on Monday."},
    ActionKind.VERIFY: {"reason": ActionReason.SECOND_SOURCE_NEEDED, "text": "Is there a crater?"},
    ActionKind.OUTCOME: {"outcome": Status.CONFIRMED, "reason": ActionReason.INSPECTED},
    ActionKind.ATTRIBUTE: {"party": "a", "basis": Basis.INFERENCE, "confidence": Confidence.LOW},
    ActionKind.DUPLICATE: {"reason": ActionReason.SAME_INCIDENT, "other": "al_x", "other_report_id": "test:x"},
    ActionKind.SPLIT: {"reason": ActionReason.SEPARATE_INCIDENTS, "report_ids": ("test:2",)},
    ActionKind.RESPOND: {"party": "b", "response": PartyResponse.DENY, "text": "It was not us."},
    ActionKind.SEAL: {"reason": ActionReason.WITNESS_PROTECTION, "report_ids": ("test:1",)},
    ActionKind.REOPEN: {"reason": ActionReason.NEW_EVIDENCE},
}

REASONS = {
    Status.CONFIRMED: ActionReason.INSPECTED,
    Status.NOT_A_VIOLATION: ActionReason.PERMITTED,
    Status.REFUTED: ActionReason.NOTHING_FOUND,
}


def act(
    on: Alert | Case, kind: ActionKind, *, by: str = "Ines", at: datetime | timedelta = NOON, **fields: Any
) -> Action:
    """An action on an alert as it is judged, or as a docket has it."""
    seen = on.judged if isinstance(on, Case) else on
    return action(
        agreement=seen.agreement,
        provision=seen.provision,
        alert_id=seen.alert_id,
        report_id=seen.report_ids[0],
        kind=kind,
        by=by,
        decided_at=NOON + at if isinstance(at, timedelta) else at,
        seen=seen,
        **{**WELL_SAID[kind], **fields},
    )


def outcome(on: Alert | Case, found: Status, **fields: Any) -> Action:
    """An outcome with a reason that it may have."""
    return act(on, ActionKind.OUTCOME, outcome=found, reason=REASONS[found], **fields)


def duplicate(on: Alert | Case, other: Alert | Case, **fields: Any) -> Action:
    """Marks one alert as a duplicate of another."""
    meant = other.judged if isinstance(other, Case) else other
    return act(on, ActionKind.DUPLICATE, other=meant.alert_id, other_report_id=meant.report_ids[0], **fields)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
