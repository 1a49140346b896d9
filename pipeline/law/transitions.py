"""What may be done with an alert in which status, and what it becomes: the table, and one alert's course through it.

`docs/lifecycle.md` shows the table to people; a test holds the two together.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from pipeline.model.actions import OUTCOMES, Action, reasons_for
from pipeline.model.records import Alert, DoubtNote
from pipeline.model.report import Attribution
from pipeline.model.taxonomy import ActionKind, Doubt, Standing, Status

BY_REPORTS = frozenset({Status.ALLEGED, Status.CORROBORATED})
"""The statuses that the reports alone decide between."""

OPEN = BY_REPORTS | {Status.UNDER_VERIFICATION}
"""The statuses of an alert that waits for an outcome."""

FOUND = frozenset(OUTCOMES)
_ANY = frozenset(Status)

CONTRADICTS_FROM = 0.2
"""A probability that moved so far against an outcome, since it was recorded, contradicts it."""


class Rule(NamedTuple):
    """From which statuses an action is legal, and in words what the alert becomes; empty where it stays as it is."""

    begins: frozenset[Status]
    becomes: str = ""


RULES: Mapping[ActionKind, Rule] = {
    ActionKind.ACKNOWLEDGE: Rule(BY_REPORTS),
    ActionKind.ASSIGN: Rule(OPEN),
    ActionKind.COMMENT: Rule(_ANY),
    ActionKind.VERIFY: Rule(BY_REPORTS, "under_verification"),
    ActionKind.OUTCOME: Rule(OPEN, "confirmed, not_a_violation or refuted, as recorded"),
    ActionKind.ATTRIBUTE: Rule(_ANY - {Status.REFUTED, Status.SUPERSEDED}),
    ActionKind.DUPLICATE: Rule(OPEN, "superseded"),
    ActionKind.SPLIT: Rule(_ANY),
    ActionKind.RESPOND: Rule(_ANY),
    ActionKind.SEAL: Rule(_ANY),
    ActionKind.REOPEN: Rule(_ANY - BY_REPORTS, "alleged or corroborated, as the reports have it"),
}
"""The transitions. Whatever is not here is refused, and says why."""


class Act(NamedTuple):
    """What became of an action: `done`, or else in `why` the reason for which it could not be."""

    action: Action
    done: bool
    why: str = ""


class Course:
    """One alert as its actions take it, in order of time.

    Args:
        judged: as the monitor judges it.
        gone: no report supports it any longer.
    """

    def __init__(self, judged: Alert, *, gone: bool = False) -> None:
        self.judged, self.gone = judged, gone
        self.acts: list[Act] = []
        self.found: Action | None = None
        self.duplicate_of: str | None = None
        self._status: Status | None = None
        self._moved_by: Action | None = None
        self._acknowledged_by: str | None = None
        self._assignee: str | None = None
        self._claims: list[Attribution] = []
        self._others_found: list[Action] = []

    @property
    def status(self) -> Status:
        """Where it stands: what the reports make of it shows where no operator has moved it on."""
        return self.judged.status if self._status is None else self._status

    @property
    def stands(self) -> bool:
        """Whether it belongs to the current view, or is kept beside it as another's duplicate."""
        return not self.gone or self.status in FOUND | {Status.UNDER_VERIFICATION}

    @property
    def allowed(self) -> tuple[ActionKind, ...]:
        """What may be done with it from here."""
        return tuple(kind for kind, rule in RULES.items() if self.status in rule.begins)

    def take(self, action: Action, hindrance: str = "", other: str | None = None) -> None:
        """Takes the next action in.

        Args:
            hindrance: why it cannot be done for a reason that lies outside this alert.
            other: the alert that now stands where the action names another.
        """
        why = unsaid(action) or self._refusal(action) or hindrance
        self.acts.append(Act(action, not why, why))
        if not why:
            self._do(action, other)
        elif action.kind is ActionKind.OUTCOME and self.found is not None:
            self._others_found.append(action)

    def _refusal(self, action: Action) -> str:
        kind = action.kind
        if self.status not in RULES[kind].begins:
            return self._not_from_here(kind)
        if kind is ActionKind.ACKNOWLEDGE and self._acknowledged_by is not None:
            return f"{self._acknowledged_by} has acknowledged it already"
        if kind is ActionKind.ASSIGN and action.assignee == self._assignee:
            return f"it is {self._assignee}'s already" if self._assignee else "it is nobody's already"
        return ""

    def _not_from_here(self, kind: ActionKind) -> str:
        by = f", by {self._moved_by.by}" if self._moved_by is not None else ""
        if self.status is Status.REFUTED and kind is ActionKind.ATTRIBUTE:
            return "it was found not to have happened: there is nothing to attribute"
        if self.status in FOUND:
            return f"its outcome is recorded: {_words(self.status)}{by}; reopen it first"
        if self.status is Status.SUPERSEDED:
            return f"it is marked as a duplicate of {self.duplicate_of}{by}; act on that one, or reopen this one first"
        if self.status is Status.UNDER_VERIFICATION:
            return f"it is under verification already{by}"
        return f"it is {_words(self.status)} and so open: there is nothing to reopen"

    def _do(self, action: Action, other: str | None) -> None:
        kind = action.kind
        if kind is ActionKind.ACKNOWLEDGE:
            self._acknowledged_by = action.by
        elif kind is ActionKind.ASSIGN:
            self._assignee = action.assignee
        elif kind is ActionKind.ATTRIBUTE and action.party and action.basis:
            claim = Attribution(action.party, action.by, action.basis, action.confidence)
            self._claims += [claim] if claim not in self._claims else []
        elif RULES[kind].becomes:
            self._move(action, other)

    def _move(self, action: Action, other: str | None) -> None:
        """To another status; who moves it on has seen it."""
        self._moved_by, self.found, self._others_found = action, None, []
        self.duplicate_of = other
        if action.kind is ActionKind.REOPEN:
            self._status = None
            return
        self._acknowledged_by = self._acknowledged_by or action.by
        if action.kind is ActionKind.OUTCOME:
            self._status, self.found = action.outcome, action
        else:
            self._status = Status.SUPERSEDED if action.kind is ActionKind.DUPLICATE else Status.UNDER_VERIFICATION

    def doubts(self) -> tuple[DoubtNote, ...]:
        """What the reports of today say against what operators recorded, and they against each other."""
        notes: list[DoubtNote | None] = []
        if self.gone:
            notes.append(DoubtNote(Doubt.EVIDENCE_GONE, {"reports_seen": len(self.judged.report_ids)}))
        if self.found is not None:
            notes += [_contradiction(self.found, self.judged, self.gone), _difference(self.found, self._others_found)]
        return tuple(note for note in notes if note is not None)

    def fields(self) -> dict[str, object]:
        """The fields of the alert that operators decide, as they stand.

        What was put before people when an operator moved it on stays before them, however unlikely it is by now.
        """
        kept = self._status is not None and self._moved_by is not None and self._moved_by.seen.standing
        return {
            "status": self.status,
            "standing": Standing.RAISED if kept is Standing.RAISED else self.judged.standing,
            "acknowledged_by": self._acknowledged_by,
            "assignee": self._assignee,
            "attribution": (*self.judged.attribution, *self._claims),
            "doubts": (*self.judged.doubts, *self.doubts()),
        }


