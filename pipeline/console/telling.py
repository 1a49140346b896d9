"""Records in words: what the commands say of them, handed in, so that the screen says the same as the terminal."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from pipeline.agreement import Agreement
from pipeline.law.handover import Handover
from pipeline.law.register import Entry
from pipeline.law.transitions import Act
from pipeline.model.records import Alert, Incident
from pipeline.model.report import Report
from pipeline.store import Store


class Passage(msgspec.Struct, frozen=True):
    """A heading with its lines, ready to be shown: whatever could steer a screen in them is written out."""

    heading: str
    lines: tuple[str, ...]


class Evidence(NamedTuple):
    """What stands behind an alert or incident.

    Attributes:
        reports: each in the version that counts.
        passages: all that can be said of it, in the order in which an operator asks.
        explained: why its reports are one; None where there is nothing to explain.
        now: of one that stands no more, the incidents that stand in its place.
        acts: what was done with it.
    """

    reports: Sequence[Report]
    passages: Sequence[Passage]
    explained: Mapping[str, Any] | None = None
    now: Sequence[str] = ()
    acts: Sequence[Act] = ()


class Telling(Protocol):
    """The words for what a console shows."""

    def agreement(self, name: str) -> Agreement | None:
        """The agreement of a name; None where its data is not at hand."""
        ...

    def title(self, alert: Alert) -> str:
        """What its provision is called."""
        ...

    def says(self, alert: Alert) -> str:
        """What its provision says, in one sentence; empty where that is not at hand."""
        ...

    def place(self, alert: Alert) -> str:
        """Where it is, in a few words."""
        ...

    def off_line(self, alert: Alert) -> str:
        """How far from the line and on whose side; empty where no line is near."""
        ...

    def doubts(self, alert: Alert) -> Sequence[str]:
        """Why it is not more certain, a sentence each."""
        ...

    def provisions(self, agreement: Agreement) -> Mapping[str, str]:
        """What each clause asks, by the id of its provision."""
        ...

    def alert(self, store: Store, alert: Alert, now: datetime) -> Evidence:
        """All that stands behind an alert."""
        ...

    def incident(self, store: Store, incident: Incident) -> Evidence:
        """All that stands behind an incident."""
        ...

    def register(self, store: Store, alerts: Iterable[Alert]) -> Sequence[Entry]:
        """The way of some alerts, and of their duplicates, from allegation to outcome."""
        ...

    def handover(self, store: Store, note: Handover) -> str:
        """The note from one watch to the next, as Markdown."""
        ...
