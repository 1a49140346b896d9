"""Observation logs for tests, written briefly; and what plain reckoning, one thing after the other, says of them."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from pipeline.geometry.earth import GEOD, Floats
from pipeline.model.footprint import Area, Disc, Footprint, Nowhere, Polygon
from pipeline.model.records import Observation
from pipeline.model.taxonomy import Activity
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.makes import Class, Make, Makes

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
BEGIN_MS = int(BEGIN.timestamp() * 1000)
HOUR_MS = 3_600_000

_numbers = itertools.count()


def at(hours: float) -> datetime:
    """A time so many hours after the beginning."""
    return BEGIN + timedelta(hours=hours)


def at_ms(hours: float) -> int:
    return BEGIN_MS + round(hours * HOUR_MS)


def watched(
    asset: str,
    make: str | None,
    hours: tuple[float, float],
    footprint: Footprint,
    *,
    state: ObservationState = ObservationState.WATCHING,
    quality: float | None = None,
    **more: Any,
) -> Observation:
    """A record of an asset, between two times in hours after the beginning."""
    fields = {"observation_id": f"test:{next(_numbers)}", "source": "test", **more}
    return Observation(
        asset=asset,
        make=make,
        observed_from=at(hours[0]),
        observed_until=at(hours[1]),
        footprint=footprint,
        state=state,
        quality=quality,
        **fields,
    )


def square(lon: float, lat: float, half_deg: float) -> Area:
    west, east, south, north = lon - half_deg, lon + half_deg, lat - half_deg, lat + half_deg
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return Area(geometry=Polygon([ring]))


def quality_at(
    records: Sequence[Observation], lon: float, lat: float, time_ms: float, *, of_jamming: bool = False
) -> tuple[float, float]:
    """The worst that is said of one asset at a moment and place, and the distance; discs, squares and nowhere only."""
    placed, everywhere, away_m = list[float](), list[float](), 0.0
    for one in records:
        begin, end = one.observed_from.timestamp() * 1000.0, one.observed_until.timestamp() * 1000.0
        if not (begin <= time_ms < end or begin == time_ms == end):
            continue
        if of_jamming and one.state is ObservationState.JAMMED:
            continue
        stated = 0.0 if one.state.blind else 1.0 if one.quality is None else one.quality
        if isinstance(one.footprint, Nowhere):
            everywhere.append(stated)
        elif (far := _inside(one.footprint, lon, lat)) is not None:
            placed.append(stated)
            away_m = max(away_m, far)
    return (min(placed + everywhere) if placed else 0.0), away_m


def _inside(footprint: Footprint, lon: float, lat: float) -> float | None:
    if isinstance(footprint, Disc):
        away_m = float(GEOD.inv(footprint.lon, footprint.lat, lon, lat)[2])
        return away_m if away_m <= footprint.radius_m else None
    assert isinstance(footprint, Area)
    assert isinstance(footprint.geometry, Polygon)
    ring = np.array(footprint.geometry.coordinates[0])
    (west, south), (east, north) = ring.min(axis=0), ring.max(axis=0)
    return 0.0 if west <= lon <= east and south <= lat <= north else None


def chance_by_hand(
    records: Sequence[Observation],
    makes: Makes,
    of: Class,
    place: tuple[float, float],
    begin_ms: float,
    lasts_ms: float,
) -> float:
    """The chance that one thing is noticed by one asset at least; assets by themselves; moments by small steps."""
    missed = 1.0
    for asset in {one.asset for one in records}:
        own = [one for one in records if one.asset == asset]
        make = next(found for one in own if (found := makes.make(one.make)))
        missed *= 1.0 - _noticed(own, make, of, place, begin_ms, lasts_ms)
    return 1.0 - missed


def _noticed(
    own: Sequence[Observation], make: Make, of: Class, place: tuple[float, float], begin_ms: float, lasts_ms: float
) -> float:
    if of.name not in make.sees:
        return 0.0
    sees = make.sees[of.name]

    def now(time_ms: float) -> float:
        quality, away_m = quality_at(own, *place, time_ms, of_jamming=Activity.JAMMING in of.activities)
        return sees.chance * quality * (1.0 if sees.half_m is None else 1.0 / (1.0 + (away_m / sees.half_m) ** 4))

    if make.notices == "beginning":
        return now(begin_ms)
    if make.notices == "moment":
        return float(np.mean([now(begin_ms + lasts_ms * (step + 0.5) / 400) for step in range(400)]))
    if make.notices == "fixes":
        fixes = int(lasts_ms // (make.fix_s * 1000.0)) + 1
        return 1.0 - float(np.prod([1.0 - now(begin_ms + fix * make.fix_s * 1000.0) for fix in range(fixes)]))
    middles = [
        500.0 * (one.observed_from.timestamp() + one.observed_until.timestamp()) for one in own if not one.state.blind
    ]
    tries = [now(time_ms) for time_ms in middles if begin_ms <= time_ms <= begin_ms + lasts_ms]
    return 1.0 - float(np.prod([1.0 - chance for chance in tries]))


def noticed_by_draw(
    records: Sequence[Observation],
    makes: Makes,
    of: Class,
    place: tuple[float, float],
    between_ms: tuple[int, int],
    rng: np.random.Generator,
    number: int,
) -> Floats:
    """Whether each of some things was noticed, that begin evenly within an interval and go on for a drawn time.

    Assets look one after the other, and whether they notice is drawn; nothing is averaged.
    """
    seen = np.zeros(number)
    assets = {asset: [one for one in records if one.asset == asset] for asset in {one.asset for one in records}}
    for row in range(number):
        begin_ms = rng.uniform(*between_ms)
        lasts_ms = 1000.0 * rng.uniform(*of.lasts_s)
        for own in assets.values():
            make = next(found for one in own if (found := makes.make(one.make)))
            if make.notices == "moment" and of.name in make.sees:
                moment = begin_ms + rng.uniform(0.0, lasts_ms)
                sees = make.sees[of.name]
                quality, away_m = quality_at(own, *place, moment)
                left = 1.0 if sees.half_m is None else 1.0 / (1.0 + (away_m / sees.half_m) ** 4)
                chance = sees.chance * quality * left
            else:
                chance = _noticed(own, make, of, place, begin_ms, lasts_ms)
            if rng.random() < chance:
                seen[row] = 1.0
                break
    return seen
