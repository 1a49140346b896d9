"""Scenarios as a proof of coverage: what it says of every true incident, and whether anybody noticed it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.agreement import Agreement
from pipeline.geometry.earth import Bools, Floats
from pipeline.geometry.places import Places
from pipeline.model.records import Observation
from pipeline.model.times import to_us
from pipeline.recon.chance import chance_of_each
from pipeline.recon.log import Log
from pipeline.recon.makes import Make, Makes, load_makes
from pipeline.scenario import TrueIncident, generate
from pipeline.scenario.catalogue import scenario_named
from pipeline.scenario.kinds import KINDS
from pipeline.scenario.scoring.reliability import reliability

LAST_S = 7_200.0
"""What begins so shortly before the end may go on beyond it, where the log says nothing: it is left out."""

WITHOUT_END = 10**9
"""More reports than are ever asked for."""


class Noticed(NamedTuple):
    """True incidents along the line, as columns.

    Attributes:
        kind: by its place in `KINDS`.
        chance: of being noticed, as coverage has it.
        seen: whether anybody reported it.
        away_m: how far it is from the line.
        hour: of the day, in UTC.
    """

    kind: NDArray[np.int64]
    chance: Floats
    seen: Bools
    away_m: Floats
    hour: NDArray[np.int64]

    def where(self, rows: Bools) -> "Noticed":
        """Some of them."""
        return Noticed._make(column[rows] for column in self)

    @property
    def class_names(self) -> NDArray[np.str_]:
        """The class of each."""
        return np.array([kind.class_name or "" for kind in KINDS])[self.kind]


class Played(NamedTuple):
    """Some days of a scenario: what happened, what was seen of it, and who watched.

    Attributes:
        kind: of each incident, by its place in `KINDS`.
    """

    incidents: list[TrueIncident]
    records: list[Observation]
    kind: NDArray[np.int64]
    until: datetime


def played(name: str, seed: int, agreement: Agreement, days: int = 1, detection: float = 1.0) -> Played:
    """Plays the first days of a scenario.

    Args:
        detection: the share that observers notice of what the makes say.
    """
    scenario = msgspec.structs.replace(scenario_named(name), detection=detection)
    chunks = list(islice(generate(scenario, seed, agreement, WITHOUT_END), days))
    return Played(
        [msgspec.json.decode(line, type=TrueIncident) for chunk in chunks for line in chunk.truth],
        [msgspec.json.decode(line, type=Observation) for chunk in chunks for line in chunk.observations],
        np.concatenate([chunk.kind for chunk in chunks]),
        chunks[-1].until,
    )


def noticed(name: str, seeds: Iterable[int], agreement: Agreement) -> Noticed:
    """What coverage says of a day of each seed, beside the truth."""
    parts = [judged(played(name, seed, agreement), agreement, load_makes()) for seed in seeds]
    return Noticed._make(np.concatenate(columns) for columns in zip(*parts, strict=True))


def weakened(makes: Makes, share: float) -> Makes:
    """Makes that notice so much of what these do."""
    return msgspec.structs.replace(makes, makes=tuple(_weakened(make, share) for make in makes.makes))


def calibration_error(of: Noticed) -> float:
    """The expected calibration error, in ten bins of as many incidents."""
    ece = reliability(of.chance, of.seen).ece
    assert ece is not None
    return ece


def by_chance(of: Noticed, share: float = 0.999, draws: int = 200) -> float:
    """The calibration error that so few incidents have by chance, were every chance right: exceeded in 1 − `share`."""
    rng = np.random.default_rng(1)
    drawn = [calibration_error(of._replace(seen=rng.random(len(of.chance)) < of.chance)) for _ in range(draws)]
    return float(np.quantile(drawn, share))


def split(of: Noticed, by: Sequence[object] | NDArray[np.generic], least: int) -> dict[str, Noticed]:
    """Groups of at least so many incidents."""
    column = np.asarray(by)
    groups = {str(one): of.where(column == one) for one in np.unique(column)}
    return {name: group for name, group in groups.items() if len(group.chance) >= least}


def _weakened(make: Make, share: float) -> Make:
    sees = {name: msgspec.structs.replace(one, chance=one.chance * share) for name, one in make.sees.items()}
    return msgspec.structs.replace(make, sees=sees)


def judged(days: Played, agreement: Agreement, makes: Makes) -> Noticed:
    """What coverage says of each incident of some days, by some makes."""
    incidents = days.incidents
    log = Log.of(days.records, makes)
    lon, lat = (np.array([getattr(one, name) for one in incidents]) for name in ("lon", "lat"))
    time_ms = np.array([to_us(one.observed_at) // 1000 for one in incidents], dtype=np.int64)
    seen = np.array([bool(one.report_ids) for one in incidents])
    last_ms = to_us(days.until - timedelta(seconds=LAST_S)) // 1000
    classes = np.array([kind.class_name or "" for kind in KINDS])[days.kind]
    chance = np.full(len(incidents), np.nan)
    for name in sorted(set(classes.tolist()) - {""}):
        rows = (classes == name) & (time_ms < last_ms)
        chance[rows] = chance_of_each(log, lon[rows], lat[rows], time_ms[rows], name)
    kept = ~np.isnan(chance)
    line = agreement.lines[agreement.tables.lines[0].id]
    away_m = np.abs(Places(lon[kept], lat[kept]).along(line).offset_m)
    return Noticed(days.kind[kept], chance[kept], seen[kept], away_m, time_ms[kept] // 3_600_000 % 24)
