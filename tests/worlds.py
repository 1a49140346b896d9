"""Small invented agreements and reports, and their mirror images east to west."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere, Polygon
from pipeline.model.report import Attribution, Count, Report
from pipeline.model.taxonomy import Activity, Basis, CountUnit, Weapon
from pipeline.observers import load_observers

MERIDIAN = 38.0
LINE = [[37.0, 48.0], [37.3, 48.2], [37.25, 48.35], [37.9, 48.1], [38.5, 48.6]]
DAY = datetime(2016, 3, 1, tzinfo=UTC)

HEAD = """
format = 1
name = "{name}"
version = "1"
title = "An invented ceasefire"
timezone = "Europe/Kyiv"
in_force_from = 2016-03-01T06:00:00+00:00

[[sources]]
id = "made-up"
title = "Invented for a test"
where = "nowhere"
confidence = "low"
[[parties]]
id = "a"
name = "Party A"
[[parties]]
id = "b"
name = "Party B"
[[parties]]
id = "monitor"
name = "Monitor"

[[lines]]
id = "line"
title = "The line"
file = "{name}.geojson"
starts_near = {starts_near}
left = "{left}"
right = "{right}"
accuracy_m = 200
source = "made-up"
confidence = "low"
"""

ZONE = """
[[zones]]
id = "{id}"
title = "{id}"
kind = "offset"
line = "line"
side = "{side}"
to_m = {to_m}
source = "made-up"
confidence = "low"
"""

FURTHER_LINE = """
[[lines]]
id = "{id}"
title = "{id}"
file = "{id}.geojson"
starts_near = {starts_near}
accuracy_m = 50
source = "made-up"
confidence = "low"
"""
"""A line that parts nobody from anybody, such as a road."""

PROVISION = """
[[provisions]]
id = "{id}"
article = "Article {id}"
title = "{id}"
severity = "{severity}"
source = "made-up"
confidence = "low"
{asks}
"""


REMEMBERING = {
    "ceiling": """
kind = "stock_ceiling"
zones = ["guns-a", "guns-b"]
seen_for_days = 2
  [[provisions.limits]]
  id = "guns"
  title = "Artillery"
  at_most = 3
  unit = "weapon"
  weapons = [{type = "artillery"}]
  [[provisions.limits]]
  id = "men"
  title = "Men"
  at_most = 50
  unit = "person"
""",
    "quiet": 'kind = "quiet_days"\nzones = ["guns-a", "guns-b"]\nactivities = ["fire"]\ndays = 2\nthen_within_days = 1',
    "schedule": """
kind = "schedule"
storage = ["both"]
  [[provisions.stages]]
  id = "first"
  title = "Artillery out"
  zones = ["guns-a", "guns-b"]
  weapons = [{type = "artillery"}]
  complete_by = 2016-03-02T06:00:00Z
  [[provisions.inventory]]
  serial = "one"
  weapon = "artillery"
  stage = "first"
""",
    "answers": 'kind = "return_fire"\nzones = ["both"]\nwithin_minutes = 120\nwithin_m = 30000',
    "rising": 'kind = "escalation"\nprovisions = ["ceasefire"]\nfalse_alarm_days = 365',
    "consult": """
