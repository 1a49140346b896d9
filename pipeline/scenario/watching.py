"""Who watched what, and who could not: the observation log of a scenario, as its observers would keep it.

What an observer watches is planned a day ahead; that it could not, it says every half hour, as long as that goes on:
each time anew, in a later version of one record that reaches to then.
"""

from collections.abc import Iterator
from itertools import chain, groupby
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.geometry.earth import Floats
from pipeline.model.footprint import Area, Bearing, Disc, Footprint, MultiPolygon, Nowhere, Polygon, Ring
from pipeline.model.records import Observation
from pipeline.model.times import from_us
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.makes import load_makes
from pipeline.scenario.conditions import REGION_DEG, Conditions, Intervals, Passes, region
from pipeline.scenario.ground import between, length_m
from pipeline.scenario.lines import SOURCE
from pipeline.scenario.observers import NETWORKS, POSTS, Network
from pipeline.scenario.sightings import half_wind
from pipeline.scenario.world import World

SAYS_EVERY_MS = 1_800_000
"""How often an observer that cannot watch says so; and once more when it is over."""
PASS_MS = 60_000
"""How long a pass is said to take, its moment in the middle."""
CLOUD_WITHIN_M = 250_000.0
"""No region nearer to the line than this is left out of what satellites are said to watch."""
MARGIN = 0.125
"""By what share of the spacing a strip is said to be wider to either side, where no other lies over its edges: the line
winds, and they would leave gaps."""
OPERATOR = "monitor"
"""As the shipped agreements name whoever monitors."""
PUBLIC = "public"

_SAID_ANEW = (ObservationState.OUTAGE, ObservationState.JAMMED)
_NARROW_DEG, _WIDE_DEG = 30.0, 60.0
_NARROW_WIDTHS, _WIDE_WIDTHS, _ALL_ROUND_WIDTHS = 3.8637, 1.4142, 1.0353
"""How far the edge of a strip is, in half widths, at 15, 45 and 75 degrees from the direction across it."""
_HALF_WIND_DEG = 11.25
_LAST_PLACE_DEG = 1e-6


class _Watch(NamedTuple):
    """What an observer watches when nothing is in its way."""

    asset: str
    make: str
    operator: str
    footprints: tuple[Footprint, ...]


class _Row(NamedTuple):
    """A record, or one version of it, that is still without its number.

    Attributes:
        part: what tells it from others of the same asset, state and beginning.
    """

    watch: _Watch
    from_ms: int
    until_ms: int
    received_ms: int
    footprint: Footprint
    state: ObservationState
    reason: str | None = None
    part: int = 0


