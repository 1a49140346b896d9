"""One asset before some places: what it notices of each while the same is said of it, and when it has to watch."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pipeline.geometry.earth import Floats
from pipeline.model.taxonomy import Activity
from pipeline.recon.log import NOWHERE, AssetLog, Integers, Log, Sayings, Spans
from pipeline.recon.makes import Class, Make, left_at
from pipeline.recon.within import Within, within


class Weights(NamedTuple):
    """How much each saying counts for each beginning: entries of a table, by row (beginning) and column (saying)."""

    row: Integers
    column: Integers
    weight: Floats


class Watcher(NamedTuple):
    """One asset before some places; the arrays have the shape (sayings, places from first to last that it may watch).

    Attributes:
        places: from the first to the last of those places.
        quality: what is left by the worst that is said of a place; 0 where nothing is.
        jammed: the same for who is jammed, of that he is jammed.
        away_m: how far the place is from where the asset stands.
    """

    make: Make
    spans: Spans
    places: slice
    quality: Floats
    jammed: Floats
    away_m: Floats

    def chances(self, of: Class) -> Floats:
        """The chance that it notices such a thing, while one saying holds."""
        sees = self.make.sees[of.name]
        quality = self.jammed if Activity.JAMMING in of.activities else self.quality
        if sees.half_m is None:
            return np.asarray(sees.chance * quality)
        return np.asarray(sees.chance * quality * left_at(self.away_m, sees.half_m))

    def weights(self, time_ms: Integers, lasts_ms: float) -> Weights:
        """Which sayings count for things that begin at some times and go on for so long."""
        spans = self.spans
        match self.make.notices:
            case "beginning":
                rows = np.arange(len(time_ms), dtype=np.int64)
                which = spans.which[np.searchsorted(spans.cuts_ms, time_ms, side="right")]
                return Weights(rows, which, np.ones(len(rows)))
            case "moment":
                return _shares(spans, time_ms, lasts_ms)
            case "fixes":
                fix_ms = self.make.fix_s * 1000.0
                fixes = np.arange(int(lasts_ms // fix_ms) + 1) * fix_ms
                at_ms = (time_ms[:, None] + fixes).ravel()
                which = spans.which[np.searchsorted(spans.cuts_ms, at_ms, side="right")]
                return Weights(np.repeat(np.arange(len(time_ms)), len(fixes)), which, np.ones(len(which)))
            case "pass":
                first = np.searchsorted(spans.pass_ms, time_ms, side="left")
                last = np.searchsorted(spans.pass_ms, time_ms + lasts_ms, side="right")
                row, at = _each(first, last)
                return Weights(row, spans.pass_which[at], np.ones(len(row)))

    @property
    def tries_again(self) -> bool:
        """Whether it has several tries at one thing, each by itself."""
        return self.make.notices in {"fixes", "pass"}

    @property
    def by_length(self) -> bool:
        """Whether it matters how long the thing goes on."""
        return self.make.notices != "beginning"


def _each(first: Integers, last: Integers) -> tuple[Integers, Integers]:
    """For ranges of numbers, one in each row: the row and the number of each."""
    count = last - first
    row = np.repeat(np.arange(len(first)), count)
    return row, np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)


def _shares(spans: Spans, time_ms: Integers, lasts_ms: float) -> Weights:
    """For each interval from a time on, the share of it during which each saying held."""
    end_ms = time_ms + lasts_ms
    first = np.searchsorted(spans.cuts_ms, time_ms, side="right")
    row, at = _each(first, np.searchsorted(spans.cuts_ms, end_ms, side="left") + 1)
    cuts_ms = np.concatenate([[-np.inf], spans.cuts_ms, [np.inf]])
    overlap = np.minimum(cuts_ms[at + 1], end_ms[row]) - np.maximum(cuts_ms[at], time_ms[row])
    return Weights(row, spans.which[at], np.maximum(overlap, 0.0) / lasts_ms)


def watcher(
    one: AssetLog, make: Make, log: Log, places: tuple[Floats, Floats], between_ms: tuple[int, int]
) -> Watcher | None:
    """An asset before some places; None where it may watch none of them."""
    spans = one.spans(*between_ms)
    used = sorted({said.footprint for saying in spans.sayings for said in saying if said.footprint != NOWHERE})
    held = within([one.footprints[number] for number in used], log.areas, *places)
    watched = np.flatnonzero(held.holds.any(axis=0))
    if not watched.size:
        return None
    which = slice(int(watched[0]), int(watched[-1]) + 1)
    row = {number: index for index, number in enumerate(used)}
    held = Within(held.holds[:, which], held.away_m[:, which])
    # Where he is jammed and that is not what is asked, how far it was is of no matter.
    heard = [tuple(said for said in saying if not said.jammed) for saying in spans.sayings]
    jammed, away_m = _worst(heard, row, held)
    quality = jammed if heard == list(spans.sayings) else _worst(spans.sayings, row, held)[0]
    return Watcher(make, spans, which, quality, jammed, away_m)


def _worst(sayings: Sequence[Sayings], row: dict[int, int], held: Within) -> tuple[Floats, Floats]:
    """The least quality that is said of each place and the greatest distance, for each set of sayings.

    Args:
        row: in which row of `held` a footprint is, by its number.
    """
    shape = len(sayings), held.holds.shape[1]
    quality, away_m = np.full(shape, np.inf), np.zeros(shape)
    everywhere = np.full(len(sayings), np.inf)
    for rank in range(max(map(len, sayings))):
        told = [(number, saying[rank]) for number, saying in enumerate(sayings) if len(saying) > rank]
        for number, said in told:
            if said.footprint == NOWHERE:
                everywhere[number] = min(everywhere[number], said.quality)
        placed = [(number, row[said.footprint], said.quality) for number, said in told if said.footprint != NOWHERE]
        if placed:
            at, footprint, stated = (np.array(column) for column in zip(*placed, strict=True))
            holds = held.holds[footprint]
            quality[at] = np.where(holds, np.minimum(quality[at], stated[:, None]), quality[at])
            away_m[at] = np.where(holds, np.maximum(away_m[at], held.away_m[footprint]), away_m[at])
    quality[np.isinf(quality)] = 0.0
    return np.minimum(quality, everywhere[:, None]), away_m
