"""Missions: the file that says which assets there are, read and checked; every problem at once."""

import tomllib
from collections import Counter
from datetime import timedelta
from math import isfinite
from typing import Any, get_args

import msgspec

from pipeline.agreement import Agreement
from pipeline.agreement.problems import Problem, Problems
from pipeline.recon.assets import Asset, Assets, Everywhere, Flying, Orbiting, Standing, Where
from pipeline.recon.elements import OrbitError
from pipeline.recon.makes import Makes, load_makes
from pipeline.recon.permission import sided_line
from pipeline.recon.satellites import elements_of, sensor_of
from pipeline.recon.swaths import swath
from pipeline.recon.tracks import length_m, round_of
from pipeline.resources import folder

VERSION = 1

_WHERE: dict[str, type[msgspec.Struct]] = {str(kind.__struct_config__.tag): kind for kind in get_args(Where)}


class MissionError(Exception):
    """A mission's file that cannot be used.

    Attributes:
        problems: every problem of the file, in its order; empty where there is no such mission.
    """

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


def shipped_missions() -> list[str]:
    """The names of the missions that come with the package.

    >>> "donbas-2015" in shipped_missions()
    True
    """
    return sorted(path.stem for path in (folder("geodata") / "recon" / "missions").glob("*.toml"))


def load_mission(name: str, agreement: Agreement | None = None, makes: Makes | None = None) -> Assets:
    """A shipped mission by its name.

    Raises:
        MissionError: no such mission, or one that does not fit the agreement.
    """
    if name not in shipped_missions():
        raise MissionError(f"{name}: no mission of that name is shipped; there are {', '.join(shipped_missions())}")
    text = (folder("geodata") / "recon" / "missions" / f"{name}.toml").read_bytes()
    return read_mission(text, name, agreement, makes)


