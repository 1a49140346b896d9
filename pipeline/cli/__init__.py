"""The command `truceline`: one file for each group of commands. Nothing heavy is imported before it is needed."""

import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from pipeline.cli.common import DONE, INTERRUPTED, STRICT, UNFINISHED, USAGE, Interrupted, UserError, say


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process with its exit code."""
    sys.exit(execute(arguments))


def execute(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0 done, 1 could not finish, 2 usage, 3 strict, 130 interrupted."""
    from pipeline.cli.app import app

    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            app(list(arguments) if arguments is not None else None, prog_name="truceline")
        code = DONE
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else UNFINISHED
    except BrokenPipeError:
        # Whoever read standard output has seen enough; what goes to disk never depends on it.
        code = DONE
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        code = explained[0]
        for line in explained[1:]:
            say(f"truceline: {line}")
    return code if _flushed() else DONE


def explain(error: Exception) -> tuple[int, *tuple[str, ...]] | None:
    """The exit code and the message for an error that is no fault of the program; None for any other."""
    from pipeline.agreement import AgreementError
    from pipeline.sources.base import InputError
    from pipeline.store.database import StoreError
    from pipeline.store.runner import StrictStop
    from pipeline.tables import OutputError, OutputNameError

    if isinstance(error, UserError):
        return error.code, str(error)
    if isinstance(error, Interrupted):
        return INTERRUPTED, "interrupted"
    if isinstance(error, AgreementError):
        return USAGE, str(error), *(f"  {problem}" for problem in error.problems)
    if isinstance(error, StrictStop):
        return STRICT, f"stopped at the first row that cannot be read: {error}"
    for kind, code in (
        (InputError, USAGE),
        (OutputNameError, USAGE),
        (OutputError, UNFINISHED),
        (StoreError, UNFINISHED),
    ):
        if isinstance(error, kind):
            return code, str(error)
    return None


def _warn(message: Warning | str, *_: object) -> None:
    say(f"truceline: warning: {message}")


def _flushed() -> bool:
    """Whether all that was said on standard output was taken; where not, the interpreter must not try again."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            sys.stdout = None  # type: ignore[assignment]
        return False
    return True
