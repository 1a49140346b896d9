"""Where the console reads from, and how it acts: the seam behind which a store of its own or a broker may be."""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pipeline.agreement import Agreement
from pipeline.model.records import Alert
from pipeline.model.taxonomy import ActionKind
from pipeline.store import open_store
from pipeline.store.acting import Acted, Acting
from pipeline.store.database import BusyStoreError

PATIENCE_S = 2.0
"""How long an act waits for another's to be written; a run holds the store for longer, and then it is busy."""

_AGAIN_S = 0.05


class Backend(Protocol):
    """A store to read, and a way to act."""

    @property
    def path(self) -> Path:
        """The store's file, which is only read here."""
        ...

    def act(
        self,
        alert: Alert,
        kind: ActionKind,
        by: str,
        *,
        revision: int | None = None,
        other: Alert | None = None,
        **fields: Any,
    ) -> Acted:
        """Does something with an alert, as `pipeline.store.acting.Acting.act` does.

        Raises:
            RefusedError, MovedOnError, StoreError: nothing was done.
        """
        ...


class StoreBackend:
    """A store that this process writes to for the moment of an act only, as `truceline act` does.

    Args:
        agreements: gives the agreement of a name, if its data is at hand.
    """

    def __init__(
        self, path: Path, agreements: Callable[[str], Agreement | None], clock: Callable[[], datetime]
    ) -> None:
        self.path, self._agreements, self._clock = path, agreements, clock
        self._turn = threading.Lock()

    def act(
        self,
        alert: Alert,
        kind: ActionKind,
        by: str,
        *,
        revision: int | None = None,
        other: Alert | None = None,
        **fields: Any,
    ) -> Acted:
        """Does something with an alert; waits for its turn for `PATIENCE_S`."""
        with open_store(self.path):
            pass  # A store that is not there is not to be made.
        with self._turn:
            return self._act(alert, kind, by, revision=revision, other=other, **fields)

    def _act(self, alert: Alert, kind: ActionKind, by: str, **how: Any) -> Acted:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                with open_store(self.path, write=True) as store:
                    judging = self._judging(alert, store.fingerprint(alert.agreement))
                    return Acting(store, self._clock, judging).act(alert, kind, by, **how)
            except BusyStoreError:
                if time.monotonic() >= until:
                    raise
            time.sleep(_AGAIN_S)

    def _judging(self, alert: Alert, fingerprint: str | None) -> Sequence[Agreement]:
        """The agreement by which an alert was judged, if it is at hand as it was."""
        found = self._agreements(alert.agreement)
        return [found] if found is not None and found.fingerprint == fingerprint else []
