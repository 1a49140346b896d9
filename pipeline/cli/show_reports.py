"""The words of one report: what it says happened, where, when, and who said so; its own text quoted, made harmless."""

from collections.abc import Sequence
from pathlib import PurePath

import shapely

from pipeline.agreement.days import ReportingDays
from pipeline.cli.days import between
from pipeline.cli.words import distance, kilometres, position, safe, stamp, wind
from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.earth import area_m2
from pipeline.geometry.footprints import outline, sectors
from pipeline.model.footprint import Area, Bearing, Disc, Footprint
from pipeline.model.report import Count, Remark, Report
from pipeline.model.taxonomy import Activity, Weapon

Calibre = float | tuple[float, float] | None
"""In millimetres; an interval where it is not known better."""


def happened(report: Report) -> str:
    """Activity, weapons, calibre and count of a report in one line."""
    counts = () if report.count is None else (report.count,)
    return what_words(report.activity, report.weapons, report.calibre_mm, counts)


def what_words(activity: Activity, weapons: Sequence[Weapon], calibre_mm: Calibre, counts: Sequence[Count]) -> str:
    """Activity, weapons, calibre and counts in one line."""
    parts = [f"{activity_words(activity)}: {activity.meaning}"]
    if weapons:
        parts.append("weapon: " + " or ".join(weapon_words(weapon) for weapon in weapons) + _calibre(calibre_mm))
    return "; ".join([*parts, *(count_words(count) for count in counts)])


def activity_words(activity: Activity) -> str:
    """An activity's term as words."""
    return activity.value.replace("_", " ")


def weapon_words(weapon: Weapon) -> str:
    """A weapon's term as words."""
    return "not said" if weapon is Weapon.UNKNOWN else weapon.value.replace("_", " ")


def _calibre(calibre_mm: Calibre) -> str:
    if calibre_mm is None:
        return ""
    low, high = calibre_mm if isinstance(calibre_mm, tuple) else (calibre_mm, calibre_mm)
    return f", {low:g} mm" if low == high else f", {low:g} to {high:g} mm"


def count_words(count: Count) -> str:
    """A count with its unit, open or not.

    >>> from pipeline.model.taxonomy import CountUnit
    >>> count_words(Count(20, None, CountUnit.EXPLOSION))
    'explosions: at least 20'
    """
    figure = f"at least {count.min:g}" if count.max is None else f"{count.min:g} to {count.max:g}"
    return f"{count.unit.meaning}: {count.min:g}" if count.min == count.max else f"{count.unit.meaning}: {figure}"


def report_lines(report: Report, days: ReportingDays | None) -> list[str]:
    """One report, line by line, its id first; `days` are those by which people count, if any are known."""
    said_by = [f"source {safe(report.source)}"]
    if report.feed:
        said_by.append(f"feed {safe(report.feed)}")
    if report.observer:
        said_by.append(f"observer {safe(report.observer, 200)}")
    said_by.append(f"ledger {safe(report.ledger)}" if report.ledger else "ledger not said")
    entered = [f"observed {between(report.observed_from, report.observed_until, days)}"]
    if report.published_at is not None:
        entered.append(f"published {stamp(report.published_at)} UTC")
    if report.received_at is not None:
        entered.append(f"received {stamp(report.received_at)} UTC")
    lines = [safe(report.report_id), ", ".join(said_by), *entered, footprint_words(report.footprint)]
    lines += map(_remark, report.remarks or ())
    if report.text:
        lines.append(f"“{safe(report.text)}”")
    if report.url:
        lines.append(safe(report.url, 300))
    if report.origin is not None:
        # The folder is this machine's business, and a map may be handed on.
        name = PurePath(report.origin.file).name or report.origin.file
        lines.append(f"from {safe(name, 200)}, row {report.origin.row}")
    return lines


def _remark(remark: Remark) -> str:
    """What the reader made of the source's words."""
    doubt = "in doubt: " if remark.doubtful else ""
    return f"{doubt}{safe(remark.field, 60)} from “{safe(remark.said, 300)}”: {remark.rule.meaning}"


def footprint_words(footprint: Footprint) -> str:
    """Where a report says it was, with its uncertainty."""
    if isinstance(footprint, Disc):
        about = position(footprint.lon, footprint.lat)
        return f"within {distance(footprint.radius_m)} of {about}" if footprint.radius_m else f"the point {about}"
    if isinstance(footprint, Bearing):
        return _bearing(footprint)
    if isinstance(footprint, Area):
        return _area(footprint)
    return "no place named"


def _bearing(bearing: Bearing) -> str:
    near, far = kilometres(bearing.range_min_m), kilometres(bearing.range_max_m)
    radius_m, about = bearing.observer_radius_m, position(bearing.lon, bearing.lat)
    stood = f"within {distance(radius_m)} of {about}" if radius_m else f"at {about}"
    return f"{near} to {far} km {_directions(bearing)} of an observer {stood}"


def _directions(bearing: Bearing) -> str:
    parts = sectors(bearing)
    if parts == [(0.0, 360.0)]:
        return "in any direction"
    return " and ".join(_winds(start, width) for start, width in parts)


def _winds(start: float, width: float) -> str:
    """A sector as monitors write it: one wind, or from one to another, by the middles of its outer winds."""
    first, last = wind(start + min(11.25, width / 2)), wind(start + width - min(11.25, width / 2))
    return first if first == last else f"{first} to {last}"


def _area(area: Area) -> str:
    areas = load_gazetteer().areas
    if area.area_id is not None and area.area_id in areas:
        return f"somewhere in {areas[area.area_id].name}"
    if area.geometry is None:
        return f"somewhere in the area {safe(area.area_id or '')}"
    drawn = outline(area, {})
    west, south, east, north = drawn.bounds
    size = area_m2(shapely.make_valid(drawn)) / 1e6
    return f"somewhere in an area of {size:,.1f} km² about {position((west + east) / 2, (south + north) / 2)}"
