"""Where an alert is, in words: by sector and town, by side of the line, by region; never nearer than is known."""

from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
import shapely

from pipeline.agreement import Agreement, AgreementError, load_agreement
from pipeline.cli.words import distance, kilometres, position, wind
from pipeline.gazetteer import NamedArea, load_gazetteer
from pipeline.geometry.earth import GEOD
from pipeline.geometry.line import BEYOND
from pipeline.model.records import Alert
from pipeline.model.taxonomy import Side

PLACE_M = 5_000.0
"""A footprint that reaches farther than this is a stretch of the line or a region, and no town's neighbourhood."""

NEAR_MARKER_M = 40_000.0
FAR_M = 75_000.0
"""From here on a sector of the line says nothing: the region does."""


class Agreements:
    """The agreements whose words explain alerts: those named by path, and the shipped ones as they are asked for."""

    def __init__(self, named: Iterable[str] = ()) -> None:
        loaded = [load_agreement(name) for name in named]
        self.named = tuple(agreement.name for agreement in loaded)
        self._known: dict[str, Agreement | None] = {agreement.name: agreement for agreement in loaded}

    def get(self, name: str) -> Agreement | None:
        """The agreement of that name, or None where its file was not named and none of that name is shipped."""
        if name not in self._known:
            try:
                self._known[name] = load_agreement(name)
            except AgreementError:
                self._known[name] = None
        return self._known[name]


def place(alert: Alert, agreement: Agreement | None) -> str:
    """The place in a few words: town and sector, a stretch of sectors, a region, or bare coordinates."""
    if alert.lon is None or alert.lat is None:
        return _sector_named(alert, agreement) or "no place named"
    if agreement is None or alert.line is None or alert.line not in agreement.lines or _far(alert):
        return _region(alert.lon, alert.lat) or position(alert.lon, alert.lat)
    sectors = _sectors(alert, agreement)
    if (alert.radius_m or 0.0) > PLACE_M:
        return sectors or _region(alert.lon, alert.lat) or position(alert.lon, alert.lat)
    town = nearest_marker(alert.lon, alert.lat, agreement)
    return ", ".join(part for part in (sectors, town) if part) or position(alert.lon, alert.lat)


def short_place(alert: Alert, agreement: Agreement | None) -> str:
    """The town alone where one is near enough to name, else the place as it is told in full."""
    exact = (alert.radius_m or 0.0) <= PLACE_M and not _far(alert)
    if agreement is None or alert.lon is None or alert.lat is None or not exact:
        return place(alert, agreement)
    return nearest_marker(alert.lon, alert.lat, agreement) or place(alert, agreement)


def off_line(alert: Alert, agreement: Agreement | None) -> str:
    """How far from the line and on whose side; empty where no line is near. A side says where, never who."""
    if alert.line is None or alert.offset_m is None:
        return ""
    away_m, reach_m = abs(alert.offset_m), alert.radius_m or 0.0
    if alert.side is Side.BEYOND:
        return f"{distance(away_m)} past the line's end"
    if reach_m > away_m or alert.side is Side.ON:
        return f"within {distance(away_m + reach_m)} of the line" if reach_m else "on the line"
    give = f" ±{kilometres(reach_m)}" if reach_m >= 50.0 else ""
    return f"{kilometres(away_m)}{give} km, {side_words(alert, agreement)}"


def side_words(alert: Alert, agreement: Agreement | None) -> str:
    """The side of the line on which it lies: the party's that the agreement puts there, else left or right."""
    party = _party_on(alert, agreement)
    return f"{short_name(party)} side" if party else f"{alert.side} of the line"


def side_in_full(alert: Alert, agreement: Agreement | None) -> str:
    """The same with the party's own name."""
    party = _party_on(alert, agreement)
    if agreement is None or party is None:
        return f"{alert.side} of it"
    return f"on the side of: {party_name(party, agreement)}"


def party_name(party: str, agreement: Agreement | None) -> str:
    """A party's name as the agreement writes it; its id where the agreement does not know it."""
    parties = agreement.parties if agreement is not None else ()
    return next((known.name for known in parties if known.id == party), party)