def unsaid(action: Action) -> str:
    """What an action lacks, or says wrongly; empty where it is well said."""
    kind, outcome = action.kind, action.outcome
    if not action.by.strip():
        return "an action needs the name of whoever did it"
    if kind is ActionKind.OUTCOME and outcome not in FOUND:
        return f"an outcome is one of {', '.join(OUTCOMES)}"
    reasons = reasons_for(kind, outcome)
    if reasons and action.reason not in reasons:
        return f"it needs a reason, one of {', '.join(reasons)}"
    if not reasons and action.reason is not None:
        return f"{kind} takes no reason"
    is_said, lacking = _NEEDS.get(kind, (bool, ""))
    return "" if is_said(action) else lacking


_NEEDS: Mapping[ActionKind, tuple[Callable[[Action], bool], str]] = {
    ActionKind.COMMENT: (lambda one: bool((one.text or "").strip()), "a remark needs words"),
    ActionKind.ATTRIBUTE: (
        lambda one: bool(one.party and one.basis and one.confidence),
        "an attribution is a claim: it needs a party, a basis and how confident its author is",
    ),
    ActionKind.RESPOND: (
        lambda one: bool(one.party and one.response),
        "a response needs the party whose it is, and what it says",
    ),
    ActionKind.SPLIT: (
        lambda one: bool(one.report_ids) and not one.seen.incident_ids,
        "a split names the reports that tell of another incident, of an alert that rests on one alone",
    ),
    ActionKind.SEAL: (
        lambda one: bool(one.report_ids) and set(one.report_ids) <= set(one.seen.report_ids),
        "a seal names reports that the alert rests on",
    ),
    ActionKind.DUPLICATE: (lambda one: bool(one.other and one.other_report_id), "a duplicate names the other alert"),
}
"""What an action of a kind must say, beside its author and its reason."""


def _contradiction(found: Action, now: Alert, gone: bool) -> DoubtNote | None:
    """Whether what came since an outcome was recorded speaks against it.

    Against a confirmed one speaks that its evidence is gone or that it is clearly less likely now; against the others,
    that there are reports that the operator had not before him, or that it is clearly more likely.
    """
    seen, probability = found.seen, 0.0 if gone else now.probability
    new = set() if gone else set(now.report_ids) - set(seen.report_ids)
    rise = round(probability - seen.probability, 4)
    if found.outcome is Status.CONFIRMED:
        fell = seen.standing is Standing.RAISED and now.standing is Standing.POSSIBLE
        contradicted = gone or fell or rise <= -CONTRADICTS_FROM
    else:
        contradicted = bool(new) or rise >= CONTRADICTS_FROM
    if not contradicted:
        return None
    figures = {
        "outcome": found.outcome,
        "by": found.by,
        "new_reports": len(new),
        "probability_seen": seen.probability,
        "probability_now": probability,
    }
    return DoubtNote(Doubt.OUTCOME_CONTRADICTED, figures)


def _difference(found: Action, others: list[Action]) -> DoubtNote | None:
    """Whether another operator found otherwise, when what is one alert now was two."""
    for other in others:
        if other.outcome is not found.outcome:
            figures = {"outcome": found.outcome, "by": found.by, "other": other.outcome, "other_by": other.by}
            return DoubtNote(Doubt.OUTCOMES_DIFFER, figures)
    return None


def _words(status: Status) -> str:
    return status.value.replace("_", " ")
