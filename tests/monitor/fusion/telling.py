"""What observers tell of a place and an hour, in metres and seconds from them; and what fusion makes of it."""

from collections.abc import Sequence
from datetime import timedelta
from math import cos, radians
from typing import Any

from pipeline.model.footprint import Bearing, Disc, Footprint
from pipeline.model.records import Incident
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity
from pipeline.monitor import MemoryWindows, Monitor
from pipeline.observers import Observers, load_observers
from tests.monitor.remembering import AREAS
from tests.worlds import report

OBSERVERS: Observers = load_observers()
LINKING = OBSERVERS.linking

HERE = (37.45, 48.35)
"""Some 4 km left of the invented line: A's side."""

EIGHT = timedelta(hours=8)
_DEGREE_M = 111_320.0

LEDGERS = {"patrol": "independent", "outlet": "public", "ministry": "party:a", "dataset": "independent"}
"""By the first word of an observer's name; all others are instruments."""


def place(east_m: float, north_m: float, about: tuple[float, float] = HERE) -> tuple[float, float]:
    """Longitude and latitude, about so far from a place; the antimeridian is no border."""
    lon = about[0] + east_m / (_DEGREE_M * cos(radians(about[1])))
    return round((lon + 180.0) % 360.0 - 180.0, 6), round(about[1] + north_m / _DEGREE_M, 6)


def disc(east_m: float = 0.0, north_m: float = 0.0, radius_m: float = 100.0, about: tuple[float, float] = HERE) -> Disc:
    return Disc(*place(east_m, north_m, about), radius_m)


def bearing(
    azimuth_deg: float,
    east_m: float = 0.0,
    north_m: float = 0.0,
    *,
    width_deg: float = 20.0,
    range_m: tuple[float, float] = (500.0, 6_000.0),
    about: tuple[float, float] = HERE,
) -> Bearing:
    """What lies in a direction from an observer who stands so far from a place."""
    azimuths = ((azimuth_deg - width_deg / 2.0, azimuth_deg + width_deg / 2.0),)
    return Bearing(*place(east_m, north_m, about), *range_m, azimuths)


def told(
    number: int | str,
    observer: str | None,
    footprint: Footprint | None = None,
    activity: Activity = Activity.EXPLOSION,
    *,
    at_s: float = 0.0,
    lasting_s: float = 10.0,
    day: timedelta = EIGHT,
    **fields: Any,
) -> Report:
    """What an observer tells who took something to begin and end then: its margin is added, as its kind does.

    Args:
        observer: its first word says of what kind it is.
        at_s: the beginning, in seconds after `day`, which is eight in the morning unless told otherwise.
    """
    word = "" if observer is None else observer.split("-")[0]
    fields.setdefault("ledger", None if observer is None else LEDGERS.get(word, "sensor"))
    margin_s = OBSERVERS.kinds[OBSERVERS.kind_of("test", (fields["ledger"] or "").split(":")[0], word)].margin_s
    return report(
        number,
        disc() if footprint is None else footprint,
        activity,
        at=day + timedelta(seconds=at_s - margin_s),
        lasting=timedelta(seconds=lasting_s + 2.0 * margin_s),
        observer=observer,
        **fields,
    )


def post(
    number: int | str, outlet: str, footprint: Footprint | None = None, text: str | None = None, **fields: Any
) -> Report:
    """What a member of the public writes of a place that it knows to some 3 km, unless told otherwise."""
    return told(number, outlet, footprint or disc(radius_m=3_000.0), text=text, **fields)


def fused(reports: Sequence[Report]) -> list[Incident]:
    """The incidents and the unresolved rumours, in order of their ids' reports."""
    changes = Monitor([], MemoryWindows(), AREAS).process(reports)
    return sorted(changes.incidents, key=lambda one: one.report_ids)


def only(reports: Sequence[Report]) -> Incident:
    """The one incident that these reports are."""
    (incident,) = fused(reports)
    return incident


def parts(reports: Sequence[Report]) -> list[str]:
    """Which reports are one incident: their numbers, and a `?` before those that tell of none."""
    return sorted(told_of(one) for one in fused(reports))


def told_of(incident: Incident) -> str:
    numbers = sorted(name.removeprefix("test:") for name in incident.report_ids)
    return ("?" if incident.unresolved else "") + " ".join(numbers)


def bridged(at_s: float = 30.0) -> tuple[Report, Report, Report]:
    """Two reports that are two incidents, and a third between them with which all three are one.

    Args:
        at_s: when the third saw it, in seconds after eight; the first two saw it at eight and a minute later.
    """
    for apart_m in range(1_000, 4_000, 25):
        one = told(1, "camera-1", disc(0, 0, 900))
        other = told(2, "camera-2", disc(apart_m, 0, 900), at_s=60)
        between = told(3, "camera-3", disc(apart_m / 2.0, 0, 900), at_s=at_s)
        if len(fused([one, other])) == 2 and len(fused([one, other, between])) == 1:
            return one, other, between
    raise AssertionError("there is no distance at which two are apart and three are one")