kind = "consultation"
provisions = ["ceasefire"]
confirmed = 1
within_days = 7
sustained_days = 2
sustained_per_day = 1
""",
    "positions": 'kind = "standing"\nzones = ["near-a", "near-b"]\nactivities = ["position"]\nsame_place_m = 3000',
}
"""What provisions that remember ask, by their ids."""


def mirrored_lon(lon: float) -> float:
    return round(2 * MERIDIAN - lon, 9)


def write_world(folder: Path, name: str = "world", *, mirror: bool = False, extra: str = "") -> Path:
    """An agreement with provisions of every kind that is judged, and an exception; its file's path."""
    corners = [[mirrored_lon(lon) if mirror else lon, lat] for lon, lat in LINE]
    side = {"a": "right" if mirror else "left", "b": "left" if mirror else "right"}
    text = HEAD.format(
        name=name,
        starts_near=corners[0],
        left="b" if mirror else "a",
        right="a" if mirror else "b",
    )
    text += ZONE.format(id="both", side="both", to_m=25_000)
    for party in "ab":
        text += ZONE.format(id=f"near-{party}", side=side[party], to_m=7_500)
        text += ZONE.format(id=f"guns-{party}", side=side[party], to_m=15_000)
    text += PROVISION.format(
        id="ceasefire",
        severity="grave",
        asks='kind = "prohibited_activity"\nzones = ["both"]\nactivities = ["fire"]\nexceptions = ["pause"]',
    )
    text += PROVISION.format(
        id="artillery",
        severity="serious",
        asks='kind = "withdrawal"\nzones = ["guns-a", "guns-b"]\n'
        'weapons = [{type = "artillery", calibre_min_mm = 100}]',
    )
    text += PROVISION.format(
        id="troops-a", severity="minor", asks='kind = "withdrawal"\nzones = ["near-a"]\ntroops = true'
    )
    text += PROVISION.format(
        id="drones",
        severity="minor",
        asks='kind = "flight"\nzones = ["near-a", "near-b"]\nobjects = ["uav"]\nexcept_operators = ["monitor"]',
    )
    across = "right_to_left" if mirror else "left_to_right"
    text += PROVISION.format(
        id="line", severity="minor", asks=f'kind = "crossing"\nlines = ["line"]\ndirection = "{across}"'
    )
    text += PROVISION.format(
        id="stay-b",
        severity="minor",
        asks='kind = "withdrawal"\nzones = ["near-b"]\ntroops = true\ndwell_minutes = 60\nhysteresis_m = 300',
    )
    text += "".join(PROVISION.format(id=name, severity="minor", asks=asks) for name, asks in REMEMBERING.items())
    text += PROVISION.format(
        id="training",
        severity="minor",
        asks='kind = "prohibited_activity"\nzones = ["both"]\nactivities = ["live_fire_training"]\n'
        'exceptions = ["announced"]',
    )
    text += """
[[exceptions]]
id = "announced"
kind = "notified"
title = "Training that was announced two hours before"
activities = ["training"]
from_reports = true
notice_hours = 2
source = "made-up"
confidence = "low"

[[suspensions]]
from = 2016-03-01T20:00:00Z
until = 2016-03-01T22:00:00Z
provisions = ["troops-a"]
source = "made-up"
confidence = "low"

[[exceptions]]
id = "pause"
kind = "time_window"
title = "Suspended for an hour"
windows = [{from = 2016-03-01T12:00:00Z, until = 2016-03-01T13:00:00Z}]
source = "made-up"
confidence = "low"
"""
    write_line(folder, name, corners)
    path = folder / f"{name}.toml"
    path.write_text(text + extra, encoding="utf-8")
    return path


def write_line(folder: Path, name: str, corners: list[list[float]]) -> None:
    """The file of a line."""
    geojson = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": {"type": "LineString", "coordinates": corners}}],
    }
    (folder / f"{name}.geojson").write_text(json.dumps(geojson), encoding="utf-8")


def further_line(folder: Path, name: str, corners: list[list[float]]) -> str:
    """The table of one more line, whose file it writes: a part of a world's `extra`."""
    write_line(folder, name, corners)
    return FURTHER_LINE.format(id=name, starts_near=corners[0])


def further_zone(name: str, asks: str) -> str:
    """The table of a zone of any kind."""
    return f'\n[[zones]]\nid = "{name}"\ntitle = "{name}"\nsource = "made-up"\nconfidence = "low"\n{asks}\n'


def drawn_zone(folder: Path, name: str, ring: list[list[float]]) -> str:
    """The table of a zone that is drawn, whose file it writes: a part of a world's `extra`."""
    shape = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    drawn = json.dumps({"type": "FeatureCollection", "features": [shape]})
    (folder / f"{name}.geojson").write_text(drawn, encoding="utf-8")
    return further_zone(name, f'kind = "polygon"\nfile = "{name}.geojson"')


def world(folder: Path, name: str = "world", *, mirror: bool = False, extra: str = "") -> Agreement:
    return load_agreement(write_world(folder, name, mirror=mirror, extra=extra))


OCCURRED = 1.0 - load_observers().kinds[-1].invents
"""How likely that happened what one reports of whom nothing is known."""


def report(
    number: int | str,
    footprint: Footprint,
    activity: Activity = Activity.EXPLOSION,
    *,
    at: timedelta = timedelta(hours=8),
    lasting: timedelta = timedelta(seconds=10),
    **fields: Any,
) -> Report:
    """A plain report, by default an explosion at eight in the morning of `DAY`."""
    begin = DAY + at
    return Report(
        report_id=f"test:{number}",
        source="test",
        observed_from=begin,
        observed_until=begin + lasting,
        footprint=footprint,
        activity=activity,
        **fields,
    )


def mirrored(original: Report) -> Report:
    """The same report seen in a mirror: east is west, a is b."""
    place = original.footprint
    image: Footprint = place
    if isinstance(place, Disc):
        image = Disc(mirrored_lon(place.lon), place.lat, place.radius_m)
    elif isinstance(place, Bearing):
        azimuths = tuple((-end % 360.0, -start % 360.0) for start, end in reversed(place.azimuths_deg))
        image = replace(place, lon=mirrored_lon(place.lon), azimuths_deg=azimuths)
    elif isinstance(place, Area) and isinstance(place.geometry, Polygon):
        rings = [[[mirrored_lon(lon), lat] for lon, lat in reversed(ring)] for ring in place.geometry.coordinates]
        image = Area(geometry=Polygon(rings))
    claim = original.attribution
    if claim is not None:
        claim = Attribution({"a": "b", "b": "a"}.get(claim.party, claim.party), claim.author, claim.basis)
    return replace(original, footprint=image, attribution=claim)


