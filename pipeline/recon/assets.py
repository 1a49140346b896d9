"""Assets: what a mission has to look with, where each is and may be, and when it looks.

The file is TOML (docs/assets.md); `truceline recon assets` shows it. An asset's own constraints are in it; those of the
agreement under which it works are laid over them (`pipeline.recon.permission`).
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from pipeline.model.report import Time
from pipeline.recon.makes import NotNegative, Positive, Share, Table

Lon = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Lat = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Degrees = Annotated[float, msgspec.Meta(ge=0, le=360)]

Staff = Literal["none", "civilian", "military"]
"""Whom it takes to where it looks; `none` for what stands or flies without anybody there."""


Domain = Literal["ground", "air", "orbit", "open"]
"""A tethered balloon is on the ground, to which it is tied; `open` are open sources."""


class Standing(Table, frozen=True, kw_only=True, tag="standing", tag_field="kind"):
    """It stays where it is: a tower, an array, a post, a tethered balloon.

    Attributes:
        sectors_deg: between which azimuths it sees, clockwise; empty for all round.
    """

    lon: Lon
    lat: Lat
    sectors_deg: tuple[tuple[Degrees, Degrees], ...] = ()


class Flying(Table, frozen=True, kw_only=True, tag="flying", tag_field="kind"):
    """It flies a track again and again, and comes home: a drone, an aircraft. Patrols on the ground go likewise.

    Attributes:
        home: where it starts and lands.
        track: the places that it passes on a round, in their order; it may be empty, if it only flies as it is asked.
        speed_m_s, endurance_s, turnaround_s: how fast, how long at a time, and how long until it can go again.
        range_m: how far from home.
        swath_m: half the width of what it sees about its track, or the radius of what it sees about a place.
        stays_m: how far from every line it stays at least, on its own side.
        on_ground: it drives or walks; else it flies.
    """

    home: tuple[Lon, Lat]
    track: tuple[tuple[Lon, Lat], ...] = ()
    speed_m_s: Positive
    endurance_s: Positive
    turnaround_s: NotNegative = 3600.0
    range_m: Positive
    swath_m: Positive
    stays_m: NotNegative = 0.0
    on_ground: bool = False


class Orbiting(Table, frozen=True, kw_only=True, tag="orbiting", tag_field="kind"):
    """A satellite, by an element set that is made, not observed.

    Attributes:
        sun_synchronous: then the inclination follows from the altitude, and `descends_at_h` is the local solar time, in
            hours, at which it crosses the equator southwards.
        sensor: what looks: `optical` needs the sun, `thermal` and `radar` do not; radar needs no clear sky.
        greatest_look_deg, least_look_deg: off the vertical; a side-looking radar has both.
    """

    epoch: Time
    altitude_m: Annotated[float, msgspec.Meta(ge=160_000, le=40_000_000)]
    sun_synchronous: bool = True
    descends_at_h: Annotated[float, msgspec.Meta(ge=0, lt=24)] | None = None
    inclination_deg: Annotated[float, msgspec.Meta(ge=0, le=180)] | None = None
    node_deg: Degrees | None = None
    phase_deg: Degrees = 0.0
    sensor: Literal["optical", "thermal", "radar"] = "optical"
    greatest_look_deg: Annotated[float, msgspec.Meta(gt=0, le=65)] = 30.0
    least_look_deg: Annotated[float, msgspec.Meta(ge=0, le=65)] = 0.0
    looks: Literal["both", "left", "right"] = "both"
    least_sun_deg: float = 10.0


class Everywhere(Table, frozen=True, kw_only=True, tag="everywhere", tag_field="kind"):
    """It is about the whole of a region: open sources."""

    west: Lon
    south: Lat
    east: Lon
    north: Lat


Where = Standing | Flying | Orbiting | Everywhere


class Hours(Table, frozen=True, kw_only=True):
    """When it looks each day, in UTC, in hours; past midnight where it ends before it begins."""

    begin: Annotated[float, msgspec.Meta(ge=0, le=24)] = msgspec.field(default=0.0, name="from")
    until: Annotated[float, msgspec.Meta(ge=0, le=24)] = 24.0


class Asset(Table, frozen=True, kw_only=True):
    """One asset.

    Attributes:
        asset_id: its name in the observation log.
        make: by its name in the catalogue of makes.
        operator: a party's id of the agreement, or anybody else.
        staff, staff_of: who goes where it looks, and whose they are: a constraint may forbid it.
        consent: parties that agreed to it; a side whose party did not is not looked at from within.
        side: the side of the line on which it stays; None where it may be on both.
        only_in, never_in: zones of the agreement, by their ids: it may be nowhere else, or not there.
        valid_from, valid_until: when it is there.
        quality: the share that it notices of what its make does: an old sensor, a bad place.
        look_cost: in place of the make's.
    """

    asset_id: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] = msgspec.field(name="id")
    title: str = ""
    make: str
    operator: str
    where: Where
    staff: Staff = "none"
    staff_of: str | None = None
    consent: tuple[str, ...] = ()
    side: Literal["left", "right"] | None = None
    only_in: tuple[str, ...] = ()
    never_in: tuple[str, ...] = ()
    hours: Hours = Hours()
    valid_from: Time | None = None
    valid_until: Time | None = None
    quality: Share = 1.0
    look_cost: NotNegative | None = None
    source: str = "assumed"
    confidence: Literal["high", "medium", "low"] = "low"
    note: str = ""

    @property
    def domain(self) -> Domain:
        """Where it works: whom a constraint of the agreement may be about."""
        match self.where:
            case Orbiting():
                return "orbit"
            case Everywhere():
                return "open"
            case Flying(on_ground=False):
                return "air"
            case _:
                return "ground"

    def there(self, at: datetime) -> bool:
        """Whether it is there at a time."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )


class Assets(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"assets": "asset"}):
    """A mission's assets.

    Attributes:
        agreement: the agreement for which they were put together; empty for any.
    """

    version: int
    title: str
    assets: tuple[Asset, ...]
    agreement: str = ""
    note: str = ""
