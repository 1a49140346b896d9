"""Effort: which share of what a provision is about would have been noticed on a day, and so what its silence is worth.

It is reckoned from the observation log alone (`pipeline.recon`), for the agreement's own days: the mean over samples of
the provision's places, over the classes of activity that it is about, and over the hours of the day.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
import numpy as np

from pipeline.agreement.compiled import Agreement
from pipeline.geometry.earth import Floats
from pipeline.model.records import Observation
from pipeline.model.times import to_us
from pipeline.model.watch_terms import Watched
from pipeline.recon.chance import chances_seen
from pipeline.recon.coverage import OTHERS
from pipeline.recon.grounds import Ground, Grounds
from pipeline.recon.log import Log
from pipeline.recon.makes import Makes

SLOTS = 144
"""In so many slots a day is looked at; 10 minutes, on most days."""

PARTS = 24
"""Into so many parts a day is cut; an hour, on most days."""

DIGITS = 3
ALL = ""
"""The key of all that a provision is about."""
ANYTHING = ""
"""In place of a provision: all of them, near the lines."""


class Shares(msgspec.Struct, frozen=True):
    """Of one day, by provision: of all that it is about, by sector (`sector:ID`), and by zone (`zone:ID`).

    Attributes:
        anyone: the share that anybody would have noticed, who tells of it: what counts are held against.
        mission: the share that the mission's own assets would have noticed, for each part of the day, an hour on most
            days: what silence is worth.
    """

    anyone: Mapping[str, Mapping[str, float]]
    mission: Mapping[str, Mapping[str, tuple[float, ...]]]


class Efforts(Protocol):
    """What is known of how well an agreement's provisions were watched."""

    def share(self, provision: str, day: int, *, sector: str | None = None, zone: str | None = None) -> float | None:
        """The share of a whole day; None where nobody ever said who watched, or the provision has no such place."""

    def observed(self, provision: str, day: int, *, sector: str | None = None, zone: str | None = None) -> float | None:
        """The share of what there is of a day by now: what a day's silence is worth before it is over."""

    def level(self, share: float | None) -> Watched:
        """What silence is called at a share."""


class Unknown:
    """Nobody said who watched."""

    def level(self, share: float | None) -> Watched:
        """Not known."""
        return Watched.UNKNOWN

    def share(self, provision: str, day: int, *, sector: str | None = None, zone: str | None = None) -> float | None:
        """Not known."""
        return None

    observed = share


UNKNOWN = Unknown()

SAID = {
    Watched.OBSERVED: "observed",
    Watched.PARTLY_OBSERVED: "partly observed",
    Watched.UNOBSERVED: "unobserved",
}


def observed(share: float, level: Watched) -> str:
    """In words, how much would have been noticed.

    >>> observed(0.04, Watched.UNOBSERVED)
    'unobserved: 4% of it would have been noticed'
    """
    return f"{SAID[level]}: {percent(share)} of it would have been noticed"


def percent(share: float) -> str:
    """A share as people read it, never above what it is: a level that was not reached does not look reached.

    >>> percent(0.496)
    '49%'
    """
    return f"{math.floor(100.0 * share + 1e-9)}%"


def shares_of_day(
    grounds: Grounds, observations: Iterable[Observation], makes: Makes, agreement: Agreement, day: int
) -> Shares:
    """The shares of one of an agreement's days.

    Args:
        observations: those that reach into the day, and as far beyond it as things go on that begin in it; others do
            no harm.
    """
    log = Log.of(observations, makes, agreement.areas)
    return shares_between(grounds, log, agreement.days.begins(day), agreement.days.ends(day), PARTS, SLOTS // PARTS)


def shares_between(grounds: Grounds, log: Log, begin: datetime, until: datetime, parts: int, slots: int) -> Shares:
    """The shares of an interval in some parts, each of which is looked at in so many slots.

    What outlets and bystanders tell is no watch of the mission's: nobody knows what they would have told.
    """
    classes = sorted({name for ground in grounds.provisions.values() for name in ground.classes})
    begin_ms, until_ms = to_us(begin) // 1000, to_us(until) // 1000
    slot_ms = -(-(until_ms - begin_ms) // (parts * slots))
    asked = log, grounds.lon, grounds.lat, classes, begin_ms, slot_ms, parts * slots
    own = chances_seen(*asked, OTHERS)
    told = {one.make.technique for one in log.assets if one.make is not None}
    every = own if told.isdisjoint(OTHERS) else chances_seen(*asked)
    by_part = own.reshape(len(grounds.lon), parts, slots, len(classes)).mean(axis=2)
    wanted = grounds.provisions | ({ANYTHING: _anything(grounds, classes)} if classes else {})
    return Shares(
        {
            provision: _whole(_by_place(_of(every.mean(axis=1), ground, classes)[:, None], ground, grounds))
            for provision, ground in wanted.items()
        },
        {provision: _by_place(_of(by_part, ground, classes), ground, grounds) for provision, ground in wanted.items()},
    )


def _whole(shares: Mapping[str, tuple[float, ...]]) -> dict[str, float]:
    return {key: share for key, (share,) in shares.items()}


def _of(noticed: Floats, ground: Ground, classes: Sequence[str]) -> Floats:
    """The mean over a provision's classes, which are the last axis."""
    return np.asarray(noticed[..., [classes.index(name) for name in ground.classes]].mean(axis=-1))


def _anything(grounds: Grounds, classes: Sequence[str]) -> Ground:
    """What all provisions are about, near the lines; anywhere, where none is about what is near a line."""
    inside = np.any([ground.inside for ground in grounds.provisions.values()], axis=0)
    near = inside & grounds.near
    return Ground(tuple(classes), near if near.any() else inside)


def _by_place(noticed: Floats, ground: Ground, grounds: Grounds) -> dict[str, tuple[float, ...]]:
    """The means over a provision's places, in all and by sector and zone, for each part."""
    inside = ground.inside
    found = {ALL: inside}
    found |= {f"sector:{name}": inside & (grounds.sector == name) for name in sorted(set(grounds.sector) - {""})}
    found |= {f"zone:{name}": inside & held for name, held in grounds.zones.items()}
    return {
        key: tuple(round(float(share), DIGITS) for share in noticed[rows].mean(axis=0))
        for key, rows in found.items()
        if rows.any()
    }
