"""The watch: the list as it comes, the alert that is open, and what each key does."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from rich.console import RenderableType
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.timer import Timer
from textual.widgets import ContentSwitcher, Input, Static

from pipeline.console.board import Row
from pipeline.console.core import Console
from pipeline.console.desk import opened
from pipeline.console.listing import MAX_TEXT
from pipeline.console.records import AlertDetail
from pipeline.law.waiting import is_unacknowledged
from pipeline.model.taxonomy import ActionKind
from pipeline.terminal import notes
from pipeline.terminal.acting import REFUSALS
from pipeline.terminal.detail import HINT, Detail
from pipeline.terminal.dialogs import FilterDialog, HelpDialog, MoreDialog
from pipeline.terminal.feed import Feed, Look, View
from pipeline.terminal.filters import Filters
from pipeline.terminal.groups import Group, Single
from pipeline.terminal.heads import Condition, banner, counts_line, first_line, hidden_line, order_line
from pipeline.terminal.keys import KEYS, footer
from pipeline.terminal.laws import Laws
from pipeline.terminal.listing import AlertList
from pipeline.terminal.operating import Operator, Target
from pipeline.terminal.words import harmless

TICK_S = 0.2
"""How often the store is looked at; where a look takes long, twice as long passes between two."""

WIDE = 120
"""Columns from which an open alert stands beside the list."""

SAID_S = 12.0
QUIET_S = 4.0
TYPING_S = 0.25
MOVING_S = 0.12
SOON_S = 0.01

_WATCH, _NOTES = "watch", ("handover", "provisions")


class Watch(App[None]):
    """The console in a terminal.

    Args:
        filters: what is listed at the beginning.
        by: the name of whoever acts; empty to ask once.
        sound: whether the bell rings for grave alerts.
        plain: for a terminal of 16 colours, or none.
    """

    TITLE = "Truceline"
    CSS_PATH = Path(__file__).with_name("watch.tcss")
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide")]  # noqa: RUF012 - as the library has it
    BINDINGS: ClassVar[list[BindingType]] = [Binding(key.keys, key.action, key.does, show=False) for key in KEYS]

    def __init__(self, console: Console, filters: Filters, *, by: str = "", sound: bool = False) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.source, self.filters, self.sound = console, filters, sound
        self.laws = Laws(console)
        self.operator = Operator(self, console, self.laws, by, self.say)
        self.view: View | None = None
        self.alert_id = ""
        self.told: AlertDetail | None = None
        self.started = console.now
        self.condition = Condition(self.started)
        self._feed = Feed(console, self.laws)
        self._poller = ThreadPoolExecutor(1, "feed")
        self._hurry = asyncio.Event()
        self._calls: list[Row] = []
        self._rung_at_s = -QUIET_S
        self._waits: dict[str, Timer] = {}

    def compose(self) -> ComposeResult:
        """The head, one of the views, what was said last, the keys."""
        for name in ("first", "counts", "order", "hidden", "banner"):
            yield Static(markup=False, id=name)
        yield Input(self.filters.text, placeholder="Search place, id, person", max_length=MAX_TEXT, id="search")
        with ContentSwitcher(initial=_WATCH):
            with Horizontal(id=_WATCH):
                yield AlertList(self.source, id="list")
                yield Detail(id="detail")
            for name in _NOTES:
                with VerticalScroll(id=name, can_focus=False):
                    yield Static(markup=False)
        yield Static(markup=False, id="said")
        yield Static(markup=False, id="keys")

    def on_mount(self) -> None:
        """Begins to look."""
        self.query_one("#search").display = False
        self.run_worker(self._follow(), group="feed")
        self.set_interval(1.0, self._tick)
        self.draw()

    def on_unmount(self) -> None:
        """Ends the looking."""
        self._poller.shutdown()
        self.source.board.close()

    def on_resize(self) -> None:
        """Another width has room for other words."""
        self.draw()

    async def _follow(self) -> None:
        """Looks at the store again and again, off the screen's thread."""
        loop = asyncio.get_running_loop()
        while True:
            look = await loop.run_in_executor(self._poller, self._feed.look, self.filters)
            self._take(look)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), max(TICK_S, 2.0 * look.took_s))
            self._hurry.clear()

    def _take(self, look: Look) -> None:
        before, now = self.condition, self.source.now
        if look.trouble:
            self.condition = before._replace(trouble=look.trouble)
        else:
            self.condition = Condition(now, "", look.latest or before.latest)
        if look.view is not None:
            self.view = look.view
            self.alerts.show(look.view.items)
        if self.alert_id and (look.changed is None or self.alert_id in look.changed):
            self.read(anew=False)
        if look.calls:
            self._calls += look.calls
            self._later("ring", self._rung_at_s + QUIET_S - time.monotonic(), self._ring)
        if look.view is not None or bool(look.trouble) != bool(before.trouble):
            self.draw()

    def _tick(self) -> None:
        """Ages grow though nothing changes."""
        if self.screen_stack:
            self.alerts.refresh()
            self.draw()

    def _ring(self) -> None:
        """Once for all that came meanwhile: a flood is one sentence and one bell."""
        calls, self._calls = self._calls, []
        self._rung_at_s = time.monotonic()
        first = self.alerts.listed(calls[0])
        many = f"{len(calls)} new grave alerts. " if len(calls) > 1 else "New grave alert. "
        self.say(f"{many}{harmless(first.title)}, {harmless(first.place)}")
        if self.sound:
            self.bell()

    def _later(self, name: str, delay_s: float, then: Callable[[], object]) -> None:
        """Does something a while from now; of one name only once, the last time that is asked for."""
        if name in self._waits:
            self._waits[name].stop()
        # At the end, what was to be done has no screen any more.
        self._waits[name] = self.set_timer(max(SOON_S, delay_s), lambda: then() if self.screen_stack else None)

    @property
    def alerts(self) -> AlertList:
        """The list of alerts, whatever lies over it."""
        return self.screen_stack[0].query_one(AlertList)

    def at(self, name: str) -> Static:
        """A line of the screen."""
        return self.screen_stack[0].query_one(f"#{name}", Static)

    def draw(self) -> None:
        """The lines about the list."""
        now, width = self.source.now, self.size.width
        name = str(self.source.backend.path)
        self.at("first").update(first_line(name, self.condition, now, self.laws.zone(), self.sound, width))
        if self.view is not None:
            self.at("counts").update(counts_line(self.view))
            self.at("order").update(order_line(self.view, self.filters, self.condition, self.started))
        for name, said in (("hidden", hidden_line(self.view)), ("banner", banner(self.condition, now))):
            self.at(name).update(said)
            self.at(name).display = bool(said)
        self.at("keys").update(footer(width))

    def say(self, text: str) -> None:
        """One sentence, for a while."""
        self.at("said").update(harmless(text))
        self._later("said", SAID_S, lambda: self.at("said").update(""))
        self._hurry.set()

    def read(self, *, anew: bool, delay_s: float = 0.0) -> None:
        """Reads the alert that is open."""
        self.run_worker(self._read(self.alert_id, anew, delay_s), group="detail", exclusive=True)

    async def _read(self, alert_id: str, anew: bool, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        detail = self.screen_stack[0].query_one(Detail)
        try:
            told = await asyncio.to_thread(opened, self.source, alert_id)
        except REFUSALS as error:
            detail.say(str(error))
            return
        self.told = told
        detail.show(told, self.source.now, self.laws.zone(told.alert.agreement), anew=anew)

    def _open(self, alert_id: str, delay_s: float = 0.0) -> None:
        self.alert_id, self.told = alert_id, None
        self.query_one(f"#{_WATCH}").add_class("reading")
        row = self.source.snapshot.rows.get(alert_id)
        if row is not None:
            zone = self.laws.zone(row.alert.agreement)
            self.query_one(Detail).begin(self.alerts.listed(row), self.source.now, zone)
        self.read(anew=True, delay_s=delay_s)

    @property
    def page(self) -> VerticalScroll | AlertList:
        """What goes up and down a page at a time."""
        shown = self.query_one(ContentSwitcher).current
        if shown != _WATCH:
            return self.query_one(f"#{shown}", VerticalScroll)
        return self.query_one(Detail) if self.alert_id else self.alerts

    def action_move(self, step: int) -> None:
        """Down or up the list; while an alert is open, the next one opens."""
        page = self.page
        if self.query_one(ContentSwitcher).current != _WATCH:
            page.scroll_relative(y=step, animate=False)
            return
        item = self.alerts.move(step)
        if self.alert_id and isinstance(item, Single) and item.key != self.alert_id:
            self._open(item.key, MOVING_S)

    def action_page(self, step: int) -> None:
        """A page down or up."""
        page = self.page
        high = page.scrollable_content_region.height - 2
        if isinstance(page, AlertList):
            page.move(step * max(1, high // 2))
        else:
            page.scroll_relative(y=step * high, animate=False)

    def action_end(self, way: int) -> None:
        """To the beginning or to the end."""
        page = self.page
        if isinstance(page, AlertList):
            page.choose(len(page.items) - 1 if way > 0 else 0)
        else:
            page.scroll_to(y=page.max_scroll_y if way > 0 else 0, animate=False)

    @on(AlertList.Opened)
    def action_open(self) -> None:
        """Opens an alert, or a group to its alerts."""
        item = self.alerts.chosen
        if isinstance(item, Group):
            self.alerts.fold(item.key)
        elif item is not None:
            self._open(item.key)

    def action_fold(self, opened: bool) -> None:
        """Opens or closes a group."""
        item = self.alerts.chosen
        if isinstance(item, Group):
            self.alerts.fold(item.key, opened)

    def action_leave(self) -> None:
        """Leaves the field, else the alert, else the view."""
        if self.focused is not None:
            self._leave_search()
        elif self.alert_id:
            self.alert_id, self.told = "", None
            self.workers.cancel_group(self, "detail")
            self.query_one(f"#{_WATCH}").remove_class("reading")
            self.query_one(Detail).say(HINT)
        else:
            self.action_show(_WATCH)

    def action_show(self, view: str) -> None:
        """Another view."""
        self.query_one(ContentSwitcher).current = view
        reckon: dict[str, Callable[[], RenderableType]] = {
            "handover": lambda: notes.handover(self.source),
            "provisions": lambda: notes.provisions(self.source, self.laws),
        }
        if view in reckon:
            self.run_worker(self._fill(view, reckon[view]), group=view, exclusive=True)

    async def _fill(self, view: str, reckon: Callable[[], RenderableType]) -> None:
        box = self.query_one(f"#{view} Static", Static)
        box.update("Reading …")
        try:
            box.update(await asyncio.to_thread(reckon))
        except REFUSALS as error:
            box.update(harmless(str(error)))

    def action_search(self) -> None:
        """To the field of the search."""
        self.action_show(_WATCH)
        field = self.query_one("#search", Input)
        field.display = True
        field.focus()

    @on(Input.Changed, "#search")
    def typed(self, event: Input.Changed) -> None:
        """Looks for what was typed, once it was."""
        text = event.value
        self._later("type", TYPING_S, lambda: self.filter(self.filters._replace(text=text)))

    @on(Input.Submitted, "#search")
    def _leave_search(self) -> None:
        self.set_focus(None)
        self.query_one("#search").display = False

    def filter(self, filters: Filters) -> None:
        """Lists something else."""
        if filters != self.filters:
            self.filters = filters
            self._hurry.set()

    def action_filter(self) -> None:
        """Asks what is to be listed."""

        async def ask() -> None:
            wanted = await self.push_screen_wait(FilterDialog(self.filters, self.laws.provisions()))
            if wanted is not None:
                self.query_one("#search", Input).value = wanted.text
                self.filter(wanted)

        self.run_worker(ask(), group="ask", exclusive=True)

    def action_act(self, kind: str) -> None:
        """Does something with what is open, or chosen."""
        self._act(next(one for one in ActionKind if one.value == kind))

    def _act(self, kind: ActionKind) -> None:
        target = self._target(kind)
        if target is not None:
            self.run_worker(self.operator.act(kind, target), group="ask", exclusive=True)

    def _target(self, kind: ActionKind) -> Target | None:
        rows, item = self.source.snapshot.rows, self.alerts.chosen
        if self.alert_id:
            row = rows.get(self.alert_id)
            if row is None:
                return None
            return Target(row, self.alerts.listed(row) if self.told is None else self.told.alert)
        if isinstance(item, Group):
            return self._of_group(item, kind)
        if item is None:
            self.say("Choose an alert first: j and k go through the list.")
            return None
        return Target(item.row, self.alerts.listed(item.row))

    def _of_group(self, group: Group, kind: ActionKind) -> Target | None:
        waiting: Sequence[Row] = [row for row in group.rows if is_unacknowledged(row.alert)]
        if kind is not ActionKind.ACKNOWLEDGE:
            self.say("A group: → opens it, then choose an alert.")
        elif not waiting:
            self.say("All of this group are acknowledged.")
        else:
            return Target(waiting[0], self.alerts.listed(waiting[0]), waiting)
        return None

    def action_more(self) -> None:
        """Asks which of the acts without a key."""

        async def ask() -> None:
            kind = await self.push_screen_wait(MoreDialog())
            target = None if kind is None else self._target(kind)
            if kind is not None and target is not None:
                await self.operator.act(kind, target)

        self.run_worker(ask(), group="ask", exclusive=True)

    def action_name(self) -> None:
        """Asks who acts."""
        self.run_worker(self.operator.ask_name(), group="ask", exclusive=True)

    def action_sound(self) -> None:
        """The bell, on and off."""
        self.sound = not self.sound
        self.say(f"The bell for grave alerts is {'on' if self.sound else 'off'}.")
        self.draw()

    def action_help(self) -> None:
        """The keys."""
        self.push_screen(HelpDialog())
