"""An alert's page: how it stands, what may be done with it, and all that the commands say of it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text
from textual.containers import VerticalScroll
from textual.widgets import Static

from pipeline.console.records import AlertDetail, Listed
from pipeline.law.waiting import is_unacknowledged
from pipeline.model.taxonomy import ActionKind
from pipeline.terminal.forms import FORMS
from pipeline.terminal.listing import STYLES
from pipeline.terminal.words import both, chance, harmless, lasting, plain, sign, whereabouts

HINT = "Choose an alert: j and k go through the list, Enter opens."


class Detail(VerticalScroll, can_focus=False):
    """The chosen alert, beside the list or over it."""

    def compose(self) -> Iterator[Static]:
        """All of it is one text."""
        yield Static(HINT, markup=False, id="page")

    def show(self, told: AlertDetail, now: datetime, zone: tzinfo, *, anew: bool) -> None:
        """Shows an alert; one that is shown already stays where it was scrolled to."""
        self.query_one("#page", Static).update(page(told, now, zone))
        if anew:
            self.scroll_home(animate=False)

    def begin(self, alert: Listed, now: datetime, zone: tzinfo) -> None:
        """Shows what is at hand of an alert, until the rest has been read."""
        self.query_one("#page", Static).update(Group(*_head(alert, now, zone), Text("Reading …", "dim")))
        self.scroll_home(animate=False)

    def say(self, text: str) -> None:
        """Shows that there is no alert to show, and why."""
        self.query_one("#page", Static).update(Text(harmless(text)))


def page(told: AlertDetail, now: datetime, zone: tzinfo) -> RenderableType:
    """An alert in full; each passage under its heading."""
    return Group(*_head(told.alert, now, zone), *_instead(told), _may(told), *_passages(told))


def _head(alert: Listed, now: datetime, zone: tzinfo) -> Sequence[Text]:
    waits = is_unacknowledged(alert)
    style = STYLES[alert.severity]
    title = Text.assemble((f"{sign(alert.severity, waits)} {alert.severity} ", style), (harmless(alert.title), "bold"))
    sure = Text.assemble(
        (f"probability {chance(alert.probability)}", "bold"),
        f" that {harmless(alert.article)} is broken, {plain(alert.standing)}",
    )
    state = f"{plain(alert.status)}: {alert.status.meaning} · {alert.severity}: {alert.severity.meaning}"
    seen = f"acknowledged by {harmless(alert.acknowledged_by)}" if alert.acknowledged_by else "not acknowledged"
    raised = f"raised {both(alert.raised_at, zone)}, {lasting(now - alert.raised_at)} ago"
    late = " OVERDUE" if alert.overdue else ""
    assigned = f" · for {harmless(alert.assignee)}" if alert.assignee else ""
    return (
        title,
        Text(f"{alert.alert_id} · revision {alert.revision}", "dim"),
        Text(whereabouts(alert)),
        sure,
        Text(state),
        Text.assemble((f"{seen}{late}", "bold"), f" · {raised}{assigned}"),
    )


def _instead(told: AlertDetail) -> Iterator[Text]:
    if told.now and told.incident is None:
        yield Text(f"Its incident stands no more; in its place: {', '.join(told.now)}", "bold")


def _may(told: AlertDetail) -> Text:
    """What may be done, with its key."""
    free = [one for one in told.allowed if one is not ActionKind.ACKNOWLEDGE or not told.alert.acknowledged_by]
    keyed = [f"{form.key} {plain(kind)}" for kind, form in FORMS.items() if kind in free and form.key]
    more = ["x more"] if any(not FORMS[kind].key for kind in free) else []
    return Text(f"May be done: {', '.join([*keyed, *more]) or 'nothing'}", "bold")


def _passages(told: AlertDetail) -> Iterator[RenderableType]:
    for heading, lines in ((one.heading, one.lines) for one in told.passages):
        yield Text("")
        yield Text(harmless(heading), "bold underline")
        # The lines have been made harmless by those whose words they are.
        yield from (Padding(Text(line), (0, 0, 0, 2)) for line in lines)
