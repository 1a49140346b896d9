"""What the map page draws: agreements, alerts with their footprints and their words, and faint outlines behind them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import numpy as np
import shapely

from pipeline.agreement import Agreement
from pipeline.agreement.format import FlightTable, ProhibitedActivityTable, WithdrawalTable
from pipeline.agreement.show import zones_geojson
from pipeline.cli.days import by_days
from pipeline.cli.evidence import Versions, evidence, versions_of
from pipeline.cli.show_alert import Behind, sections, title
from pipeline.cli.show_incident import Known
from pipeline.cli.whereabouts import Agreements, off_line, party_name, place
from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.earth import GEOD
from pipeline.geometry.footprints import outline, sectors
from pipeline.geometry.line import Line
from pipeline.geometry.projection import centred_on
from pipeline.model.footprint import Area, Bearing
from pipeline.model.records import Alert
from pipeline.model.times import to_us
from pipeline.store.database import Store

DIGITS = 5
_ARC_DEG = 4.0
_OUTLINE_DEG = 0.01
_LABEL_SHARE = 0.06
"""How far off the line a side's name stands, as a share of the line's length."""


def map_data(store: Store, alerts: Sequence[Alert], agreements: Agreements) -> dict[str, Any]:
    """One object for the page; texts and shapes that recur stand in it once."""
    texts, shapes = _Pool(), _Pool()
    names = list(dict.fromkeys([*agreements.named, *sorted(store.agreements()), *(a.agreement for a in alerts)]))
    versions, last_day = versions_of(store, alerts), store.last_day()
    drawn = [
        _alert(alert, agreements.get(alert.agreement), _behind(store, alert, versions, last_day), names, texts, shapes)
        for alert in alerts
    ]
    return {
        "store": store.path.name,
        "written": f"{datetime.now(UTC):%Y-%m-%d %H:%M}",
        "agreements": [drawn_agreement(name, agreements.get(name)) for name in names],
        "outlines": outlines(),
        "texts": texts.values,
        "shapes": shapes.values,
        "alerts": drawn,
    }


class _Pool:
    """Values that recur, each kept once and named by its number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[bytes, int] = {}

    def number(self, value: Any) -> int:
        key = msgspec.json.encode(value)
        if key not in self._numbers:
            self._numbers[key] = len(self.values)
            self.values.append(value)
        return self._numbers[key]


def _behind(store: Store, alert: Alert, versions: Versions, last_day: date | None) -> Behind:
    incident = store.incident(alert.incident_id)
    same = incident is not None and incident.report_ids == alert.report_ids
    known = Known(incident) if incident is not None and same else None
    return Behind(evidence(alert, versions), known=known, last_day=last_day)


def _alert(
    alert: Alert,
    agreement: Agreement | None,
    behind: Behind,
    names: Sequence[str],
    texts: _Pool,
    shapes: _Pool,
) -> dict[str, Any]:
    shape = _shape(behind)
    days = by_days(alert.observed_from, alert.observed_until, None if agreement is None else agreement.days)
    return {
        "id": alert.alert_id,
        "agreement": names.index(alert.agreement),
        "provision": alert.provision,
        "title": texts.number(title(alert, agreement)),
        "severity": alert.severity.value,
        "standing": alert.standing.value,
        "status": alert.status.value,
        "probability": alert.probability,
        "from": to_us(alert.observed_from) // 1_000_000,
        "until": to_us(alert.observed_until) // 1_000_000,
        "days": None if days is None else days.words,
        "lon": alert.lon,
        "lat": alert.lat,
        "radius_m": alert.radius_m,
        "place": texts.number(place(alert, agreement)),
        "off": texts.number(off_line(alert, agreement)),
        "shape": None if shape is None else shapes.number(shape),
        "words": [
            [texts.number(section.heading), [texts.number(line) for line in section.lines]]
            for section in sections(alert, agreement, behind)
        ],
    }


def _shape(behind: Behind) -> Any:
    """The rings of a footprint that is no disc, latitude first; a disc is drawn from its centre and radius.

    Of a track the place by which it is judged is drawn, as the disc that holds it.
    """
    incident = behind.known.incident if behind.known is not None else None
    if incident is None or incident.fixes:
        return None
    if isinstance(incident.footprint, Area):
        return _area(incident.footprint)
    return _bearing(incident.footprint) if isinstance(incident.footprint, Bearing) else None


def _area(area: Area) -> Any:
    drawn = outline(area, load_gazetteer().outlines)
    return _rings(shapely.simplify(drawn, _OUTLINE_DEG if area.area_id else 0.0005))


