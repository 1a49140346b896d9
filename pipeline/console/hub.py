"""What changed, told to everybody who listens: one look at the store for all; no entry is skipped or repeated."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import msgspec

from pipeline.console.board import Board
from pipeline.store import StoreError, open_store
from pipeline.store.history import Entry, entries_after

IN_ONE_PIECE = 500
"""So many changes are told at once."""

KEPT = 64
"""So many pieces are kept at hand; whoever is further behind is read his from the store."""

AGAIN_MS = 1_000
"""After so long a browser that was cut off comes back."""

_encode = msgspec.json.Encoder().encode


class Piece(NamedTuple):
    """Some entries of the history, as they are sent: those after `after`, up to `last`."""

    after: int
    last: int
    body: bytes


class Hub:
    """The changes of a store.

    Args:
        tell: what is sent of one entry.
        clock: the time in UTC.
        progress: is called whenever the store was looked at.
        tick_s: how often the store is looked at.
        alive_s: after so long without a change the listeners are told that all is well.
        behind: says why the store itself may be old; None where it is not.
    """

    def __init__(
        self,
        board: Board,
        tell: Callable[[Entry], msgspec.Struct],
        clock: Callable[[], datetime],
        progress: Callable[[], None],
        *,
        tick_s: float,
        alive_s: float,
        behind: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.board, self._tell, self._clock = board, tell, clock
        self._progress, self._behind = progress, behind
        self._tick_s, self._alive_s = tick_s, alive_s
        self._kept: deque[Piece] = deque(maxlen=KEPT)
        self._wake, self._stopped = asyncio.Event(), asyncio.Event()
        self._looking = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "poller")
        self._task: asyncio.Task[None] | None = None
        self.position = 0
        self.trouble: StoreError | None = None
        self.behind: str | None = None
        self.looked_at: datetime | None = None

    async def start(self) -> None:
        """Takes in what there is, and looks for changes from now on."""
        await self.look()
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Ends every stream: nothing more is sent."""
        self._stopped.set()
        self._wake.set()

    async def close(self) -> None:
        """Ends the looking, too."""
        self.stop()
        if self._task is not None:
            await self._task
        self._thread.shutdown()
        self.board.close()

    @property
    def stopped(self) -> bool:
        """Whether nothing more is sent."""
        return self._stopped.is_set()

    async def look(self) -> None:
        """Looks at the store now; what is new in it is at hand when this returns."""
        async with self._looking:
            loop, more = asyncio.get_running_loop(), True
            while more:
                try:
                    pieces, last = await loop.run_in_executor(self._thread, self._changes)
                except StoreError as error:
                    is_new, self.trouble = self.trouble is None, error
                    if is_new:
                        self._rouse()
                    return
                self._kept.extend(pieces)
                more = bool(pieces)
                if last != self.position:
                    if last < self.position:
                        self._kept.clear()
                    self.position = last
                    self._rouse()
            was, self.trouble, self.looked_at = (self.trouble, self.behind), None, self._clock()
            self.behind = self._behind()
            self._progress()
            if was != (None, self.behind):
                self._rouse()

    async def pieces(self, after: int | None) -> AsyncIterator[bytes]:
        """What is sent to one listener, until the hub stops.

        Args:
            after: the last entry that he has; None for what comes from now on.
        """
        if after is not None and after > self.position:
            # What was listed a moment ago may be ahead of what was told.
            await self.look()
        position = self.position if after is None else after
        if position <= self.position:
            yield _event("position", {"entry": position, "last": self.position}, position)
        while not self.stopped:
            wake = self._wake
            if position > self.position:
                # Another store is there: what he has is of no use to him.
                position = self.position
                yield _event("reset", {"entry": position}, position)
            if position < self.position:
                piece = await self._next(position)
                yield piece.body
                position = piece.last
                continue
            with suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), self._alive_s)
            if position == self.position and not self.stopped:
                trouble = self.trouble is not None or self.behind is not None
                yield _event("alive", {"entry": position, "at": self._clock(), "trouble": trouble, "why": self.behind})

    async def _run(self) -> None:
        while not self.stopped:
            await self.look()
            try:
                await asyncio.wait_for(self._stopped.wait(), self._tick_s)
            except TimeoutError:
                continue

    def _rouse(self) -> None:
        """Wakes those who wait: there is something to tell."""
        self._wake.set()
        self._wake = asyncio.Event()

    def _changes(self) -> tuple[list[Piece], int]:
        """In a thread of its own: what the store has by now, as it is sent."""
        before = self.board.snapshot.entry
        entries = self.board.refresh()
        return list(self._cut(before, entries)), self.board.snapshot.entry

    def _cut(self, after: int, entries: Sequence[Entry]) -> Sequence[Piece]:
        pieces = []
        for begin in range(0, len(entries), IN_ONE_PIECE):
            some = entries[begin : begin + IN_ONE_PIECE]
            last = some[-1].number
            pieces.append(Piece(after, last, _event("alerts", [self._tell(one) for one in some], last)))
            after = last
        return pieces

    async def _next(self, position: int) -> Piece:
        """What comes after an entry: from what is at hand, else from the store."""
        kept = next((piece for piece in self._kept if piece.after == position), None)
        if kept is not None:
            return kept
        return await asyncio.to_thread(self._read, position, self.position)

    def _read(self, position: int, last: int) -> Piece:
        with open_store(self.board.path) as store:
            entries = entries_after(store, position, IN_ONE_PIECE, last)
        if not entries:
            return Piece(position, last, b": \n\n")
        return self._cut(position, entries)[0]


def _event(name: str, data: object, number: int | None = None) -> bytes:
    """One event of a stream; JSON has no line breaks of its own."""
    about = "" if number is None else f"id: {number}\n"
    return f"{about}event: {name}\nretry: {AGAIN_MS}\ndata: ".encode() + _encode(data) + b"\n\n"
