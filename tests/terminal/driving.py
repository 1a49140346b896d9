"""Sitting at a terminal that is not there: pressing keys, and reading what stands on the screen."""

import asyncio
import html
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from textual.pilot import Pilot

from pipeline.cli.console_words import Words
from pipeline.console import Settings, StoreBackend
from pipeline.console.core import Console
from pipeline.terminal.app import Watch
from pipeline.terminal.filters import Filters

WAIT_S = 60.0
"""Nothing here takes as long, however busy the machine."""

WIDE, NARROW = (140, 40), (80, 24)
USUAL = Filters()

_WIDTH = 12.2
"""Of a character in the picture."""

_TEXT = re.compile(r'<text class="[^"]*" x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')


def now() -> datetime:
    return datetime.now(UTC)


class Ringing(Watch):
    """A watch whose bell is counted."""

    rung = 0

    def bell(self) -> None:
        self.rung += 1


class Seat:
    """One who sits at a terminal."""

    def __init__(self, app: Ringing, pilot: Pilot[None]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        await self.pilot.press(*("space" if one == " " else one for one in text))

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Waits until something is so."""
        end = time.monotonic() + WAIT_S
        while not holds():
            assert time.monotonic() < end, f"{what or holds}\n{self.screen}"
            await self.pilot.pause(0.05)

    async def sees(self, *words: str) -> None:
        await self.until(lambda: all(word in self.screen for word in words), " / ".join(words))

    async def sees_no(self, word: str) -> None:
        await self.until(lambda: word not in self.screen, f"not {word}")

    async def lists(self, ids: set[str]) -> None:
        """Waits until these stand in the list, and no others."""
        await self.until(lambda: set(self.ids) == ids, str(ids))

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        found: dict[str, str] = {}
        for x, y, text in _TEXT.findall(self.app.export_screenshot()):
            if told := html.unescape(text).replace("\xa0", " ").rstrip("\n"):
                found[y] = found.get(y, "").ljust(round(float(x) / _WIDTH)) + told
        return [line for _, line in sorted(found.items(), key=lambda one: float(one[0]))]

    @property
    def screen(self) -> str:
        return "\n".join(self.lines)

    @property
    def ids(self) -> list[str]:
        """What stands in the list, by id."""
        return [item.key for item in self.app.alerts.items]

    async def choose(self, key: str) -> None:
        """Goes down the list with the keyboard, to an item."""
        await self.until(lambda: key in self.ids, key)
        await self.press("home")
        for _ in self.ids:
            if self.app.alerts.key == key:
                return
            await self.press("j")
        raise AssertionError(f"{key} was not come by")

    async def opens(self, alert_id: str) -> None:
        """Opens an alert, and waits until all of it is there."""
        await self.choose(alert_id)
        await self.press("enter")
        await self.until(lambda: self.app.told is not None and self.app.told.alert.alert_id == alert_id)


class Desk(NamedTuple):
    """A record, and the agreement by which it is judged."""

    path: Path
    law: Path

    @property
    def console(self) -> Console:
        words = Words([str(self.law)])
        return Console(StoreBackend(self.path, words.agreement, now), Settings(telling=words, clock=now))

    @asynccontextmanager
    async def seat(
        self, size: tuple[int, int] = WIDE, filters: Filters = USUAL, by: str = "Ines", sound: bool = False
    ) -> AsyncIterator[Seat]:
        """A terminal at which the list has come."""
        app = Ringing(self.console, filters, by=by, sound=sound)
        async with app.run_test(size=size) as pilot:
            seat = Seat(app, pilot)
            await seat.until(lambda: app.view is not None)
            yield seat


def run(path: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Runs an operator's path to its end."""
    asyncio.run(path())
