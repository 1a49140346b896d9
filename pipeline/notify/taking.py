"""From the store into the book: what is new is put down for every receiver, in one step with how far was read."""

from collections.abc import Sequence
from datetime import timedelta

from pipeline.notify.courier import Courier
from pipeline.notify.events import event
from pipeline.notify.following import AnotherRecordError, Follower, Position
from pipeline.notify.pusher import Pusher
from pipeline.notify.receivers import Terms
from pipeline.notify.words import Words

ALL_ANEW = timedelta(minutes=10)
"""So often all that stands is looked at: an alert whose window was closed leaves without a word."""


class Taking:
    """Takes in what a store has to tell.

    Args:
        source: who tells, in events.
        console: where people look at an alert; empty where nowhere.

    Attributes:
        anew: whether it began anew because another record is in the store's place.
    """

    def __init__(
        self,
        follower: Follower,
        pusher: Pusher | None,
        couriers: Sequence[Courier],
        terms: Terms,
        words: Words,
        source: str,
        console: str,
    ) -> None:
        self._follower, self._pusher, self._couriers = follower, pusher, couriers
        self._terms, self._words, self._source, self._console = terms, words, source, console
        self._whole_at_s: float | None = None
        self.anew = False

    def begin(self, *, from_start: bool = False) -> Position:
        """Takes in how everything stands, and goes on from where it was; gives from where.

        Args:
            from_start: where nobody has followed the store yet, all that its history has is told.
        """
        with self._terms.outbox.step():
            for courier in self._couriers:
                courier.begin()
            if self._pusher is not None:
                self._pusher.begin()
        return self._take_whole(from_start=from_start)

    def step(self) -> int:
        """Takes in some of what is new; gives how many entries. 0 is that there are no more."""
        position = self._position()
        if position is None or self._is_old():
            position = self._take_whole()
        try:
            seen = self._follower.look(position)
        except AnotherRecordError:
            self._begin_anew()
            return 0
        if seen is None:
            return 0
        wanted = self._couriers and seen.entries
        record = self._terms.outbox.record()
        bodies = {one.number: event(one.said, self._words, self._source, self._console, record) for one in wanted or ()}
        with self._terms.outbox.step():
            if self._pusher is not None:
                self._pusher.put(seen.now)
            for courier in self._couriers:
                courier.put(seen.entries, bodies)
            self._stand(seen.position)
        self._follower.took(seen)
        self._terms.metrics.notify_behind(seen.behind)
        return len(seen.entries)

    def _take_whole(self, *, from_start: bool = False) -> Position:
        """Takes in all that stands now; gives the position, which only here begins."""
        known, whole = self._position(), self._follower.whole()
        with self._terms.outbox.step():
            if known is None:
                known = Position(0, "") if from_start else whole.position
                self._stand(known)
            if self._pusher is not None:
                self._pusher.put_all(whole.open)
        self._whole_at_s = self._terms.elapsed_s()
        return known

    def _is_old(self) -> bool:
        """Whether it is long ago that all that stands was looked at, whatever the clock was set to meanwhile."""
        return self._whole_at_s is None or self._terms.elapsed_s() - self._whole_at_s >= ALL_ANEW.total_seconds()

    def _begin_anew(self) -> None:
        """Another record is in the store's place: it is followed from now on, as on the first day."""
        whole, outbox = self._follower.whole(), self._terms.outbox
        with outbox.step():
            outbox.change("DELETE FROM told")
            outbox.change("DELETE FROM deliveries")
            # Its alerts may have the ids of the old record's.
            outbox.name_record(f"{self._terms.clock():%Y%m%dT%H%M%SZ}")
            self._stand(whole.position)
            if self._pusher is not None:
                self._pusher.put_all(whole.open)
        self._whole_at_s = self._terms.elapsed_s()
        self.anew = True

    def _position(self) -> Position | None:
        rows = self._terms.outbox.query("SELECT entry, mark FROM position")
        return Position(*rows[0]) if rows else None

    def _stand(self, position: Position) -> None:
        said = "INSERT OR REPLACE INTO position (one, entry, mark) VALUES (0, ?, ?)"
        self._terms.outbox.change(said, position.entry, position.mark)
