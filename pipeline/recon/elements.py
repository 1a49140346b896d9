"""Orbits that are made: the elements of satellites that a scenario invents, or that a room plans with.

They are mean elements in the sense of SGP4, so that the usual propagator carries them. None is downloaded, and none
is that of a satellite that flies.
"""

import math
from datetime import datetime
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray
from sgp4.api import WGS72, Satrec

from pipeline.geometry.earth import Floats
from pipeline.recon.earth_fixed import DAY_MS, sidereal_rad, to_ms

# The constants of SGP4 (WGS 72).
EQUATOR_KM = 6378.135
_MU_KM3_S2 = 398_600.8
_J2 = 0.001082616

_YEAR_S = 365.2422 * 86_400.0
"""The tropical year: in it the mean sun goes once around the equator."""

LOWEST_KM, HIGHEST_KM = 160.0, 2_000.0
LOWEST_PERIGEE_KM = 150.0
MOST_ECCENTRIC = 0.05

_SGP4_DAYS_MS = -631_238_400_000
"""SGP4 counts days from 1949-12-31, 0 h."""


class OrbitError(ValueError):
    """An orbit or a sensor that cannot be; begins with the name of the field."""


class Elements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A satellite's orbit: mean elements at an epoch. Low orbits only.

    Attributes:
        epoch: an aware time.
        altitude_km: the mean semi-major axis less the Earth's radius at the equator; over the poles a satellite of
            a circular orbit is some 20 km higher above the ground.
        inclination_deg: without it, the one that makes the orbit sun-synchronous.
        raan_deg: the right ascension of the ascending node; or else, and not both,
        local_time_of_descending_node_h: the local mean solar time, in hours, at which the satellite crosses the equator
            southwards (at the epoch; ever after, if the orbit is sun-synchronous).
        eccentricity, argument_of_perigee_deg: by default about those of a frozen orbit, as satellites that observe the
            Earth have.
        mean_anomaly_deg: tells where in its orbit the satellite is.
    """

    epoch: datetime
    altitude_km: float
    inclination_deg: float | None = None
    raan_deg: float | None = None
    local_time_of_descending_node_h: float | None = None
    eccentricity: float = 0.001
    argument_of_perigee_deg: float = 90.0
    mean_anomaly_deg: float = 0.0

    def __post_init__(self) -> None:
        if self.epoch.tzinfo is None:
            raise OrbitError("epoch: needs a time zone")
        _check_within("altitude_km", self.altitude_km, LOWEST_KM, HIGHEST_KM)
        _check_within("eccentricity", self.eccentricity, 0.0, MOST_ECCENTRIC)
        perigee_km = self.altitude_km - self.semi_major_km * self.eccentricity
        if perigee_km < LOWEST_PERIGEE_KM:
            raise OrbitError(
                f"eccentricity: the perigee would be {perigee_km:.0f} km high, below {LOWEST_PERIGEE_KM:g} km"
            )
        if self.inclination_deg is not None:
            _check_within("inclination_deg", self.inclination_deg, 0.0, 180.0)
        _check_within("argument_of_perigee_deg", self.argument_of_perigee_deg, -360.0, 360.0)
        _check_within("mean_anomaly_deg", self.mean_anomaly_deg, -360.0, 360.0)
        self._check_node()

    def _check_node(self) -> None:
        local_h = self.local_time_of_descending_node_h
        if self.raan_deg is not None and local_h is None:
            _check_within("raan_deg", self.raan_deg, -360.0, 360.0)
        elif self.raan_deg is None and local_h is not None:
            _check_within("local_time_of_descending_node_h", local_h, 0.0, 24.0)
        else:
            raise OrbitError("raan_deg: either this or local_time_of_descending_node_h is needed, and not both")

    @property
    def semi_major_km(self) -> float:
        """The mean semi-major axis."""
        return EQUATOR_KM + self.altitude_km

    @property
    def inclination_in_use_deg(self) -> float:
        """The inclination: as given, or the sun-synchronous one."""
        if self.inclination_deg is not None:
            return self.inclination_deg
        return sun_synchronous_inclination_deg(self.altitude_km, self.eccentricity)

    @property
    def raan_in_use_deg(self) -> float:
        """The right ascension of the ascending node: as given, or from the local time of the descending one.

        The ascending node is 12 h away from the descending one. Its longitude at the epoch is what its local mean
        solar time has over UTC, at 15° an hour, and from there the sidereal angle leads to its right ascension.
        """
        local_h = self.local_time_of_descending_node_h
        if local_h is None:
            return (self.raan_deg or 0.0) % 360.0
        epoch_ms = to_ms(self.epoch)
        utc_h = epoch_ms % DAY_MS / 3_600_000.0
        sidereal_deg = math.degrees(float(sidereal_rad(np.array(epoch_ms))))
        return (sidereal_deg + 15.0 * (local_h + 12.0 - utc_h)) % 360.0

    @property
    def motion_rad_s(self) -> float:
        """Kepler's mean motion: the root of μ over the cube of the semi-major axis."""
        return math.sqrt(_MU_KM3_S2 / self.semi_major_km**3)

    @property
    def period_s(self) -> float:
        """Kepler's period; the flattening of the Earth changes it by 4 parts in a thousand at most."""
        return 2.0 * math.pi / self.motion_rad_s


