"""From the inertial frame in which orbits are reckoned to the turning Earth, and from there to longitude and latitude.

Times are milliseconds since 1970 in UTC. UT1 is taken to be UTC: they differ by 0.9 s at most, in which the Earth's
surface turns by 420 m at the equator. The motion of the pole (about 10 m) is neglected.
"""

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import GEOD, Floats
from pipeline.model.times import to_us

Integers = NDArray[np.int64]

DAY_MS = 86_400_000
TURNS_RAD_S = 7.292115146706979e-5
"""How fast the Earth turns against the mean equinox of date."""

_J2000_MS = 946_728_000_000
_CENTURY_MS = 36_525.0 * DAY_MS


def to_ms(time: datetime) -> int:
    """Whole milliseconds since 1970 of an aware time; what is finer is cut off."""
    return to_us(time) // 1000


def sidereal_rad(time_ms: Integers) -> Floats:
    """Greenwich mean sidereal time as an angle from 0 to 2π.

    The polynomial of 1982 (S. Aoki and others, Astronomy and Astrophysics 105, 359), as is usual with SGP4
    (D. Vallado and others, "Revisiting Spacetrack Report #3", AIAA 2006-6753).
    """
    since_ms = time_ms - _J2000_MS
    centuries = since_ms / _CENTURY_MS
    # Whole days turn by the small difference between the two kinds of day only: no digits are lost on many turns.
    turns = (since_ms % DAY_MS) / DAY_MS
    seconds = 67_310.54841 + centuries * (8_640_184.812866 + centuries * (0.093104 - 6.2e-6 * centuries))
    return np.asarray((turns + seconds / 86_400.0) % 1.0 * 2.0 * np.pi)


def turned(vectors: Floats, angle_rad: Floats) -> Floats:
    """Vectors of shape (3, n) in axes that are turned about the pole by some angles, eastwards."""
    sine, cosine = np.sin(angle_rad), np.cos(angle_rad)
    x, y, z = vectors
    return np.stack([cosine * x + sine * y, cosine * y - sine * x, z])


def normals(lon: Floats, lat: Floats) -> Floats:
    """The directions up, of shape (3, n), at places in degrees."""
    east, north = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])


def to_geodetic(places_m: Floats) -> tuple[Floats, Floats, Floats]:
    """Longitude and latitude in degrees and the height in metres above the ellipsoid, of Earth-centred places.

    By B. R. Bowring's formula of 1985 (Survey Review 28, 202), which is right to micrometres at satellites' heights.
    """
    x, y, z = places_m
    out_m = np.hypot(x, y)
    second = GEOD.es / (1.0 - GEOD.es)
    away_m = np.hypot(out_m, z)
    parametric = np.arctan2(GEOD.b * z * (1.0 + second * GEOD.b / away_m), GEOD.a * out_m)
    sine, cosine = np.sin(parametric), np.cos(parametric)
    lat = np.arctan2(z + second * GEOD.b * sine**3, out_m - GEOD.es * GEOD.a * cosine**3)
    up, out = np.sin(lat), np.cos(lat)
    altitude_m = out_m * out + z * up - GEOD.a * np.sqrt(1.0 - GEOD.es * up * up)
    return np.degrees(np.arctan2(y, x)), np.degrees(lat), altitude_m