_LON = st.floats(36.6, 38.9).map(lambda value: round(value, 5))
_LAT = st.floats(47.7, 48.9).map(lambda value: round(value, 5))
_AZIMUTH = st.integers(0, 359).map(float)


_UNIT = st.sampled_from([CountUnit.WEAPON, CountUnit.PERSON, CountUnit.EXPLOSION])
_FOUR = st.builds(Count, st.just(4.0), st.sampled_from([4.0, None]), _UNIT)


@st.composite
def _boxes(draw: st.DrawFn) -> Area:
    west, south = draw(_LON), draw(_LAT)
    east, north = west + draw(st.floats(0.02, 0.5)), south + draw(st.floats(0.02, 0.5))
    return Area(geometry=Polygon([[[west, south], [east, south], [east, north], [west, north], [west, south]]]))


FOOTPRINTS: st.SearchStrategy[Footprint] = st.one_of(
    st.builds(Disc, _LON, _LAT, st.sampled_from([0.0, 50.0, 400.0, 3_000.0, 20_000.0])),
    st.builds(
        Bearing,
        _LON,
        _LAT,
        st.sampled_from([0.0, 1_000.0]),
        st.sampled_from([3_000.0, 6_000.0]),
        st.lists(st.tuples(_AZIMUTH, _AZIMUTH).filter(lambda pair: pair[0] != pair[1]), min_size=1, max_size=2).map(
            tuple
        ),
        st.sampled_from([0.0, 0.0, 800.0]),
    ),
    _boxes(),
    st.just(Nowhere()),
)


NAMED_AREA = Area(area_id="ua-donetsk")
"""An area of the gazetteer that the line crosses."""


@st.composite
def reports_near_the_line(draw: st.DrawFn, *, named_areas: bool = True) -> Report:
    """Reports whose ids collide now and then, with versions, revisions, retractions and tracks among them."""
    number = draw(st.integers(0, 12))
    revises = draw(st.none() | st.integers(0, 12))
    return report(
        number,
        draw(FOOTPRINTS | st.just(NAMED_AREA) if named_areas else FOOTPRINTS),
        draw(
            st.sampled_from(
                [
                    Activity.EXPLOSION,
                    Activity.WEAPON_PRESENCE,
                    Activity.TROOP_PRESENCE,
                    Activity.FLIGHT,
                    Activity.MOVEMENT,
                    Activity.CROSSING,
                    Activity.UNKNOWN,
                    Activity.OUTGOING_FIRE,
                    Activity.POSITION,
                    Activity.COORDINATION,
                    Activity.LIVE_FIRE_TRAINING,
                    Activity.NOTIFICATION,
                ]
            )
        ),
        at=timedelta(minutes=draw(st.integers(0, 3 * 24 * 60))),
        lasting=timedelta(minutes=draw(st.sampled_from([0, 1, 90, 2000]))),
        weapons=tuple(
            draw(st.lists(st.sampled_from([Weapon.ARTILLERY, Weapon.MORTAR, Weapon.UAV]), max_size=2, unique=True))
        ),
        calibre_mm=draw(st.sampled_from([None, 82.0, 122.0, (82.0, 122.0)])),
        count=draw(st.none() | st.builds(Count, st.just(0.0), st.sampled_from([0.0, 4.0, None]), _UNIT) | _FOUR),
        attribution=draw(
            st.none() | st.builds(Attribution, st.sampled_from("ab"), st.just("x"), st.just(Basis.STATEMENT))
        ),
        ledger=draw(st.sampled_from([None, "sensor", "party:a"])),
        published_at=draw(st.none() | st.sampled_from([DAY, DAY + timedelta(days=1)])),
        track_id=draw(st.sampled_from([None, None, None, "one", "two"])),
        revises=f"test:{revises}" if revises is not None and revises != number else None,
        retracted=draw(st.sampled_from([False, False, False, True])),
        text=draw(st.none() | st.text(max_size=10)),
    )


RETELLING: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.builds(dict, text=st.sampled_from(["reworded", "reworded again"])),
    st.builds(dict, published_at=st.sampled_from([DAY + timedelta(days=days) for days in (1, 2)])),
    st.just({"retracted": True}),
    st.builds(dict, footprint=st.builds(Disc, _LON, _LAT, st.just(50.0))),
)


@st.composite
def retold_reports(draw: st.DrawFn, max_size: int = 14) -> list[Report]:
    """Some reports, and further versions of them: reworded only, published again, moved, or withdrawn."""
    told = draw(st.lists(reports_near_the_line(), min_size=1, max_size=max_size))
    again = draw(st.lists(st.tuples(st.sampled_from(told), RETELLING), max_size=max_size // 3))
    return told + [replace(one, **changed) for one, changed in again]
