"""The plan as an observation log: who would watch what, when, if nothing came between.

Outages, jamming and weather are records of their own, from whoever knows of them; of what is said of one asset, moment
and place, the worst counts, so that a plan may stand beside them as it is. Night is known beforehand, and is in it.
"""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from pipeline.agreement import Agreement
from pipeline.geometry.earth import Floats, Geometry
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Polygon
from pipeline.model.records import Observation
from pipeline.model.times import from_us
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.assets import Asset, Assets, Everywhere, Flying, Orbiting, Standing
from pipeline.recon.earth_fixed import DAY_MS, to_ms
from pipeline.recon.makes import Make, Makes
from pipeline.recon.orbits import Passes, passes
from pipeline.recon.permission import refusals
from pipeline.recon.satellites import elements_of, sensor_of
from pipeline.recon.sun import dark
from pipeline.recon.swaths import swath
from pipeline.recon.tracks import Round, Stretch, area_of, round_of, stretches

SOURCE = "plan"
NIGHT = "night"

ABOUT_M = 200_000.0
"""So far about an agreement's lines, passes of satellites are told."""

_ALONG_M, _ACROSS_M = 40_000.0, (-200_000.0, -100_000.0, 0.0, 100_000.0, 200_000.0)
"""Between the places over which passes are sought."""

_BESIDE_MS = 15_000
"""A pass is told from so long before it is closest to the first of these places until so long after the last."""

_APART_MS = 1_200_000
"""Of two passes of one satellite the second is some 90 min later."""

_MINUTE_MS = 60_000
_HOUR_MS = 3_600_000

Span = tuple[int, int]


def planned(
    mission: Assets, makes: Makes, agreement: Agreement, begin: datetime, end: datetime
) -> Iterator[Observation]:
    """What a mission's assets watch by plan, in the order of their ids; an asset that is refused watches nothing.

    What stands still is told for each day of its hours, cut to the interval. A stretch of a track and a pass are whole,
    and told where they begin, or are closest, within it: of intervals that follow each other each is in one.
    """
    span = to_ms(begin), to_ms(end)
    ground = _Surroundings(agreement)
    for asset in sorted(mission.assets, key=lambda one: one.asset_id):
        make = makes.make(asset.make)
        if make is None or refusals(asset, agreement, makes):
            continue
        yield from _Plan(asset, make, span).observations(ground)


class _Surroundings:
    """Where passes of satellites are told: about the lines; worked out once, if at all."""

    def __init__(self, agreement: Agreement) -> None:
        self._agreement = agreement
        self.shape = cache(self._shape)
        self.places = cache(self._places)

    def _shape(self) -> Geometry:
        parts = []
        for line in self._agreement.lines.values():
            about = shapely.buffer(shapely.simplify(line.plane, ABOUT_M / 50), ABOUT_M, quad_segs=8)
            parts.append(line.projection.polygon_to_lonlat(about))
        return shapely.union_all(parts)

    def _places(self) -> tuple[Floats, Floats]:
        found = []
        for line in self._agreement.lines.values():
            along = np.linspace(0.0, line.length_m, max(2, int(line.length_m / _ALONG_M) + 1))
            chainage, across = np.meshgrid(along, np.array(_ACROSS_M))
            found.append(line.place(chainage.ravel(), across.ravel()))
        lon, lat = np.concatenate([np.array(part) for part in found], axis=1)
        return lon, lat


