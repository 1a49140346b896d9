"""Footprints: where a report says that something happened, with its uncertainty.

Lengths in metres, angles in degrees clockwise from north, coordinates in WGS 84 degrees.
"""

import msgspec

Ring = list[list[float]]


class Disc(msgspec.Struct, frozen=True, gc=False, tag_field="kind", tag="disc", omit_defaults=True):
    """A point and the radius within which it happened. A radius of 0 claims an exact point."""

    lon: float
    lat: float
    radius_m: float


class Bearing(msgspec.Struct, frozen=True, tag_field="kind", tag="bearing", omit_defaults=True):
    """What an observer saw or heard: a range interval in one or more azimuth intervals.

    Each azimuth interval runs clockwise from its first to its second angle, so `[350, 10]` spans north. An
    interval whose two angles are 360 apart is the full circle; two equal angles are refused: no observer is exact.
    The observer stood anywhere within `observer_radius_m` of the place given; 0 claims that it is exact.
    """

    lon: float
    lat: float
    range_min_m: float
    range_max_m: float
    azimuths_deg: tuple[tuple[float, float], ...]
    observer_radius_m: float = 0.0


class Polygon(msgspec.Struct, frozen=True, tag_field="type", tag="Polygon"):
    """A GeoJSON Polygon."""

    coordinates: list[Ring]


class MultiPolygon(msgspec.Struct, frozen=True, tag_field="type", tag="MultiPolygon"):
    """A GeoJSON MultiPolygon."""

    coordinates: list[list[Ring]]


class Area(msgspec.Struct, frozen=True, tag_field="kind", tag="area", omit_defaults=True):
    """A polygon, or the id of one in the gazetteer (`area_id`): just one of the two."""

    geometry: Polygon | MultiPolygon | None = None
    area_id: str | None = None


class Nowhere(msgspec.Struct, frozen=True, tag_field="kind", tag="nowhere"):
    """The source names no place at all."""


Footprint = Disc | Bearing | Area | Nowhere

_WINDS = (
    "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE",
    "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW",
)  # fmt: skip
_WORDS = {
    "NORTH": "N",
    "EAST": "E",
    "SOUTH": "S",
    "WEST": "W",
    "NORTHEAST": "NE",
    "SOUTHEAST": "SE",
    "SOUTHWEST": "SW",
    "NORTHWEST": "NW",
}
_HALF_SECTOR_DEG = 11.25


def wind_azimuths(words: str) -> tuple[tuple[float, float], ...]:
    """Azimuth intervals in degrees for the 16 winds as monitors write them.

    `"SSW"` is the sector of 22.5 degrees about it, `"NE to SE"` runs clockwise from the start of the first sector to
    the end of the second, and `"N, SSE and W"` gives one interval for each wind.

    >>> wind_azimuths("SSW")
    ((191.25, 213.75),)
    >>> wind_azimuths("NE to SE")
    ((33.75, 146.25),)
    >>> wind_azimuths("N and East")
    ((348.75, 11.25), (78.75, 101.25))

    Raises:
        ValueError: a word is none of the sixteen winds.
    """
    listed = words.replace(" and ", ",").replace("&", ",").replace(";", ",").replace("/", ",").split(",")
    return tuple(_sector(part) for part in listed if part.strip())


def _sector(part: str) -> tuple[float, float]:
    ends = part.upper().split(" TO ")
    if len(ends) > 2:
        raise ValueError(f"{part.strip()!r} is no direction: write one wind, or 'NE to SE'")
    first, last = _wind_deg(ends[0]), _wind_deg(ends[-1])
    return (first - _HALF_SECTOR_DEG) % 360.0, (last + _HALF_SECTOR_DEG) % 360.0


def _wind_deg(word: str) -> float:
    plain = word.strip().replace("-", "").replace(" ", "")
    wind = _WORDS.get(plain, plain)
    if wind not in _WINDS:
        raise ValueError(f"{word.strip()!r} is none of the sixteen winds (N, NNE, NE, …)")
    return _WINDS.index(wind) * 22.5
