"""Areas or lines as their publishers put them out, a file or so a day: found, dated and read, whatever wraps them.

What others wrote is not believed: a file has a bound, no deeper wrapping than a few levels is looked into, and what is
no longitude and latitude in degrees is refused.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import shapely

from pipeline.geometry.earth import Geometry

MAX_FILE_BYTES = 64 << 20
MAX_FILES = 5_000
MAX_CORNERS = 2_000_000

DATE_KEYS = ("content_date", "date", "day")
"""Properties in which a date is looked for, unless one is named."""

_WRAPPINGS = 3
_IN_NAME = re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)")
_WGS84 = re.compile(r"(CRS:?:?84|EPSG:?:?(\d+(\.\d+)*)?:?4326)$", re.IGNORECASE)

POLYGONS, LINES = ("Polygon", "MultiPolygon"), ("LineString", "MultiLineString")


class PublishedError(Exception):
    """A file that cannot be used, and why."""


class Drawn(msgspec.Struct, frozen=True):
    """What one file says of one day.

    Attributes:
        content_date: of what day it is by what the file says itself; None where it does not say.
        file_date: the date in the file's name.
        parts: polygons, or line strings, as they were drawn.
        values: what the features say under the keys that set them apart, where they say more than one thing.
        other: how many features were neither polygons nor lines.
    """

    file: str
    content_date: date | None
    file_date: date | None
    parts: tuple[Geometry, ...]
    values: Mapping[str, tuple[str, ...]]
    other: int = 0

    @property
    def day(self) -> date | None:
        """The day that it is of: what it says itself goes before its name."""
        return self.content_date or self.file_date


def find_files(paths: Iterable[Path]) -> list[Path]:
    """The files named, and of each folder those that look like GeoJSON; each once, in the order of their names.

    Raises:
        PublishedError: there is no such file, or there are too many.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(sorted(one for one in path.iterdir() if one.suffix.lower() in (".json", ".geojson")))
        elif path.is_file():
            found[path] = None
        else:
            raise PublishedError(f"{path}: no such file or folder")
    if len(found) > MAX_FILES:
        raise PublishedError(f"{len(found):,} files; at most {MAX_FILES:,} are read")
    return list(found)


def read_published(path: Path, only: Mapping[str, Sequence[str]], date_key: str | None = None) -> list[Drawn]:
    """What a file says, day by day.

    Args:
        only: takes the features alone whose property has one of these values.
        date_key: the property that holds the date; without one, the usual ones.

    Raises:
        PublishedError: it cannot be used.
    """
    features = list(_features(_decoded(path)))
    taken = [one for one in features if all(str(_said(one, key)) in among for key, among in only.items())]
    if not taken:
        raise PublishedError("no feature" + (" that was asked for" if features else ""))
    by_day: dict[date | None, list[dict[str, Any]]] = {}
    for feature in taken:
        by_day.setdefault(_content_date(feature, date_key), []).append(feature)
    return [_drawn(path, day, some) for day, some in by_day.items()]


def _decoded(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PublishedError(f"larger than {MAX_FILE_BYTES >> 20} MiB")
        return msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except OSError as error:
        raise PublishedError(f"cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise PublishedError(f"no JSON ({error})") from error


def _features(data: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The features, out of what wraps them."""
    if not isinstance(data, dict):
        return
    _check_crs(data.get("crs"))
    kind = data.get("type")
    if kind == "FeatureCollection":
        given = data.get("features")
        yield from (one for one in given if isinstance(one, dict)) if isinstance(given, list) else ()
    elif kind == "Feature":
        yield data
    elif kind in (*POLYGONS, *LINES):
        yield {"geometry": data}
    elif depth < _WRAPPINGS:
        for value in data.values():
            yield from _features(value, depth + 1)


def _check_crs(crs: Any) -> None:
    """GeoJSON is in longitude and latitude; an old member that says so is no harm, one that says otherwise is."""
    if crs is None:
        return
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str) or not _WGS84.search(name):
        raise PublishedError(f"coordinates are in {str(name)[:80]!r}, not in WGS 84 longitude and latitude")


def _said(feature: dict[str, Any], key: str) -> Any:
    properties = feature.get("properties")
    return properties.get(key) if isinstance(properties, dict) else None


def _content_date(feature: dict[str, Any], date_key: str | None) -> date | None:
    for key in (date_key,) if date_key else DATE_KEYS:
        said = _said(feature, key)
        if isinstance(said, str) and (found := _a_date(said[:10])) is not None:
            return found
    return None


def _a_date(text: str) -> date | None:
    """The first date that some text holds.

    >>> _a_date("deepstate_20240708.geojson"), _a_date("v2022-02-24"), _a_date("12345678")
    (datetime.date(2024, 7, 8), datetime.date(2022, 2, 24), None)
    """
    for found in _IN_NAME.finditer(text):
        try:
            return date(*map(int, found.groups()))
        except ValueError:
            continue
    return None


def _drawn(path: Path, day: date | None, features: Sequence[dict[str, Any]]) -> Drawn:
    parts: list[Geometry] = []
    other = 0
    for feature in features:
        read = _geometry(feature.get("geometry"))
        if read is None or read.geom_type not in (*POLYGONS, *LINES):
            other += 1
            continue
        parts += shapely.get_parts(read).tolist()
    corners = shapely.get_coordinates(parts)
    if len(corners) > MAX_CORNERS:
        raise PublishedError(f"{len(corners):,} corners; at most {MAX_CORNERS:,} are taken")
    if not np.isfinite(corners).all() or (np.abs(corners) > (180.0, 90.0)).any():
        raise PublishedError("coordinates are not longitude, latitude in degrees")
    if len({part.geom_type for part in parts}) != 1:
        raise PublishedError("areas and lines together: choose with --only" if parts else "nothing is drawn")
    return Drawn(path.name, day, _a_date(path.stem), tuple(parts), _setting_apart(features), other)


def _geometry(given: Any) -> Geometry | None:
    if not isinstance(given, dict):
        return None
    try:
        return shapely.force_2d(shapely.from_geojson(msgspec.json.encode(given)))
    except (shapely.errors.ShapelyError, ValueError, RecursionError) as error:
        raise PublishedError(f"a geometry cannot be read ({error})") from error


def _setting_apart(features: Sequence[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Short words in which the features of a day differ: they may mean that not all of them are of one kind."""
    keys = {key for one in features if isinstance(one.get("properties"), dict) for key in one["properties"]}
    told = {key: sorted({str(_said(one, key))[:40] for one in features}) for key in sorted(keys)[:20]}
    return {key: tuple(words) for key, words in told.items() if 1 < len(words) <= 8}
