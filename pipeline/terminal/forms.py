"""What an operator is asked for each act, and the fields for it: those of the page."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Label, RadioButton, RadioSet, TextArea

from pipeline.agreement import Agreement
from pipeline.console.records import MAX_NAME
from pipeline.model.actions import reasons_for
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, Basis, Confidence, PartyResponse, Status
from pipeline.terminal.words import harmless, plain


class Form(NamedTuple):
    """An act's key, and what its form asks for."""

    key: str
    fields: tuple[str, ...]
    ask: str = "In your words (optional)"


FORMS: Mapping[ActionKind, Form] = {
    ActionKind.ACKNOWLEDGE: Form("a", ("text",)),
    ActionKind.VERIFY: Form("v", ("reason", "text"), "What is to be found out?"),
    ActionKind.OUTCOME: Form("o", ("outcome", "reason", "text"), "What was found, and how?"),
    ActionKind.COMMENT: Form("c", ("text",), "In your words"),
    ActionKind.ASSIGN: Form("s", ("assignee", "text")),
    ActionKind.REOPEN: Form("r", ("reason", "text")),
    ActionKind.ATTRIBUTE: Form("", ("party", "basis", "confidence", "text")),
    ActionKind.RESPOND: Form("", ("party", "response", "text")),
    ActionKind.DUPLICATE: Form("", ("other", "text")),
    ActionKind.SPLIT: Form("", ("report_ids", "text")),
    ActionKind.SEAL: Form("", ("report_ids", "reason", "text")),
}

OUTCOMES = (Status.CONFIRMED, Status.NOT_A_VIOLATION, Status.REFUTED)
_SIGNS = {Status.CONFIRMED: "✓", Status.NOT_A_VIOLATION: "○", Status.REFUTED: "✕"}
_NAME = 120
_MOST_REPORTS = 100


class Tick(Checkbox):
    """A mark that is there or not, and not only of another colour."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Draws the mark as it is now."""
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()


class Point(RadioButton):
    """One of several; that it was chosen is seen without colours."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Draws the mark as it is now."""
        self.BUTTON_INNER = "●" if self.value else " "
        super().watch_value()


class Choice(RadioSet):
    """One of a closed list; none is chosen beforehand."""

    def __init__(self, asks: str, terms: Sequence[tuple[str, str]], classes: str = "") -> None:
        self.asks, self._terms = asks, [term for term, _ in terms]
        super().__init__(*(Point(Content(told)) for _, told in terms), classes=f"field {asks} {classes}")

    @property
    def value(self) -> str:
        """What was chosen; empty where nothing was."""
        return self._terms[self.pressed_index] if self.pressed_index >= 0 else ""


class Fields(Vertical):
    """The fields of an act's form.

    Args:
        agreement: of which the parties are.
    """

    def __init__(self, kind: ActionKind, reports: Sequence[Report], agreement: Agreement | None) -> None:
        super().__init__(id="fields")
        self._kind, self._reports, self._agreement = kind, reports, agreement

    def compose(self) -> ComposeResult:
        """Each field under what it asks."""
        form = FORMS[self._kind]
        for name in form.fields:
            if name == "outcome":
                yield Label("What was found", markup=False)
                yield Choice("outcome", [(one, f"{_SIGNS[one]} {_told(one)}") for one in OUTCOMES])
            elif name == "reason":
                yield from self._reasons()
            elif name == "text":
                yield Label(form.ask, markup=False)
                yield TextArea(id="text", classes="field", tab_behavior="focus", soft_wrap=True)
            elif name == "report_ids":
                yield Label("Which reports (space marks one)", markup=False)
                with VerticalScroll(classes="field reports", can_focus=False):
                    for one in self._reports[:_MOST_REPORTS]:
                        yield Tick(Content(_report(one)), name=one.report_id, compact=True)
            elif name in {"assignee", "other"}:
                asks = {"assignee": "For whom (empty: nobody)", "other": "Id of the other alert"}[name]
                yield Label(asks, markup=False)
                yield Input(id=name, classes="field", max_length=MAX_NAME, compact=True)
            else:
                yield from self._terms_of(name)

    def _reasons(self) -> ComposeResult:
        yield Label("Why", markup=False, id="why")
        for outcome in OUTCOMES if self._kind is ActionKind.OUTCOME else (None,):
            terms = [(one.value, _told(one)) for one in reasons_for(self._kind, outcome)]
            yield Choice("reason", terms, classes="" if outcome is None else f"of-{outcome} later")

    def _terms_of(self, name: str) -> ComposeResult:
        parties = () if self._agreement is None else self._agreement.parties
        asks, terms = {
            "party": ("Party", [(one.id, f"{one.id}: {harmless(one.name)}") for one in parties]),
            "basis": ("On what basis", [(one.value, _told(one)) for one in Basis]),
            "confidence": ("How confident", [(one.value, _told(one)) for one in Confidence]),
            "response": ("What the party says", [(one.value, _told(one)) for one in PartyResponse]),
        }[name]
        yield Label(asks, markup=False)
        yield Choice(name, terms)

    @on(RadioSet.Changed, ".outcome")
    def choose_reasons(self, event: RadioSet.Changed) -> None:
        """An outcome decides which reasons there are."""
        chosen = event.radio_set
        for one in self.query(".later"):
            one.display = isinstance(chosen, Choice) and one.has_class(f"of-{chosen.value}")

    def first(self) -> Widget:
        """The field with which a form begins."""
        return next((one for one in self.query("*").results(Widget) if one.focusable), self)

    @property
    def told(self) -> dict[str, Any]:
        """What the form says: the action, and what was filled in."""
        found: dict[str, Any] = {"action": self._kind.value}
        for choice in self.query(Choice):
            if choice.display and choice.value:
                found[choice.asks] = choice.value
        for given in self.query(Input):
            if given.id and given.value.strip():
                found[given.id] = given.value.strip()
        for area in self.query(TextArea):
            if area.text.strip():
                found["text"] = area.text.strip()
        if marked := [one.name for one in self.query(Tick) if one.value]:
            found["report_ids"] = marked
        return found


def _told(term: Any) -> str:
    return f"{plain(term.value)}: {term.meaning}"


def _report(one: Report) -> str:
    return harmless(f"{one.report_id} ({one.observer or one.source})", _NAME)
