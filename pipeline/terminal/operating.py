"""Who acts, on what, and the dialogs on the way from a key to the record."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from textual.app import App

from pipeline.console.board import Row
from pipeline.console.core import Console
from pipeline.console.desk import opened
from pipeline.console.records import Listed
from pipeline.model.report import Report
from pipeline.model.taxonomy import ActionKind
from pipeline.terminal.acting import REFUSALS, Acts, Refusal, refusal
from pipeline.terminal.dialogs import ActDialog, NameDialog, Subject
from pipeline.terminal.laws import Laws

_OF_REPORTS = frozenset({ActionKind.SPLIT, ActionKind.SEAL})


class Target(NamedTuple):
    """What an act is about.

    Attributes:
        row, alert: an alert as it was on the screen when the key was pressed; of a group, its first.
        group: all of a group that nobody has acknowledged.
    """

    row: Row
    alert: Listed
    group: Sequence[Row] = ()


class Operator:
    """Whoever sits at the terminal.

    Args:
        name: empty until it is asked.
        say: tells what came of an act.
    """

    def __init__(self, app: App[None], console: Console, laws: Laws, name: str, say: Callable[[str], None]) -> None:
        self._app, self._console, self._laws, self._say = app, console, laws, say
        self._acts = Acts(console)
        self.name = name

    async def ask_name(self) -> str:
        """Asks who acts; empty where he would not say."""
        told = await self._app.push_screen_wait(NameDialog(self.name))
        self.name = told or self.name
        return self.name

    async def act(self, kind: ActionKind, target: Target) -> None:
        """Does something: at once where it needs no words, else after asking for them."""
        by = self.name or await self.ask_name()
        if not by:
            return
        trouble: Refusal | None = None
        if kind is ActionKind.ACKNOWLEDGE and not target.group:
            try:
                self._say(await self._sent(target, by, {"action": kind.value}, target.alert.revision))
            except REFUSALS as error:
                trouble = refusal(error, target.alert)
            else:
                return
        await self._ask(kind, target, by, trouble)

    async def _ask(self, kind: ActionKind, target: Target, by: str, trouble: Refusal | None) -> None:
        reports: Sequence[Report] = ()
        if kind in _OF_REPORTS:
            try:
                reports = (await asyncio.to_thread(opened, self._console, target.alert.alert_id)).reports
            except REFUSALS as error:
                trouble = refusal(error, target.alert)
        law = self._laws.named(target.alert.agreement)
        about = Subject(target.alert, reports, law, max(1, len(target.group)))

        async def send(fields: Mapping[str, Any], revision: int) -> str:
            return await self._sent(target, by, fields, revision)

        if said := await self._app.push_screen_wait(ActDialog(kind, about, by, send, trouble)):
            self._say(said)

    async def _sent(self, target: Target, by: str, fields: Mapping[str, Any], revision: int) -> str:
        if target.group:
            return await asyncio.to_thread(self._acts.acknowledge_all, target.group, by, fields)
        return await asyncio.to_thread(self._acts.act, target.row, by, fields, revision)
