"""Where a satellite is on the turning Earth, and how it moves there: by SGP4, and between its nodes by cubics."""

from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Floats
from pipeline.recon.earth_fixed import DAY_MS, TURNS_RAD_S, Integers, sidereal_rad, turned
from pipeline.recon.elements import Elements, OrbitError, Propagator, propagator

STEP_MS = 60_000
"""Between the nodes of an ephemeris: a cubic between them is right to 0.4 m in a low orbit."""

_JULIAN_1970 = 2_440_587.5


class States(NamedTuple):
    """Where a satellite is on the turning Earth, and how it moves there: arrays of shape (3, n) in m and m/s."""

    place_m: Floats
    velocity_m_s: Floats


def states(elements: Elements, time_ms: Integers) -> States:
    """Where a satellite is at some times."""
    return _states(propagator(elements), np.atleast_1d(np.asarray(time_ms, dtype=np.int64)))


def _states(carrier: Propagator, time_ms: Integers) -> States:
    days, rest_ms = np.divmod(time_ms, DAY_MS)
    errors, place_km, velocity_km_s = carrier.sgp4_array(_JULIAN_1970 + days, rest_ms / DAY_MS)
    if errors.any():
        raise OrbitError(f"epoch: the orbit cannot be carried so far (sgp4 says {int(errors.max())})")
    angle_rad = sidereal_rad(time_ms)
    place_m = turned(place_km.T * 1000.0, angle_rad)
    velocity_m_s = turned(velocity_km_s.T * 1000.0, angle_rad)
    velocity_m_s[0] += TURNS_RAD_S * place_m[1]
    velocity_m_s[1] -= TURNS_RAD_S * place_m[0]
    return States(place_m, velocity_m_s)


class Ephemeris:
    """A satellite's way through an interval: nodes by SGP4 at whole minutes, and cubics between them.

    The nodes are those of the clock, not of the interval, so that a pass has the same times whoever asks.
    """

    def __init__(self, elements: Elements, begin_ms: int, end_ms: int) -> None:
        first, last = begin_ms // STEP_MS, -(-end_ms // STEP_MS)
        self.begin_ms = first * STEP_MS
        self.nodes = _states(propagator(elements), np.arange(first, last + 1, dtype=np.int64) * STEP_MS)

    def at(self, time_ms: Floats) -> States:
        """Between the nodes, at times in milliseconds since 1970."""
        steps = (time_ms - self.begin_ms) / STEP_MS
        node = np.clip(steps.astype(np.intp), 0, self.nodes.place_m.shape[1] - 2)
        s = steps - node
        step_s = STEP_MS / 1000.0
        place_m, velocity_m_s = self.nodes
        before, leaving = place_m[:, node], velocity_m_s[:, node] * step_s
        chord, arriving = place_m[:, node + 1] - before, velocity_m_s[:, node + 1] * step_s
        bend, twist = 3.0 * chord - 2.0 * leaving - arriving, leaving + arriving - 2.0 * chord
        return States(
            before + s * (leaving + s * (bend + s * twist)),
            (leaving + s * (2.0 * bend + 3.0 * s * twist)) / step_s,
        )
