"""`run --replaces`: a later export of a table over the earlier one, and what a run says where that was left out."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import UserError, number, plural, say

if TYPE_CHECKING:
    from pipeline.sources.base import Row
    from pipeline.sources.inputs import Input
    from pipeline.store.database import Store
    from pipeline.store.exports import LaterExport
    from pipeline.store.runner import Step, Summary

_SHOWN = 10
"""How many names of earlier inputs an error shows."""

ReplacesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--replaces",
        metavar="FILE",
        help="The inputs are a later export of what was read as FILE: what changed revises it, what is gone is "
        "withdrawn. May be repeated; may be the input's own name.",
    ),
]


WithdrawManyOption = Annotated[
    bool,
    typer.Option(
        "--withdraw-many",
        help="With --replaces: withdraw what is gone even where that is more than a fifth of the earlier export.",
    ),
]


def check_replaces(replaces: Sequence[str], inputs: "Sequence[Input]", store: Path, *, many: bool = False) -> None:
    """Makes sure that exports can be compared at all.

    Raises:
        UserError: there is nothing to compare with, or an input can be read only once.
    """
    if not replaces:
        if many:
            raise UserError("--withdraw-many says how far --replaces may go; name the earlier export with --replaces")
        return
    if not store.exists():
        raise UserError(f"{store}: there is no store here, so nothing that --replaces could mean")
    for given in inputs:
        if given.size is None:
            raise UserError(
                f"{given.file}: a later export is read twice, so it has to be a file; write it to one first"
            )


@contextmanager
def compared(
    store: "Store", replaces: Sequence[str], again: "Sequence[Input]", summary: "Summary", *, many: bool = False
) -> "Iterator[tuple[LaterExport | None, list[str]]]":
    """The inputs compared with what they replace; and the names by which that was read.

    Args:
        again: the inputs, opened once more: their rows are read here.
        many: more may be withdrawn than a later export commonly lacks.

    Raises:
        UserError: no such input was read.
    """
    from pipeline.store.exports import LaterExport, was_read, with_earlier

    if not replaces:
        yield None, []
        return
    say("comparing with what is in the store")
    names = [_name(store, given) for given in replaces]
    own = [given.file for given in again]
    export = LaterExport(store, with_earlier(store, [*names, *own]))
    try:
        if unknown := [name for name in names if name not in export.files_seen and not was_read(store, name)]:
            raise UserError(_unknown(unknown, export.files_seen))
        torn = []
        for given in again:
            ending = _Ending()
            export.compare(ending.watch(given.rows()))
            if given.torn or ending.is_cut(given.size):
                torn.append(given.file)
        difference = export.settle(whole=not torn, many=many)
        summary.added, summary.changed = difference.added, difference.changed
        # Withdrawals come last: the run counts them once they are done.
        summary.withdrawn, summary.unchanged = 0, difference.unchanged
        summary.doubtful = difference.doubtful
        _warn(export, torn)
        yield export, names
    finally:
        export.close()


class _Ending:
    """How an input ends: a plain text whose last row is rejected, and has no line end, was cut in that row."""

    def __init__(self) -> None:
        self._last: Row | None = None

    def watch(self, rows: "Iterable[Row]") -> "Iterator[Row]":
        """The same rows."""
        for row in rows:
            self._last = row
            yield row

    def is_cut(self, size: int | None) -> bool:
        """Whether the last row of a file of `size` bytes is a reject that reaches to the file's last byte."""
        said = self._last.reject if self._last is not None else None
        # A reject's bytes have no line end: where one followed, the row ends before the file does.
        return said is not None and said.length > 0 and said.position + said.length == size


def _name(store: "Store", given: str) -> str:
    """The name by which an earlier export was read: as it is given, or another spelling of the same path."""
    from pipeline.store.exports import files_read

    known = files_read(store)
    if given in known:
        return given
    place = Path(given).absolute()
    same = [name for name in known if Path(name).absolute() == place]
    if not same and "/" not in given:
        same = [name for name in known if Path(name).name == given]
    return same[0] if len(same) == 1 else given


