"""What each kind of table holds: its columns, what is in them, and which files it can be."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipeline.model.records import Alert, Incident, Match, Reject
from pipeline.outputs import OutputError

if TYPE_CHECKING:
    import pyarrow


class OutputNameError(OutputError):
    """What was named cannot be an output: an unknown ending, a folder that is not there, a kind without places."""


class NumberedReject(NamedTuple):
    """A reject with its number in the store."""

    number: int
    reject: Reject


class TableKind(Enum):
    """What a table holds, and so the type of its records."""

    MATCHES = "matches"
    """`Match`"""
    ALERTS = "alerts"
    """`Alert`"""
    INCIDENTS = "incidents"
    """`Incident`"""
    HISTORY = "history"
    """`Revision`"""
    REJECTS = "rejects"
    """`NumberedReject`, or a pair of that form; they have no place"""


REVISION = ("revision", "decided_at", "change", "author", "supersedes", "superseded_by")
"""What a history's row has beside the alert."""

CENTRE = ("lon", "lat", "radius_m")
"""What an incident's row in a flat table has beside the incident: the disc that holds its footprint."""

_ALERT = tuple(field.name for field in msgspec.structs.fields(Alert))
_REJECT = tuple("bytes_base64" if field.name == "bytes" else field.name for field in msgspec.structs.fields(Reject))
COLUMNS: Mapping[TableKind, tuple[str, ...]] = {
    TableKind.MATCHES: tuple(field.name for field in msgspec.structs.fields(Match)),
    TableKind.ALERTS: _ALERT,
    TableKind.INCIDENTS: (*(field.name for field in msgspec.structs.fields(Incident)), *CENTRE),
    TableKind.HISTORY: (*_ALERT, *REVISION),
    TableKind.REJECTS: ("number", *_REJECT),
}
"""The columns of each kind; a `geometry` comes on top where the kind has places."""

NUMBERS = frozenset("chainage_m offset_m probability place_probability lon lat radius_m occurred".split())
INTEGERS = frozenset("number row position length revision origins".split())
BOOLEANS = frozenset({"unresolved"})
TIMES = frozenset("observed_from observed_until decided_at notified_at".split())
NESTED = frozenset(
    "report_ids doubts readings attribution supersedes superseded_by "
    "incident_ids figures window footprint weapons calibre_mm counts ledgers attributions fixes".split()
)
"""The columns that are no text, by what they hold instead."""

ENDINGS = (".ndjson", ".csv", ".parquet", ".gpkg", ".geojson")


def check_output(path: Path, kind: TableKind) -> None:
    """Makes sure, before any work is done, that a table of this kind can have this name.

    Raises:
        OutputNameError: it cannot.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        said = f"its ending {path.suffix!r} is none of" if path.suffix else "it has no ending; use one of"
        raise OutputNameError(f"{path}: {said} {', '.join(ENDINGS)}")
    if kind is TableKind.REJECTS and ending in (".gpkg", ".geojson"):
        raise OutputNameError(f"{path}: rejects have no place to draw; use .ndjson, .csv or .parquet")
    if not path.parent.is_dir():
        raise OutputNameError(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise OutputNameError(f"{path}: this is a folder")


def schema(kind: TableKind) -> "pyarrow.Schema":
    """The Arrow schema of a kind; its geometry is WKB."""
    import pyarrow

    def form(name: str) -> Any:
        if name in NUMBERS:
            return pyarrow.float64()
        if name in INTEGERS:
            return pyarrow.int64()
        if name in BOOLEANS:
            return pyarrow.bool_()
        return pyarrow.timestamp("us", tz="UTC") if name in TIMES else pyarrow.string()

    fields = [pyarrow.field(name, form(name)) for name in COLUMNS[kind]]
    if kind is not TableKind.REJECTS:
        fields.append(pyarrow.field("geometry", pyarrow.binary()))
    return pyarrow.schema(fields)
