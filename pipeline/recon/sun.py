"""Where the sun stands, seen from places on the ground."""

import numpy as np
from numpy.typing import ArrayLike

from pipeline.geometry.earth import Bools, Floats
from pipeline.recon.earth_fixed import DAY_MS, Integers, sidereal_rad

CIVIL_TWILIGHT_DEG = -6.0
"""The sun's elevation at which civil twilight ends: without lamps, outlines can no longer be told apart."""

_J2000_MS = 946_728_000_000


def sun_position(time_ms: Integers) -> tuple[Floats, Floats]:
    """The sun's apparent right ascension and declination, in radians.

    By the low-precision formulas of the Astronomical Almanac (page C5; as the U.S. Naval Observatory prints them,
    "Approximate Solar Coordinates"), which are good for 1 arcminute from 1800 to 2200. Terrestrial time is taken to be
    UTC: in the minute between them the sun moves 0.0008°.
    """
    days = (time_ms - _J2000_MS) / DAY_MS
    anomaly = np.radians((357.529 + 0.98560028 * days) % 360.0)
    mean_deg = (280.459 + 0.98564736 * days) % 360.0
    longitude = np.radians(mean_deg + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2.0 * anomaly))
    obliquity = np.radians(23.439 - 0.00000036 * days)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(longitude), np.cos(longitude))
    return right_ascension, np.arcsin(np.sin(obliquity) * np.sin(longitude))


def sun_elevation_deg(lon: ArrayLike, lat: ArrayLike, time_ms: Integers) -> Floats:
    """How high the middle of the sun's disc stands above the horizon, in degrees; the arguments are broadcast.

    It is the geometric elevation: refraction, which lifts the sun by 0.5° at the horizon and by less than 0.1° from 10°
    up, is not in it, nor is parallax (0.002°).

    >>> sun_elevation_deg(0.0, [0.0, 48.0], np.array(1_774_008_000_000)).round(1).tolist()
    [88.1, 41.9]
    """
    right_ascension, declination = sun_position(time_ms)
    hour_angle = sidereal_rad(time_ms) + np.radians(np.asarray(lon, dtype=float)) - right_ascension
    north = np.radians(np.asarray(lat, dtype=float))
    height = np.sin(north) * np.sin(declination) + np.cos(north) * np.cos(declination) * np.cos(hour_angle)
    return np.asarray(np.degrees(np.arcsin(np.clip(height, -1.0, 1.0))))


def dark(lon: ArrayLike, lat: ArrayLike, time_ms: Integers, below_deg: float = CIVIL_TWILIGHT_DEG) -> Bools:
    """Whether the sun stands below some elevation: by default, whether civil twilight is over or has not begun."""
    return np.asarray(sun_elevation_deg(lon, lat, time_ms) < below_deg)