def _unknown(names: Sequence[str], seen: "set[str]") -> str:
    shown = ", ".join(sorted(seen)[:_SHOWN]) or "none"
    more = f" and {number(len(seen) - _SHOWN)} more" if len(seen) > _SHOWN else ""
    return f"--replaces {', '.join(names)}: nothing in the store was read by that name; there are: {shown}{more}"


def _warn(export: "LaterExport", torn: Sequence[str]) -> None:
    difference = export.difference
    if torn:
        say(f"{', '.join(torn)}: breaks off, so nothing is withdrawn for it")
    elif not export.accepted:
        say("no row of the later export can be read, so nothing is withdrawn for it")
    elif export.nameless:
        say(f"{plural(export.nameless, 'row')} of the later export cannot be read for the id, so nothing is withdrawn")
    if difference.too_many:
        say(
            f"{plural(difference.too_many, 'report')} of the earlier export would be withdrawn, more than a fifth of "
            "it: not withdrawn; if they are gone indeed, run it again with --withdraw-many"
        )
    if unread := difference.doubtful - difference.too_many:
        say(
            f"{plural(unread, 'report')} of the earlier export may be among the rows that cannot be read "
            "now: not withdrawn"
        )


def difference_lines(summary: "Summary") -> list[tuple[str, int, str]]:
    """How a later export differs, for the summary that people read."""
    if summary.added is None:
        return []
    return [
        ("added", summary.added, "that the earlier export has not"),
        ("changed", summary.changed or 0, "told as revisions"),
        ("withdrawn", summary.withdrawn or 0, "told as retractions"),
        ("unchanged", summary.unchanged or 0, f"and {number(summary.doubtful or 0)} doubtful, which stand"),
    ]


class Onlooker:
    """Watches what a run does to what the store held before it.

    Args:
        inputs: of them, those whose names were read before are known.
    """

    def __init__(self, store: "Store", inputs: "Sequence[Input]", *, replaces: bool) -> None:
        from pipeline.store.exports import was_read

        self._store, self._replaces = store, replaces
        self._before = {given.file for given in inputs if given.file != "-" and was_read(store, given.file)}
        self._told_anew: set[str] = set()
        self._changed, self._example = 0, ""
        self._came: set[str] = set()
        self._went: set[str] = set()

    def see(self, step: "Step") -> None:
        """A batch that is on disk."""
        if not self._replaces:
            self._changed += len(step.outcome.changed)
            self._example = self._example or next(iter(sorted(step.outcome.changed)), "")
            if step.input.file in self._before and any(step.outcome.new):
                self._told_anew.add(step.input.file)
            return
        for revision in step.outcome.revisions:
            alert = revision.alert
            if alert.standing.value != "raised":
                continue
            if alert.status.value == "superseded":
                self._gone(alert.alert_id)
            elif revision.revision == 1:
                self._came.add(alert.alert_id)

    def _gone(self, alert_id: str) -> None:
        if alert_id in self._came:
            self._came.discard(alert_id)
        else:
            self._went.add(alert_id)

    def tell(self) -> None:
        """Says what became of the alerts; or that the input may be a later export of another."""
        if self._replaces:
            say(f"alerts: {number(len(self._went))} went, {number(len(self._came))} came")
            return
        if self._changed:
            file = self._file_of(self._example)
            say(
                f"{plural(self._changed, 'report')} {'is' if self._changed == 1 else 'are'} in the store with other "
                f"content: they count as versions; if this is a later export, run it with --replaces {file}"
            )
        for file in sorted(self._told_anew) if not self._changed else ():
            say(f"{file}: read before, and says more now; if rows changed or are gone, run it with --replaces {file}")

    def _file_of(self, report_id: str) -> str:
        versions = self._store.versions([report_id]).get(report_id, [])
        origin = versions[0].origin if versions else None
        return origin.file if origin is not None else "FILE"
