"""Files that a command writes: whole or not at all, and into whatever cannot be replaced."""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path


class OutputError(Exception):
    """A file cannot be written: the disk, the folder's permissions."""


def whole_or_nothing(path: Path) -> AbstractContextManager[Path]:
    """A path to write to, moved to `path` when all is written; every failure leaves what was there before.

    A link stays a link: its target is written. What is no file to replace, as a device or a pipe, is given the content
    once it is complete.

    Raises:
        OutputError: it cannot be written.
    """
    return _poured(path) if _takes_a_stream(path) else _moved(path)


def _takes_a_stream(path: Path) -> bool:
    """Whether moving a file there would destroy something: a device, a pipe, what a standard stream writes to."""
    try:
        found = path.stat()
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode):
        return not stat.S_ISDIR(found.st_mode)
    return any(os.path.samestat(found, stream) for stream in _standard_streams())


def _standard_streams() -> Iterator[os.stat_result]:
    for number in (1, 2):
        # One that is closed is nobody's file.
        with suppress(OSError):
            yield os.fstat(number)


@contextmanager
def _poured(path: Path) -> Iterator[Path]:
    try:
        with tempfile.TemporaryDirectory(prefix="truceline-") as folder:
            complete = Path(folder) / path.name
            yield complete
            with complete.open("rb") as content, path.open("ab") as out:
                shutil.copyfileobj(content, out)
    except OSError as error:
        raise OutputError(f"{path}: {_plain(error)}") from error


@contextmanager
def _moved(path: Path) -> Iterator[Path]:
    target = Path(os.path.realpath(path))
    beside = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        # GDAL says little about a folder in which it cannot write; the system says it well.
        beside.touch(exist_ok=False)
        beside.unlink()
        yield beside
        _sync(beside)
        beside.replace(target)
    except OSError as error:
        raise OutputError(f"{path}: {_plain(error)}") from error
    finally:
        for left in (beside, beside.with_name(beside.name + "-journal")):
            with suppress(OSError):
                left.unlink()


def _sync(path: Path) -> None:
    """Has the disk say that it holds the file: only then may the file before it go."""
    with path.open("rb") as written:
        os.fsync(written.fileno())


def _plain(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; nothing was written"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "cannot write here; check the folder's permissions"
    return f"cannot be written: {error.strerror or error}"
