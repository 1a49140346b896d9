"""A dated series made of published days: repaired, thinned out, held against one another, and written down.

A day that cannot be right is left out: one whose shape shares no ground with the day before, and one whose area leaps
up or down and is back within a fortnight. A leap that stays is kept and told: the ground or the meaning changed.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import shapely

from pipeline.agreement.published import Drawn
from pipeline.geometry.earth import GEOD, Geometry, area_m2, made_valid, polygons_only
from pipeline.geometry.projection import Projection, centred_on, densify_polygon

LEAP_SHARE = 0.05
LEAP_KM2 = 500.0
BACK_DAYS = 14
DIGITS = 6


class Care(msgspec.Struct, frozen=True):
    """How much of a drawing is kept.

    Attributes:
        tolerance_m: how far an edge may be moved to be drawn with fewer corners.
        least_km2: parts and holes that are smaller are dropped.
    """

    tolerance_m: float = 25.0
    least_km2: float = 0.01


class Day(msgspec.Struct, kw_only=True):
    """One day of a series.

    Attributes:
        age_days: how old the content was by the date in the file's name.
        repaired: what had to be done to the drawing.
        doubtful: why it cannot be right; empty where it can.
        notes: what else there is to know.
        shape: in degrees.
        measure: square kilometres of an area, kilometres of a line.
    """

    content_date: date
    file: str
    file_date: date | None
    age_days: int | None
    from_name: bool
    measure: float
    corners: int
    shape: Geometry
    repaired: list[str]
    doubtful: str = ""
    notes: list[str] = []

    @property
    def is_area(self) -> bool:
        """Whether it is an area, and no line."""
        return self.shape.geom_type in ("Polygon", "MultiPolygon")


def make_day(drawn: Drawn, care: Care) -> Day:
    """A published day, repaired and thinned out.

    Raises:
        ValueError: nothing is left of it, or it has no date.
    """
    day = drawn.day
    if day is None:
        raise ValueError("no date, neither inside nor in its name")
    areas = drawn.parts[0].geom_type == "Polygon"
    shape, repaired = _area(drawn.parts, care) if areas else (_line(drawn.parts, care), [])
    if shape.is_empty:
        raise ValueError("nothing is left of it once it is repaired")
    if drawn.other:
        repaired.append(f"{drawn.other} left out that drew neither area nor line")
    age = (drawn.file_date - day).days if drawn.file_date is not None and drawn.content_date is not None else None
    measure = area_m2(shape) / 1e6 if areas else float(GEOD.geometry_length(shape)) / 1e3
    return Day(
        content_date=day,
        file=drawn.file,
        file_date=drawn.file_date,
        age_days=age,
        from_name=drawn.content_date is None,
        measure=measure,
        corners=int(shapely.get_num_coordinates(shape)),
        shape=shape,
        repaired=repaired,
        notes=["its content is later than its name"] if age is not None and age < 0 else [],
    )


def _area(parts: Sequence[Geometry], care: Care) -> tuple[Geometry, list[str]]:
    corners = shapely.get_coordinates(parts)
    projection = centred_on(corners[:, 0], corners[:, 1])
    flat = [_flat(part, projection) for part in parts]
    broken = int((~shapely.is_valid(list(parts))).sum())
    broken_flat = int((~shapely.is_valid(flat)).sum())
    sound = [part if part.is_valid else polygons_only(made_valid(part)) for part in flat]
    whole = shapely.union_all(sound)
    overlap_km2 = (sum(part.area for part in sound) - whole.area) / 1e6
    kept, dropped = _without_slivers(whole, care.least_km2 * 1e6)
    thin = shapely.simplify(kept, care.tolerance_m) if care.tolerance_m else kept
    back = shapely.set_precision(projection.polygon_to_lonlat(thin), 10.0**-DIGITS)
    told = [
        (broken_flat, f"{broken_flat} of {len(parts)} parts invalid once projected ({broken} before)"),
        (overlap_km2 >= care.least_km2, f"parts overlapped on {overlap_km2:.2f} km²"),
        (dropped, f"{dropped} slivers dropped"),
    ]
    return polygons_only(made_valid(back)), [words for found, words in told if found]


def _flat(part: Geometry, projection: Projection) -> Geometry:
    dense: Geometry = shapely.get_parts(densify_polygon(part))[0]
    return shapely.transform(dense, lambda c: np.column_stack(projection.to_plane(c[:, 0], c[:, 1])))


def _without_slivers(whole: Geometry, least_m2: float) -> tuple[Geometry, int]:
    """The same without parts and holes that are too small, and how many there were."""
    kept, dropped = [], 0
    for part in shapely.get_parts(whole):
        holes = [ring for ring in part.interiors if shapely.Polygon(ring).area >= least_m2]
        dropped += len(part.interiors) - len(holes)
        if part.area >= least_m2:
            kept.append(shapely.Polygon(part.exterior, holes))
        else:
            dropped += 1
    return shapely.multipolygons(kept), dropped


def _line(parts: Sequence[Geometry], care: Care) -> Geometry:
    corners = shapely.get_coordinates(parts)
    projection = centred_on(corners[:, 0], corners[:, 1])
    flat = [shapely.transform(p, lambda c: np.column_stack(projection.to_plane(c[:, 0], c[:, 1]))) for p in parts]
    thin = shapely.multilinestrings(list(shapely.simplify(flat, care.tolerance_m)))
    return shapely.transform(projection.polygon_to_lonlat(thin), lambda c: np.round(c, DIGITS))


def in_order(days: Sequence[Day]) -> tuple[list[Day], list[str]]:
    """The days in their order, each once, with what is doubtful marked; and what was dropped and why.

    Of two files of one day the later one holds: a correction comes after what it corrects.
    """
    by_day: dict[date, Day] = {}
    dropped = []
    for day in sorted(days, key=lambda one: (one.content_date, one.file_date or one.content_date, one.file)):
        before = by_day.get(day.content_date)
        if before is not None and day.shape.equals_exact(before.shape, 0.0):
            dropped.append(f"{day.file}: {day.content_date} once more, as in {before.file}")
            continue
        if before is not None:
            dropped.append(f"{before.file}: {day.content_date} is drawn anew in {day.file}")
        by_day[day.content_date] = day
    ordered = list(by_day.values())
    for before, day in pairwise(ordered):
        if day.shape.equals_exact(before.shape, 0.0):
            day.notes = [
                *day.notes,
                f"its shape is that of {before.content_date}: nothing changed, or nothing was drawn",
            ]
    _mark(ordered)
    return ordered, dropped


def _mark(days: Sequence[Day]) -> None:
    """Marks the days that cannot be right, and notes leaps that stay."""
    if not days:
        return
    number, last = 0, _first_to_trust(days)
    while number < len(days):
        day, number = days[number], number + 1
        if day is last:
            continue
        if not day.shape.intersects(last.shape):
            day.doubtful = f"shares no ground with {last.content_date}"
            continue
        if day.content_date < last.content_date or not leaps(last, day):
            last = max(last, day, key=lambda one: one.content_date)
            continue
        back = _back(days, number, last)
        change = f"{day.measure - last.measure:+,.0f} km² ({day.measure / last.measure - 1:+.0%})"
        if back is None:
            apart = (day.content_date - last.content_date).days
            day.notes = [*day.notes, f"leaps by {change} in {apart} days and stays: did its meaning change?"]
            last = day
            continue
        for one in days[number - 1 : back]:
            one.doubtful = f"leaps by {change} and is back by {days[back].content_date}"
        number = back


def _first_to_trust(days: Sequence[Day]) -> Day:
    """The first that shares ground with half of the others: another country's shape may stand at the beginning, too."""
    shapes = [day.shape for day in days]
    for day in days:
        if 2 * int(shapely.intersects(day.shape, shapes).sum()) >= len(days):
            return day
    return days[0]


