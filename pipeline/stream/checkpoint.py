"""How far each input has been sent: a small file that a later `send` goes on from.

It says no more than the broker has acknowledged. Without it everything is sent again, which is harmless, as ids are
derived; with it, time is saved.
"""

import time
from pathlib import Path

import msgspec

from pipeline.outputs import whole_or_nothing
from pipeline.sources.base import Row
from pipeline.sources.inputs import Input
from pipeline.stream.errors import SettingsError

EVERY_S = 1.0
"""How often it is written."""


class Reached(msgspec.Struct, frozen=True):
    """The last row of an input that is acknowledged with all before it, and the byte at which it begins."""

    row: int
    position: int


class _Content(msgspec.Struct, kw_only=True):
    cluster: str
    topic: str
    inputs: dict[str, Reached]


class Checkpoint:
    """The file, or, without a path, nothing that lasts.

    Args:
        cluster: the broker's own name for itself.
        topic: where the reports go.

    Raises:
        SettingsError: the file is no checkpoint, or one of another topic.
    """

    def __init__(self, path: Path | None, cluster: str, topic: str) -> None:
        self._path = path
        self._content = _Content(cluster=cluster, topic=topic, inputs={})
        self._written_at = 0.0
        self._changed = False
        if path is not None and path.exists():
            self._content = _read(path)
            if (self._content.cluster, self._content.topic) != (cluster, topic):
                raise SettingsError(
                    f"{path}: this checkpoint is of {self._content.topic} on the cluster {self._content.cluster}, not "
                    f"of {topic} on {cluster}; name another file"
                )

    def before(self, given: Input) -> Reached:
        """How far an input was sent; nowhere for one that is not a file, as its rows do not come again."""
        nothing = Reached(0, 0)
        return nothing if given.size is None else self._content.inputs.get(_name(given), nothing)

    def check(self, given: Input, row: Row, before: Reached) -> None:
        """Makes sure that the row which was reached is where it was.

        Raises:
            SettingsError: it is another file by the same name.
        """
        if row.number == before.row and row.position != before.position:
            raise self._other(given, before)

    def finish(self, given: Input, rows: int, before: Reached) -> None:
        """The same at the end of an input.

        Raises:
            SettingsError: it ends before the row that was reached.
        """
        if rows < before.row:
            raise self._other(given, before)

    def reach(self, given: Input, row: int, position: int) -> None:
        """The broker has acknowledged all up to this row."""
        if given.size is not None:
            self._content.inputs[_name(given)] = Reached(row, position)
            self._changed = True
            if time.monotonic() - self._written_at >= EVERY_S:
                self.write()

    def write(self) -> None:
        """Writes the file, where there is one and there is news.

        Raises:
            OutputError: it cannot be written.
        """
        self._written_at = time.monotonic()
        if self._path is None or not self._changed:
            return
        with whole_or_nothing(self._path) as beside:
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(self._content)) + b"\n")
        self._changed = False

    def _other(self, given: Input, before: Reached) -> SettingsError:
        return SettingsError(
            f"{given.file}: it is not the file that {self._path} knows by this name: row {before.row} is not where it "
            f"was; remove the checkpoint to send all of it"
        )


def _name(given: Input) -> str:
    return str(Path(given.file).absolute())


def _read(path: Path) -> _Content:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Content)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror or error}") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"{path}: it is no checkpoint: {error}") from error