def sun_synchronous(
    epoch: datetime, altitude_km: float, local_time_of_descending_node_h: float, mean_anomaly_deg: float = 0.0
) -> Elements:
    """A sun-synchronous orbit that is all but circular, crossing the equator southwards at a local mean solar time."""
    return Elements(
        epoch=epoch,
        altitude_km=altitude_km,
        local_time_of_descending_node_h=local_time_of_descending_node_h,
        mean_anomaly_deg=mean_anomaly_deg,
    )


def sun_synchronous_inclination_deg(altitude_km: float, eccentricity: float = 0.0) -> float:
    """The inclination at which the flattening of the Earth turns the orbit with the mean sun.

    The node moves by -3/2 n J2 (R/p)² cos i, to the first order in J2 (D. Vallado, "Fundamentals of Astrodynamics and
    Applications", on secular effects of J2 and sun-synchronous orbits; R. Boain, "A-B-Cs of Sun-Synchronous Orbit
    Mission Design", AAS 04-108), and has to move by 360° in a tropical year. What SGP4 has beyond J2 leaves a drift of
    some minutes of local time a year, of the size that operators correct.

    >>> round(sun_synchronous_inclination_deg(786.0), 2)
    98.54
    """
    semi_major_km = EQUATOR_KM + altitude_km
    parameter_km = semi_major_km * (1.0 - eccentricity * eccentricity)
    motion_rad_s = math.sqrt(_MU_KM3_S2 / semi_major_km**3)
    turns_rad_s = -1.5 * motion_rad_s * _J2 * (EQUATOR_KM / parameter_km) ** 2
    return math.degrees(math.acos(2.0 * math.pi / _YEAR_S / turns_rad_s))


class Propagator(Protocol):
    """What carries elements through time: the part of sgp4's `Satrec` that is used here."""

    def sgp4_array(self, jd: Floats, fr: Floats) -> tuple[NDArray[np.uint8], Floats, Floats]:
        """Errors, places in km and velocities in km/s, for times as Julian days and fractions of days."""
        ...


def propagator(elements: Elements) -> Propagator:
    """The elements as an sgp4 `Satrec`, without drag: a satellite keeps its height, as operators see to it."""
    inclination = math.radians(elements.inclination_in_use_deg)
    eccentricity = elements.eccentricity
    # SGP4 takes Kozai's mean motion, and makes Brouwer's of it, from which the semi-major axis follows by Kepler's law.
    flattened = 0.75 * _J2 * (EQUATOR_KM / elements.semi_major_km) ** 2
    kozai = 1.0 + flattened * (3.0 * math.cos(inclination) ** 2 - 1.0) / (1.0 - eccentricity**2) ** 1.5
    satrec = Satrec()
    satrec.sgp4init(
        WGS72,
        "i",
        0,
        (to_ms(elements.epoch) - _SGP4_DAYS_MS) / DAY_MS,
        0.0,
        0.0,
        0.0,
        eccentricity,
        math.radians(elements.argument_of_perigee_deg % 360.0),
        inclination,
        math.radians(elements.mean_anomaly_deg % 360.0),
        elements.motion_rad_s * 60.0 * kozai,
        math.radians(elements.raan_in_use_deg),
    )
    carrier: Propagator = satrec
    return carrier


def _check_within(field: str, value: float, least: float, greatest: float) -> None:
    """Also refuses what is no number."""
    if not least <= value <= greatest:
        raise OrbitError(f"{field}: must be from {least:g} to {greatest:g}, not {value:g}")
