"""The mapping file that tells how to read a table: its format, in TOML, and the errors that point at it."""

import re
from pathlib import Path
from typing import Any

import msgspec

from pipeline.model.taxonomy import CountUnit
from pipeline.sources.base import InputError

MAPPING_SUFFIX = ".mapping.toml"
_SIZE_LIMIT = 1 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_PATH = re.compile(r" - at `\$\.?(.*)`$")


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Cell(_Strict, frozen=True, kw_only=True):
    """Where a field comes from: a column, with a table of what its words stand for, or one value for every row.

    A word in `values` may end in `*`, which stands for any rest. `default` is for words that are not in `values`, and
    for empty cells.
    """

    column: str | None = None
    value: Any = None
    values: dict[str, Any] = {}
    default: Any = None


class NumberCell(Cell, frozen=True, kw_only=True):
    """A number; what stands in the column is multiplied by `factor` (1000 where the column is in kilometres)."""

    factor: float = 1.0


class WeaponsCell(Cell, frozen=True, kw_only=True):
    """Weapons, each an alternative; the column holds several where a `separator` is given."""

    separator: str | None = None


class AreaCell(Cell, frozen=True, kw_only=True):
    """A named area of the gazetteer, by name or id; with `country`, only of that country.

    Here `values` has further names, and the words that it does not have are looked up as they stand.
    """

    country: str | None = None


class Within(AreaCell, frozen=True, kw_only=True):
    """An area in or near which the coordinates must lie. Where the row's area is not known, nothing is checked."""

    tolerance_m: float = 100_000.0


Number = str | float | NumberCell
"""A column's name, a number for every row, or a table."""
Text = str | Cell
Place = str | AreaCell


class Moment(_Strict, frozen=True, kw_only=True):
    """A time in one column, or in several that are joined by a space before they are read."""

    column: str | list[str]
    formats: tuple[str, ...] = ("iso",)
    timezone: str | None = None


class Observed(Moment, frozen=True, kw_only=True):
    """The interval in which it happened: as precise as it is written, or as coarse as `precision` says.

    A bare word in `precision` is the precision of every row.
    """

    precision: str | Cell | None = None
    until: Moment | None = None
    duration_minutes: Number | None = None


class DiscPlace(_Strict, frozen=True, kw_only=True, tag_field="kind", tag="disc"):
    """A point and a radius; where a radius's word stands for "area", the row's `area` is the footprint instead."""

    lon: Number
    lat: Number
    radius_m: Number
    area: Place | None = None
    within: str | Within | None = None


class BearingPlace(_Strict, frozen=True, kw_only=True, tag_field="kind", tag="bearing"):
    """An observer's position, how well it is known, a range and directions in words of the sixteen winds."""

    lon: Number
    lat: Number
    azimuths: Text
    range_min_m: Number | None = None
    range_max_m: Number | None = None
    range_m: str | NumberCell | None = None
    observer_radius_m: Number = 0.0
    within: str | Within | None = None


class AreaPlace(_Strict, frozen=True, kw_only=True, tag_field="kind", tag="area"):
    """A named area."""

    area: Place


class GeometryPlace(_Strict, frozen=True, kw_only=True, tag_field="kind", tag="geometry"):
    """A geometry: an area as it is, a point with a radius, a line with what lies about it.

    Of GeoJSON it is the feature's own; of a table a column with WKT or GeoJSON in WGS 84, named `geometry` by default.
    """

    geometry: Text | None = None
    radius_m: Number | None = None
    within_m: Number | None = None


class NoPlace(_Strict, frozen=True, kw_only=True, tag_field="kind", tag="nowhere"):
    """The table has no places at all."""


class Id(_Strict, frozen=True, kw_only=True):
    """The column with the row's own id."""

    column: str


class CountOf(_Strict, frozen=True, kw_only=True):
    """How many: just so many, or from `min` to `max` (open where its cell is empty)."""

    unit: CountUnit
    exact: Number | None = None
    min: Number | None = None
    max: Number | None = None


class AttributionOf(_Strict, frozen=True, kw_only=True):
    """Who is said to have done it; none where the party's cell is empty."""

    party: Text
    author: Text
    basis: Text


class Mapping(_Strict, frozen=True, kw_only=True):
    """A whole mapping file. docs/sources.md describes it for those who write one."""

    name: str
    time: Observed
    place: DiscPlace | BearingPlace | AreaPlace | GeometryPlace | NoPlace
    activity: Text
    delimiter: str = ","
    quoting: bool = True
    columns: list[str] | None = None
    sheet: str | None = None
    tag_row: bool = False
    id: Id | None = None
    weapons: str | WeaponsCell | None = None
    calibre_mm: Number | None = None
    count: CountOf | None = None
    ledger: Text | None = None
    observer: Text | None = None
    attribution: AttributionOf | None = None
    published_at: Moment | None = None
    track_id: Text | None = None
    text: Text | None = None
    url: Text | None = None


def load_mapping(path: Path | None, file: str) -> Mapping:
    """The mapping at `path`, by which `file` is to be read.

    Raises:
        InputError: there is none, or it is wrong; the message names the file, the key and what to do.
    """
    if path is None:
        beside = Path(file).name + MAPPING_SUFFIX
        raise InputError(f"{file}: it needs a mapping: give --mapping FILE, or put {beside} beside the table")
    try:
        if path.stat().st_size > _SIZE_LIMIT:
            raise InputError(f"{path}: a mapping file has 1 MiB at most")
        mapping = msgspec.toml.decode(path.read_bytes(), type=Mapping)
    except OSError as error:
        raise InputError(f"{path}: the mapping cannot be read: {error.strerror or error}") from error
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {_explain(str(error))}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: it is no TOML file: {error}") from error
    _check(path, mapping)
    return mapping


def _explain(message: str) -> str:
    at = _PATH.search(message)
    key = at[1] if at else ""
    detail = message[: at.start()] if at else message
    hint = " (docs/sources.md lists the keys)" if "unknown field" in detail or "missing required" in detail else ""
    return f"{f'key {key}: ' if key else ''}{detail.replace('Object', 'the table')}{hint}"


def _check(path: Path, mapping: Mapping) -> None:
    if not _NAME.fullmatch(mapping.name):
        raise InputError(f"{path}: key name: {mapping.name!r} must be of small letters, digits, '_' and '-'")
    if len(mapping.delimiter) != 1 or not mapping.delimiter.isascii() or mapping.delimiter in '"\r\n':
        raise InputError(f"{path}: key delimiter: {mapping.delimiter!r} is not one ASCII character such as ',' or ';'")
