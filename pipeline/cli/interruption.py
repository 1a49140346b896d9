"""Ctrl-C and SIGTERM during a run: they take effect between two batches, so that the summary counts what is on disk."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pipeline.model.records import Observation, Reject
from pipeline.model.report import Report
from pipeline.store.news import Outcome
from pipeline.store.recorder import Recorder

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interruption:
    """Holds a signal back while a batch is on its way to disk; at any other time it interrupts at once."""

    def __init__(self) -> None:
        self._writing = self._asked = False

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Takes the signals, and gives them back at the end."""
        before = {which: signal.signal(which, self._take) for which in _SIGNALS}
        try:
            yield
        finally:
            for which, handler in before.items():
                signal.signal(which, handler)

    def begin(self) -> None:
        """A batch is about to be written."""
        self._writing = True

    def end(self) -> None:
        """A batch is written and counted.

        Raises:
            KeyboardInterrupt: a signal came meanwhile.
        """
        self._writing = False
        if self._asked:
            raise KeyboardInterrupt

    def pause(self) -> None:
        """Between two steps of the work.

        Raises:
            KeyboardInterrupt: a signal came meanwhile.
        """
        self.end()
        self.begin()

    def abandon(self) -> None:
        """The batch failed; that is told first."""
        self._writing = False

    def _take(self, *_: Any) -> None:
        self._asked = True
        if not self._writing:
            raise KeyboardInterrupt


class SteadyRecorder(Recorder):
    """A recorder whose batches no signal cuts in two; whoever counts a batch that was taken ends the deferral."""

    def __init__(self, interruption: Interruption, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.interruption = interruption

    def record(
        self,
        reports: Sequence[Report],
        rejects: Sequence[Reject] = (),
        observations: Sequence[Observation] = (),
        within: Callable[[], object] = lambda: None,
    ) -> Outcome:
        """Takes a batch into the record."""
        self.interruption.begin()
        try:
            return super().record(reports, rejects, observations, within)
        except BaseException:
            self.interruption.abandon()
            raise