def _rings(geometry: shapely.Geometry) -> list[list[list[list[float]]]]:
    """Polygons of rings of places, latitude first."""
    return [
        [_path(shapely.get_coordinates(ring)) for ring in (polygon.exterior, *polygon.interiors)]
        for polygon in shapely.get_parts(geometry)
        if polygon.geom_type == "Polygon" and not polygon.is_empty
    ]


def _path(lonlat: np.ndarray[Any, Any]) -> list[list[float]]:
    path: list[list[float]] = np.round(lonlat[:, ::-1], DIGITS).tolist()
    return path


def _bearing(bearing: Bearing) -> list[list[list[list[float]]]]:
    polygons = []
    for start, width in sectors(bearing):
        azimuths = np.linspace(start, start + width, max(2, round(width / _ARC_DEG) + 1))
        far, near = (_arc(bearing, azimuths, reach) for reach in (bearing.range_max_m, bearing.range_min_m))
        if width >= 360.0:
            polygons.append([far, near] if bearing.range_min_m else [far])
        else:
            polygons.append([[*far, *reversed(near)]])
    return _wherever_observed(polygons, bearing) if bearing.observer_radius_m else polygons


def _wherever_observed(polygons: list[list[list[list[float]]]], bearing: Bearing) -> list[list[list[list[float]]]]:
    """All that a bearing may mean: its sectors as seen from every place where the observer may have stood."""
    plane = centred_on([bearing.lon], [bearing.lat])
    seen = [
        shapely.transform(
            shapely.Polygon(rings[0], rings[1:]), lambda path: np.column_stack(plane.to_plane(path[:, 1], path[:, 0]))
        )
        for rings in polygons
    ]
    return _rings(plane.polygon_to_lonlat(shapely.union_all(shapely.buffer(seen, bearing.observer_radius_m))))


def _arc(bearing: Bearing, azimuths: np.ndarray[Any, Any], range_m: float) -> list[list[float]]:
    lon0, lat0, reach = (np.full(azimuths.shape, value) for value in (bearing.lon, bearing.lat, range_m))
    lon, lat, _ = GEOD.fwd(lon0, lat0, azimuths, reach)
    return _path(np.column_stack([lon, lat]))


def drawn_agreement(name: str, agreement: Agreement | None) -> dict[str, Any]:
    """Its lines and zones for a map, and the zones of each provision; where its data is not at hand, its name."""
    if agreement is None:
        unknown = {"name": name, "version": "", "title": name, "hypothetical": False}
        return {**unknown, "lines": [], "zones": [], "provisions": {}}
    header = agreement.tables.header
    return {
        "name": name,
        "version": agreement.version,
        "title": " ".join(header.title.split()),
        "hypothetical": header.hypothetical,
        "lines": [_line(line_id, line, agreement) for line_id, line in agreement.lines.items()],
        "zones": [
            {"id": zone["properties"]["id"], "title": zone["properties"]["title"], "geometry": zone["geometry"]}
            for zone in zones_geojson(agreement)["features"]
        ],
        "provisions": {
            table.id: {"title": table.title, "zones": list(table.zones)}
            for table in agreement.tables.provisions
            if isinstance(table, ProhibitedActivityTable | WithdrawalTable | FlightTable)
        },
    }


def _line(line_id: str, line: Line, agreement: Agreement) -> dict[str, Any]:
    table = agreement.line_table(line_id)
    return {
        "id": line_id,
        "title": table.title,
        "accuracy_m": table.accuracy_m,
        "path": _path(np.column_stack([line.lon, line.lat])),
        "markers": [{"name": m.name, "lon": m.lon, "lat": m.lat} for m in table.markers],
        "sides": [
            label
            for party, sign in ((table.left, -1), (table.right, 1))
            if party is not None
            for label in _side_labels(party_name(party, agreement), line, sign)
        ],
    }


def _side_labels(name: str, line: Line, sign: int) -> list[dict[str, Any]]:
    """Where to write whose side it is: twice along the line, a little off it."""
    chainages = np.array([0.25, 0.65]) * line.length_m
    lon, lat = line.place(chainages, sign * _LABEL_SHARE * line.length_m)
    return [
        {"name": name, "lon": round(x, DIGITS), "lat": round(y, DIGITS)}
        for x, y in zip(lon.tolist(), lat.tolist(), strict=True)
    ]


def outlines() -> list[Any]:
    """Countries and regions, coarsely: a background, and no statement about borders."""
    areas = load_gazetteer().areas.values()
    return [
        {"country": area.name == area.country, "rings": _rings(shapely.simplify(area.geometry, _OUTLINE_DEG))}
        for area in areas
    ]
