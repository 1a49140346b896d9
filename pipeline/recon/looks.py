"""Looks that could be had in the next hours: which asset at what, from where, when, with what chance, at what cost.

A candidate keeps to everything that binds: where the asset may be (`pipeline.recon.permission`), also on its way; its
range, speed, endurance and turnaround; its hours; daylight, where it needs it; and what it is asked for already. An
asset that flies or drives is taken to go out for one question and home again. From where it may not be, it does not
look: it stands off on its own side, if it sees so far. What stands in the way of a question is told with it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from pipeline.agreement import Agreement
from pipeline.geometry.earth import GEOD, Bools, Floats, distance_m
from pipeline.model.times import to_us
from pipeline.recon.assets import Asset, Everywhere, Flying, Orbiting, Standing
from pipeline.recon.choice import Look
from pipeline.recon.earth_fixed import Integers
from pipeline.recon.gain import HOUR_MS, Chances, Question
from pipeline.recon.makes import Make, Makes, left_at
from pipeline.recon.orbits import passes
from pipeline.recon.permission import may_be_at, refusals, sided_line
from pipeline.recon.satellites import elements_of, sensor_of
from pipeline.recon.sun import dark
from pipeline.recon.traces import Trace, Traces, left_of
from pipeline.recon.tracks import sampled

STAY_MS = HOUR_MS // 2
"""So long it looks: a satellite aside, which has no choice."""

STEP_MS = HOUR_MS // 4
"""Looks begin on the quarters of an hour."""

TIMES_EACH = 4
"""So many times are offered for one asset and one question: the earliest, and others spread over all that there are."""

ASSETS_EACH = 8
"""So many assets are offered for one question: those that are expected to do best."""

FRAME_MS, TURN_MS = 30_000, 60_000
"""A satellite looks from so long before it is closest until so long after; on either side it needs so long to turn."""

BESIDE_M = 60.0
"""Who stands off keeps so much more than his distance: a bend of the line may come nearer than the place abreast."""

HOPELESS = 0.01
"""With less of a chance to find anything a look is no candidate."""

Busy = Mapping[str, Sequence[tuple[int, int]]]
"""By asset, when it can do nothing else, as a look has it, for what it is asked for already."""


class Surroundings(NamedTuple):
    """What looks are had in.

    Attributes:
        begin, end: the hours that are planned.
        cloud: the share of sky that is forecast to be clouded, hour by hour from the beginning; the last one holds on.
        busy: when assets are kept from all else by what they are asked for already.
    """

    agreement: Agreement
    makes: Makes
    traces: Traces
    begin: datetime
    end: datetime
    cloud: Sequence[float] = (0.0,)
    busy: Busy = MappingProxyType({})

    @property
    def span_ms(self) -> tuple[int, int]:
        """The beginning and the end."""
        return to_us(self.begin) // 1000, to_us(self.end) // 1000

    def clear_at(self, time_ms: int) -> float:
        """The share of the sky that is clear."""
        hour = (time_ms - self.span_ms[0]) // HOUR_MS
        return 1.0 - self.cloud[min(max(hour, 0), len(self.cloud) - 1)]


class Offered(NamedTuple):
    """What could be had.

    Attributes:
        refusals: by question that no asset can look at, what stands most often in the way.
        refused: how often each thing stood in the way, of all assets and questions.
    """

    looks: list[Look]
    refusals: dict[str, str]
    refused: Counter[str]


class _Site(NamedTuple):
    """Of one asset: from where it would look at each question, how far off, and why not; empty where nothing is."""

    lon: Floats
    lat: Floats
    away_m: Floats
    why: list[str]


def offered(assets: Iterable[Asset], questions: Sequence[Question], around: Surroundings) -> Offered:
    """The looks that some assets could have at some questions."""
    found: dict[str, list[tuple[float, str, list[Look]]]] = {}
    against: dict[str, Counter[str]] = {question.name: Counter() for question in questions}
    used = sorted((one for one in assets if not isinstance(one.where, Everywhere)), key=lambda one: one.asset_id)
    for asset in used if questions else ():
        make = around.makes.make(asset.make)
        if make is None:
            continue
        for question, looks, why in _Asking(asset, make, questions, around).looks():
            against[question.name][why] += bool(why)
            if looks:
                best = max(look.chances.found_if_so for look in looks)
                found.setdefault(question.name, []).append((-round(best, 9), asset.asset_id, looks))
    kept = [look for some in found.values() for _, _, looks in sorted(some)[:ASSETS_EACH] for look in looks]
    refusals_ = {name: _most(counts) for name, counts in against.items() if name not in found}
    every = sum(against.values(), Counter[str]())
    return Offered(kept, refusals_, Counter({why: times for why, times in every.items() if why and times}))


def _most(counts: Counter[str]) -> str:
    """What stands most often in the way; of what does so equally often, the first by the alphabet."""
    said = sorted(((-times, why) for why, times in counts.items() if why), key=lambda pair: pair)
    return f"{said[0][1]} ({-said[0][0]} of {sum(counts.values())} assets)" if said else "there is no asset for it"


class _Asking:
    """One asset, asked for all questions at once."""

    def __init__(self, asset: Asset, make: Make, questions: Sequence[Question], around: Surroundings) -> None:
        self._asset, self._make, self._questions, self._around = asset, make, questions, around
        self._lon = np.array([one.lon for one in questions])
        self._lat = np.array([one.lat for one in questions])
        technique = asset.where.sensor if isinstance(asset.where, Orbiting) else make.technique
        self._technique = technique

    def looks(self) -> Iterator[tuple[Question, list[Look], str]]:
        """For each question the looks, or why there are none."""
        match self._asset.where:
            case Orbiting() as orbiting:
                yield from self._from_orbit(orbiting)
            case Standing() | Flying():
                site = self._site()
                for number, question in enumerate(self._questions):
                    yield question, *self._near(question, number, site)
            case Everywhere():
                return

    def _trace(self, question: Question) -> Trace | None:
        trace = self._around.traces.of(question.class_name)
        return trace if trace is not None and trace.found.get(self._technique, 0.0) > 0.0 else None

    def _chances(self, question: Question, trace: Trace, at_ms: int, share: float) -> Chances:
        """What a look at a time finds; `share` is left of it by distance and extent."""
        clear = self._around.clear_at(at_ms) if self._needs_clear_sky else 1.0
        so = trace.found[self._technique] * left_of(trace, question, at_ms) * self._asset.quality * share * clear
        wrong = self._around.traces.wrong.get(self._technique, 0.0) * clear
        return Chances(so, min(wrong, so))

    @property
    def _needs_clear_sky(self) -> bool:
        orbits = isinstance(self._asset.where, Orbiting) and self._asset.where.sensor != "radar"
        return orbits or self._make.clear_sky

    def _cost_h(self, away_ms: int) -> float:
        """What moves costs by the hour that it is away, what stands or orbits by the look."""
        asset = self._asset
        cost = self._make.look_cost if asset.look_cost is None else asset.look_cost
        return cost * away_ms / HOUR_MS if isinstance(asset.where, Flying) else cost

    def _site(self) -> _Site:
        asset, where = self._asset, self._asset.where
        if isinstance(where, Standing):
            count = len(self._questions)
            lon, lat = np.full(count, where.lon), np.full(count, where.lat)
            reach_m, against = self._make.reach_m, refusals(asset, self._around.agreement, self._around.makes)
            why = [f"it may not be had: {against[0].reason}" if against else ""] * count
        else:
            assert isinstance(where, Flying)
            lon, lat, why = self._standing_off(where)
            reach_m = where.swath_m
        azimuth, _, away = GEOD.inv(lon, lat, self._lon, self._lat)
        away_m = np.asarray(away)
        for number in np.flatnonzero(away_m > reach_m).tolist():
            why[number] = why[number] or "it does not see so far from where it may be"
        if isinstance(where, Standing) and where.sectors_deg:
            for number in np.flatnonzero(~_faces(where, np.asarray(azimuth))).tolist():
                why[number] = why[number] or "it faces another way"
        return _Site(lon, lat, away_m, why)

    def _standing_off(self, where: Flying) -> tuple[Floats, Floats, list[str]]:
        """Above each question where it may be there, else abreast of it on its own side of the line."""
        lon, lat = self._lon.copy(), self._lat.copy()
        free = self._may_go(where, lon, lat)
        line = sided_line(self._around.agreement)
        if line is not None and not free.all():
            shape = self._around.agreement.lines[line.id]
            home_left = bool(shape.locate(*where.home).left[0])
            left = home_left if self._asset.side is None else self._asset.side == "left"
            off_m = where.stays_m * 1.01 + BESIDE_M
            abreast = shape.place(shape.locate(lon, lat).chainage_m, -off_m if left else off_m)
            lon, lat = (np.where(free, here, there) for here, there in zip((lon, lat), abreast, strict=True))
            again = ~free
            free[again] = self._may_go(where, lon[again], lat[again])
        far = distance_m(*where.home, lon, lat) > where.range_m
        why = [
            "it lies out of its range" if out else "" if may else self._why_not(where, *place)
            for out, may, *place in zip(far, free, lon, lat, strict=True)
        ]
        return lon, lat, why

    def _may_go(self, where: Flying, lon: Floats, lat: Floats) -> Bools:
        """Whether it may be at places, and everywhere on its way there from home."""
        near = distance_m(*where.home, lon, lat) <= where.range_m
        free = np.zeros(len(lon), dtype=bool)
        if not near.any():
            return free
        ways = [sampled(replace(where, track=(place,))) for place in zip(lon[near], lat[near], strict=True)]
        along_lon, along_lat = (np.concatenate(parts) for parts in zip(*ways, strict=True))
        may = may_be_at(self._asset, self._around.agreement, self._around.makes, along_lon, along_lat)
        first = np.concatenate([[0], np.cumsum([len(way[0]) for way in ways])[:-1]])
        free[near] = np.logical_and.reduceat(may, first)
        return free

    def _why_not(self, where: Flying, lon: float, lat: float) -> str:
        there = replace(self._asset, where=replace(where, track=((float(lon), float(lat)),)))
        against = refusals(there, self._around.agreement, self._around.makes)
        return f"it may not go there: {against[0].reason}" if against else "it may not go there"

    def _near(self, question: Question, number: int, site: _Site) -> tuple[list[Look], str]:
        """The looks of what stands, flies or drives."""
        where, trace = self._asset.where, self._trace(question)
        if trace is None:
            return [], f"{self._technique} looks find no signs of it"
        if site.why[number]:
            return [], site.why[number]
        travel_ms, turn_ms = 0, 0
        if isinstance(where, Flying):
            out_m = float(distance_m(*where.home, site.lon[number], site.lat[number]))
            travel_ms, turn_ms = round(1000.0 * out_m / where.speed_m_s), round(1000.0 * where.turnaround_s)
            if 2 * travel_ms + STAY_MS > 1000.0 * where.endurance_s:
                return [], "its endurance does not suffice"
        begins = self._begins(travel_ms, turn_ms, float(site.lon[number]), float(site.lat[number]))
        if not begins:
            return [], "it is not to be had at any time for it: its hours, darkness, or what it is asked for already"
        share = self._share(question, float(site.away_m[number]))
        looks = [
            Look(
                asset=self._asset.asset_id,
                question=question.name,
                from_ms=begin_ms,
                until_ms=begin_ms + STAY_MS,
                busy_from_ms=begin_ms - travel_ms,
                busy_until_ms=begin_ms + STAY_MS + travel_ms + turn_ms,
                lon=float(site.lon[number]),
                lat=float(site.lat[number]),
                distance_m=float(site.away_m[number]),
                chances=self._chances(question, trace, begin_ms, share),
                cost_h=self._cost_h(2 * travel_ms + STAY_MS),
                note="" if site.away_m[number] < 1.0 else f"from {site.away_m[number] / 1000.0:.1f} km off",
            )
            for begin_ms in begins
        ]
        return _worthy(looks)

    def _begins(self, travel_ms: int, turn_ms: int, lon: float, lat: float) -> list[int]:
        """When it could begin to look: some times of all that there are, the earliest first."""
        first_ms, last_ms = self._around.span_ms
        earliest = -(-(first_ms + travel_ms) // STEP_MS) * STEP_MS
        begins = np.arange(earliest, last_ms - STAY_MS + 1, STEP_MS, dtype=np.int64)
        away_from, away_until = begins - travel_ms, begins + STAY_MS + travel_ms
        free = self._there(away_from, away_until)
        if self._make.daylight:
            free &= ~dark(lon, lat, begins) & ~dark(lon, lat, begins + STAY_MS)
        free &= self._unasked(away_from, away_until + turn_ms)
        times = begins[free].tolist()
        return sorted({times[len(times) * part // TIMES_EACH] for part in range(TIMES_EACH)}) if times else []

    def _unasked(self, from_ms: Integers, until_ms: Integers) -> Bools:
        """Whether nothing else that it is asked for keeps it busy between."""
        free = np.ones(len(from_ms), dtype=bool)
        for taken_from, taken_until in self._around.busy.get(self._asset.asset_id, ()):
            free &= (until_ms <= taken_from) | (taken_until <= from_ms)
        return free

    def _there(self, from_ms: Integers, until_ms: Integers) -> Bools:
        """Whether it is there and within its hours all the time between, whatever else it is asked for."""
        asset, hours = self._asset, self._asset.hours
        begin_h, length_h = hours.begin, (hours.until - hours.begin) % 24.0 or 24.0
        into_h = (from_ms / HOUR_MS - begin_h) % 24.0
        lasting_h = (until_ms - from_ms) / HOUR_MS
        free = (length_h >= 24.0) | (into_h + lasting_h <= length_h + 1e-9)
        if asset.valid_from is not None:
            free &= from_ms >= to_us(asset.valid_from) // 1000
        if asset.valid_until is not None:
            free &= until_ms <= to_us(asset.valid_until) // 1000
        return np.asarray(free)

    def _share(self, question: Question, away_m: float) -> float:
        """What is left of the chance by distance, and by how much of the place is seen at once."""
        where, sees = self._asset.where, self._make.sees.get(question.class_name)
        if isinstance(where, Flying):
            return min(1.0, (where.swath_m / max(question.radius_m, 1.0)) ** 2)
        halves = [sees.half_m] if sees is not None else [one.half_m for one in self._make.sees.values()]
        half_m = max((half for half in halves if half is not None), default=np.inf)
        return float(left_at(np.array(away_m), half_m))

    def _from_orbit(self, where: Orbiting) -> Iterator[tuple[Question, list[Look], str]]:
        against = refusals(self._asset, self._around.agreement, self._around.makes)
        if against:
            for question in self._questions:
                yield question, [], f"it may not be had: {against[0].reason}"
            return
        begin, end = self._around.begin, self._around.end
        found = passes(elements_of(where), sensor_of(where), self._lon, self._lat, begin, end)
        begin_ms, end_ms = found.closest_ms - FRAME_MS, found.closest_ms + FRAME_MS
        had = self._there(begin_ms, end_ms) & self._unasked(begin_ms - TURN_MS, end_ms + TURN_MS)
        closest: dict[int, list[int]] = {}
        for number, at_ms, sunlit in zip(found.target[had], found.closest_ms[had], found.sunlit[had], strict=True):
            closest.setdefault(int(number), []).extend([int(at_ms)] if sunlit else [])
        for number, question in enumerate(self._questions):
            trace = self._trace(question)
            if trace is None:
                yield question, [], f"{self._technique} looks find no signs of it"
            elif not closest.get(number):
                yield question, [], "it passes in the dark" if number in closest else "it does not pass in this time"
            else:
                yield question, *_worthy([self._frame(question, trace, at_ms) for at_ms in closest[number]])

    def _frame(self, question: Question, trace: Trace, at_ms: int) -> Look:
        return Look(
            asset=self._asset.asset_id,
            question=question.name,
            from_ms=at_ms - FRAME_MS,
            until_ms=at_ms + FRAME_MS,
            busy_from_ms=at_ms - FRAME_MS - TURN_MS,
            busy_until_ms=at_ms + FRAME_MS + TURN_MS,
            lon=question.lon,
            lat=question.lat,
            distance_m=0.0,
            chances=self._chances(question, trace, at_ms, 1.0),
            cost_h=self._cost_h(0),
            note="on its pass",
        )


def _worthy(looks: list[Look]) -> tuple[list[Look], str]:
    some = [look for look in looks if look.chances.found_if_so >= HOPELESS]
    return some, "" if some else "too little would be found: by cloud, distance, or the time that has gone by"


def _faces(where: Standing, azimuth_deg: Floats) -> Bools:
    """Which azimuths lie in its sectors."""
    held = [(azimuth_deg - begin) % 360.0 <= (end - begin) % 360.0 for begin, end in where.sectors_deg]
    return np.asarray(np.any(held, axis=0))
