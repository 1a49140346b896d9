"""Places in a table's cells: discs, bearings and named areas."""

from collections.abc import Callable
from typing import TypeVar

from pipeline.gazetteer import NamedArea
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere, wind_azimuths
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import RowError
from pipeline.sources.cells import finite
from pipeline.sources.csv_binding import Binder, Fields, Getter
from pipeline.sources.csv_mapping import (
    AreaPlace,
    BearingPlace,
    DiscPlace,
    GeometryPlace,
    NoPlace,
    Number,
    NumberCell,
    Within,
)
from pipeline.sources.geojson_places import geometry_of
from pipeline.sources.geometries import geometry_in
from pipeline.sources.places import Places

Point = tuple[float, float]
V = TypeVar("V")
_BY_AREA = float("nan")
"""Stands for the word "area" in the place of a radius; no cell gives a NaN."""


def footprint(
    binder: Binder, spec: DiscPlace | BearingPlace | AreaPlace | GeometryPlace | NoPlace
) -> Callable[[Fields], Footprint]:
    """The footprint of a row. A row whose place cannot be read is rejected: it is never `nowhere`."""
    if isinstance(spec, DiscPlace):
        return _disc(binder, spec)
    if isinstance(spec, BearingPlace):
        return _bearing(binder, spec)
    if isinstance(spec, AreaPlace):
        area = binder.area("place.area", spec.area)
        return lambda fields: _area(area(fields))
    return _geometry(binder, spec) if isinstance(spec, GeometryPlace) else lambda _fields: Nowhere()


def _disc(binder: Binder, spec: DiscPlace) -> Callable[[Fields], Footprint]:
    point = _point(binder, spec.lon, spec.lat, spec.within)
    radius = _radius(binder, spec.radius_m)
    area = binder.area("place.area", spec.area) if spec.area is not None else None

    def get(fields: Fields) -> Footprint:
        lon, lat = point(fields)
        radius_m = _required(radius(fields), "place.radius_m")
        if radius_m is _BY_AREA:
            return _area(area(fields) if area is not None else None)
        return Disc(lon, lat, radius_m)

    return get


def _radius(binder: Binder, spec: Number) -> Getter[float]:
    factor = spec.factor if isinstance(spec, NumberCell) else 1.0

    def parse(value: object) -> float:
        if value == "area":
            return _BY_AREA
        if isinstance(value, str):
            return finite(value, "place.radius_m") * factor
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{value!r} is neither a length in metres nor 'area'")
        return float(value)

    return binder.cell("place.radius_m", spec, parse)


def _bearing(binder: Binder, spec: BearingPlace) -> Callable[[Fields], Footprint]:
    point = _point(binder, spec.lon, spec.lat, spec.within)
    distance = _distance(binder, spec)
    azimuths = binder.cell("place.azimuths", spec.azimuths, lambda value: wind_azimuths(str(value)))
    radius = binder.number("place.observer_radius_m", spec.observer_radius_m)

    def get(fields: Fields) -> Footprint:
        lon, lat = point(fields)
        nearest_m, furthest_m = distance(fields)
        seen = _required(azimuths(fields), "place.azimuths")
        return Bearing(lon, lat, nearest_m, furthest_m, seen, _required(radius(fields), "place.observer_radius_m"))

    return get


def _distance(binder: Binder, spec: BearingPlace) -> Callable[[Fields], tuple[float, float]]:
    if spec.range_m is not None and spec.range_min_m is None and spec.range_max_m is None:
        both = binder.interval("place.range_m", spec.range_m)
        return lambda fields: _required(both(fields), "place.range_m")
    if spec.range_m is not None or spec.range_min_m is None or spec.range_max_m is None:
        raise binder.wrong("place", "give either range_m or both range_min_m and range_max_m")
    low = binder.number("place.range_min_m", spec.range_min_m)
    high = binder.number("place.range_max_m", spec.range_max_m)
    return lambda fields: (
        _required(low(fields), "place.range_min_m"),
        _required(high(fields), "place.range_max_m"),
    )


def _point(
    binder: Binder, lon_spec: Number, lat_spec: Number, within: str | Within | None
) -> Callable[[Fields], Point]:
    lon_of, lat_of = binder.number("place.lon", lon_spec), binder.number("place.lat", lat_spec)
    if within is None:
        return lambda fields: (
            _required(lon_of(fields), "place.lon"),
            _required(lat_of(fields), "place.lat"),
        )
    spec = Within(column=within) if isinstance(within, str) else within
    area_of = binder.area("place.within", spec)
    places = Places()

    def get(fields: Fields) -> Point:
        lon, lat = _required(lon_of(fields), "place.lon"), _required(lat_of(fields), "place.lat")
        try:
            area = area_of(fields)
        except RowError as error:
            if error.problem.reason not in (RejectReason.UNKNOWN_AREA, RejectReason.UNKNOWN_TERM):
                raise
            area = None
        problem = places.contradiction(lon, lat, area, spec.tolerance_m) if area is not None else None
        if problem is not None:
            raise RowError(problem.field, problem.reason, problem.detail)
        return lon, lat

    return get


def _geometry(binder: Binder, spec: GeometryPlace) -> Callable[[Fields], Footprint]:
    cell = binder.text("place.geometry", spec.geometry or "geometry")
    place_of = geometry_of(binder, spec)
    return lambda fields: place_of(geometry_in(_required(cell(fields), "place.geometry"), "place.geometry"), fields)


def _area(area: NamedArea | None) -> Area:
    return Area(area_id=_required(area, "place.area").area_id)


def _required(value: V | None, field: str) -> V:
    if value is None:
        raise RowError(field, RejectReason.MISSING, "the field is empty")
    return value