def leaps(one: Day, other: Day) -> bool:
    """Whether an area differs absurdly from another."""
    if not one.is_area or not other.is_area:
        return False
    change = abs(other.measure - one.measure)
    return change > LEAP_KM2 and change > LEAP_SHARE * one.measure


def _back(days: Sequence[Day], number: int, last: Day) -> int | None:
    """The number of the day on which the area is back to what it was, if that is soon."""
    for at in range(number, len(days)):
        if days[at].content_date > last.content_date + timedelta(days=BACK_DAYS):
            return None
        if not leaps(last, days[at]) and days[at].shape.intersects(last.shape):
            return at
    return None


def gaps(days: Sequence[Day]) -> list[tuple[date, date, int]]:
    """The stretches without a shape: the day before, the day after, and how many days lie between."""
    dates = [day.content_date for day in days]
    return [(one, two, (two - one).days - 1) for one, two in pairwise(dates) if (two - one).days > 1]


def as_features(days: Sequence[Day]) -> list[dict[str, Any]]:
    """The properties of each day, beside its geometry, for the file."""
    following = [*days[1:], None]
    return [
        {
            "content_date": day.content_date.isoformat(),
            "valid_from": day.content_date.isoformat(),
            "valid_until": (day.content_date + timedelta(days=1)).isoformat(),
            "age_days": day.age_days,
            "days_to_next": None if after is None else (after.content_date - day.content_date).days,
            "area_km2" if day.is_area else "length_km": round(day.measure, 2),
            "file": day.file,
            "dated_by": "name" if day.from_name else "content",
            "repaired": "; ".join(day.repaired),
            "doubtful": day.doubtful,
            "notes": "; ".join(day.notes),
        }
        for day, after in zip(days, following, strict=True)
    ]


def as_geojson(days: Sequence[Day]) -> bytes:
    """The series as GeoJSON; a feature a line, so that a change of one day is a change of one line."""
    lines = [
        msgspec.json.encode(
            {"type": "Feature", "properties": told, "geometry": msgspec.Raw(shapely.to_geojson(day.shape).encode())}
        )
        for day, told in zip(days, as_features(days), strict=True)
    ]
    return b'{"type":"FeatureCollection","features":[\n' + b",\n".join(lines) + b"\n]}\n"
