"""What happens in a scenario: the kinds of incident, where each lies, and as what it can be seen.

Every figure here is an assumption, made so that a scenario is plausible and exercises the monitor; none was measured.
docs/scenarios.md shows them. How well each is seen is a matter of its class, and of the makes that coverage is reckoned
by (`pipeline.recon.makes`); only what lies far off, where nobody reckons any, has figures of its own.
"""

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import NamedTuple

from pipeline.model.taxonomy import Activity, CountUnit, Weapon
from pipeline.recon.makes import Makes, load_makes
from pipeline.scenario.observers import NETWORKS

ANYWHERE = float("inf")
"""A reach that distance does not lessen."""


MOST_POSTS = 0.6
"""The greatest chance that an outlet posts about something along the line, however much the public posts."""


class Where(Enum):
    """The part of the world in which a kind of incident lies."""

    FRONT = "near the line, for the most part about its hot spots"
    DEPTH = "anywhere along the line, between two distances from it, on either side"
    SITE = "at one of a few fixed sites, between two distances from the line, the first the busiest"
    FAR = "outside every zone of the agreement"


class Said(NamedTuple):
    """What a report may say of an incident: an activity, weapons as alternatives, a calibre."""

    activity: Activity
    weapons: tuple[Weapon, ...] = ()
    calibre_mm: int | None = None


class Kind(NamedTuple):
    """One kind of incident.

    Attributes:
        said: what a precise, a broad and a vague report says; the first is the truth.
        unit: what a count counts; None where nobody counts.
        number: the least and the most there are.
        lasts_s: the shortest and the longest that it goes on.
        depth_m: for `Where.DEPTH` and `Where.SITE`, the least and the greatest distance from the line.
        sites, scatter_m: for `Where.SITE`, how many sites there are, and the standard error of a place about its site,
            in either direction. While something goes on at a site, nothing else of its kind begins there.
        fire: it becomes more where a scenario grows.
        crosses: it starts on one side of the line and ends on the other.
        class_name: as what it is noticed, by the makes of the observers; None where `own` says it.
        own: by network, figures like those of `seen_by`.
        nowhere: the share of public posts about it that name no place.
    """

    name: str
    where: Where
    said: tuple[Said, Said, Said]
    class_name: str | None = None
    unit: CountUnit | None = None
    number: tuple[int, int] = (1, 1)
    lasts_s: tuple[int, int] = (0, 60)
    depth_m: tuple[float, float] = (0.0, 0.0)
    sites: int = 0
    scatter_m: float = 0.0
    fire: bool = False
    crosses: bool = False
    own: Mapping[str, tuple[float, float]] = MappingProxyType({})
    nowhere: float = 0.1

    @property
    def seen(self) -> Mapping[str, tuple[float, float]]:
        """`seen_by` the shipped makes."""
        return self.seen_by(load_makes())

    def seen_by(self, makes: Makes) -> Mapping[str, tuple[float, float]]:
        """By network, how probably one of its observers reports it from nearby, and at how many metres half is left.

        A network's figures are those of the make of its name.
        """
        if self.class_name is None:
            return self.own
        every = {make.name: make.sees[self.class_name] for make in makes.makes if self.class_name in make.sees}
        return {
            network.name: (every[network.name].chance, every[network.name].half_m or ANYWHERE)
            for network in NETWORKS
            if network.name in every
        }


def _same(activity: Activity, *weapons: Weapon) -> tuple[Said, Said, Said]:
    said = Said(activity, weapons)
    return said, said, said


def _weapon(weapon: Weapon, taken_for: Weapon, calibre_mm: int | None) -> tuple[Said, Said, Said]:
    present = Activity.WEAPON_PRESENCE
    return Said(present, (weapon,), calibre_mm), Said(present, (weapon, taken_for)), Said(present, (Weapon.UNKNOWN,))


