"""The observation log, read: which record of whom counts, and what it says of a moment.

An asset's time is cut up where a record of it begins or ends. Between two cuts the same records speak of it, and such
a set of records often comes back: what an asset notices of a place is reckoned once for each set, not for each hour.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.geometry.earth import Floats, Geometry
from pipeline.model.footprint import Footprint, Nowhere
from pipeline.model.identity import precedence, watch_hash
from pipeline.model.records import Observation
from pipeline.model.times import to_us_array
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.makes import Make, Makes

Integers = NDArray[np.int64]

NOWHERE = -1
"""In place of a footprint's number: what is said of all that the asset watches."""


class Said(NamedTuple):
    """What a record says.

    Attributes:
        footprint: its number, or `NOWHERE`.
        quality: 0 where it is blind.
        jammed: whether that is why: who is jammed notices that, if nothing else.
    """

    footprint: int
    quality: float
    jammed: bool


Sayings = tuple[Said, ...]
"""What several records say of one moment."""

IMPAIRED = 0.5
"""What is left to one that says it watched less well than designed, and not by how much: an assumption."""

_encode = msgspec.json.Encoder().encode


class Spans(NamedTuple):
    """An asset's time, cut up.

    Attributes:
        cuts_ms: where something begins or ends, ascending.
        which: the number, in `sayings`, of what is said before the first cut, between two, and after the last.
        sayings: what is said together; the first is nothing.
        pass_ms, pass_which: moments of passes, ascending, and what is said of each; none for what does not pass.
    """

    cuts_ms: Integers
    which: Integers
    sayings: tuple[Sayings, ...]
    pass_ms: Integers
    pass_which: Integers


class AssetLog(NamedTuple):
    """What is said of one asset; the arrays are columns of its records, in order of time.

    Attributes:
        make: None where no record names one, or it is in no catalogue: then what it notices is not known.
        footprints: the different ones; `footprint` has their numbers.
        quality: the share of what it notices when all is well; 0 where it is blind.
        jammed: where it is blind for that.
    """

    asset: str
    make: Make | None
    records: tuple[Observation, ...]
    footprints: tuple[Footprint, ...]
    from_ms: Integers
    until_ms: Integers
    footprint: Integers
    quality: Floats
    jammed: NDArray[np.bool_]

    def spans(self, begin_ms: int, end_ms: int) -> Spans:
        """Its time, as far as records reach into an interval."""
        rows = np.flatnonzero((self.until_ms >= begin_ms) & (self.from_ms <= end_ms))
        columns = (self.footprint[rows].tolist(), self.quality[rows].tolist(), self.jammed[rows].tolist())
        told = dict(zip(rows.tolist(), map(Said, *columns), strict=True))
        known: dict[Sayings, int] = {(): 0}
        lasting = rows[self.until_ms[rows] > self.from_ms[rows]]
        cuts_ms, which = self._sweep(lasting, told, known)
        passes = self.make is not None and self.make.notices == "pass"
        pass_ms, pass_which = self._passes(rows, told, known) if passes else (_NONE, _NONE)
        return Spans(cuts_ms, which, tuple(known), pass_ms, pass_which)

    def _sweep(self, rows: Integers, told: Mapping[int, Said], known: dict[Sayings, int]) -> tuple[Integers, Integers]:
        times_ms = np.concatenate([self.from_ms[rows], self.until_ms[rows]])
        both = np.concatenate([rows, rows]).tolist()
        cuts_ms, place = np.unique(times_ms, return_inverse=True)
        changing: list[list[int]] = [[] for _ in cuts_ms]
        for number, cut in zip(both, place.tolist(), strict=True):
            changing[cut].append(number)
        going_on = set[int]()
        which = [0]
        for numbers in changing:
            going_on ^= set(numbers)
            which.append(_number({told[number] for number in going_on}, known))
        return cuts_ms, np.array(which, dtype=np.int64)

    def _passes(self, rows: Integers, told: Mapping[int, Said], known: dict[Sayings, int]) -> tuple[Integers, Integers]:
        """Records of it that overlap are one pass; its moment is their middle."""
        found = list[tuple[int, int]]()
        for run in _runs(self.from_ms, self.until_ms, rows[self.quality[rows] > 0.0].tolist()):
            until_ms = max(int(self.until_ms[number]) for number in run)
            at_ms = (int(self.from_ms[run[0]]) + until_ms) // 2
            meanwhile = (self.from_ms[rows] <= at_ms) & (at_ms < self.until_ms[rows])
            said = {told[number] for number in [*run, *rows[meanwhile].tolist()]}
            found.append((at_ms, _number(said, known)))
        moments = np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
        return moments[:, 0], moments[:, 1]


