"""Keeping a mirror as the topics are: it waits while the broker is away, says since when, and goes on."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from pipeline.gazetteer import load_gazetteer
from pipeline.store.database import Store, StoreError
from pipeline.store.opening import open_store
from pipeline.stream.courier import Watch
from pipeline.stream.errors import BrokerUnreachableError, StreamError
from pipeline.stream.mirror import TOPICS, Mirror
from pipeline.stream.mirror_feed import Feed, FeedChangedError
from pipeline.stream.settings import Settings
from pipeline.stream.topic_admin import demand

_AGAIN_S = 1.0
_ASK_EVERY_S = 2.0
_NOTE_EVERY_S = 60.0
_READING = "the topics are still being read: not all is shown yet"
_STUCK = "the mirror cannot go on, and what is shown is old; the server's log says why"

Said = Callable[[str], None]

_log = logging.getLogger(__name__)


class Mirroring:
    """A mirror at work, in the calling thread or in one of its own. A context: leaving it ends the work.

    Args:
        path: the store's file; it is made where it is missing.
        say: is told what somebody should know.
        watch: looks on; its `tick` may raise to end the work of the calling thread.

    Raises:
        BusyStoreError: another mirror writes to it.
        SettingsError: the file is another's.
        StreamError: there is no broker, or it has no such topics, and there is no mirror yet that could be shown.
    """

    def __init__(
        self,
        settings: Settings,
        path: Path,
        say: Said,
        watch: Watch | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._say, self._watch, self._clock = settings, say, watch or Watch(), clock
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble: str | None = _READING
        self._stuck_by, self._told = "", -_NOTE_EVERY_S
        self._is_away = False
        self._heard_at, self._heard = clock(), time.monotonic()
        is_there = path.exists()
        try:
            _source(settings)
        except BrokerUnreachableError as error:
            # What a mirror has can be shown meanwhile.
            if not is_there:
                raise
            self._miss(str(error))
        self._store: Store = open_store(path, write=True)
        try:
            self._mirror = Mirror(self._store, load_gazetteer(), clock)
        except BaseException:
            self._store.close()
            raise

    def __enter__(self) -> "Mirroring":
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        self._store.close()

    @property
    def trouble(self) -> str | None:
        """Why the mirror may not be as the topics are; None where it is."""
        return self._trouble

    def start(self) -> None:
        """Begins the work in a thread of its own."""
        self._thread = threading.Thread(target=self._work, name="mirror")
        self._thread.start()

    def run(self, *, once: bool = False) -> None:
        """Works in this thread.

        Args:
            once: only until all is read that is there now; otherwise for ever.

        Raises:
            StreamError, StoreError: it cannot go on.
        """
        while not self._stopped.is_set():
            try:
                if self._follow(once=once):
                    return
            except BrokerUnreachableError as error:
                self._miss(str(error))
                self._watch.tick()
                self._stopped.wait(_AGAIN_S)

    def _work(self) -> None:
        """In a thread of its own: what is shown already stays, whatever happens."""
        while not self._stopped.is_set():
            try:
                self.run()
            except Exception as error:  # noqa: BLE001 - without the thread, what is old would pass for current
                self._stick(error)
                self._stopped.wait(_AGAIN_S)

    def _stick(self, error: Exception) -> None:
        """Says why it cannot go on: at once where that is new, and then once a minute."""
        is_fault = not isinstance(error, StreamError | StoreError)
        why = f"{type(error).__name__}: {error}" if is_fault else str(error)
        is_new, now = why != self._stuck_by, time.monotonic()
        self._trouble, self._stuck_by = _STUCK, why
        if not is_new and now - self._told < _NOTE_EVERY_S:
            return
        self._told = now
        self._say(f"the mirror cannot go on: {why}")
        if is_fault:
            _log.error("a fault of the mirror's own", exc_info=error)

    def _follow(self, *, once: bool) -> bool:
        """Reads on while the broker gives; whether it is to end.

        Raises:
            BrokerUnreachableError: it gives nothing any more.
        """
        from kafka.errors import KafkaError

        try:
            self._mirror.claim(_source(self._settings))
            with Feed(self._settings, self._mirror, self._say) as feed:
                return self._read(feed, once=once)
        except FeedChangedError:
            return False
        except KafkaError as error:
            raise BrokerUnreachableError(f"{','.join(self._settings.bootstrap_servers)}: {error}") from error

    def _read(self, feed: Feed, *, once: bool) -> bool:
        self._hear()
        asked, noted, is_whole = time.monotonic(), -_NOTE_EVERY_S, False
        while not self._stopped.is_set():
            self._watch.tick()
            records, now = feed.some(), time.monotonic()
            self._mirror.take(records)
            if now - asked >= _ASK_EVERY_S:
                feed.ask()
                asked = now
            if records or asked == now:
                self._hear()
            is_whole = is_whole or self._is_whole(feed)
            if is_whole and now - noted >= _NOTE_EVERY_S:
                self._mirror.hear()
                noted, self._trouble = now, None
            if is_whole and once:
                return True
        return True

    def _is_whole(self, feed: Feed) -> bool:
        """Whether all is taken over that was there when reading began, and what is left of what was dropped."""
        if not feed.is_caught_up:
            return False
        if self._mirror.lacks_transitions:
            for some in feed.left():
                self._mirror.fill(some)
            self._mirror.filled()
        return True

    def _miss(self, why: str) -> None:
        self._is_away = True
        since = f"{self._heard_at:%Y-%m-%d %H:%M:%S} UTC"
        self._trouble = f"the broker has not answered since {since}: what is shown is as it was then"
        self._watch.away(time.monotonic() - self._heard, why)

    def _hear(self) -> None:
        self._heard_at, self._heard = self._clock(), time.monotonic()
        if self._is_away:
            self._is_away, self._trouble = False, _READING
            self._watch.back()


def _source(settings: Settings) -> str:
    """Whose topics these are.

    Raises:
        StreamError: the broker does not answer, does not let us in, or has no such topics.
    """
    return f"{demand(settings, *TOPICS, 'alerts')} {settings.prefix}"
