"""Who looks at which incident, when, and from where: what comes before an observer makes anything of it."""

from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Floats
from pipeline.recon.makes import Makes, left_at, load_makes
from pipeline.scenario.catalogue import Scenario
from pipeline.scenario.conditions import Conditions, region
from pipeline.scenario.ground import between, length_m, moved
from pipeline.scenario.incidents import Incidents
from pipeline.scenario.kinds import KINDS, chance
from pipeline.scenario.observers import Network
from pipeline.scenario.world import Integers, World


class Setting(NamedTuple):
    """All that a day's observers find before them, and how well they notice it: the shipped makes unless told."""

    scenario: Scenario
    world: World
    conditions: Conditions
    makes: Makes | None = None


class Looks(NamedTuple):
    """Looks of one network's observers, as columns; one row will be one report.

    Attributes:
        incident: the row of the incident.
        observer: which of the network's observers.
        from_ms, until_ms: when it looked, no longer than the incident lasts.
        lon, lat: where the incident was then.
        east_m, north_m: from the observer to there; 0 for those who stand nowhere.
    """

    incident: Integers
    observer: Integers
    from_ms: Integers
    until_ms: Integers
    lon: Floats
    lat: Floats
    east_m: Floats
    north_m: Floats


def look(network: Network, incidents: Incidents, setting: Setting, rng: np.random.Generator) -> Looks:
    """Which incidents a network's observers see."""
    scenario, makes = setting.scenario, setting.makes
    near = np.array([chance(kind, network.name, scenario.posts_factor, scenario.detection, makes) for kind in KINDS])
    if network.name in setting.world.orbits:
        return _passing(network, near, incidents, setting, rng)
    if network.name not in setting.world.posts:
        return _browsing(network, near, incidents, rng)
    seen = (_following if network.fix_s else _standing)(network, near, incidents, setting, rng)
    kind = incidents.kind[seen.incident]
    sighted = ~setting.conditions.blind(network, seen.observer, seen.from_ms, kind)
    return Looks._make(column[sighted] for column in seen)


def _standing(
    network: Network, near: Floats, incidents: Incidents, setting: Setting, rng: np.random.Generator
) -> Looks:
    """Each of the nearest observers sees an incident by itself; the further off, the more rarely."""
    posts = setting.world.posts[network.name]
    rows = np.flatnonzero((near[incidents.kind] > 0.0) & ~incidents.invented)
    first = np.floor(incidents.chainage_m[rows] / posts.spacing_m - (network.slots - 1) / 2.0).astype(np.int64)
    observer = np.clip(first, 0, len(posts.lon) - network.slots)[:, None] + np.arange(network.slots)
    at = incidents.lon[rows][:, None], incidents.lat[rows][:, None]
    east_m, north_m = between(posts.lon[observer], posts.lat[observer], *at)
    share = _left(setting, network, incidents.kind[rows][:, None], length_m(east_m, north_m))
    row, slot = np.nonzero(rng.random(observer.shape) < near[incidents.kind[rows]][:, None] * share)
    seen = incidents.at(rows[row])
    look_ms = np.minimum(seen.lasts_ms, int(network.glimpse_s * 1000)) if network.glimpse_s else seen.lasts_ms
    from_ms = seen.begin_ms + (rng.random(len(row)) * (seen.lasts_ms - look_ms)).astype(np.int64)
    there = seen.lon, seen.lat, east_m[row, slot], north_m[row, slot]
    return Looks(rows[row], observer[row, slot], from_ms, from_ms + look_ms, *there)


def _following(
    network: Network, near: Floats, incidents: Incidents, setting: Setting, rng: np.random.Generator
) -> Looks:
    """The nearest observer fixes what moves again and again, each time where it then is."""
    posts, fix_ms = setting.world.posts[network.name], network.fix_s * 1000
    rows = np.flatnonzero((near[incidents.kind] > 0.0) & ~incidents.invented)
    fixes = incidents.lasts_ms[rows] // fix_ms + 1
    row = np.repeat(rows, fixes)
    after_ms = (np.arange(len(row)) - np.repeat(np.cumsum(fixes) - fixes, fixes)) * fix_ms
    seen = incidents.at(row)
    observer = np.clip((seen.chainage_m / posts.spacing_m).astype(np.int64), 0, len(posts.lon) - 1)
    at_ms = seen.begin_ms + after_ms
    lon, lat = where(seen, at_ms)
    east_m, north_m = between(posts.lon[observer], posts.lat[observer], lon, lat)
    share = _left(setting, network, seen.kind, length_m(east_m, north_m))
    fixed = rng.random(len(row)) < near[seen.kind] * share
    every = Looks(row, observer, at_ms, at_ms, lon, lat, east_m, north_m)
    return Looks._make(column[fixed] for column in every)


def _left(setting: Setting, network: Network, kind: Integers, away_m: Floats) -> Floats:
    """The share of the chance that is left at a distance."""
    makes = setting.makes or load_makes()
    half_m = np.array([one.seen_by(makes).get(network.name, (0.0, 1.0))[1] for one in KINDS])
    return left_at(away_m, half_m[kind])


def _passing(network: Network, near: Floats, incidents: Incidents, setting: Setting, rng: np.random.Generator) -> Looks:
    """A satellite sees what goes on as it passes, where no cloud is in between."""
    passes = setting.conditions.passes[network.name]
    rows = np.flatnonzero((near[incidents.kind] > 0.0) & ~incidents.invented)
    begin_ms = incidents.begin_ms[rows]
    first = np.searchsorted(passes.time_ms, begin_ms)
    number = np.searchsorted(passes.time_ms, begin_ms + incidents.lasts_ms[rows], side="right") - first
    row = np.repeat(rows, number)
    at = np.repeat(first - (np.cumsum(number) - number), number) + np.arange(len(row))
    clear = ~passes.cloudy[at, region(incidents.lon[row], incidents.lat[row])]
    seen = clear & (rng.random(len(row)) < near[incidents.kind[row]])
    row, at = row[seen], at[seen]
    time_ms, nought = passes.time_ms[at], np.zeros(len(row))
    return Looks(row, passes.satellite[at], time_ms, time_ms, incidents.lon[row], incidents.lat[row], nought, nought)


def _browsing(network: Network, near: Floats, incidents: Incidents, rng: np.random.Generator) -> Looks:
    """Some of the outlets hear of an incident; of what never happened, the one that invents it."""
    rows = np.flatnonzero((near[incidents.kind] > 0.0) | incidents.invented)
    slots = np.arange(network.slots)
    observer = (rng.integers(0, network.observers, len(rows))[:, None] + slots) % network.observers
    heard = rng.random(observer.shape) < near[incidents.kind[rows]][:, None]
    row, slot = np.nonzero(np.where(incidents.invented[rows][:, None], slots == 0, heard))
    seen, nought = incidents.at(rows[row]), np.zeros(len(row))
    until_ms = seen.begin_ms + seen.lasts_ms
    return Looks(rows[row], observer[row, slot], seen.begin_ms, until_ms, seen.lon, seen.lat, nought, nought)


def where(seen: Incidents, time_ms: Integers) -> tuple[Floats, Floats]:
    """The place of each at a time while it lasts."""
    share = (time_ms - seen.begin_ms) / np.maximum(seen.lasts_ms, 1)
    return moved(seen.lon, seen.lat, seen.moves_east_m * share, seen.moves_north_m * share)
