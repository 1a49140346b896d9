"""What operators did with an alert, in words; and what a party says to it, which stands beside the evidence."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pipeline.agreement import Agreement
from pipeline.cli.whereabouts import party_name
from pipeline.cli.words import lasting, safe, stamp
from pipeline.law.lifecycle import Case
from pipeline.law.transitions import Act
from pipeline.law.waiting import is_open, is_unacknowledged
from pipeline.model.actions import Action
from pipeline.model.records import Alert
from pipeline.model.taxonomy import ActionKind, PartyResponse, Severity

NAMED = 8
"""So many reports are named in a line; `--json` has them all."""


class Tended(NamedTuple):
    """How an alert is looked after.

    Attributes:
        case: the alert with its acts; None where it stands no more.
        acts: what was done with it.
        waits: for how long it has been raised.
        patience: how long one of its severity may be unacknowledged.
    """

    case: Case | None
    acts: Sequence[Act]
    waits: timedelta = timedelta()
    patience: timedelta = timedelta.max


def act_line(act: Act, agreement: Agreement | None) -> str:
    """When, who, what; and why it was not done, if it was not."""
    one = act.action
    said = f"{stamp(one.decided_at)} UTC, {safe(one.by, 200)}: {act_words(one, agreement)}"
    return said if act.done else f"{said}. Not in force: {safe(act.why)}."


def act_words(one: Action, agreement: Agreement | None) -> str:
    """What an operator did, with his reason and his own words quoted."""
    words = _WORDS[one.kind](one, agreement)
    if one.reason is not None:
        words += f" ({one.reason.meaning})"
    return f"{words}: “{safe(one.text)}”" if one.text else words


def responses(acts: Sequence[Act], agreement: Agreement | None) -> tuple[str, ...]:
    """What parties say to it, in their words, with who recorded that and when."""
    return tuple(_response(act.action, agreement) for act in acts if act.action.kind is ActionKind.RESPOND and act.done)


def _response(one: Action, agreement: Agreement | None) -> str:
    said = f": “{safe(one.text)}”" if one.text else ""
    about = f"{stamp(one.decided_at)} UTC, recorded by {safe(one.by, 200)}"
    return f"{_saying(one).capitalize()} by {_party(one, agreement)}{said} ({about})"


def sealed(acts: Sequence[Act]) -> tuple[str, ...]:
    """Which reports are sealed, by whom and why."""
    return tuple(
        f"{_listed(act.action.report_ids)}: words, observer and address were sealed by {safe(act.action.by, 200)}, "
        f"{stamp(act.action.decided_at)} UTC: {act.action.reason.meaning}"
        for act in acts
        if act.action.kind is ActionKind.SEAL and act.done and act.action.reason is not None
    )


def watch_lines(alert: Alert, tended: Tended) -> tuple[str, ...]:
    """Who has seen it and who looks after it, and what may be done with it from here."""
    lines = []
    if alert.acknowledged_by is not None:
        lines.append(f"Acknowledged by {safe(alert.acknowledged_by, 200)}.")
    elif is_unacknowledged(alert):
        late = tended.waits > tended.patience
        due = f"the supervisor's, as it is {alert.severity} and more than {lasting(tended.patience)} old"
        lines.append(f"Unacknowledged for {lasting(tended.waits) or '0 s'}{f': {due}' if late else ''}.")
    if alert.assignee is not None:
        lines.append(f"Given to {safe(alert.assignee, 200)}.")
    if tended.case is not None and tended.case.duplicate_of is not None:
        lines.append(f"Marked as a duplicate of {tended.case.duplicate_of}.")
    if tended.case is not None and is_open(alert):
        lines.append(f"May be done from here: {', '.join(tended.case.allowed)} (`truceline act`).")
    return tuple(lines)


def watch_word(alert: Alert, raised_at: datetime, now: datetime, patience: Mapping[Severity, timedelta]) -> str:
    """How an alert is looked after, for a column of a table."""
    if is_unacknowledged(alert):
        return "overdue: supervisor" if now - raised_at > patience[alert.severity] else "unacknowledged"
    return alert.assignee or alert.acknowledged_by or ""


_SAYINGS: Mapping[PartyResponse, str] = {
    PartyResponse.DENY: "denial",
    PartyResponse.EXPLAIN: "explanation",
    PartyResponse.CLAIM_EXCEPTION: "claim of an exception",
}


def _saying(one: Action) -> str:
    return _SAYINGS[one.response or PartyResponse.EXPLAIN]


def _party(one: Action, agreement: Agreement | None) -> str:
    return safe(party_name(one.party or "", agreement))


def _listed(report_ids: Sequence[str]) -> str:
    more = f" and {len(report_ids) - NAMED:,} more" if len(report_ids) > NAMED else ""
    return ", ".join(safe(report_id, 300) for report_id in report_ids[:NAMED]) + more


_WORDS: Mapping[ActionKind, Callable[[Action, Agreement | None], str]] = {
    ActionKind.ACKNOWLEDGE: lambda _one, _: "acknowledged it",
    ActionKind.ASSIGN: lambda one, _: f"gave it to {safe(one.assignee, 200)}" if one.assignee else "took it back",
    ActionKind.COMMENT: lambda _one, _: "remarked",
    ActionKind.VERIFY: lambda _one, _: "asked for verification",
    ActionKind.OUTCOME: lambda one, _: f"recorded the outcome {str(one.outcome).replace('_', ' ')}",
    ActionKind.ATTRIBUTE: lambda one, agreement: (
        f"recorded a claim that names {_party(one, agreement)}; basis: {one.basis}; confidence: {one.confidence}"
    ),
    ActionKind.DUPLICATE: lambda one, _: f"marked it as a duplicate of {one.other}",
    ActionKind.SPLIT: lambda one, _: f"told apart {_listed(one.report_ids)}",
    ActionKind.RESPOND: lambda one, agreement: f"recorded a response, {_saying(one)} by {_party(one, agreement)}",
    ActionKind.SEAL: lambda one, _: f"sealed {_listed(one.report_ids)}",
    ActionKind.REOPEN: lambda _one, _: "opened it again",
}
