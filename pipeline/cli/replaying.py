"""What replays are made of: the records that are named, the agreements as they are to be read, and the run itself."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.common import UserError, open_inputs
from pipeline.cli.run import Run

if TYPE_CHECKING:
    from pipeline.agreement import Agreement
    from pipeline.archive import Period
    from pipeline.cli.interruption import SteadyRecorder
    from pipeline.cli.progress import Progress
    from pipeline.model.actions import Action
    from pipeline.sources.inputs import Input


class Replay(Run):
    """A run into a store of its own, whose clock stands where the record is looked at from."""

    def __init__(
        self,
        agreements: "Sequence[Agreement]",
        inputs: "Sequence[Input]",
        store: Path,
        acts: "Sequence[Action]",
        period: "Period",
    ) -> None:
        super().__init__(agreements, inputs, store)
        self._acts, self._period = acts, period

    def clock(self) -> datetime:
        """Now, or the time of knowledge."""
        return self._period.as_of or datetime.now(UTC)

    def catch_up(self, recorder: "SteadyRecorder", progress: "Progress") -> None:
        """Has what operators did at hand before anything is judged."""
        recorder.keep(self._acts)
        super().catch_up(recorder, progress)


def records_of(words: Sequence[str], mapping: Path | None, period: "Period") -> "tuple[list[Input], list[Action]]":
    """The records that are named, as far as they belong to a period, and what operators did with them."""
    from pipeline.archive import Chosen, acts_of, kept_input

    opened: list[Input] = []
    acts: list[Action] = []
    for word in words:
        kept = kept_input(Path(word), period)
        if kept is not None:
            opened.append(kept)
            acts += acts_of(Path(word), period)
        else:
            opened += [Chosen(given, period) for given in open_inputs([word], mapping, None)]
    return opened, acts


def by_text(names: Sequence[str], day: str | None) -> list[str]:
    """The agreements by their texts of a day."""
    return list(names) if day is None else [f"{name}@{day}" for name in names]


def read_by_party(agreements: "Sequence[Agreement]", party: str | None) -> "list[Agreement]":
    """The agreements as one party reads them."""
    from pipeline.agreement.readings import read_by, readers

    if party is None:
        return list(agreements)
    for agreement in agreements:
        if party not in readers(agreement):
            known = ", ".join(readers(agreement)) or "none of its parties"
            raise UserError(f"{agreement.name}: no reading of {party!r} is judged; {known} have one")
    return [read_by(agreement, party) for agreement in agreements]


def time_of(option: str, text: str | None) -> datetime | None:
    """A day or a time that an option gives, in UTC where it names no zone."""
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(
            f"{option} {text[:60]}: write a day or a time, such as 2026-03-01 or 2026-03-01T06:00Z"
        ) from error
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
