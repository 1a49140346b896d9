"""What operators do with alerts: actions, immutable like reports, and like them anchored in the record."""

import hashlib
from typing import Any

import msgspec
from msgspec.structs import replace

from pipeline.model.records import Alert
from pipeline.model.report import Time
from pipeline.model.taxonomy import ActionKind, ActionReason, Basis, Confidence, PartyResponse, Status

OUTCOMES = (Status.CONFIRMED, Status.NOT_A_VIOLATION, Status.REFUTED)
"""What may be found of an alert."""


class Action(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that an operator did with one alert.

    It is anchored on a report, not on the alert: incidents merge and part as reports come, and the action belongs to
    whichever alert of the provision rests on that report, or on one that revises it.

    Attributes:
        action_id: derived from all the rest.
        alert_id: the alert's as it was then.
        report_id: the anchor, the alert's canonical report.
        seen: the alert as the monitor judged it when the operator acted: what he had before him.
        reason: one term of the action's, or of the outcome's, group; None where the action has none.
        text: a remark, a question, a party's words.
        assignee: who is to look after it; None for nobody.
        outcome: what was found, one of `OUTCOMES`.
        party, basis, confidence: of an attribution, whose author is `by`; `party` is also whose response it is.
        response: what the party says.
        report_ids: those that a split tells apart, or that are sealed.
        other, other_report_id: the alert of which this one is a duplicate, as it was then, and its anchor.
    """

    action_id: str = ""
    agreement: str
    provision: str
    alert_id: str
    report_id: str
    kind: ActionKind
    by: str
    decided_at: Time
    seen: Alert
    reason: ActionReason | None = None
    text: str | None = None
    assignee: str | None = None
    outcome: Status | None = None
    party: str | None = None
    basis: Basis | None = None
    confidence: Confidence | None = None
    response: PartyResponse | None = None
    report_ids: tuple[str, ...] = ()
    other: str | None = None
    other_report_id: str | None = None


_encode = msgspec.json.Encoder().encode


def action(**fields: Any) -> Action:
    """An action with the id that follows from its content: told twice, it is one."""
    made = Action(**fields)
    content = _encode(replace(made, action_id=""))
    return replace(made, action_id="ac_" + hashlib.sha256(content).hexdigest()[:20])


def reasons_for(kind: ActionKind, outcome: Status | None = None) -> tuple[ActionReason, ...]:
    """The reasons that an action may have; none where it needs none.

    >>> [reason.value for reason in reasons_for(ActionKind.DUPLICATE)]
    ['same_incident']
    >>> reasons_for(ActionKind.COMMENT)
    ()
    """
    group = (outcome or kind).value
    return tuple(reason for reason in ActionReason if reason.group == group)
