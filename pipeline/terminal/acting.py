"""Acting from the terminal: what is sent, what is said of it, and what is shown when it was not done."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from pipeline.console.board import Row
from pipeline.console.core import Console
from pipeline.console.desk import done
from pipeline.console.problems import ProblemError
from pipeline.console.records import Done, Listed, Wish
from pipeline.model.taxonomy import ActionKind
from pipeline.store.acting import MovedOnError, RefusedError, UnansweredError
from pipeline.store.database import StoreError
from pipeline.terminal.words import harmless, plain

REFUSALS = (ProblemError, StoreError)
"""What an act ends with where nothing was recorded."""

_COMPARED = ("status", "acknowledged_by", "assignee", "probability", "severity")
_MOVED_ON = "urn:truceline:problem:moved_on"


class HalfwayError(StoreError):
    """Some of a group were acknowledged, and then it could not go on; why is its cause."""

    def __init__(self, count: int, whole: int) -> None:
        super().__init__(f"{count} of {whole} are acknowledged, the rest is not.")


class Refusal(NamedTuple):
    """Why what was asked for was not recorded, or not all of it.

    Attributes:
        present: the alert as it stands, where it has moved on.
    """

    lines: tuple[str, ...]
    present: Mapping[str, Any] | None = None


class Acts:
    """What an operator does with alerts; each call waits until it is in the record."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def act(self, row: Row, by: str, fields: Mapping[str, Any], revision: int) -> str:
        """Does something with an alert; gives what to say of it.

        Raises:
            ProblemError, StoreError: nothing was recorded.
        """
        wish = _wish(by, fields)
        return _said(wish.action, done(self._console, row, wish, revision))

    def acknowledge_all(self, rows: Sequence[Row], by: str, fields: Mapping[str, Any]) -> str:
        """Acknowledges each as it was on the screen; what has moved on meanwhile is left as it is.

        Raises:
            ProblemError, StoreError: none was recorded; of some, and not the rest: HalfwayError.
        """
        count = left = 0
        wish = _wish(by, fields)
        for row in rows:
            try:
                done(self._console, row, wish, row.revision)
                count += 1
            except (RefusedError, MovedOnError):
                left += 1
            except REFUSALS as error:
                if isinstance(error, ProblemError) and error.problem.type == _MOVED_ON:
                    left += 1
                elif count:
                    raise HalfwayError(count, len(rows)) from error
                else:
                    raise
        rest = f"; {left} had moved on and were left as they are" if left else ""
        return f"{count} acknowledged{rest}."


def _wish(by: str, fields: Mapping[str, Any]) -> Wish:
    try:
        return msgspec.convert({"by": by, **fields}, Wish)
    except msgspec.ValidationError as error:
        raise ProblemError(422, "unsaid", str(error)) from error


def _said(kind: ActionKind, what: Done) -> str:
    if not what.act.done:
        return f"Recorded, and not in force: {harmless(what.act.why or '')}"
    alert = what.alert
    now = "It stands no more." if alert is None else f"It is {plain(alert.status)}, revision {alert.revision}."
    return f"{plain(kind).capitalize()}: recorded. {now}"


def refusal(error: Exception, was: Listed) -> Refusal:
    """What an operator is shown where what he asked for was not recorded, or is not known to be.

    Args:
        was: the alert that he had before him.
    """
    if isinstance(error, HalfwayError) and error.__cause__ is not None:
        return Refusal((str(error), *_why(error.__cause__)))
    if isinstance(error, UnansweredError):
        return Refusal(("It was sent, and is not answered yet: do not do it again.", *_why(error)))
    if isinstance(error, ProblemError) and error.problem.type == _MOVED_ON and error.problem.present is not None:
        return _conflict(was, error.problem.present)
    return Refusal(("Nothing was recorded.", *_why(error)))


def _why(error: BaseException) -> Iterator[str]:
    yield harmless(error.problem.detail if isinstance(error, ProblemError) else str(error))
    if isinstance(error, RefusedError) and error.allowed:
        yield f"What can be done: {', '.join(plain(kind) for kind in error.allowed)}."


def _conflict(was: Listed, present: Mapping[str, Any]) -> Refusal:
    before = msgspec.to_builtins(was)
    changes = [
        f"{plain(name)}: was {_shown(before[name])}, is {_shown(present[name])}"
        for name in _COMPARED
        if before[name] != present[name]
    ]
    revisions = f"You had revision {was.revision} before you; it is at revision {present['revision']}."
    first = "Nothing was recorded: the alert has moved on."
    return Refusal((first, revisions, *changes, "Your words are still here."), present)


def _shown(value: object) -> str:
    return "nobody" if value in {None, ""} else plain(harmless(str(value)))
