"""Places at known distances from real lines, by pyproj.Geod alone, and reports of what was seen there."""

import json
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import shapely

from pipeline.agreement import Agreement
from pipeline.geometry.places import Places
from pipeline.model.footprint import Disc
from pipeline.model.report import Attribution, Report
from pipeline.model.taxonomy import Activity, Basis, Standing, Weapon
from pipeline.resources import folder
from tests.monitor.remembering import in_memory
from tests.oracles import OracleLine

Lonlat = tuple[float, float]


def oracle_line(name: str) -> OracleLine:
    """A shipped line by its file's name."""
    data = json.loads((folder("geodata") / "lines" / f"{name}.geojson").read_bytes())
    (feature,) = data["features"]
    lon, lat = np.array(feature["geometry"]["coordinates"]).T
    return OracleLine(lon, lat)


def place(line: OracleLine, chainage_m: float, side: str, away_m: float) -> Lonlat:
    """A place so far from the whole line, square to it at the chainage; found by halving."""
    sign = 1.0 if side == "right" else -1.0
    near, far = 0.0, 3 * away_m
    for _ in range(60):
        middle = (near + far) / 2
        if line.distance_m(*line.at(chainage_m, sign * middle))[0] < away_m:
            near = middle
        else:
            far = middle
    lon, lat = line.at(chainage_m, sign * near)
    return float(lon[0]), float(lat[0])


def within(agreement: Agreement, zone_ids: tuple[str, ...], *where: Lonlat) -> list[bool]:
    """Whether each place lies in one of the zones."""
    lon, lat = np.array(where).T
    places = Places(lon, lat)
    found = [zone.contains(places) for zone in agreement.zones if zone.zone_id in zone_ids]
    assert len(found) == len(zone_ids)
    return [bool(one) for one in np.any(found, axis=0)]


def report(number: int, at: datetime, where: Lonlat, activity: Activity, weapon: Weapon, **fields: Any) -> Report:
    """What a post saw there, to 100 m and within a minute."""
    return Report(
        report_id=f"test:{number}",
        source="test",
        observer="post",
        ledger="independent",
        observed_from=at,
        observed_until=at + timedelta(minutes=1),
        footprint=Disc(*where, 100.0),
        activity=activity,
        weapons=(weapon,),
        **fields,
    )


def broken(agreement: Agreement, *reports: Report) -> set[str]:
    """The provisions that are told to be broken."""
    alerts = in_memory([agreement], [reports]).values()
    return {alert.provision for alert in alerts if alert.standing is Standing.RAISED}


def ring(name: str) -> OracleLine:
    """The outer edge of a shipped zone's greatest part, as a line that closes."""
    data = json.loads((folder("geodata") / "zones" / f"{name}.geojson").read_bytes())
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in data["features"]]
    greatest = max((part for one in shapes for part in shapely.get_parts(one)), key=lambda part: float(part.area))
    lon, lat = np.array(greatest.exterior.coords).T
    return OracleLine(lon, lat)


def beside(edge: OracleLine, share: float, away_m: float) -> tuple[Lonlat, Lonlat]:
    """Two places so far from a ring's edge, inside and outside, square to it at a share of its length."""
    runs_left = shapely.is_ccw(shapely.LinearRing(np.column_stack([edge.lon, edge.lat])))
    inside, outside = ("left", "right") if runs_left else ("right", "left")
    return place(edge, share * edge.length_m, inside, away_m), place(edge, share * edge.length_m, outside, away_m)


def whose(party: str) -> Attribution:
    """The post says whose it was."""
    return Attribution(party, "post", Basis.OBSERVED)
