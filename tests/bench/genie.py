"""The genie: who knows every true incident and every observer's errors, and has only to say which report saw which.

It gives each report to the true incident that most probably brought it about, by the generator's own distributions of
place, time, words and count, with no more than one report of an observer for an incident. What it gets wrong can hardly
be told from the reports, so its figures are about the best there are. Public posts that give the very same time and
place copy each other, and the fixes of a track are one; each such bundle is judged by its first report. A post that was
more probably invented stands, with its copies, by itself.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Bools, Floats
from pipeline.model.footprint import Bearing, Disc
from pipeline.model.report import Report
from pipeline.scenario import TrueIncident
from pipeline.scenario.catalogue import Scenario, scenario_named
from pipeline.scenario.ground import between, length_m
from pipeline.scenario.happen import INVENTED
from pipeline.scenario.kinds import KINDS, Kind, Where, chance
from pipeline.scenario.observers import Network, networks
from pipeline.scenario.scoring import APART, Truth
from pipeline.scenario.scoring.fusion import PUBLIC
from pipeline.scenario.sightings import WITHIN_RADIUS
from pipeline.scenario.world import FAR_SCATTER_M, FAR_SITES, FRONT_SPREAD_M, HOT_SPOTS, HOT_SPREAD_M

Labels = NDArray[np.int64]

AT_ONCE = 400
REACH_IN_ERRORS = 5.0
RADIUS_IN_ERRORS = math.sqrt(-2.0 * math.log(1.0 - WITHIN_RADIUS))
"""A disc's radius in standard errors of each coordinate."""
HALF_BIN_RAD = math.radians(5.625)
"""Half the width of the directions that bearings are rounded to, 32 in a circle."""
INVENTED_LASTS_S = 8_000.0
"""Over how long an invention's end is spread, about, after its beginning."""
INVENTED_SO = 0.1
"""The chance that an invention that is counted has just these words and this number, about."""
HOT_M2 = HOT_SPOTS * 2.0 * math.pi * HOT_SPREAD_M * math.hypot(HOT_SPREAD_M, FRONT_SPREAD_M)
FAR_M2 = FAR_SITES / 3.0 * (2.0 * FAR_SCATTER_M) ** 2
"""The ground over which inventions are spread, about, along the line and far from it (the first sites are busiest)."""
MOVES_M_S = 12.0
"""How fast the place of what is tracked shifts, about."""

_erf = np.vectorize(math.erf, otypes=[np.float64])


class Things(NamedTuple):
    """True incidents as columns, in order of time."""

    begin_s: Floats
    lon: Floats
    lat: Floats
    number: Floats
    shortest_s: Floats
    longest_s: Floats
    kinds: Sequence[tuple[Kind, ...]]
    scenario: Scenario


def assigned(reports: Sequence[Report], truth: Truth) -> Labels:
    """For each report the true incident to which a genie gives it; beyond their number, bundles that stand alone."""
    scenario = scenario_named(truth.played.name)
    things, bundle_of = _things(truth.incidents, scenario), _bundles(reports)
    _, heads = np.unique(bundle_of, return_index=True)
    heads_said = [reports[row] for row in heads.tolist()]
    who = {make: network for network in networks(scenario.posts_vagueness) for make, _ in network.makes}
    seen_by = [_network(report, who) for report in heads_said]
    row, to, weight = ([np.zeros(0, dtype=kind)] for kind in (np.int64, np.int64, np.float64))
    for network in set(who.values()):
        mine = np.array([number for number, one in enumerate(seen_by) if one is network], dtype=np.int64)
        for first in range(0, len(mine), AT_ONCE):
            some = mine[first : first + AT_ONCE]
            near, thing, chances = _weighed(network, [heads_said[number] for number in some.tolist()], things)
            row.append(some[near])
            to.append(thing)
            weight.append(chances)
    alone = np.array([_invented(report, network, truth) for report, network in zip(heads_said, seen_by, strict=True)])
    looks = [_look(report, network) for report, network in zip(heads_said, seen_by, strict=True)]
    found = _given(looks, np.concatenate(row), np.concatenate(to), np.concatenate(weight), alone)
    found = np.where(found == APART, len(truth.incidents) + np.arange(len(heads)), found)
    return np.asarray(found[bundle_of])


