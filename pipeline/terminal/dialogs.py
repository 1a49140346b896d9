"""The dialogs: an act with its fields, who acts, the filters, further acts, help."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, TypeVar

import msgspec
from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, OptionList, Select, Static
from textual.widgets.option_list import Option

from pipeline.agreement import Agreement
from pipeline.console.records import MAX_NAME, Listed
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind, Severity, Standing
from pipeline.terminal.acting import REFUSALS, Refusal, refusal
from pipeline.terminal.filters import SHOWN, Filters, Show
from pipeline.terminal.forms import FORMS, Fields, Tick
from pipeline.terminal.keys import ABOUT, KEYS
from pipeline.terminal.words import GRAVEST_FIRST, harmless, plain, sign

Sending = Callable[[Mapping[str, Any], int], Awaitable[str]]
"""Sends what a form says, with a revision; gives what to say of it."""

_MOST = 10_000
_WIDE, _LEAST, _ABOUT = 90, 3, 7
"""Of a form: columns, the least lines of its fields, and the lines about them."""


class Subject(NamedTuple):
    """What a form is about: an alert as the operator sees it, or a group of so many."""

    alert: Listed
    reports: Sequence[Report]
    agreement: Agreement | None
    many: int = 1


Given = TypeVar("Given")


class Dialog(ModalScreen[Given | None]):
    """Something that is asked: Escape leaves it."""

    AUTO_FOCUS = "*"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave it"), Binding("ctrl+c", "leave")]

    def action_leave(self) -> None:
        """Does nothing."""
        self.dismiss(None)


class ActDialog(Dialog[str]):
    """Asks for what an act needs, and stays with what was written until it is recorded.

    Args:
        trouble: why it was not recorded when it was tried already.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "send", "do it", priority=True)]

    def __init__(
        self, kind: ActionKind, about: Subject, by: str, send: Sending, trouble: Refusal | None = None
    ) -> None:
        super().__init__()
        self._kind, self._about, self._by, self._send = kind, about, by, send
        self._revision, self._trouble, self._sending = about.alert.revision, trouble, False

    def compose(self) -> ComposeResult:
        """The alert, the fields, why it was not done, the buttons."""
        alert, many = self._about.alert, self._about.many
        says = plain(self._kind).capitalize()
        title = f"{says}: {harmless(alert.title)}" if many == 1 else f"{says} {many} alerts: {harmless(alert.title)}"
        where = f"{harmless(alert.place)} · {alert.alert_id}" if many == 1 else "Each is acknowledged as you see it now"
        with Vertical(classes="box"):
            yield Label(title, markup=False, classes="title")
            yield Label(f"{where} · as {harmless(self._by)}", markup=False, classes="about")
            with VerticalScroll(id="scroll", can_focus=False):
                yield Fields(self._kind, self._about.reports, self._about.agreement)
            yield Static(markup=False, id="trouble")
            with Horizontal(classes="buttons"):
                yield Button(says if many == 1 else f"{says} all {many}", id="send", variant="primary", compact=True)
                yield Button(f"{says} all the same", id="on-top", variant="warning", compact=True)
                yield Button("Leave it", id="leave", compact=True)
            yield Label("Tab: next   Ctrl+S: do it   Esc: leave it", markup=False, classes="hint")

    def on_mount(self) -> None:
        """Begins with the first field."""
        self.query_one(Fields).first().focus()
        self._show(self._trouble)

    def _show(self, trouble: Refusal | None) -> None:
        moved = trouble is not None and trouble.present is not None
        self._trouble = trouble
        box = self.query_one("#trouble", Static)
        box.display = trouble is not None
        box.update("" if trouble is None else "\n".join(trouble.lines))
        self._fit()
        self.query_one("#send").display = not moved
        self.query_one("#on-top").display = moved
        if moved:
            self.query_one("#on-top").focus()
            # The words that were written are at the end, and are to be seen.
            self.call_after_refresh(self.query_one("#scroll").scroll_end, animate=False)

    def on_resize(self) -> None:
        """The fields have what room the rest leaves them: why it was not done, and the buttons, are always in sight."""
        self._fit()

    def _fit(self) -> None:
        wide = max(20, min(_WIDE, self.size.width) - 8)
        lines = () if self._trouble is None else self._trouble.lines
        trouble = sum(-(-cell_len(line) // wide) for line in lines)
        self.query_one("#scroll").styles.max_height = max(_LEAST, self.size.height - trouble - _ABOUT)

    @on(Button.Pressed, "#leave")
    def leave(self) -> None:
        """Does nothing."""
        self.action_leave()

    @on(Button.Pressed, "#send")
    def action_send(self) -> None:
        """Sends what was written, unless there is a conflict to decide first."""
        if self._trouble is None or self._trouble.present is None:
            self.run_worker(self._sent(), exclusive=True)

    @on(Button.Pressed, "#on-top")
    def send_on_top(self) -> None:
        """Sends it on top of how the alert stands now."""
        if self._trouble is not None and self._trouble.present is not None:
            present = msgspec.convert(self._trouble.present, Listed)
            self._about, self._revision = self._about._replace(alert=present), present.revision
            self.run_worker(self._sent(), exclusive=True)

    def action_leave(self) -> None:
        """Does nothing; what is on its way to the record already is waited for."""
        if not self._sending:
            super().action_leave()

    async def _sent(self) -> None:
        buttons = self.query(Button)
        buttons.set(disabled=True)
        self._sending = True
        try:
            said = await self._send(self.query_one(Fields).told, self._revision)
        except REFUSALS as error:
            buttons.set(disabled=False)
            self._show(refusal(error, self._about.alert))
        else:
            self.dismiss(said)
        finally:
            self._sending = False


class NameDialog(Dialog[str]):
    """Asks who acts."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._known = name

    def compose(self) -> ComposeResult:
        """The field, and why it is asked."""
        with Vertical(classes="box small"):
            yield Label("Who are you?", markup=False, classes="title")
            yield Label("Each act is recorded under a name. Enter keeps it; Esc: not now.", markup=False)
            yield Input(self._known, id="name", max_length=MAX_NAME, compact=True)

    @on(Input.Submitted)
    def keep(self, event: Input.Submitted) -> None:
        """Keeps the name, if there is one."""
        self.dismiss(event.value.strip() or None)


class FilterDialog(Dialog[Filters]):
    """Asks what is to be listed.

    Args:
        provisions: what each is called, and its name.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+s", "apply", "apply", priority=True)]

    def __init__(self, filters: Filters, provisions: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._filters, self._provisions = filters, provisions

    def compose(self) -> ComposeResult:
        """A field for each filter but the text, which has a place of its own."""
        now = self._filters
        with Vertical(classes="box"):
            yield Label("What is listed", markup=False, classes="title")
            yield Label("Show", markup=False)
            yield Select(
                [(SHOWN[one], one) for one in Show], value=now.show, allow_blank=False, id="show", compact=True
            )
            yield Label("Severity, none for all", markup=False)
            with Horizontal(classes="row"):
                for one in GRAVEST_FIRST:
                    yield Tick(Content(f"{sign(one, True)} {one}"), one in now.severity, id=f"is-{one}", compact=True)
            yield Label("Standing", markup=False)
            standings = [("raised", "raised"), ("only possible", "possible"), ("both", "all")]
            standing = "all" if now.standing is None else now.standing.value
            yield Select(standings, value=standing, allow_blank=False, id="standing", compact=True)
            yield Label("Provision", markup=False)
            laws = [(Content(harmless(f"{title} ({name})")), name) for title, name in self._provisions]
            known = now.provision if now.provision in {name for _, name in self._provisions} else ""
            yield Select(
                [(Content("every provision"), ""), *laws], value=known, allow_blank=False, id="provision", compact=True
            )
            yield Label("Budget: grouped where more were raised in an hour; 0: no groups", markup=False)
            yield Input(str(now.budget), id="budget", type="integer", max_length=5, compact=True)
            with Horizontal(classes="buttons"):
                yield Button("Apply", id="apply", variant="primary", compact=True)
                yield Button("Clear all", id="clear", compact=True)
            yield Label("Tab: next   Ctrl+S: apply   Esc: leave it", markup=False, classes="hint")

    @on(Button.Pressed, "#clear")
    def clear(self) -> None:
        """Everything as usual."""
        self.dismiss(Filters(budget=self._filters.budget))

    @on(Button.Pressed, "#apply")
    @on(Input.Submitted)
    def action_apply(self) -> None:
        """Lists what is asked for."""
        standing = {one.value: one for one in Standing}.get(str(self.query_one("#standing", Select).value))
        budget = self.query_one("#budget", Input).value
        self.dismiss(
            self._filters._replace(
                show=Show(str(self.query_one("#show", Select).value)),
                severity=tuple(one for one in Severity if self.query_one(f"#is-{one}", Tick).value),
                standing=standing,
                provision=str(self.query_one("#provision", Select).value),
                budget=min(int(budget), _MOST) if budget.isdecimal() else self._filters.budget,
            )
        )


class MoreDialog(Dialog[ActionKind]):
    """The acts that have no key of their own."""

    def compose(self) -> ComposeResult:
        """Each with what it does."""
        kinds = [kind for kind, form in FORMS.items() if not form.key]
        with Vertical(classes="box small"):
            yield Label("More acts", markup=False, classes="title")
            yield OptionList(*(Option(Content(f"{plain(one)}: {one.meaning}"), id=one.value) for one in kinds))

    @on(OptionList.OptionSelected)
    def choose(self, event: OptionList.OptionSelected) -> None:
        """Goes on with the act's form."""
        self.dismiss(next(kind for kind in FORMS if kind.value == event.option_id))


class HelpDialog(Dialog[None]):
    """What the keys do."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,question_mark,enter", "leave", "close")]

    def compose(self) -> ComposeResult:
        """An alert in a word, then the keys."""
        with VerticalScroll(classes="box"):
            yield Label("Help", markup=False, classes="title")
            yield Static(ABOUT, markup=False)
            yield Static("\n".join(f"{key.shown:<14}{key.does}" for key in KEYS), markup=False, id="keys")