class Keeper:
    """Keeps the log of a scenario, day by day.

    Args:
        stem: what the ids of a scenario's reports begin with, after the source.
    """

    def __init__(self, world: World, stem: str) -> None:
        self._stem, self._records = f"{SOURCE}:{stem}o", 0
        self._standing = {one.name: _standing(one, world) for one in NETWORKS if one.name in world.posts}
        regions = near_regions(world)
        self._regions, self._region = regions, region(*((regions + 0.5) * REGION_DEG).T)
        swath = (Area(squares(regions)),)
        self._passing = {
            one.name: [_Watch(observer_name(one, number), one.name, OPERATOR, swath) for number in range(one.observers)]
            for one in NETWORKS
            if one.name in world.orbits
        }
        everywhere = (Area(box(world)),)
        self._outlets = [_Watch(outlet_name(slot), POSTS.name, PUBLIC, everywhere) for slot in range(POSTS.slots)]

    def day(self, conditions: Conditions, end_ms: int) -> list[str]:
        """The records of a day up to a time, in order of `received_at`, as lines of JSON.

        Args:
            conditions: of this day alone.
        """
        rows = sorted(
            (one for one in self._rows(conditions, end_ms) if one.until_ms > one.from_ms),
            key=lambda one: one.received_ms,
        )
        numbers: dict[tuple[str, ObservationState, int, int], int] = {}
        for row in rows:
            numbers.setdefault(_key(row), self._records + len(numbers) + 1)
        self._records += len(numbers)
        return [self._line(numbers[_key(row)], row) for row in rows]

    def _rows(self, conditions: Conditions, end_ms: int) -> Iterator[_Row]:
        begin_ms = conditions.begin_ms
        for watch in chain(*self._standing.values(), self._outlets):
            for part, footprint in enumerate(watch.footprints):
                yield _Row(watch, begin_ms, end_ms, begin_ms, footprint, ObservationState.WATCHING, part=part)
        for name, watches in self._standing.items():
            yield from _blind(watches, conditions.outages[name], end_ms, ObservationState.OUTAGE, "out of order")
            yield from _blind(watches, conditions.jammed[name], end_ms, ObservationState.JAMMED, "jammed")
        for name, watches in self._passing.items():
            yield from self._passes(watches, conditions.passes[name], begin_ms, end_ms)

    def _passes(self, watches: list[_Watch], passes: Passes, begin_ms: int, end_ms: int) -> Iterator[_Row]:
        """Passes are known beforehand, cloud as they are made."""
        columns = zip(passes.time_ms.tolist(), passes.satellite.tolist(), passes.cloudy, strict=True)
        for time_ms, satellite, cloudy in columns:
            if time_ms >= end_ms:
                continue
            watch, span = watches[satellite], (time_ms - PASS_MS // 2, time_ms + PASS_MS // 2)
            yield _Row(watch, *span, begin_ms, watch.footprints[0], ObservationState.WATCHING)
            covered = self._regions[cloudy[self._region]]
            if len(covered):
                yield _Row(watch, *span, time_ms, Area(squares(covered)), ObservationState.OBSCURED, "cloud")

    def _line(self, number: int, row: _Row) -> str:
        return msgspec.json.encode(
            Observation(
                observation_id=f"{self._stem}{number}",
                source=SOURCE,
                asset=row.watch.asset,
                observed_from=from_us(1000 * row.from_ms),
                observed_until=from_us(1000 * row.until_ms),
                footprint=row.footprint,
                state=row.state,
                make=row.watch.make,
                operator=row.watch.operator,
                reason=row.reason,
                published_at=from_us(1000 * row.received_ms) if row.state in _SAID_ANEW else None,
                received_at=from_us(1000 * row.received_ms),
            )
        ).decode()


def _key(row: _Row) -> tuple[str, ObservationState, int, int]:
    return row.watch.asset, row.state, row.from_ms, row.part


def observer_name(network: Network, number: int) -> str:
    """An observer's name, as its reports have it."""
    return f"{network.makes[number % len(network.makes)][0]}-{number + 1:03d}"


def outlet_name(slot: int) -> str:
    """A name for one of the outlets that may hear of a thing, whichever it is."""
    return f"{POSTS.makes[0][0]}s-{slot + 1}"


def box(world: World) -> Polygon:
    """A box about the line and the far sites, in whole degrees, with one to spare."""
    west, east, south, north = bounds(world)
    return Polygon([_ring(float(west), float(south), float(east), float(north))])


def bounds(world: World) -> tuple[int, int, int, int]:
    """West, east, south and north of `box`."""
    lon, lat = np.append(world.path.lon, world.far_lon), np.append(world.path.lat, world.far_lat)
    west, south = int(np.floor(lon.min())) - 1, int(np.floor(lat.min())) - 1
    east, north = int(np.ceil(lon.max())) + 1, int(np.ceil(lat.max())) + 1
    return max(west, -180), min(east, 180), max(south, -90), min(north, 90)


def near_regions(world: World) -> Floats:
    """Column and row of the squares, as cloud has them, that come near the line."""
    lon, lat = world.path.lon, world.path.lat
    columns = np.arange(np.floor(lon.min() / REGION_DEG) - 3.0, np.floor(lon.max() / REGION_DEG) + 4.0)
    rows = np.arange(np.floor(lat.min() / REGION_DEG) - 2.0, np.floor(lat.max() / REGION_DEG) + 3.0)
    every = np.array([(column, row) for row in rows for column in columns])
    # The place in a square that is nearest to each vertex of the line.
    nearest = [
        np.minimum(np.maximum(at, index[:, None] * REGION_DEG), (index[:, None] + 1.0) * REGION_DEG)
        for at, index in zip((lon, lat), every.T, strict=True)
    ]
    away_m = length_m(*between(lon, lat, *nearest)).min(axis=1)
    return np.asarray(every[away_m < CLOUD_WITHIN_M])


def squares(regions: Floats) -> MultiPolygon:
    """Squares by column and row, neighbours in a row put together.

    A row ends at the last place of six decimals before the next begins: parts of one area must not share a side.
    """
    polygons: list[list[Ring]] = []
    for row, members in groupby(sorted((row, column) for column, row in regions.tolist()), key=lambda one: one[0]):
        columns = [column for _, column in members]
        south, north = row * REGION_DEG, (row + 1.0) * REGION_DEG - _LAST_PLACE_DEG
        for _, run in groupby(enumerate(columns), key=lambda one: one[1] - one[0]):
            within = [column for _, column in run]
            west, east = within[0] * REGION_DEG, (within[-1] + 1.0) * REGION_DEG
            polygons.append([_ring(west, south, east, round(north, 6))])
    return MultiPolygon(polygons)


def _ring(west: float, south: float, east: float, north: float) -> Ring:
    """Corners, and places between them along the parallels: an edge is a geodesic, and would leave its parallel."""
    between = np.arange(west, east, REGION_DEG).tolist()
    there = [[lon, south] for lon in [*between, east]]
    back = [[lon, north] for lon in [east, *reversed(between)]]
    return [*there, *back, there[0]]


def _standing(network: Network, world: World) -> list[_Watch]:
    posts = world.posts[network.name]
    number = len(posts.lon)
    half_m = network.slots * posts.spacing_m / 2.0
    said_m = half_m + (MARGIN * posts.spacing_m if network.slots == 1 else 0.0)
    chainage_m = (np.arange(number) + 0.5) * posts.spacing_m
    ends_m = np.clip(np.array([chainage_m - half_m, chainage_m + half_m]), 0.0, world.path.length_m)
    (west, east), (south, north) = world.path.place(ends_m, np.zeros_like(ends_m))
    along_deg = half_wind(*between(west, south, east, north)) * _HALF_WIND_DEG
    columns = zip(posts.lon.tolist(), posts.lat.tolist(), along_deg.tolist(), strict=True)
    make = load_makes().make(network.name)
    reach_m = make.reach_m if make is not None else 0.0
    return [
        _Watch(
            observer_name(network, at),
            network.name,
            OPERATOR,
            tuple(_strip(lon, lat, said_m, reach_m, along)),
        )
        for at, (lon, lat, along) in enumerate(columns)
    ]


def _strip(lon: float, lat: float, half_m: float, reach_m: float, along_deg: float) -> Iterator[Footprint]:
    """The strip across the line for which an observer is one of the nearest, as it lies about it.

    All round as far as the strip is wide, and further where it goes on: across the line.
    """
    yield Disc(lon, lat, float(round(min(half_m * _ALL_ROUND_WIDTHS, reach_m))))
    nearer_m = half_m * _ALL_ROUND_WIDTHS
    for widths, spread_deg in ((_WIDE_WIDTHS, _WIDE_DEG), (_NARROW_WIDTHS, _NARROW_DEG)):
        if nearer_m < reach_m:
            across = ((along_deg + 90.0) % 360.0, (along_deg + 270.0) % 360.0)
            azimuths = tuple(((one - spread_deg) % 360.0, (one + spread_deg) % 360.0) for one in across)
            further_m = min(half_m * widths, reach_m)
            yield Bearing(lon, lat, float(round(nearer_m)), float(round(further_m)), azimuths)
            nearer_m = further_m


def _blind(
    watches: list[_Watch], intervals: Intervals, end_ms: int, state: ObservationState, reason: str
) -> Iterator[_Row]:
    """That observers could not watch: what each says of it as it goes on, and when it is over."""
    for watch, begins, ends in zip(watches, intervals.from_ms.tolist(), intervals.until_ms.tolist(), strict=True):
        for begin_ms, until_ms in zip(begins, ends, strict=True):
            last_ms = min(until_ms, end_ms)
            for said_ms in [*range(begin_ms + SAYS_EVERY_MS, last_ms, SAYS_EVERY_MS), last_ms]:
                yield _Row(watch, begin_ms, said_ms, said_ms, Nowhere(), state, reason)