def _look(report: Report, network: Network | None) -> object:
    """Who looked, and of one that passes over, when: no two of one look tell of one incident."""
    passing = network is not None and network.period_s != (0, 0)
    return report.observer, report.observed_from if passing else report.track_id


def _bundles(reports: Sequence[Report]) -> Labels:
    """The bundle of each report, numbered in the order of their first reports; nearly all are of one."""
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(_bundle(report), len(numbers)) for report in reports], dtype=np.int64)


def _bundle(report: Report) -> object:
    if report.track_id is not None:
        return report.track_id
    if report.ledger == PUBLIC and isinstance(report.footprint, Disc):
        return report.observed_from, report.observed_until, report.footprint
    return report.report_id


def _network(report: Report, who: Mapping[str, Network]) -> Network | None:
    """Who reported it, where that can tell what it saw."""
    if not isinstance(report.footprint, Disc | Bearing):
        return None
    return who.get((report.observer or "").rpartition("-")[0])


def _invented(report: Report, network: Network | None, truth: Truth) -> float:
    """The density in time and place of such posts of one outlet that are invented, about."""
    if network is None or not network.relayed_s:
        return 0.0
    words = (report.activity, report.weapons, report.calibre_mm)
    alike = [kind for kind in KINDS if kind.name in INVENTED and words in kind.said]
    per_s = len(truth.inventions) / network.observers / (truth.played.days * 86_400.0)
    per_s_m2 = sum(
        per_s * INVENTED[kind.name] / (FAR_M2 if kind.where is Where.FAR else HOT_M2) for kind in alike
    ) / sum(INVENTED.values())
    return per_s_m2 / INVENTED_LASTS_S * (INVENTED_SO if report.count else 1.0)


def _things(incidents: Sequence[TrueIncident], scenario: Scenario) -> Things:
    kinds = [_alike(incident) for incident in incidents]
    return Things(
        np.array([incident.observed_at.timestamp() for incident in incidents]),
        np.array([incident.lon for incident in incidents]),
        np.array([incident.lat for incident in incidents]),
        np.array([incident.count.min if incident.count else 1.0 for incident in incidents]),
        np.array([min(kind.lasts_s[0] for kind in alike) for alike in kinds], dtype=np.float64),
        np.array([max(kind.lasts_s[1] for kind in alike) for alike in kinds], dtype=np.float64),
        kinds,
        scenario,
    )


def _alike(incident: TrueIncident) -> tuple[Kind, ...]:
    """The kinds that look like it, of which it may be any."""
    said = (incident.activity, incident.weapons, incident.calibre_mm)
    unit = incident.count.unit if incident.count else None
    return tuple(kind for kind in KINDS if kind.said[0] == said and kind.unit == unit)


def _weighed(network: Network, reports: Sequence[Report], things: Things) -> tuple[Labels, Labels, Floats]:
    """Pairs of a report and a true incident that may have brought it about, with the likelihood of each."""
    row, to, away_m, azimuth = _in_reach(network, reports, things)
    weight = _words(network, reports, things, row, to)
    time, after_s = _time(network, reports, things, row, to)
    for factor in (
        _place(network, reports, row, away_m, azimuth, after_s),
        time,
        _count(network, reports, things, row, to),
    ):
        weight *= factor
    some = weight > 0.0
    return row[some], to[some], weight[some]