_NONE = np.zeros(0, dtype=np.int64)


def _number(said: set[Said], known: dict[Sayings, int]) -> int:
    return known.setdefault(tuple(sorted(said)), len(known))


def _runs(from_ms: Integers, until_ms: Integers, numbers: Sequence[int]) -> list[list[int]]:
    """Records, in order of their beginnings, put together where they overlap or are of one moment."""
    runs: list[list[int]] = []
    until = -(2**63)
    for number in numbers:
        begin = int(from_ms[number])
        if runs and (begin < until or begin == int(from_ms[runs[-1][0]])):
            runs[-1].append(number)
        else:
            runs.append([number])
            until = begin
        until = max(until, int(until_ms[number]))
    return runs


class Log(NamedTuple):
    """All that counts of an observation log.

    Attributes:
        assets: by name.
        areas: outlines in degrees, for footprints that name an area.
    """

    makes: Makes
    areas: Mapping[str, Geometry]
    assets: tuple[AssetLog, ...]

    @classmethod
    def of(
        cls, observations: Iterable[Observation], makes: Makes, areas: Mapping[str, Geometry] | None = None
    ) -> "Log":
        """Reads a log; its order and repeats in it mean nothing."""
        named: dict[str, list[Observation]] = {}
        for one in standing(observations):
            named.setdefault(one.asset, []).append(one)
        assets = tuple(_asset(named[name], makes) for name in sorted(named))
        return cls(makes, areas or {}, assets)

    @property
    def unknown_makes(self) -> tuple[str, ...]:
        """Assets of which it is not known what they notice."""
        return tuple(one.asset for one in self.assets if one.make is None)

    def told(self, begin_ms: int, slot_ms: int, slots: int) -> NDArray[np.bool_]:
        """In which slots any record speaks at all, were it of blindness; elsewhere nobody said who watched."""
        begins = begin_ms + slot_ms * np.arange(slots, dtype=np.int64)
        if not self.assets:
            return np.zeros(slots, dtype=bool)
        from_ms = np.concatenate([one.from_ms for one in self.assets])
        until_ms = np.concatenate([one.until_ms for one in self.assets])
        # Those that have begun by a slot's end, less those that are over by its beginning.
        begun = np.searchsorted(np.sort(from_ms), begins + slot_ms, side="left")
        over = np.searchsorted(np.sort(np.maximum(until_ms, from_ms + 1)), begins, side="right")
        return np.asarray(begun > over)


def standing(observations: Iterable[Observation]) -> list[Observation]:
    """The records that count, by id: the greatest version, unless it is withdrawn or another record revises it."""
    versions: dict[str, Observation] = {}
    hashes: dict[str, bytes] = {}
    revised = set[str]()
    for one in observations:
        if one.revises is not None:
            revised.add(one.revises)
        before = versions.get(one.observation_id)
        if before is None:
            versions[one.observation_id] = one
        elif before != one:
            old = hashes.get(one.observation_id) or watch_hash(before)
            new = watch_hash(one)
            later = precedence(one, new) > precedence(before, old)
            hashes[one.observation_id] = new if later else old
            if later:
                versions[one.observation_id] = one
    return [versions[name] for name in sorted(versions) if name not in revised and not versions[name].retracted]


def _asset(records: list[Observation], makes: Makes) -> AssetLog:
    records.sort(key=lambda one: (one.observed_from, one.observed_until, one.observation_id))
    # What an asset is does not change; where its records differ, the latest that says is believed.
    make = next((found for one in reversed(records) if (found := makes.make(one.make)) is not None), None)
    numbers: dict[bytes, int] = {}
    different = list[Footprint]()
    column = list[int]()
    for one in records:
        if isinstance(one.footprint, Nowhere):
            column.append(NOWHERE)
            continue
        key = _encode(one.footprint)
        if key not in numbers:
            numbers[key] = len(different)
            different.append(one.footprint)
        column.append(numbers[key])
    return AssetLog(
        records[0].asset,
        make,
        tuple(records),
        tuple(different),
        to_us_array([one.observed_from for one in records]) // 1000,
        to_us_array([one.observed_until for one in records]) // 1000,
        np.array(column, dtype=np.int64),
        np.array([_quality(one) for one in records]),
        np.array([one.state is ObservationState.JAMMED for one in records]),
    )


def _quality(one: Observation) -> float:
    """The share of what it notices when all is well."""
    if one.state.blind:
        return 0.0
    if one.quality is not None:
        return one.quality
    return IMPAIRED if one.state is ObservationState.DEGRADED else 1.0