def read_mission(text: bytes, name: str, agreement: Agreement | None = None, makes: Makes | None = None) -> Assets:
    """A mission from its file's text.

    Args:
        name: of the file, for messages.
        agreement: the one under which it works; without one, whatever names its parties and zones is not checked.
        makes: default the shipped ones.

    Raises:
        MissionError: with every problem of the file.
    """
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MissionError(f"{name}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
    reader = _Reader(decoded, agreement, load_makes() if makes is None else makes)
    mission = reader.mission()
    if mission is None or reader.problems:
        found = tuple(sorted(set(reader.problems.found)))
        raise MissionError(f"{name}: {len(found)} problem{'s' if len(found) != 1 else ''}", found)
    return mission


class _Reader:
    def __init__(self, text: str, agreement: Agreement | None, makes: Makes) -> None:
        self.problems = Problems(text)
        self._text, self._agreement, self._makes = text, agreement, makes

    def mission(self) -> Assets | None:
        try:
            data = tomllib.loads(self._text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            self.problems.syntax(str(error))
            return None
        given = data.pop("asset", [])
        if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
            self.problems.add("", None, "asset", "is no array of tables", "write [[asset]] before each")
            given = []
        head = self._table({**data, "asset": []}, Assets, "", None, "")
        self._head(head)
        assets = [self._asset(item, index) for index, item in enumerate(given)]
        for asset_id, times in Counter(asset.asset_id for asset in assets if asset is not None).items():
            if times > 1:
                self.problems.add("asset", 0, "id", f"{asset_id!r} stands {times} times", "rename", asset_id)
        read = tuple(asset for asset in assets if asset is not None)
        return None if head is None else msgspec.structs.replace(head, assets=read)

    def _head(self, head: Assets | None) -> None:
        if head is None:
            return
        if head.version != VERSION:
            self.problems.add("", None, "version", f"{head.version} is not known", f"write {VERSION}")
        if head.agreement and self._agreement is not None and head.agreement != self._agreement.name:
            what = f"the mission was put together for {head.agreement!r}, and this is {self._agreement.name!r}"
            self.problems.add("", None, "agreement", what, "name the agreement for which it is")

    def _asset(self, item: dict[str, Any], index: int) -> Asset | None:
        name = str(item.get("id") or "")[:80]
        where = item.get("where")
        kind = where.get("kind") if isinstance(where, dict) else None
        before = len(self.problems.found)
        if isinstance(where, dict) and (not isinstance(kind, str) or kind not in _WHERE):
            self.problems.add("asset", index, "where.kind", f"{kind!r} is none of {', '.join(_WHERE)}", "", name)
        elif isinstance(where, dict):
            fields = {key: value for key, value in where.items() if key != "kind"}
            self._table(fields, _WHERE[str(kind)], "asset", index, name, "where.")
        rest = {**item, "where": _NOWHERE} if isinstance(where, dict) else item
        self._table(rest, Asset, "asset", index, name)
        if len(self.problems.found) > before:
            return None
        asset = msgspec.convert(item, Asset)
        _Checks(self.problems, index, asset, self._agreement, self._makes).all()
        return asset

    def _table(
        self, item: dict[str, Any], to: type[Any], table: str, index: int | None, name: str, within: str = ""
    ) -> Any:
        """One table as its record; every key that is wrong, missing or unknown is a problem."""
        fields = {field.encode_name: field for field in msgspec.structs.fields(to)}
        before = len(self.problems.found)
        for key in sorted(set(item) - set(fields)):
            mend = "take it out; the keys are " + ", ".join(sorted(fields))
            self.problems.add(table, index, within + key, "no such key", mend, name)
        for key, field in fields.items():
            if key in item:
                try:
                    msgspec.convert(item[key], field.type)
                except msgspec.ValidationError as error:
                    message, _, path = str(error).partition(" - at `$")
                    self.problems.add(table, index, within + key + path.rstrip("`"), message, "", name)
            elif field.required:
                self.problems.add(table, index, within + key, "is missing", "add it", name)
        return None if len(self.problems.found) > before else msgspec.convert(item, to) if not within else None


_NOWHERE = {"kind": "everywhere", "west": 0, "south": 0, "east": 0, "north": 0}
"""Stands in for an asset's place while its other keys are read."""


class _Checks:
    """Whether one asset's keys agree with each other, with the makes and with the agreement."""

    def __init__(self, problems: Problems, index: int, asset: Asset, agreement: Agreement | None, makes: Makes) -> None:
        self._problems, self._index, self._asset = problems, index, asset
        self._agreement, self._makes = agreement, makes

    def all(self) -> None:
        self._make()
        self._times()
        self._names()
        asset = self._asset
        if (asset.staff == "none") != (asset.staff_of is None):
            self._add("staff_of", "goes with staff, and only with it", "say whose staff it takes to where it looks")
        match asset.where:
            case Standing() as standing:
                self._standing(standing)
            case Flying() as flying:
                self._flying(flying)
            case Orbiting() as orbiting:
                self._orbiting(orbiting)
            case Everywhere() as box:
                if not (box.west < box.east and box.south < box.north):
                    self._add("where", "the box has no inside", "west below east, south below north")

    def _make(self) -> None:
        make, where = self._makes.make(self._asset.make), self._asset.where
        if make is None:
            known = ", ".join(one.name for one in self._makes.makes)
            self._add("make", f"{self._asset.make!r} is no make", f"the makes are {known}")
        elif (make.notices == "pass") != isinstance(where, Orbiting):
            what = f"{make.name!r} notices by {make.notices}"
            self._add("make", what, "satellites, and they alone, have a make that notices by pass")
        elif isinstance(where, Standing) and not isfinite(make.reach_m):
            self._add("make", f"{make.name!r} sweeps areas, and so has no reach", "what stands needs a half_m")

    def _times(self) -> None:
        hours, asset = self._asset.hours, self._asset
        if hours.begin % 24.0 == hours.until % 24.0 and hours.until - hours.begin != 24.0:
            self._add("hours", "begin and end at one time", "leave them out for the whole day")
        if asset.valid_from and asset.valid_until and asset.valid_until <= asset.valid_from:
            self._add("valid_until", f"{asset.valid_until} is not after {asset.valid_from}")

    def _add(self, key: str, what: str, mend: str = "") -> None:
        self._problems.add("asset", self._index, key, what, mend, self._asset.asset_id)

    def _names(self) -> None:
        """What names a side, parties and zones of the agreement."""
        agreement, asset = self._agreement, self._asset
        if agreement is None:
            return
        parties, zones = {one.id for one in agreement.parties}, {zone.zone_id for zone in agreement.zones}
        for key, names, known in (
            ("consent", asset.consent, parties),
            ("only_in", asset.only_in, zones),
            ("never_in", asset.never_in, zones),
        ):
            for name in names:
                if name not in known:
                    self._add(key, f"{name!r} is not in {agreement.name}", "there are " + ", ".join(sorted(known)))
        if asset.side is not None and sided_line(agreement) is None:
            self._add("side", f"no line of {agreement.name} has a party on either side", "take it out")

    def _standing(self, where: Standing) -> None:
        self._place("where.lon", where.lon, where.lat)
        for begin, end in where.sectors_deg:
            if begin == end:
                self._add("where.sectors_deg", f"{begin:g} to {end:g} is no sector", "leave it out for all round")

    def _flying(self, where: Flying) -> None:
        self._place("where.home", *where.home)
        for number, place in enumerate(where.track, 1):
            self._place("where.track", *place)
            away_m = length_m(where.home, place)
            if away_m > where.range_m:
                what = (
                    f"place {number} is {away_m / 1000:.0f} km from home, and its range is {where.range_m / 1000:g} km"
                )
                self._add("where.track", what)
        if where.track and not round_of(where).rounds_within(where.endurance_s):
            parts = round_of(where)
            takes_h = (parts.out_s + parts.along_s + parts.home_s) / 3600.0
            what = f"a round takes {takes_h:.1f} h, and it can be away for {where.endurance_s / 3600.0:.1f} h"
            self._add("where.endurance_s", what, "shorten the track, or say how fast it is")

    def _orbiting(self, where: Orbiting) -> None:
        needed = ("descends_at_h",) if where.sun_synchronous else ("inclination_deg", "node_deg")
        for key in ("descends_at_h", "inclination_deg", "node_deg"):
            given = getattr(where, key) is not None
            if given != (key in needed):
                kind = "a sun-synchronous orbit" if where.sun_synchronous else "an orbit that is not sun-synchronous"
                self._add(f"where.{key}", f"{kind} {'needs it' if key in needed else 'has none'}")
                return
        make = self._makes.make(self._asset.make)
        if make is not None and make.technique != where.sensor:
            self._add("where.sensor", f"is {where.sensor}, and {make.name!r} is {make.technique}")
        try:
            # A sensor that looks past the horizon shows when it is asked what it covers.
            swath(elements_of(where), sensor_of(where), where.epoch, where.epoch + timedelta(minutes=1))
        except OrbitError as error:
            self._add("where", str(error))

    def _place(self, key: str, lon: float, lat: float) -> None:
        if lon == 0.0 and lat == 0.0:
            self._add(key, "0, 0 is no place")