class _Plan:
    """One asset's part of the plan."""

    def __init__(self, asset: Asset, make: Make, span: Span) -> None:
        self._asset, self._make = asset, make
        first = -(1 << 62) if asset.valid_from is None else to_ms(asset.valid_from)
        last = (1 << 62) if asset.valid_until is None else to_ms(asset.valid_until)
        self._there, self._asked = (first, last), span
        self._span = max(span[0], first), min(span[1], last)

    def observations(self, ground: _Surroundings) -> Iterator[Observation]:
        if self._span[0] >= self._span[1]:
            return
        match self._asset.where:
            case Standing() as standing:
                yield from self._standing(standing)
            case Flying() as flying:
                yield from self._flying(flying)
            case Orbiting() as orbiting:
                yield from self._orbiting(orbiting, ground)
            case Everywhere() as box:
                corners = [(box.west, box.south), (box.east, box.south), (box.east, box.north), (box.west, box.north)]
                area = Area(Polygon([[list(corner) for corner in (*corners, corners[0])]]))
                for begin_ms, until_ms in self._daily():
                    yield self._record(begin_ms, until_ms, area)

    def _record(self, begin_ms: int, until_ms: int, footprint: Footprint, *, night: bool = False) -> Observation:
        asset = self._asset
        begin, until = from_us(begin_ms * 1000), from_us(until_ms * 1000)
        whole = asset.quality >= 1.0
        state = ObservationState.WATCHING if whole else ObservationState.DEGRADED
        return Observation(
            observation_id=f"{SOURCE}:{asset.asset_id}:{_stamp(begin)}/{_stamp(until)}",
            source=SOURCE,
            asset=asset.asset_id,
            make=asset.make,
            operator=asset.operator,
            observed_from=begin,
            observed_until=until,
            footprint=footprint,
            state=ObservationState.OBSCURED if night else state,
            quality=None if whole or night else asset.quality,
            reason=NIGHT if night else None,
        )

    def _days(self) -> Iterator[Span]:
        """Its hours of each day, whole, as far as they touch the interval."""
        hours = self._asset.hours
        begin_ms, until_ms = round(hours.begin * _HOUR_MS), round(hours.until * _HOUR_MS)
        until_ms += DAY_MS if until_ms <= begin_ms else 0
        for day in range(self._span[0] // DAY_MS - 1, (self._span[1] - 1) // DAY_MS + 1):
            if day * DAY_MS + until_ms > self._span[0] and day * DAY_MS + begin_ms < self._span[1]:
                yield day * DAY_MS + begin_ms, day * DAY_MS + until_ms

    def _daily(self) -> Iterator[Span]:
        """Its hours of each day, cut to the interval."""
        for begin_ms, until_ms in self._days():
            yield max(begin_ms, self._span[0]), min(until_ms, self._span[1])

    def _standing(self, where: Standing) -> Iterator[Observation]:
        reach_m = float(np.ceil(self._make.reach_m))
        footprint: Footprint = Disc(where.lon, where.lat, reach_m)
        if where.sectors_deg:
            footprint = Bearing(where.lon, where.lat, 0.0, reach_m, where.sectors_deg)
        for begin_ms, until_ms in self._daily():
            for first_ms, last_ms, night in self._lights(where, begin_ms, until_ms):
                yield self._record(first_ms, last_ms, footprint, night=night)

    def _lights(self, where: Standing, begin_ms: int, until_ms: int) -> Iterator[tuple[int, int, bool]]:
        """An interval, cut where it grows dark and light, for what needs daylight; to the minute."""
        if not self._make.daylight:
            yield begin_ms, until_ms, False
            return
        minutes = np.arange(begin_ms // _MINUTE_MS, -(-until_ms // _MINUTE_MS)) * _MINUTE_MS
        night = dark(where.lon, where.lat, minutes)
        turns = minutes[1:][night[1:] != night[:-1]].tolist()
        for number, (first_ms, last_ms) in enumerate(pairwise((begin_ms, *turns, until_ms))):
            yield first_ms, last_ms, bool(night[0]) ^ bool(number % 2)

    def _flying(self, where: Flying) -> Iterator[Observation]:
        if not where.track:
            return
        parts = round_of(where)
        length_s = min(where.endurance_s, _longest_s(self._asset, where))
        rounds = parts.rounds_within(length_s)
        if not rounds:
            return
        stay_s = length_s - parts.out_s - parts.home_s if len(where.track) == 1 else 0.0
        along, closing = stretches(where, stay_s)
        away_ms = round(1000.0 * _away_s(parts, rounds, stay_s))
        for begin_ms in self._take_offs(away_ms, round(1000.0 * where.turnaround_s)):
            for number in range(rounds):
                reached_ms = begin_ms + 1000.0 * (parts.out_s + number * (parts.along_s + parts.closing_s))
                for stretch in along if number == rounds - 1 else [*along, *closing]:
                    yield from self._stretch(stretch, reached_ms)

    def _take_offs(self, away_ms: int, turnaround_ms: int) -> Iterator[int]:
        """When it goes: at the beginning of its hours, and again as soon as it can; it is home before they end.

        Each day is by itself, so that a plan is the same whatever interval it is asked for; what would not be ready
        again for the next day's beginning does not go.
        """
        for begin_ms, until_ms in self._days():
            home_by_ms = min(until_ms, begin_ms + DAY_MS - turnaround_ms)
            for at_ms in range(begin_ms, home_by_ms - away_ms + 1, away_ms + turnaround_ms):
                if self._there[0] <= at_ms and at_ms + away_ms <= self._there[1]:
                    yield at_ms

    def _stretch(self, stretch: Stretch, reached_ms: float) -> Iterator[Observation]:
        begin_ms, until_ms = (
            round((reached_ms + 1000.0 * part) / 1000.0) * 1000 for part in (stretch.begin_s, stretch.until_s)
        )
        if self._asked[0] <= begin_ms < self._asked[1] and begin_ms < until_ms:
            night = self._make.daylight and bool(dark(*stretch.middle, np.array((begin_ms + until_ms) // 2)))
            yield self._record(begin_ms, until_ms, stretch.area, night=night)

    def _orbiting(self, where: Orbiting, ground: _Surroundings) -> Iterator[Observation]:
        elements, sensor = elements_of(where), sensor_of(where)
        found = passes(elements, sensor, *ground.places(), *(from_us(ms * 1000) for ms in self._span_whole()))
        for one in _apart(found):
            first_ms, last_ms = (int(found.closest_ms[which]) for which in (one[0], one[-1]))
            if not self._span[0] <= first_ms < self._span[1]:
                continue
            begin_ms, until_ms = first_ms - _BESIDE_MS, last_ms + _BESIDE_MS
            covered = swath(elements, sensor, from_us(begin_ms * 1000), from_us(until_ms * 1000))
            area = area_of(shapely.intersection(covered, ground.shape()))
            if area is not None:
                yield self._record(begin_ms, until_ms, area, night=float(found.sunlit[one].mean()) < 0.5)

    def _span_whole(self) -> Span:
        """The interval, and so much about it that every pass that begins in it is found whole."""
        return self._span[0] - _APART_MS, self._span[1] + _APART_MS


def _apart(found: Passes) -> Iterator[NDArray[np.intp]]:
    """The passes over many places as passes of the satellite: which of them belong together."""
    cuts = np.flatnonzero(np.diff(found.closest_ms) > _APART_MS) + 1
    for part in np.split(np.arange(len(found.closest_ms)), cuts):
        if part.size:
            yield part


def _longest_s(asset: Asset, where: Flying) -> float:
    """How long it can be away in a day: within its hours, and ready again for the next day's."""
    hours_s = ((asset.hours.until - asset.hours.begin) % 24.0 or 24.0) * 3600.0
    return min(hours_s, 86_400.0 - where.turnaround_s)


def _away_s(parts: Round, rounds: int, stay_s: float) -> float:
    return parts.out_s + rounds * parts.along_s + (rounds - 1) * parts.closing_s + parts.home_s + stay_s


def _stamp(at: datetime) -> str:
    """A time as in ids: to the second, and below where it is not a whole one.

    >>> from datetime import UTC
    >>> _stamp(datetime(2026, 1, 5, 6, 30, tzinfo=UTC))
    '20260105T063000Z'
    """
    part = f".{at.microsecond // 1000:03d}" if at.microsecond else ""
    return f"{at:%Y%m%dT%H%M%S}{part}Z"
