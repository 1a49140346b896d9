"""What an operator wants done, checked before it goes to the record; and what was done, as it is told."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.agreement import Agreement
from pipeline.console.problems import ProblemError
from pipeline.console.records import MAX_NAME, MAX_WORDS, ActRecord, Wish
from pipeline.law.transitions import Act, unsaid
from pipeline.model.actions import Action, reasons_for
from pipeline.model.records import Alert
from pipeline.model.taxonomy import ActionKind

_ALL = frozenset({"text", "reason"})
_TAKES: Mapping[ActionKind, frozenset[str]] = {
    ActionKind.ACKNOWLEDGE: frozenset({"text"}),
    ActionKind.ASSIGN: frozenset({"text", "assignee"}),
    ActionKind.COMMENT: frozenset({"text"}),
    ActionKind.VERIFY: _ALL,
    ActionKind.OUTCOME: _ALL | {"outcome"},
    ActionKind.ATTRIBUTE: frozenset({"text", "party", "basis", "confidence"}),
    ActionKind.DUPLICATE: _ALL | {"other"},
    ActionKind.SPLIT: _ALL | {"report_ids"},
    ActionKind.RESPOND: frozenset({"text", "party", "response"}),
    ActionKind.SEAL: _ALL | {"report_ids"},
    ActionKind.REOPEN: _ALL,
}
_NO_FIELDS = frozenset({"action", "by", "revision"})
_LONGEST = {"text": MAX_WORDS, "by": MAX_NAME, "assignee": MAX_NAME, "party": MAX_NAME}
_MOST_REPORTS = 1_000
_ETAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


def revision_of(wish: Wish, if_match: str | None) -> int | None:
    """The revision that the operator had before him, as the body or the header has it.

    Raises:
        ProblemError: they are two, or it is none.
    """
    if if_match is None or if_match.strip() == "*":
        return wish.revision
    found = _ETAG.fullmatch(if_match.strip())
    if found is None:
        raise _wrong("If-Match is the alert's revision, a number", "If-Match")
    if wish.revision not in {None, int(found[1])}:
        raise _wrong("If-Match and revision name two revisions", "revision")
    return int(found[1])


def fields_of(wish: Wish) -> dict[str, Any]:
    """The fields of the action that a wish asks for; a reason that can only be one need not be named.

    Raises:
        ProblemError: it says what an action of this kind does not take, or too much.
    """
    told = {name: value for name, value in msgspec.structs.asdict(wish).items() if value not in (None, ())}
    kind, fields = wish.action, {name: value for name, value in told.items() if name not in _NO_FIELDS}
    if superfluous := sorted(set(fields) - _TAKES[kind]):
        raise _wrong(f"{kind} takes no {superfluous[0]}", superfluous[0])
    for name, longest in _LONGEST.items():
        if len(told.get(name, "")) > longest:
            raise _wrong(f"at most {longest:,} characters", name)
    if len(wish.report_ids) > _MOST_REPORTS:
        raise _wrong(f"at most {_MOST_REPORTS:,} reports", "report_ids")
    fields.pop("other", None)
    reasons = reasons_for(kind, wish.outcome)
    if wish.reason is None and len(reasons) == 1:
        fields["reason"] = reasons[0]
    return fields


def checked(wish: Wish, alert: Alert, other: Alert | None, agreement: Agreement | None) -> None:
    """Makes sure that a wish is well said.

    Raises:
        ProblemError: it lacks something, or names a party that the agreement does not have.
    """
    meant = {} if other is None else {"other": other.alert_id, "other_report_id": other.report_ids[0]}
    trial = Action(
        agreement=alert.agreement,
        provision=alert.provision,
        alert_id=alert.alert_id,
        report_id=alert.report_ids[0],
        kind=wish.action,
        by=wish.by,
        decided_at=alert.observed_until,
        seen=alert,
        **{**fields_of(wish), **meant},
    )
    if lacking := unsaid(trial):
        raise _wrong(lacking, "by" if not wish.by.strip() else "action")
    parties = [] if agreement is None else [party.id for party in agreement.parties]
    if wish.party is not None and parties and wish.party not in parties:
        raise _wrong(f"the agreement's parties are {', '.join(parties)}", "party")


def act_record(act: Act | Action) -> ActRecord:
    """What was done, as it is told: without the alert that the operator had before him."""
    done, why, one = (act.done, act.why, act.action) if isinstance(act, Act) else (True, "", act)
    names = {field.name for field in msgspec.structs.fields(ActRecord)} - {"done", "why"}
    told = {name: value for name, value in msgspec.structs.asdict(one).items() if name in names}
    return ActRecord(**told, done=done, why=why or None)


def _wrong(detail: str, key: str) -> ProblemError:
    return ProblemError(422, "unsaid", detail, errors=[{"key": key, "message": detail}])
