"""Dense fire along a front, as several networks of observers report it: as much as fusion may ever have to bear."""

from datetime import timedelta
from typing import NamedTuple

import numpy as np

from pipeline.model.report import Report
from tests.monitor.fusion.telling import disc, told


class Watch(NamedTuple):
    """A network: how exactly its observers time, in seconds, and the radius that they give, in metres."""

    name: str
    error_s: float
    radius_m: float


WATCHES = (Watch("array", 1.1, 150.0), Watch("camera", 35.0, 250.0), Watch("drone", 3.0, 80.0))
_STANDS_EVERY_M = 2_000.0
_BAND_M = 500.0


def bombarded(count: int, along_m: float, lasting_s: float, seed: int = 1) -> list[Report]:
    """So many reports of a third as many explosions, evenly spread over a front a kilometre deep and an interval."""
    rng = np.random.default_rng(seed)
    explosions = -(-count // len(WATCHES))
    east_m, north_m = rng.uniform(0.0, along_m, explosions), rng.uniform(-_BAND_M, _BAND_M, explosions)
    at_s = rng.uniform(0.0, lasting_s, explosions)
    reports = []
    for number in range(count):
        which, watch = number // len(WATCHES), WATCHES[number % len(WATCHES)]
        error_m, error_s = rng.normal(0.0, watch.radius_m / 2.146, 2), rng.normal(0.0, watch.error_s)
        where = disc(float(east_m[which] + error_m[0]), float(north_m[which] + error_m[1]), watch.radius_m)
        observer = f"{watch.name}-{east_m[which] // _STANDS_EVERY_M:.0f}"
        reports.append(
            told(f"{number:06}", observer, where, day=timedelta(), at_s=round(float(at_s[which] + error_s), 1))
        )
    return reports
