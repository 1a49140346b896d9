"""The command `truceline`: one file for each group of commands. Nothing heavy is imported before it is needed."""

import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from typing import Any, NamedTuple, NoReturn

from pipeline.cli.common import (
    DONE,
    INTERRUPTED,
    STRICT,
    UNFINISHED,
    USAGE,
    Interrupted,
    NobodyReads,
    Output,
    UserError,
    say,
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process with its exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    code = execute(arguments)
    if any(thread.daemon for thread in threading.enumerate()):
        # It waits for standard input, and the interpreter cannot end while it does. All else is closed by now.
        with suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def execute(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code: 0 done, 1 could not finish, 2 usage, 3 strict, 130 interrupted."""
    from pipeline.cli.app import app

    try:
        with warnings.catch_warnings(), redirect_stdout(Output(sys.stdout)):
            warnings.showwarning = _warn  # type: ignore[assignment] # it is called with more than it needs
            app(None if arguments is None else list(arguments), prog_name="truceline")
        code = DONE
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else UNFINISHED
    except NobodyReads:
        # Whoever read standard output has seen enough.
        code = DONE
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        code = explained.code
        _tell(explained.lines)
    return _after_flush(code)


class Explained(NamedTuple):
    """What an error means to the user."""

    code: int
    lines: tuple[str, ...]


def explain(error: Exception) -> Explained | None:
    """The exit code and the message for an error that is no fault of the program; None for any other."""
    if isinstance(error, UserError):
        return Explained(error.code, (str(error),))
    if isinstance(error, Interrupted):
        return Explained(INTERRUPTED, ("interrupted",))

    from pipeline.agreement import AgreementError
    from pipeline.notify.config import ConfigError
    from pipeline.outputs import OutputError
    from pipeline.recon.missions import MissionError
    from pipeline.resources import ResourceMissingError
    from pipeline.sources.base import InputError
    from pipeline.store.database import NoStoreError, StoreError
    from pipeline.store.runner import StrictStop
    from pipeline.stream.broker_files import BrokerError
    from pipeline.stream.errors import (
        AuthenticationError,
        SettingsError,
        StreamError,
        TlsRefusedError,
        UnfitTopicsError,
    )
    from pipeline.tables import OutputNameError

    if isinstance(error, AgreementError | ConfigError | MissionError):
        return Explained(USAGE, (str(error), *map(str, error.problems)))
    if isinstance(error, StrictStop):
        return Explained(STRICT, (f"stopped at a row that cannot be read: {error}",))
    if isinstance(error, InputError | NoStoreError | OutputNameError):
        return Explained(USAGE, (str(error),))
    if isinstance(error, OutputError | StoreError | ResourceMissingError):
        return Explained(UNFINISHED, (str(error),))
    if isinstance(error, SettingsError | TlsRefusedError | AuthenticationError | UnfitTopicsError):
        return Explained(USAGE, (str(error),))
    if isinstance(error, StreamError):
        return Explained(UNFINISHED, (str(error),))
    if isinstance(error, BrokerError):
        return Explained(UNFINISHED, tuple(str(error).splitlines()))
    return None


def _tell(lines: Sequence[str]) -> None:
    for number, line in enumerate(lines):
        say(f"{'  ' if number else 'truceline: '}{line}")


def _warn(message: Warning | str, *_: object) -> None:
    _tell([f"warning: {message}"])


def _terminate(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def _after_flush(code: int) -> int:
    """The exit code, once standard output has taken all that was said, or has refused it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _hush()
    except OSError as error:
        _hush()
        if code == DONE:
            say(f"truceline: standard output: {error.strerror or error}")
        return code or UNFINISHED
    return code


def _hush() -> None:
    """Sends what is left to nowhere, so that the interpreter does not try again and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
