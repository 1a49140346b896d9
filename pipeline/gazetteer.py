"""Named areas (countries and regions) and their outlines, from `geodata/areas/`."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType

import msgspec
from shapely.geometry import shape

from pipeline.geometry.earth import Geometry
from pipeline.resources import folder


class NamedArea(msgspec.Struct, frozen=True):
    """An area with an id, the names it goes by, its country, its IANA time zone and its outline in degrees."""

    area_id: str
    name: str
    other_names: tuple[str, ...]
    country: str
    timezone: str
    geometry: Geometry


class Gazetteer:
    """The areas that a report or an agreement may name.

    Attributes:
        areas: every area by its id.
        fingerprint: a hash of the ids and outlines: with another one, what names an area is judged anew.
    """

    def __init__(self, areas: Iterable[NamedArea]) -> None:
        self.areas: Mapping[str, NamedArea] = MappingProxyType({area.area_id: area for area in areas})
        self._by_name = {_plain(name): area for area in self.areas.values() for name in (area.name, *area.other_names)}

        digest = hashlib.sha256()
        for area_id, area in sorted(self.areas.items()):
            digest.update(area_id.encode() + b"\0" + area.geometry.wkb)
        self.fingerprint = digest.digest()

    @property
    def outlines(self) -> dict[str, Geometry]:
        """Every area's outline by its id."""
        return {area_id: area.geometry for area_id, area in self.areas.items()}

    def find(self, name: str, country: str | None = None) -> NamedArea | None:
        """The area of that name, or None; with `country`, only where it lies in that country."""
        area = self._by_name.get(_plain(name))
        if area is None or (country is not None and _plain(country) != _plain(area.country)):
            return None
        return area


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("'", "").replace("’", "").split())


@cache
def load_gazetteer() -> Gazetteer:
    """The shipped gazetteer.

    >>> load_gazetteer().find("Odessa oblast").area_id
    'ua-odesa'
    """
    areas = []
    for path in sorted((folder("geodata") / "areas").glob("*.geojson")):
        for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
            about = feature["properties"]
            areas.append(
                NamedArea(
                    about["area_id"],
                    about["name"],
                    tuple(about["other_names"]),
                    about["country"],
                    about["timezone"],
                    shape(feature["geometry"]),
                )
            )
    return Gazetteer(areas)