_MORTAR_FIRE = (
    Said(Activity.SHELLING, (Weapon.MORTAR,), 120),
    Said(Activity.SHELLING, (Weapon.MORTAR, Weapon.ARTILLERY)),
    Said(Activity.EXPLOSION),
)
_ARTILLERY_FIRE = (
    Said(Activity.SHELLING, (Weapon.ARTILLERY,), 152),
    Said(Activity.SHELLING, (Weapon.ARTILLERY, Weapon.MORTAR)),
    Said(Activity.EXPLOSION),
)
_SMALL_ARMS_FIRE = (
    Said(Activity.BURST, (Weapon.SMALL_ARMS,)),
    Said(Activity.BURST, (Weapon.SMALL_ARMS, Weapon.HEAVY_MACHINE_GUN)),
    Said(Activity.BURST),
)
_DRONE = (
    Said(Activity.FLIGHT, (Weapon.UAV,)),
    Said(Activity.FLIGHT, (Weapon.UAV, Weapon.FIXED_WING)),
    Said(Activity.FLIGHT, (Weapon.UNKNOWN,)),
)
_AIRCRAFT = (
    Said(Activity.FLIGHT, (Weapon.FIXED_WING,)),
    Said(Activity.FLIGHT, (Weapon.FIXED_WING, Weapon.UAV)),
    Said(Activity.FLIGHT, (Weapon.UNKNOWN,)),
)
_TROOPS = (
    Said(Activity.TROOP_PRESENCE, (Weapon.SMALL_ARMS,)),
    Said(Activity.TROOP_PRESENCE),
    Said(Activity.TROOP_PRESENCE),
)
_TRAINING = (Said(Activity.LIVE_FIRE_TRAINING), Said(Activity.LIVE_FIRE_TRAINING), Said(Activity.EXPLOSION))
_GUNS = _weapon(Weapon.ARTILLERY, Weapon.MULTIPLE_ROCKET_LAUNCHER, 152)
_ROCKETS = _weapon(Weapon.MULTIPLE_ROCKET_LAUNCHER, Weapon.ARMOURED_VEHICLE, 122)
_TANKS = _weapon(Weapon.TANK, Weapon.ARMOURED_VEHICLE, 125)
_ARMOUR = _weapon(Weapon.ARMOURED_VEHICLE, Weapon.TANK, None)

