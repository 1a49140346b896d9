"""What a user wants done with an alert: the words of the command line as an action's fields."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.cli.common import UNFINISHED, UserError

if TYPE_CHECKING:
    from pipeline.cli.whereabouts import Agreements
    from pipeline.model.records import Alert
    from pipeline.model.taxonomy import ActionKind
    from pipeline.model.term import Term

_TAKES: Mapping[str, frozenset[str]] = {
    "attribute": frozenset({"basis", "confidence", "text"}),
    "respond": frozenset({"party", "text"}),
    "comment": frozenset(),
    "acknowledge": frozenset({"text"}),
    "assign": frozenset({"text"}),
}
"""The options of an action that takes no reason; all others take a reason and words."""


class Wish(NamedTuple):
    """What a user wants done, as the command line has it."""

    alert_id: str
    action: str
    value: str | None
    by: str
    options: Mapping[str, str]
    revision: int | None
    files: list[str]

    @property
    def kind(self) -> "ActionKind":
        """The action, if it is one."""
        from pipeline.model.taxonomy import ActionKind

        found: ActionKind = _term(ActionKind, self.action, "an action")
        return found

    def fields(
        self, alert: "Alert", find: "Callable[[str], Alert]", known: "Agreements", kept: "Sequence[str]" = ()
    ) -> "tuple[dict[str, Any], Alert | None]":
        """The action's own fields, and the other alert that it names, which `find` gives by its id.

        `kept` are the agreement's parties, as a store keeps them.
        """
        from pipeline.cli.parties import check_party

        fields, other = _fields(find, self.kind, self.value, self.options, alert)
        check_party(fields.get("party"), alert.agreement, known, kept)
        return fields, other

    @contextmanager
    def refusals(self, alert_id: str) -> Iterator[None]:
        """What stands against it is told as the user's own mistake or as what came between."""
        from pipeline.store.acting import MovedOnError, RefusedError

        try:
            yield
        except RefusedError as refused:
            allowed = f"; from here: {', '.join(refused.allowed)}" if refused.allowed else ""
            raise UserError(f"{alert_id}: {self.action} is refused: {refused}{allowed}") from refused
        except MovedOnError as moved:
            raise UserError(str(moved), UNFINISHED) from moved


def _fields(
    find: "Callable[[str], Alert]", kind: "ActionKind", value: str | None, options: Mapping[str, str], alert: "Alert"
) -> "tuple[dict[str, Any], Alert | None]":
    """The action's own fields, and the other alert that it names."""
    from pipeline.model.taxonomy import ActionKind, Basis, Confidence

    takes = _TAKES.get(kind.value, frozenset({"reason", "text"}))
    if superfluous := sorted(set(options) - takes):
        raise UserError(
            f"{kind} takes no --{superfluous[0]}" + (f"; it takes --{', --'.join(sorted(takes))}" if takes else "")
        )
    fields: dict[str, Any] = dict(options)
    is_duplicate = kind is ActionKind.DUPLICATE
    other = find(_needed(value, "duplicate needs the id of the other alert")) if is_duplicate else None
    fields |= _of_value(kind, value, alert)
    if "basis" in fields:
        fields["basis"] = _term(Basis, fields["basis"], "a basis")
    if "confidence" in fields:
        fields["confidence"] = _term(Confidence, fields["confidence"], "a confidence")
    reason = _reason(kind, fields)
    return {**fields, **({} if reason is None else {"reason": reason})}, other


def _of_value(kind: "ActionKind", value: str | None, alert: "Alert") -> dict[str, Any]:
    """What the VALUE of an action says."""
    from pipeline.model.taxonomy import ActionKind, PartyResponse, Status

    if kind in (ActionKind.ACKNOWLEDGE, ActionKind.REOPEN) and value is not None:
        raise UserError(f"{kind} takes no value; words go with --text")
    if kind is ActionKind.ASSIGN:
        return {"assignee": value}
    if kind is ActionKind.COMMENT:
        return {"text": _needed(value, "comment needs the words")}
    if kind is ActionKind.VERIFY and value is not None:
        return {"text": value}
    if kind is ActionKind.OUTCOME:
        return {"outcome": _term(Status, _needed(value, "outcome needs what was found"), "a status")}
    if kind is ActionKind.ATTRIBUTE:
        return {"party": _needed(value, "attribute needs the party that the claim names")}
    if kind is ActionKind.RESPOND:
        return {"response": _term(PartyResponse, _needed(value, "respond needs what the party says"), "a response")}
    if kind is ActionKind.SPLIT:
        return {"report_ids": _reports(_needed(value, "split needs the reports that tell of another incident"))}
    if kind is ActionKind.SEAL:
        return {"report_ids": alert.report_ids if value is None else _reports(value)}
    return {}


def _reason(kind: "ActionKind", fields: Mapping[str, Any]) -> "Term | None":
    """The reason; where there is only one that it can be, that one."""
    from pipeline.model.actions import OUTCOMES, reasons_for

    outcome = fields.get("outcome")
    if outcome is not None and outcome not in OUTCOMES:
        raise UserError(f"an outcome is one of {', '.join(OUTCOMES)}")
    known = reasons_for(kind, outcome)
    if not known:
        return None
    given = fields.get("reason")
    if given is None and len(known) > 1:
        about = f"{kind} {outcome}" if outcome else str(kind)
        raise UserError(f"{about} needs a --reason: {', '.join(known)}")
    if given is not None and given not in list(known):
        raise UserError(f"--reason {given}: for {outcome or kind} it is one of {', '.join(known)}")
    return known[0] if given is None else next(reason for reason in known if reason == given)


def _term(terms: "type[Term]", word: str, noun: str) -> Any:
    from pipeline.cli.words import safe

    known = {term.value: term for term in terms}
    if word not in known:
        raise UserError(f"{safe(word, 60)!r} is not {noun}; one of {', '.join(known)}")
    return known[word]


def _needed(value: str | None, lacking: str) -> str:
    if value is None or not value.strip():
        raise UserError(lacking)
    return value


def _reports(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",") if part.strip())
