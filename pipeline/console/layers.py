"""What the collections hold: features in GeoJSON, by id, each layer read in its own way."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

import msgspec
import numpy as np
import shapely

from pipeline.agreement import Agreement
from pipeline.agreement.show import lines_geojson, zones_geojson
from pipeline.console.board import Row
from pipeline.console.core import Console
from pipeline.console.listing import Box
from pipeline.console.watched import Period, classes_of, covered, period_of, version_of
from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.drawings import band
from pipeline.geometry.footprints import Footprints
from pipeline.geometry.line import LEFT, RIGHT, Line
from pipeline.model.records import Incident
from pipeline.model.taxonomy import Side, Status
from pipeline.recon.cells import Cell
from pipeline.recon.makes import load_makes
from pipeline.recon.sums import Sum, sums
from pipeline.store import Store

DIGITS = 6
AT_ONCE = 1_000

_CODES = {Side.LEFT: LEFT, Side.RIGHT: RIGHT}

Feature = dict[str, Any]
_incident = msgspec.json.Decoder(Incident).decode


class Span(NamedTuple):
    """An interval that may be open at either end."""

    begin: datetime | None
    end: datetime | None

    def touches(self, begin: datetime, end: datetime) -> bool:
        """Whether another interval has a moment in common with it."""
        return (self.begin is None or end >= self.begin) and (self.end is None or begin <= self.end)


class Asked(NamedTuple):
    """Which features are asked for; those whose id comes after `after`."""

    bbox: Box | None = None
    span: Span | None = None
    after: str = ""


class Layer(NamedTuple):
    """One collection.

    Attributes:
        features: those that are asked for, by id.
        one: the feature of an id.
    """

    name: str
    title: str
    about: str
    features: Callable[[Console, Asked], Iterator[Feature]]
    find: Callable[[Console, str], Feature | None] | None = None

    def read(self, console: Console, asked: Asked, limit: int) -> list[Feature]:
        """So many of them."""
        return list(islice(self.features(console, asked), limit))

    def one(self, console: Console, name: str) -> Feature | None:
        """The feature of an id."""
        if self.find is not None:
            return self.find(console, name)
        return next((one for one in self.features(console, Asked()) if one["id"] == name), None)


def _feature(name: str, geometry: Any, properties: Mapping[str, Any]) -> Feature:
    return {"type": "Feature", "id": name, "geometry": geometry, "properties": dict(properties)}


def _point(lon: float | None, lat: float | None) -> Any:
    if lon is None or lat is None:
        return None
    return {"type": "Point", "coordinates": [round(lon, DIGITS), round(lat, DIGITS)]}


def _alerts(console: Console, asked: Asked) -> Iterator[Feature]:
    rows = console.snapshot.rows
    for name in sorted(name for name in rows if name > asked.after):
        row = rows[name]
        alert = row.alert
        if alert.status is Status.SUPERSEDED or not _touches(asked, alert.observed_from, alert.observed_until):
            continue
        if asked.bbox is not None:
            if alert.lon is None or alert.lat is None:
                continue
            if not asked.bbox.touches(alert.lon, alert.lat, alert.radius_m or 0.0):
                continue
        yield _alert(console, row)


def _touches(asked: Asked, begin: datetime, end: datetime) -> bool:
    return asked.span is None or asked.span.touches(begin, end)


_TOLD = (
    "alert_id agreement agreement_version provision article incident_id status severity reason standing probability "
    "place_probability observed_from observed_until line side chainage_m offset_m radius_m acknowledged_by assignee"
).split()


def _alert(console: Console, row: Row) -> Feature:
    alert = row.alert
    told = {name: getattr(alert, name) for name in _TOLD}
    more = {
        "revision": row.revision,
        "raised_at": row.raised_at,
        "title": console.settings.telling.title(alert),
        "place": console.place(alert),
        "reports": len(alert.report_ids),
        "doubts": ", ".join(note.doubt.value for note in alert.doubts),
    }
    return _feature(alert.alert_id, _point(alert.lon, alert.lat), {**told, **more})


def _one_alert(console: Console, name: str) -> Feature | None:
    row = console.snapshot.rows.get(name)
    return None if row is None else _alert(console, row)


def _incidents(console: Console, asked: Asked) -> Iterator[Feature]:
    with console.reading() as store:
        for some in _incidents_by_id(store, asked.after):
            yield from _placed(some, asked)


def _incidents_by_id(store: Store, after: str) -> Iterator[list[Incident]]:
    query = "SELECT incident FROM incidents WHERE incident_id > ? AND NOT unresolved ORDER BY incident_id LIMIT ?"
    while rows := store.connection.execute(query, (after, AT_ONCE)).fetchall():
        some = [_incident(row[0]) for row in rows]
        yield some
        after = some[-1].incident_id


def _placed(some: list[Incident], asked: Asked) -> Iterator[Feature]:
    at = Footprints([one.footprint for one in some], load_gazetteer().outlines)
    for one, placed, lon, lat, reach_m in zip(some, at.placed, at.lon, at.lat, at.reach_m, strict=True):
        if not _touches(asked, one.observed_from, one.observed_until):
            continue
        if asked.bbox is not None and not (placed and asked.bbox.touches(lon, lat, reach_m)):
            continue
        where = (float(lon), float(lat)) if placed else (None, None)
        told = {
            "incident_id": one.incident_id,
            "observed_from": one.observed_from,
            "observed_until": one.observed_until,
            "activity": one.activity,
            "weapons": ", ".join(one.weapons),
            "occurred": one.occurred,
            "origins": one.origins,
            "reports": len(one.report_ids),
            "radius_m": round(float(reach_m), 1) if placed else None,
        }
        yield _feature(one.incident_id, _point(*where), told)


def _one_incident(console: Console, name: str) -> Feature | None:
    with console.reading() as store:
        incident = store.incident(name)
    if incident is None or incident.incident_id != name:
        return None
    return next(_placed([incident], Asked()))


def _judged(console: Console) -> list[Agreement]:
    """The agreements by which the store was judged, as far as their data is at hand."""
    with console.reading() as store:
        names = list(store.agreements())
    each = (console.settings.telling.agreement(name) for name in sorted(names))
    return [one for one in each if one is not None]


def _drawn(of: Callable[[Agreement], dict[str, Any]]) -> Callable[[Console, Asked], Iterator[Feature]]:
    """The features of an agreement's own collection, of all agreements."""

    def features(console: Console, asked: Asked) -> Iterator[Feature]:
        found = [_of_agreement(one.name, feature) for one in _judged(console) for feature in _kept(console, one)]
        for feature in sorted(found, key=lambda one: str(one["id"])):
            if feature["id"] > asked.after and (asked.bbox is None or _in_box(feature["geometry"], asked.bbox)):
                yield feature

    def _kept(console: Console, agreement: Agreement) -> list[Feature]:
        key = (of.__name__, agreement.fingerprint)
        features: list[Feature] = console.answers.get(key, 0, lambda: of(agreement)["features"])
        return features

    return features