def _in_reach(network: Network, reports: Sequence[Report], things: Things) -> tuple[Labels, Labels, Floats, Floats]:
    """Pairs that are near enough, with the distance and the direction (radians from north) of each."""
    begin = np.array([report.observed_from.timestamp() for report in reports])
    end = np.array([report.observed_until.timestamp() for report in reports])
    slack_s = REACH_IN_ERRORS * network.time_error_s + network.grain_s + network.margin_s
    first = np.searchsorted(things.begin_s, begin - things.longest_s.max() - slack_s)
    last = np.searchsorted(things.begin_s, end + slack_s)
    row = np.repeat(np.arange(len(reports)), last - first)
    to = np.arange(len(row)) - np.repeat(np.cumsum(last - first) - (last - first), last - first) + first[row]
    lon, lat = (np.array([getattr(report.footprint, name) for report in reports]) for name in ("lon", "lat"))
    east_m, north_m = between(lon[row], lat[row], things.lon[to], things.lat[to])
    away_m = length_m(east_m, north_m)
    near: Bools = away_m <= np.array([_reach_m(network, report) for report in reports])[row]
    return row[near], to[near], away_m[near], np.arctan2(east_m, north_m)[near]


def _reach_m(network: Network, report: Report) -> float:
    if isinstance(report.footprint, Disc):
        moved_m = 60.0 * MOVES_M_S * network.fix_s
        return REACH_IN_ERRORS * report.footprint.radius_m / RADIUS_IN_ERRORS + moved_m
    assert isinstance(report.footprint, Bearing)
    return report.footprint.range_max_m * (1.0 + REACH_IN_ERRORS * network.range_error)


def _words(network: Network, reports: Sequence[Report], things: Things, row: Labels, to: Labels) -> Floats:
    """How often the network says such a thing of such a kind: that it reports it at all, and in these words."""
    precise, broad = network.said
    shares = (precise, broad, 1.0 - precise - broad)
    asked = network.slots / network.observers if network.observers else 1.0
    known: dict[tuple[object, ...], float] = {}

    def weight(report: Report, alike: tuple[Kind, ...]) -> float:
        words = (report.activity, report.weapons, report.calibre_mm)
        unit = report.count.unit if report.count else None
        key: tuple[object, ...] = (words, unit, alike[0].name)
        if key not in known:
            same = sum(share for share, said in zip(shares, alike[0].said, strict=True) if said == words)
            near = max(chance(kind, network.name, things.scenario.posts_factor) for kind in alike)
            known[key] = asked * near * same * (unit == alike[0].unit)
        return known[key]

    return np.array([weight(reports[r], things.kinds[t]) for r, t in zip(row.tolist(), to.tolist(), strict=True)])


def _place(
    network: Network, reports: Sequence[Report], row: Labels, away_m: Floats, azimuth: Floats, after_s: Floats
) -> Floats:
    """The likelihood of the reported place: a density on the ground for a disc, a probability for a bearing."""
    if network.range_error:
        return _bearing(network, reports, row, away_m, azimuth)
    discs = [report.footprint for report in reports if isinstance(report.footprint, Disc)]
    error_m = np.array([disc.radius_m for disc in discs])[row] / RADIUS_IN_ERRORS
    if network.fix_s:
        error_m = np.hypot(error_m, MOVES_M_S * np.maximum(after_s, 0.0))
    spread = away_m / error_m
    return np.asarray(np.exp(-0.5 * spread * spread) / (2.0 * math.pi * error_m * error_m))


def _bearing(network: Network, reports: Sequence[Report], row: Labels, away_m: Floats, azimuth: Floats) -> Floats:
    """A whole number of kilometres and one of 32 directions: which error would have been rounded to these."""
    given = [report.footprint for report in reports if isinstance(report.footprint, Bearing)]
    least = np.array([one.range_min_m for one in given])
    rounded = np.array([one.range_max_m for one in given]) - 1_000.0
    # The range was a = r × (1 + error); least is a - 500 m rounded down, most is 1.15 a - 500 m rounded up.
    low = np.maximum(
        np.where(least > 0.0, least + 500.0, 0.0), np.where(rounded > least, (rounded - 500.0) / 1.15, 0.0)
    )
    high = np.minimum(least + 1_500.0, (rounded + 500.0) / 1.15)
    ends_deg = np.array([one.azimuths_deg[0] for one in given])
    middle = np.radians(ends_deg[:, 0] + (ends_deg[:, 1] - ends_deg[:, 0]) % 360.0 / 2.0)
    off = (azimuth - middle[row] + math.pi) % (2.0 * math.pi) - math.pi
    far = np.maximum(away_m, 1.0)
    at_range = _between(low[row] / far - 1.0, high[row] / far - 1.0, network.range_error)
    return at_range * _between(off - HALF_BIN_RAD, off + HALF_BIN_RAD, network.azimuth_error)


