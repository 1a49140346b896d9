"""Alerts in words: what the commands say of them, handed in, so that a pager says the same as the screen."""

import logging
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from pipeline.agreement import Agreement
from pipeline.model.records import Alert

_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Words(Protocol):
    """The words for what is told of an alert."""

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


class Sure:
    """Words that always come: where something is wrong with how an alert is put, it is told all the same, in fewer.

    Whoever waits for an alarm is not to wait for a fault of ours to be mended.
    """

    def __init__(self, words: Words) -> None:
        self._words = words

    def agreement(self, name: str) -> Agreement | None:
        """The agreement of a name; None where its data is not at hand."""
        return self._words.agreement(name)

    def title(self, alert: Alert) -> str:
        """What its provision is called; else its id."""
        return self._else(self._words.title, alert, alert.provision)

    def says(self, alert: Alert) -> str:
        """What its provision says, in one sentence; else nothing."""
        return self._else(self._words.says, alert, "")

    def place(self, alert: Alert) -> str:
        """Where it is, in a few words; else in degrees."""
        placed = alert.lon is not None and alert.lat is not None
        return self._else(self._words.place, alert, f"{alert.lat}° N {alert.lon}° E" if placed else "place not known")

    def off_line(self, alert: Alert) -> str:
        """How far from the line and on whose side; else nothing."""
        return self._else(self._words.off_line, alert, "")

    def doubts(self, alert: Alert) -> Sequence[str]:
        """Why it is not more certain; else which doubts there are."""
        return self._else(self._words.doubts, alert, [note.doubt.value for note in alert.doubts])

    @staticmethod
    def _else(said: Callable[[Alert], _T], alert: Alert, otherwise: _T) -> _T:
        try:
            return said(alert)
        except Exception:  # noqa: BLE001 - whatever it is, the alarm goes out
            _log.exception("the words for %s failed", alert.alert_id)
            return otherwise
