"""Satellites: where they are, when they pass over places, and what they cover.

Nothing here is spherical but the sieve that finds candidates: look angles, elevations and ranges are between the
satellite and places on the ellipsoid, and nadir is the ellipsoid's normal. Docs/recon.md says what that was checked
against.
"""

import math
from collections.abc import Callable
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.geometry.earth import RADIUS_M, Bools, Floats, to_earth
from pipeline.recon.earth_fixed import Integers, normals, to_geodetic, to_ms
from pipeline.recon.elements import Elements, OrbitError
from pipeline.recon.ephemeris import STEP_MS, Ephemeris, states
from pipeline.recon.sun import sun_elevation_deg

_PAIRS_AT_ONCE = 2**22
"""Of places and nodes: some 30 MB."""

_HALVINGS = 26
"""Take a bracket of an hour below a tenth of a millisecond."""

_TILT_RAD = math.radians(0.2)
"""The normal of the ellipsoid is so far from the direction to the Earth's centre at most."""

_MARGIN_RAD = math.radians(0.5)
"""What the sieve adds to what is within reach."""

_LEAST_RADIUS_M = 6_356_752.0

Indices = NDArray[np.intp]


class Sensor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a satellite looks with.

    Attributes:
        kind: optical needs daylight and a clear sky, thermal a clear sky, radar neither.
        greatest_look_deg: how far off nadir it sees, or can be turned; 90 for as far as the horizon.
        least_look_deg: how far off nadir, sideways, a place has to lie at least: a radar does not look straight down.
        looks: to which side of the track; left and right are those of one who flies along.
        least_sun_elevation_deg: below that the place is too dark; None if it does not matter.
    """

    kind: Literal["optical", "radar", "thermal"]
    greatest_look_deg: float
    least_look_deg: float = 0.0
    looks: Literal["both", "left", "right"] = "both"
    least_sun_elevation_deg: float | None = None

    def __post_init__(self) -> None:
        if not 0.0 < self.greatest_look_deg <= 90.0:
            raise OrbitError(f"greatest_look_deg: must be above 0 and at most 90, not {self.greatest_look_deg:g}")
        if not 0.0 <= self.least_look_deg < self.greatest_look_deg:
            raise OrbitError(
                f"least_look_deg: must be from 0 to less than greatest_look_deg ({self.greatest_look_deg:g}), "
                f"not {self.least_look_deg:g}"
            )
        if self.least_sun_elevation_deg is not None and not -90.0 <= self.least_sun_elevation_deg <= 90.0:
            raise OrbitError(f"least_sun_elevation_deg: must be from -90 to 90, not {self.least_sun_elevation_deg:g}")
        if self.kind == "radar" and self.least_sun_elevation_deg is not None:
            raise OrbitError("least_sun_elevation_deg: a radar needs no sun")
        if self.kind == "optical" and self.least_sun_elevation_deg is None:
            raise OrbitError("least_sun_elevation_deg: an optical sensor needs one")

    @property
    def needs_clear_sky(self) -> bool:
        """Whether cloud hides the ground from it."""
        return self.kind != "radar"


class Track(NamedTuple):
    """Places beneath a satellite, and its height above the ellipsoid there."""

    lon: Floats
    lat: Floats
    altitude_m: Floats


class Passes(NamedTuple):
    """Passes over places, in the order of their closest approach; arrays of one length.

    Attributes:
        target: the number of the place.
        begin_ms, closest_ms, end_ms: between begin and end the place is within the greatest look angle and above the
            horizon; at the closest approach the range is least.
        look_deg, elevation_deg, range_m: at the closest approach: off nadir, above the horizon of the place, and from
            one to the other.
        left: whether the place lies left of the track.
        sun_elevation_deg: at the place, at the closest approach.
        sunlit: whether that is enough for the sensor; always, if it needs no sun.
    """

    target: Integers
    begin_ms: Integers
    closest_ms: Integers
    end_ms: Integers
    look_deg: Floats
    elevation_deg: Floats
    range_m: Floats
    left: Bools
    sun_elevation_deg: Floats
    sunlit: Bools


def look_of_half_width_deg(half_width_m: float, altitude_km: float) -> float:
    """The look angle at which a swath is so wide to one side, seen from a height above the ground; on a sphere.

    >>> round(look_of_half_width_deg(145_000.0, 786.0), 1)
    10.4
    """
    arc = half_width_m / RADIUS_M
    away = 1.0 + altitude_km * 1000.0 / RADIUS_M
    if not 0.0 < arc < math.acos(1.0 / away):
        raise OrbitError(f"half_width_m: must be above 0 and end before the horizon, not {half_width_m:g}")
    return math.degrees(math.atan2(math.sin(arc), away - math.cos(arc)))


def ground_track(elements: Elements, time_ms: Integers) -> Track:
    """The places beneath a satellite at some times."""
    return Track(*to_geodetic(states(elements, time_ms).place_m))


def passes(
    elements: Elements,
    sensor: Sensor,
    targets_lon: ArrayLike,
    targets_lat: ArrayLike,
    begin: datetime,
    end: datetime,
) -> Passes:
    """Every time that a satellite has places within its reach, by day and by night.

    A sensor turns fore and aft as far as `greatest_look_deg`; whether the place is on its side, and not too near the
    track for it, is judged at the closest approach. Passes belong to the interval in which their closest approach
    lies, its begin included and its end not: of intervals that follow each other each pass is in one, and whole.

    Args:
        targets_lon, targets_lat: degrees, arrays of one length.
        begin, end: aware times.
    """
    begin_ms, end_ms = interval_ms(begin, end)
    search = _Search(elements, sensor, Ground(targets_lon, targets_lat), begin_ms, end_ms)
    target, closest_ms = search.closest()
    within = (begin_ms <= closest_ms) & (closest_ms < end_ms)
    order = np.lexsort((target[within], closest_ms[within]))
    return search.passes(target[within][order], closest_ms[within][order])


def interval_ms(begin: datetime, end: datetime) -> tuple[int, int]:
    """Aware times as milliseconds since 1970; the end has to come after the beginning."""
    if begin.tzinfo is None or end.tzinfo is None:
        raise OrbitError(f"{'begin' if begin.tzinfo is None else 'end'}: needs a time zone")
    begin_ms, end_ms = to_ms(begin), to_ms(end)
    if end_ms <= begin_ms:
        raise OrbitError(f"end: must come after the beginning, {begin.isoformat()}")
    return begin_ms, end_ms


class Ground:
    """Places on the ellipsoid, and which way is up there."""

    def __init__(self, lon: ArrayLike, lat: ArrayLike) -> None:
        self.lon, self.lat = (np.atleast_1d(np.asarray(degrees, dtype=float)) for degrees in (lon, lat))
        if self.lon.shape != self.lat.shape or not np.isfinite(self.lon).all():
            raise OrbitError("targets_lon: must be numbers, as many as targets_lat")
        if not (np.abs(self.lat) <= 90.0).all():
            raise OrbitError("targets_lat: must be from -90 to 90")
        self.place_m, self.up = to_earth(self.lon, self.lat), normals(self.lon, self.lat)


class _View(NamedTuple):
    """How a satellite and a place see each other."""

    range_m: Floats
    sin_elevation: Floats
    cos_look: Floats


class _Search:
    """Looks for the passes of one satellite over some places."""

    def __init__(self, elements: Elements, sensor: Sensor, ground: Ground, begin_ms: int, end_ms: int) -> None:
        self._sensor, self._ground = sensor, ground
        self._quarter_ms = elements.period_s * 250.0
        around_ms = int(self._quarter_ms) + 3 * STEP_MS
        self._ephemeris = Ephemeris(elements, begin_ms - around_ms, end_ms + around_ms)

    def closest(self) -> tuple[Indices, Integers]:
        """Places, and when the satellite is closest to them: all approaches into reach, and some that are not quite."""
        target, node = self._near()
        at_ms: Floats = (self._ephemeris.begin_ms + node * STEP_MS).astype(float)

        def comes_nearer(at_ms: Floats) -> Bools:
            state = self._ephemeris.at(at_ms)
            sight_m = self._ground.place_m[:, target] - state.place_m
            return dot(sight_m, state.velocity_m_s) > 0.0

        return target, np.rint(_last(comes_nearer, at_ms - 2.0 * STEP_MS, at_ms + 2.0 * STEP_MS)).astype(np.int64)

    def _near(self) -> tuple[Indices, Indices]:
        """Places, and the nodes at which the satellite is nearer to them than at the nodes before and after."""
        place_m = self._ephemeris.nodes.place_m
        away_m = np.sqrt(dot(place_m, place_m))
        least_cosine = math.cos(min(self._greatest_arc(away_m), math.pi))
        ground = self._ground.place_m / np.sqrt(dot(self._ground.place_m, self._ground.place_m))
        found = [(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp))]
        several = max(1, _PAIRS_AT_ONCE // len(away_m))
        for begin in range(0, ground.shape[1], several):
            cosines = ground[:, begin : begin + several].T @ (place_m / away_m)
            target, node = np.nonzero(cosines[:, 1:-1] >= least_cosine)
            here, before, after = (cosines[target, node + more] for more in (1, 0, 2))
            peak = (here >= before) & (here > after)
            found.append((target[peak] + begin, node[peak] + 1))
        return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])

    def _greatest_arc(self, away_m: Floats) -> float:
        """How far, as an angle at the Earth's centre, a place within reach is from the satellite's nearest node."""
        greatest_m = float(away_m.max())
        look = min(math.radians(self._sensor.greatest_look_deg) + _TILT_RAD, math.pi / 2.0)
        sine = greatest_m / _LEAST_RADIUS_M * math.sin(look)
        reach = math.asin(sine) - look if sine < 1.0 else math.acos(_LEAST_RADIUS_M / greatest_m)
        velocity_m_s = self._ephemeris.nodes.velocity_m_s
        speed_rad_s = float(np.sqrt(dot(velocity_m_s, velocity_m_s)).max()) / float(away_m.min())
        return reach + _MARGIN_RAD + speed_rad_s * STEP_MS / 2000.0

    def passes(self, target: Indices, closest_ms: Integers) -> Passes:
        """Of approaches, those that come into reach."""
        state = self._ephemeris.at(closest_ms.astype(float))
        sight_m = self._ground.place_m[:, target] - state.place_m
        left = dot(np.cross(state.place_m, state.velocity_m_s, axis=0), sight_m) > 0.0
        view = self._view(target, closest_ms.astype(float))
        look_deg, elevation_deg = np.degrees(np.arccos(view.cos_look)), np.degrees(np.arcsin(view.sin_elevation))
        kept = self._reaches(view) & (look_deg >= self._sensor.least_look_deg)
        if self._sensor.looks != "both":
            kept &= left == (self._sensor.looks == "left")
        target, closest_ms = target[kept], closest_ms[kept]
        begin_ms, end_ms = self._ends(target, closest_ms.astype(float))
        sun_deg = sun_elevation_deg(self._ground.lon[target], self._ground.lat[target], closest_ms)
        least_deg = self._sensor.least_sun_elevation_deg
        return Passes(
            target=target.astype(np.int64),
            begin_ms=begin_ms,
            closest_ms=closest_ms,
            end_ms=end_ms,
            look_deg=look_deg[kept],
            elevation_deg=elevation_deg[kept],
            range_m=view.range_m[kept],
            left=left[kept],
            sun_elevation_deg=sun_deg,
            sunlit=sun_deg >= (-90.0 if least_deg is None else least_deg),
        )

    def _ends(self, target: Indices, closest_ms: Floats) -> tuple[Integers, Integers]:
        """When passes begin and end; a quarter of an orbit away the place is below the horizon."""

        def reaches(at_ms: Floats) -> Bools:
            return self._reaches(self._view(target, at_ms))

        begin_ms, end_ms = (
            np.rint(_last(reaches, closest_ms, closest_ms + way * self._quarter_ms)).astype(np.int64)
            for way in (-1.0, 1.0)
        )
        return begin_ms, end_ms

    def _view(self, target: Indices, at_ms: Floats) -> _View:
        place_m = self._ephemeris.at(at_ms).place_m
        sight_m = self._ground.place_m[:, target] - place_m
        range_m = np.sqrt(dot(sight_m, sight_m))
        lon, lat, _ = to_geodetic(place_m)
        sin_elevation = -dot(sight_m, self._ground.up[:, target]) / range_m
        cos_look = -dot(sight_m, normals(lon, lat)) / range_m
        return _View(range_m, np.clip(sin_elevation, -1.0, 1.0), np.clip(cos_look, -1.0, 1.0))

    def _reaches(self, view: _View) -> Bools:
        greatest = math.cos(math.radians(self._sensor.greatest_look_deg))
        return (view.cos_look >= greatest) & (view.sin_elevation >= 0.0)


def dot(one: Floats, other: Floats) -> Floats:
    """Scalar products of vectors of shape (3, n)."""
    return np.asarray(one[0] * other[0] + one[1] * other[1] + one[2] * other[2])


def _last(holds: Callable[[Floats], Bools], holding: Floats, failing: Floats) -> Floats:
    """Where, on the way from where something holds to where it does not, it last holds: by halving."""
    for _ in range(_HALVINGS):
        middle = (holding + failing) / 2.0
        good = holds(middle)
        holding, failing = np.where(good, middle, holding), np.where(good, failing, middle)
    return holding
