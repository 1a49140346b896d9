"""Where the console reads from, and how it acts: the seam behind which a store of its own or a broker may be."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pipeline.agreement import Agreement
from pipeline.model.records import Alert
from pipeline.model.taxonomy import ActionKind
from pipeline.store.acting import Acted, Acting, acting_store

PATIENCE_S = 10.0
"""How long an act waits for its turn: a run writes a batch in a transaction, and others take turns with it."""


class Backend(Protocol):
    """A store to read, and a way to act."""

    @property
    def path(self) -> Path:
        """The store's file, which is only read here."""
        ...

    @property
    def trouble(self) -> str | None:
        """Why the store may not say how things are now; None where it does."""
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
    """A store that this process writes to for the moment of an act only, as `truceline act` does."""

    trouble: str | None = None

    def __init__(
        self, path: Path, agreements: Callable[[str], Agreement | None], clock: Callable[[], datetime]
    ) -> None:
        self.path, self._agreements, self._clock = path, agreements, clock

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
        with acting_store(self.path, kind) as store:
            store.patience_s = PATIENCE_S
            judging = self._judging(alert, store.fingerprint(alert.agreement))
            acting = Acting(store, self._clock, judging)
            return acting.act(alert, kind, by, revision=revision, other=other, **fields)

    def _judging(self, alert: Alert, fingerprint: str | None) -> Sequence[Agreement]:
        """The agreement by which an alert was judged, if it is at hand as it was."""
        found = self._agreements(alert.agreement)
        return [found] if found is not None and found.fingerprint == fingerprint else []