def short_name(party: str) -> str:
    """A party's id as a word.

    >>> short_name("european-forces")
    'European forces'
    """
    words = party.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def about(lon: float, lat: float, reach_m: float, agreements: Sequence[Agreement]) -> str:
    """A place in a few words, whatever the agreements say of it: town and region, a region, or bare coordinates.

    Args:
        reach_m: the radius of the disc that holds it.
    """
    town = nearest_marker(lon, lat, *agreements) if reach_m <= PLACE_M else ""
    return ", ".join(part for part in (town, _region(lon, lat)) if part) or position(lon, lat)


def nearest_marker(lon: float, lat: float, *agreements: Agreement) -> str:
    """How far from the nearest named place of the lines, and in which direction of it; empty where none is near."""
    markers = [marker for agreement in agreements for table in agreement.tables.lines for marker in table.markers]
    if not markers:
        return ""
    many = np.full(len(markers), lon), np.full(len(markers), lat)
    azimuth, _, away_m = GEOD.inv([m.lon for m in markers], [m.lat for m in markers], *many)
    nearest = int(np.argmin(away_m))
    if away_m[nearest] > NEAR_MARKER_M:
        return ""
    if away_m[nearest] < 1_000.0:
        return f"at {markers[nearest].name}"
    return f"{distance(away_m[nearest])} {wind(azimuth[nearest])} of {markers[nearest].name}"


def _party_on(alert: Alert, agreement: Agreement | None) -> str | None:
    if agreement is None or alert.line is None or alert.line not in agreement.lines:
        return None
    table = agreement.line_table(alert.line)
    return table.left if alert.side is Side.LEFT else table.right if alert.side is Side.RIGHT else None


def _sector_named(alert: Alert, agreement: Agreement | None) -> str:
    """The sector that an alert of a provision that watches others speaks of, by its name."""
    named = str(alert.figures.get("sector", ""))
    names = {} if agreement is None else {sector.sector_id: sector.name for sector in agreement.sectors}
    return names.get(named, named)


def _far(alert: Alert) -> bool:
    return alert.side is Side.BEYOND or alert.offset_m is None or abs(alert.offset_m) > FAR_M


def _sectors(alert: Alert, agreement: Agreement) -> str:
    """The sector, or the first and the last of those that the footprint may reach."""
    line, chainage_m = _sectored(alert, agreement)
    if chainage_m is None:
        return ""
    reach_m = alert.radius_m or 0.0
    reach_m = reach_m if reach_m > PLACE_M else 0.0
    low, high = chainage_m - reach_m, chainage_m + reach_m
    on_line = sorted(
        (sector for sector in agreement.sectors if sector.line_id == line), key=lambda sector: sector.from_m
    )
    names = [sector.name for sector in on_line if sector.from_m <= high and sector.to_m >= low]
    if not reach_m or len(names) < 2:
        return names[0] if names else ""
    return f"{names[0]} to {names[-1]}"


def _sectored(alert: Alert, agreement: Agreement) -> tuple[str | None, float | None]:
    """The alert's line and chainage, or those along another line of the agreement where its own has no sectors."""
    lines = list(dict.fromkeys(sector.line_id for sector in agreement.sectors))
    if alert.line in lines or not lines or alert.lon is None or alert.lat is None:
        return alert.line, alert.chainage_m
    located = agreement.lines[lines[0]].locate([alert.lon], [alert.lat])
    near = abs(located.offset_m[0]) <= FAR_M and located.side[0] != BEYOND
    return lines[0], float(located.chainage_m[0]) if near else None


def _region(lon: float, lat: float) -> str:
    tree, regions = _regions()
    found = tree.query(shapely.Point(lon, lat), predicate="intersects")
    return min((regions[index] for index in found), key=lambda area: area.geometry.area).name if len(found) else ""


@cache
def _regions() -> tuple[shapely.STRtree, Sequence[NamedArea]]:
    areas = list(load_gazetteer().areas.values())
    return shapely.STRtree([area.geometry for area in areas]), areas
