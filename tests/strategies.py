"""Invented reports of every shape, for properties: `reports()`. Each of them passes `pipeline.model.check`."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from pipeline.model.footprint import Area, Bearing, Disc, Footprint, MultiPolygon, Nowhere, Polygon, Ring
from pipeline.model.report import Attribution, Count, Origin, Report
from pipeline.model.taxonomy import Activity, Basis, CountUnit, Weapon

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

DONBAS: Box = (35.0, 46.0, 40.0, 50.0)
DAY = date(2020, 8, 15)
AREA_IDS = ("ua-donetsk", "ua-luhansk")
LEDGERS = ("independent", "sensor", "party:ukraine", "party:formations", "public")

_ANGLES = st.floats(-360, 720, allow_subnormal=False)
_WORDS = st.text(max_size=20)


def times(day: date = DAY, days: int = 3) -> SearchStrategy[datetime]:
    """Times in UTC, to the microsecond, within so many days of the beginning of a day, before or after."""
    middle = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - hypothesis adds the zone
    reach = timedelta(days=days)
    return st.datetimes(middle - reach, middle + reach, timezones=st.just(UTC))


def places(box: Box = DONBAS) -> SearchStrategy[tuple[float, float]]:
    """Longitude and latitude within a box; not 0, 0, which is no place."""
    west, south, east, north = box
    lonlat = st.tuples(
        st.floats(west, east, allow_subnormal=False).map(lambda lon: round(lon, 6)),
        st.floats(south, north, allow_subnormal=False).map(lambda lat: round(lat, 6)),
    )
    return lonlat.filter(lambda place: place != (0.0, 0.0))


def discs(box: Box = DONBAS, max_radius_m: float = 50_000.0) -> SearchStrategy[Disc]:
    """Discs, exact points among them."""
    radii = st.one_of(st.just(0.0), st.floats(0.0, max_radius_m, allow_subnormal=False))
    return st.builds(lambda place, radius_m: Disc(place[0], place[1], radius_m), places(box), radii)


def _is_interval(angles: tuple[float, float]) -> bool:
    return angles[0] != angles[1] and abs(angles[1] - angles[0]) <= 360.0


def bearings(box: Box = DONBAS, max_range_m: float = 30_000.0) -> SearchStrategy[Bearing]:
    """Bearings of one to three azimuth intervals, full circles and intervals across north among them.

    Of every other one the observer's place is not exact.
    """
    ranges = st.tuples(st.floats(0, max_range_m / 2, allow_subnormal=False), st.floats(1.0, max_range_m / 2))
    intervals = st.lists(st.tuples(_ANGLES, _ANGLES).filter(_is_interval), min_size=1, max_size=3).map(tuple)
    return st.builds(
        lambda place, near, azimuths, beside_m: Bearing(
            place[0], place[1], near[0], near[0] + near[1], azimuths, beside_m
        ),
        places(box),
        ranges,
        intervals,
        st.one_of(st.just(0.0), st.floats(0.0, max_range_m / 4, allow_subnormal=False)),
    )


def rings(box: Box = DONBAS) -> SearchStrategy[Ring]:
    """Closed rings that do not cross themselves: corners about a place, in the order of their angles."""
    west, south, east, north = box

    def ring(place: tuple[float, float], reaches: list[float]) -> Ring:
        turns = np.linspace(0.0, 2.0 * np.pi, len(reaches), endpoint=False)
        corners = [
            [
                round(float(np.clip(place[0] + reach * np.cos(turn), west, east)), 6),
                round(float(np.clip(place[1] + reach * np.sin(turn), south, north)), 6),
            ]
            for reach, turn in zip(reaches, turns, strict=True)
        ]
        return [*corners, corners[0]]

    margin = 0.1 * min(east - west, north - south)
    inner = (west + margin, south + margin, east - margin, north - margin)
    reaches = st.lists(st.floats(margin / 10, margin), min_size=3, max_size=8)
    return st.builds(ring, places(inner), reaches)


def areas(box: Box = DONBAS, area_ids: tuple[str, ...] = AREA_IDS) -> SearchStrategy[Area]:
    """Areas: drawn polygons, two of them as one area, and names from the gazetteer."""
    west, south, east, north = box
    middle = (west + east) / 2.0
    polygons = rings(box).map(lambda ring: Polygon([ring]))
    pairs = st.tuples(rings((west, south, middle, north)), rings((middle, south, east, north)))
    multipolygons = pairs.map(lambda two: MultiPolygon([[ring] for ring in two]))
    drawn = st.one_of(polygons, multipolygons).map(lambda geometry: Area(geometry=geometry))
    return st.one_of(drawn, st.sampled_from(area_ids).map(lambda name: Area(area_id=name))) if area_ids else drawn


def footprints(box: Box = DONBAS, area_ids: tuple[str, ...] = AREA_IDS) -> SearchStrategy[Footprint]:
    """Footprints of every kind."""
    return st.one_of(discs(box), bearings(box), areas(box, area_ids), st.just(Nowhere()))


def calibres() -> SearchStrategy[float | tuple[float, float] | None]:
    """A calibre, an interval of calibres, or none."""
    known = st.sampled_from([23.0, 82.0, 100.0, 120.0, 122.0, 152.0, 300.0])
    intervals = st.tuples(known, known).map(lambda pair: (min(pair), max(pair)))
    return st.one_of(st.none(), known, intervals)


def counts() -> SearchStrategy[Count]:
    """Counts, open ones among them."""
    low, more = st.integers(0, 500), st.one_of(st.none(), st.integers(0, 500))
    return st.builds(
        lambda least, above, unit: Count(float(least), None if above is None else float(least + above), unit),
        low,
        more,
        st.sampled_from(CountUnit),
    )


def attributions() -> SearchStrategy[Attribution]:
    """Claims of who did it, by parties, monitors and others."""
    parties = st.sampled_from(["ukraine", "formations", "monitor", "?"])
    return st.builds(Attribution, parties, _WORDS, st.sampled_from(Basis))


def origins() -> SearchStrategy[Origin]:
    """Rows of an invented file."""
    return st.builds(
        Origin, st.sampled_from(["one.csv", "two.csv"]), st.integers(1, 10_000), st.sampled_from(["0" * 64, "a" * 64])
    )


@st.composite
def reports(
    draw: st.DrawFn,
    *,
    box: Box = DONBAS,
    day: date = DAY,
    days: int = 3,
    source: str = "test",
    names: SearchStrategy[str] | None = None,
    where: SearchStrategy[Footprint] | None = None,
    activities: tuple[Activity, ...] = tuple(Activity),
    revising: bool = True,
    tracks: bool = True,
    area_ids: tuple[str, ...] = AREA_IDS,
) -> Report:
    """One report that passes the check.

    Args:
        box: where places lie.
        day, days: times lie within so many days of `day`.
        names: what follows the source's name and a colon in ids; few of them give many versions and revisions.
        where: footprints to choose from instead of every kind in the box.
        revising: whether some reports revise others, and some are withdrawn.
        tracks: whether some belong to a track.
        area_ids: named areas to choose from.
    """
    chosen = names if names is not None else st.integers(0, 10**9).map(str)
    own = draw(chosen)
    begin = draw(times(day, days))
    lasting = draw(st.one_of(st.just(timedelta()), st.timedeltas(timedelta(), timedelta(days=days))))
    revised = draw(st.one_of(st.none(), chosen)) if revising else None
    maybe_time = st.one_of(st.none(), times(day, days))
    return Report(
        report_id=f"{source}:{own}",
        source=source,
        observed_from=begin,
        observed_until=begin + lasting,
        footprint=draw(footprints(box, area_ids) if where is None else where),
        activity=draw(st.sampled_from(activities)),
        feed=draw(st.sampled_from([None, "north", "south"])),
        observer=draw(st.one_of(st.none(), _WORDS)),
        ledger=draw(st.sampled_from([None, *LEDGERS])),
        published_at=draw(maybe_time),
        received_at=draw(maybe_time),
        weapons=tuple(draw(st.lists(st.sampled_from(Weapon), max_size=3, unique=True))),
        calibre_mm=draw(calibres()),
        count=draw(st.one_of(st.none(), counts())),
        attribution=draw(st.one_of(st.none(), attributions())),
        track_id=draw(st.sampled_from([None, None, None, "one", "two"])) if tracks else None,
        revises=f"{source}:{revised}" if revised not in (None, own) else None,
        retracted=revising and draw(st.integers(0, 9)) == 0,
        text=draw(st.one_of(st.none(), _WORDS)),
        url=draw(st.sampled_from([None, "https://example.org/1"])),
        origin=draw(st.one_of(st.none(), origins())),
    )