def _of_agreement(name: str, feature: Feature) -> Feature:
    told = {
        key: value
        for key, value in feature["properties"].items()
        if value is None or isinstance(value, str | int | float)
    }
    return _feature(f"{name}.{told['id']}", feature["geometry"], {"agreement": name, **told})


def _in_box(geometry: Any, box: Box) -> bool:
    """Whether the rectangle about a shape has a place in common with another."""
    lonlat = np.array(_places(geometry["coordinates"]))
    (west, south), (east, north) = lonlat.min(axis=0), lonlat.max(axis=0)
    if north < box.south or south > box.north:
        return False
    if box.west <= box.east:
        return bool(west <= box.east and east >= box.west)
    return bool(east >= box.west or west <= box.east)


def _places(coordinates: Any) -> list[list[float]]:
    if isinstance(coordinates[0], int | float):
        return [list(coordinates[:2])]
    return [place for part in coordinates for place in _places(part)]


def _coverage(console: Console, asked: Asked) -> Iterator[Feature]:
    found = [one for agreement in _judged(console) for one in _cells(console, agreement, asked.span)]
    for one in sorted(found, key=lambda one: one["id"]):
        if one["id"] > asked.after and (asked.bbox is None or _in_box(one["geometry"], asked.bbox)):
            yield one


def _cells(console: Console, agreement: Agreement, span: Span | None) -> list[Feature]:
    """Coverage by cell and class over the time that is asked for; else over the last day of the observation log."""
    with console.reading() as store:
        begin, until = (None, None) if span is None else span
        if begin is not None and begin == until:
            until = begin + timedelta(hours=1)
        period = period_of(store, begin, until, console.now)
        if period is None:
            return []
        key = ("cells", agreement.fingerprint, period)
        told: list[Feature] = console.answers.get(key, version_of(store), lambda: _reckoned(store, agreement, period))
    return told


def _reckoned(store: Store, agreement: Agreement, period: Period) -> list[Feature]:
    makes = load_makes()
    seen = covered(store, agreement, makes, classes_of(agreement, makes, None), period)
    if not seen.told:
        return []
    outlines = {
        (one.line_id, one.side, one.from_m): _outline(agreement.lines[one.line_id], one)
        for one in seen.found.cells.cells
    }
    rows = sums(seen.found, agreement.days, "cell", "whole")
    return [_cell(agreement.name, one, outlines[one.line, one.side or Side.LEFT, one.from_m]) for one in rows]


def _outline(line: Line, cell: Cell) -> Any:
    drawn = band(line, _CODES[cell.side], 0.0, cell.depth_m, (cell.from_m, cell.to_m))
    return shapely.geometry.mapping(shapely.set_precision(drawn, 10.0**-DIGITS))


def _cell(agreement: str, one: Sum, outline: Any) -> Feature:
    told = {
        "agreement": agreement,
        "line": one.line,
        "sector": one.sector,
        "name": one.name,
        "side": one.side,
        "from_m": round(one.from_m, 1),
        "to_m": round(one.to_m, 1),
        "class": one.class_name,
        "begin": one.begin,
        "until": one.until,
        "share": round(one.share, 4),
        "watched": one.watched,
    }
    name = f"{agreement}.{one.line}.{one.side}.{one.from_m:08.0f}.{one.class_name}"
    return _feature(name, {"type": outline["type"], "coordinates": outline["coordinates"]}, told)


LAYERS = {
    layer.name: layer
    for layer in (
        Layer("alerts", "Alerts", "Suspected violations as they stand, by their middle.", _alerts, _one_alert),
        Layer("incidents", "Incidents", "What happened, by all the reports of it.", _incidents, _one_incident),
        Layer("lines", "Lines", "The agreements' lines, oriented.", _drawn(lines_geojson)),
        Layer("zones", "Zones", "The agreements' zones, drawn: a drawing decides nothing.", _drawn(zones_geojson)),
        Layer("coverage", "Coverage", "Which share of what happened would have been noticed, by cell.", _coverage),
    )
}