def _time(
    network: Network, reports: Sequence[Report], things: Things, row: Labels, to: Labels
) -> tuple[Floats, Floats]:
    """The density of the reported beginning and end, if it lasted anything between the shortest and the longest; and
    how long after the incident's beginning the report's is.
    """
    within_s = network.margin_s + network.grain_s / 2.0
    begin = np.array([report.observed_from.timestamp() for report in reports]) + within_s
    end = np.array([report.observed_until.timestamp() for report in reports]) - within_s
    early, late = begin[row] - things.begin_s[to], end[row] - things.begin_s[to]
    error_s = math.hypot(network.time_error_s, network.grain_s / math.sqrt(12.0))
    shortest, longest = things.shortest_s[to], things.longest_s[to]
    passes = network.glimpse_s or network.period_s != (0, 0) or network.fix_s
    glimpse = np.full(len(row), network.glimpse_s) if passes else longest
    # Either it saw the whole, which then lasted no longer than it looks, or a part somewhere within.
    bound = np.clip(glimpse, shortest, longest)
    whole = _density(early, error_s) * _between(late - bound, late - shortest, error_s)
    over = np.maximum(np.clip(early, 0.0, None) + glimpse, bound)
    ends = np.clip(over, None, longest) - glimpse
    slack = np.log(np.maximum(longest - glimpse, 1e-3) / np.maximum(ends, 1e-3))
    part = np.where(longest > bound, slack, 0.0) * _below(early, error_s)
    part = part * _density(late - early - glimpse, error_s * math.sqrt(2.0))
    return np.asarray((whole + part) / (longest - shortest)), early


def _count(network: Network, reports: Sequence[Report], things: Things, row: Labels, to: Labels) -> Floats:
    """The probability that such a number would have been counted so."""
    if not network.count_error:
        return np.ones(len(row))
    error = network.count_error
    counts = [report.count for report in reports]
    least = np.array([count.min if count else 0.0 for count in counts])
    most = np.array([count.max if count and count.max is not None else math.inf for count in counts])
    low = np.maximum(np.where(least > 1.0, least, -math.inf) / (1.0 - error), (most - 1.0) / (1.0 + error))
    low = np.where(np.isinf(most), np.where(least > 1.0, least / (1.0 - error), -math.inf), low)
    high = np.minimum((least + 1.0) / (1.0 - error), most / (1.0 + error))
    number = things.number[to]
    counted = np.array([count is not None for count in counts])[row]
    chance = _between(low[row] / number - 1.0, high[row] / number - 1.0, error)
    return np.where(counted, chance, 1.0)


def _given(looks: Sequence[object], row: Labels, to: Labels, weight: Floats, alone: Floats) -> Labels:
    """The surest first, each to what most probably brought it about, no look twice to one; `APART` if to nothing."""
    total = alone + np.bincount(row, weights=weight, minlength=len(looks))
    found = np.full(len(looks), APART, dtype=np.int64)
    taken: set[tuple[int, object]] = set()
    likely = np.flatnonzero(weight > alone[row])
    for pair in likely[np.argsort(-weight[likely] / total[row[likely]], kind="stable")].tolist():
        report, thing = int(row[pair]), int(to[pair])
        key = (thing, looks[report])
        if found[report] == APART and key not in taken:
            found[report] = thing
            taken.add(key)
    return found


def _between(low: Floats, high: Floats, error: float) -> Floats:
    """The probability that a normal error lies between two bounds."""
    return np.clip(_below(high, error) - _below(low, error), 0.0, None)


def _below(bound: Floats, error: float) -> Floats:
    return np.asarray(0.5 * (1.0 + _erf(bound / (error * math.sqrt(2.0)))))


def _density(off: Floats, error: float) -> Floats:
    return np.asarray(np.exp(-0.5 * (off / error) ** 2) / (error * math.sqrt(2.0 * math.pi)))
