"""A mission's satellites as orbits and sensors: from the figures of its file to those that passes are reckoned by."""

from pipeline.recon.assets import Orbiting
from pipeline.recon.elements import Elements
from pipeline.recon.orbits import Sensor


def elements_of(where: Orbiting) -> Elements:
    """The satellite's elements.

    Raises:
        OrbitError: an orbit that cannot be, with the field.
    """
    return Elements(
        epoch=where.epoch,
        altitude_km=where.altitude_m / 1000.0,
        inclination_deg=None if where.sun_synchronous else where.inclination_deg,
        raan_deg=None if where.sun_synchronous else where.node_deg,
        local_time_of_descending_node_h=where.descends_at_h if where.sun_synchronous else None,
        mean_anomaly_deg=where.phase_deg,
    )


def sensor_of(where: Orbiting) -> Sensor:
    """What the satellite looks with.

    Raises:
        OrbitError: a sensor that cannot be, with the field.
    """
    return Sensor(
        kind=where.sensor,
        greatest_look_deg=where.greatest_look_deg,
        least_look_deg=where.least_look_deg,
        looks=where.looks,
        least_sun_elevation_deg=where.least_sun_deg if where.sensor == "optical" else None,
    )
