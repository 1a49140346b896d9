"""Following inputs: growing files, folders and feeds side by side, each from a thread of its own.

Files are looked at every `POLL_S`; a feed (standard input, a pipe) is read as it comes.
"""

import os
import queue
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.sources.arriving import arriving
from pipeline.sources.base import InputError
from pipeline.sources.csv_mapping import MAPPING_SUFFIX
from pipeline.sources.growing import Gathered, GrowingFile, Position
from pipeline.sources.inputs import Input, open_input, parse_word
from pipeline.sources.positions import POSITIONS_SUFFIX

POLL_S = 0.5
"""How often files are looked at."""
_QUEUED = 32
"""How much may wait to be taken, in pieces of some rows."""
_SHARE = 4
"""A look that takes long is followed by a pause of so many times that."""


class Following:
    """Inputs that are read for as long as they go on; over when all of them are.

    Use it as a context manager: the threads end with it.

    Args:
        words: INPUT words of the command line.
        positions: how far earlier runs read, by file.
        tell: is told what the user should know; within `gathered`.

    Raises:
        InputError: an input is not there.
    """

    size = None

    def __init__(
        self,
        words: Sequence[str],
        positions: Mapping[str, Position],
        tell: Callable[[str], None],
        mapping: Path | None = None,
        feed: str | None = None,
        poll_s: float = POLL_S,
    ) -> None:
        self.bytes_read = 0
        self._positions, self._tell = positions, tell
        self._mapping, self._feed, self._poll_s = mapping, feed, poll_s
        self._queue: queue.Queue[Gathered | str | BaseException | None] = queue.Queue(maxsize=_QUEUED)
        self._over = threading.Event()
        self._reading = [self._reader(word) for word in words]

    def __enter__(self) -> "Following":
        for read in self._reading:
            threading.Thread(target=self._work, args=(read,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def gathered(self, gather_s: float) -> Iterator[Gathered | None]:
        """What comes, from whichever input; None where nothing did for a while."""
        left, quiet = len(self._reading), True
        while left:
            try:
                item = self._queue.get(timeout=self._poll_s if quiet else gather_s)
            except queue.Empty:
                yield None
                quiet = True
                continue
            if item is None:
                left -= 1
            elif isinstance(item, BaseException):
                raise item
            elif isinstance(item, str):
                self._tell(item)
            else:
                quiet = False
                self.bytes_read += item.position.size - item.rows[0].position if item.position and item.rows else 0
                yield item

    def _reader(self, word: str) -> Callable[[], Iterator[Gathered]]:
        source, file = parse_word(word)
        if file == "-" or (Path(file).exists() and not _is_kept(file)):
            (given,) = open_input(word, mapping=self._mapping, feed=self._feed)
            return lambda: self._feed_of(given)
        if not Path(file).exists():
            raise InputError(f"{file}: there is no such file")

        def opens(path: str) -> Input:
            (given,) = open_input(path, source=source, mapping=self._mapping, feed=self._feed)
            return given

        if Path(file).is_dir():
            folder = _Folder(file, opens, self._say, self._positions)
            return lambda: self._polled(folder.look)
        growing = GrowingFile(file, opens, self._say, self._positions.get(str(Path(file).absolute())), settles=False)
        return lambda: self._polled(growing.look)

    def _feed_of(self, given: Input) -> Iterator[Gathered]:
        for row in arriving(given, self._poll_s):
            if row is not None:
                yield Gathered(given.file, given, [row], None)
            elif self._over.is_set():
                return

    def _polled(self, look: Callable[[], Iterator[Gathered]]) -> Iterator[Gathered]:
        while not self._over.is_set():
            began = time.monotonic()
            try:
                yield from look()
            except OSError as error:
                self._say(f"{error.filename or 'an input'}: {error.strerror or error}; tried again")
            self._over.wait(max(self._poll_s, min(60.0, _SHARE * (time.monotonic() - began))))

    def _work(self, read: Callable[[], Iterator[Gathered]]) -> None:
        try:
            for some in read():
                if not self._put(some):
                    return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits for rows
            self._put(error)

    def _say(self, message: str) -> None:
        self._put(message)

    def _put(self, item: Gathered | str | BaseException | None) -> bool:
        """Waits for room; false where nobody takes anything any more."""
        while not self._over.is_set():
            try:
                self._queue.put(item, timeout=self._poll_s)
            except queue.Full:
                continue
            return True
        return False


class _Folder:
    """The files of a folder, in the order of their names, and those that come."""

    def __init__(
        self,
        path: str,
        opens: Callable[[str], Input],
        tell: Callable[[str], None],
        positions: Mapping[str, Position],
    ) -> None:
        self._path, self._opens, self._tell, self._positions = path, opens, tell, positions
        self._files: dict[str, GrowingFile] = {}

    def look(self) -> Iterator[Gathered]:
        """What came since the last look."""
        names = self._names()
        for name in sorted(names):
            path = str(Path(self._path) / name)
            if path not in self._files:
                self._files[path] = self._file(path, names[name])
            yield from self._files[path].look()

    def _names(self) -> dict[str, int]:
        """The files' names, each with its inode."""
        with os.scandir(self._path) as found:
            return {
                one.name: one.inode()
                for one in found
                if one.is_file()
                and not one.name.startswith(".")
                and not one.name.endswith((MAPPING_SUFFIX, POSITIONS_SUFFIX))
                if one.name.encode(errors="replace").decode() == one.name
            }

    def _file(self, path: str, inode: int) -> GrowingFile:
        """A file that is new here, or was here under another name."""
        known = self._positions.get(str(Path(path).absolute()))
        if known is None or known.inode != inode:
            here = [found for one in self._files.values() for found in (one.position, one.former)]
            held = [*here, *self._positions.values()]
            known = next((one for one in held if one is not None and one.inode == inode), known)
        return GrowingFile(path, self._opens, self._tell, known, settles=True)


def _is_kept(file: str) -> bool:
    """Whether a path is a file or a folder, which can be looked at again."""
    mode = Path(file).stat().st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)