KINDS = (
    Kind("mortar_fire", Where.FRONT, _MORTAR_FIRE, "heavy_fire", CountUnit.EXPLOSION, (2, 30), (20, 600), fire=True),
    Kind(
        "artillery_fire", Where.FRONT, _ARTILLERY_FIRE, "heavy_fire",
        CountUnit.EXPLOSION, (3, 60), (30, 900), fire=True,
    ),
    Kind("small_arms_fire", Where.FRONT, _SMALL_ARMS_FIRE, "light_fire", CountUnit.BURST, (1, 60), (5, 600), fire=True),
    Kind(
        "explosion", Where.FRONT, _same(Activity.EXPLOSION), "heavy_fire",
        CountUnit.EXPLOSION, (1, 4), (0, 30), fire=True,
    ),
    Kind("drone_flight", Where.FRONT, _DRONE, "flight", CountUnit.AIRCRAFT, (1, 2), (120, 1_800)),
    Kind("drone_crossing", Where.FRONT, _DRONE, "small_drone", CountUnit.AIRCRAFT, lasts_s=(240, 720), crosses=True),
    Kind("jamming", Where.FRONT, _same(Activity.JAMMING), "jamming", lasts_s=(60, 3_600)),
    Kind(
        "troops_in_buffer", Where.DEPTH, _TROOPS, "troops",
        CountUnit.PERSON, (3, 40), (600, 3_600), depth_m=(300.0, 7_000.0),
    ),
    Kind(
        "tanks_forward", Where.SITE, _TANKS, "weapons",
        CountUnit.WEAPON, (1, 6), (600, 3_600), depth_m=(1_000.0, 14_000.0),
        sites=24, scatter_m=150.0,
    ),
    Kind(
        "guns_forward", Where.SITE, _GUNS, "weapons",
        CountUnit.WEAPON, (1, 8), (600, 3_600), depth_m=(8_000.0, 48_000.0),
        sites=24, scatter_m=150.0,
    ),
    Kind(
        "rockets_forward", Where.SITE, _ROCKETS, "weapons",
        CountUnit.WEAPON, (1, 6), (600, 3_600), depth_m=(12_000.0, 72_000.0),
        sites=24, scatter_m=150.0,
    ),
    Kind(
        "guns_withdrawn", Where.DEPTH, _GUNS, "weapons",
        CountUnit.WEAPON, (1, 12), (600, 3_600), depth_m=(55_000.0, 110_000.0),
    ),
    Kind(
        "armour_withdrawn", Where.DEPTH, _ARMOUR, "weapons",
        CountUnit.VEHICLE, (1, 20), (600, 3_600), depth_m=(16_000.0, 90_000.0),
    ),
    Kind(
        "troops_withdrawn", Where.DEPTH, _TROOPS, "troops",
        CountUnit.PERSON, (5, 120), (600, 3_600), depth_m=(10_000.0, 40_000.0),
    ),
    Kind(
        "drone_in_rear", Where.DEPTH, _DRONE, "flight",
        CountUnit.AIRCRAFT, (1, 3), (120, 3_600), depth_m=(10_000.0, 60_000.0),
    ),
    Kind(
        "training", Where.DEPTH, _TRAINING, "training",
        CountUnit.ROUND, (5, 90), (600, 3_600), depth_m=(70_000.0, 120_000.0),
    ),
    Kind("flare", Where.FRONT, _same(Activity.FLARE), "flare", CountUnit.FLARE, (1, 6), (20, 120)),
    Kind(
        "demining", Where.DEPTH, _same(Activity.MINE_EXPLOSION, Weapon.MINE), "heavy_fire",
        CountUnit.EXPLOSION, (1, 6), (1, 300), depth_m=(1_000.0, 12_000.0),
    ),
    Kind("farm_fire", Where.DEPTH, _same(Activity.HEAT), "heat", lasts_s=(600, 5_400), depth_m=(0.0, 120_000.0)),
    Kind(
        "industrial_fire", Where.SITE, _same(Activity.HEAT), "great_heat",
        lasts_s=(1_800, 7_200), depth_m=(5_000.0, 120_000.0), sites=40, scatter_m=30.0,
    ),
    Kind(
        "traffic", Where.DEPTH, _same(Activity.OTHER), "traffic",
        CountUnit.VEHICLE, (1, 30), (30, 1_800), depth_m=(0.0, 25_000.0),
    ),
    Kind("distant_heat", Where.FAR, _same(Activity.HEAT), lasts_s=(600, 5_400), own={"satellite": (0.7, ANYWHERE)}),
    Kind(
        "distant_flight", Where.FAR, _AIRCRAFT, None, CountUnit.AIRCRAFT, (1, 4), (300, 3_600),
        own={"post": (0.25, ANYWHERE)},
    ),
    Kind(
        "distant_event", Where.FAR, _same(Activity.OTHER),
        lasts_s=(0, 3_600), own={"post": (0.3, ANYWHERE)}, nowhere=0.15,
    ),
    Kind(
        "statement", Where.FAR, _same(Activity.STATEMENT),
        lasts_s=(0, 600), own={"post": (0.5, ANYWHERE)}, nowhere=0.25,
    ),
)  # fmt: skip

NUMBER = {kind.name: number for number, kind in enumerate(KINDS)}
"""A kind's place in `KINDS`: what the arrays hold."""

SITES = tuple(number for number, kind in enumerate(KINDS) if kind.where is Where.SITE)
"""The kinds that happen at fixed sites."""


def chance(kind: Kind, network: str, posts_factor: float, detection: float = 1.0, makes: Makes | None = None) -> float:
    """The probability that one observer of a network reports a kind of incident from nearby.

    Args:
        posts_factor: by how much more than usual the public posts about what happens along the line.
        detection: by how much more, or less, than `makes` say every observer notices.
        makes: the shipped ones unless given.
    """
    near = kind.seen_by(makes or load_makes()).get(network, (0.0, 0.0))[0]
    if network == "post" and kind.where is not Where.FAR:
        near = min(near * posts_factor, MOST_POSTS)
    return min(near * detection, 1.0)
