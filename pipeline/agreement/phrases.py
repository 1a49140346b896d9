"""Plain words for the terms, weapon classes, amounts and times that clauses name; no two terms share theirs."""

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo

from pipeline.agreement.format import WeaponTable

ACTIVITIES = {
    "fire": "fire",
    "training": "firing practice",
    "presence": "presence of forces or weapons",
    "mines": "mine laid or gone off",
    "interference": "hindrance of monitors",
    "harm": "harm to persons",
    "light": "illumination",
    "evidence": "sign of heat",
    "speech": "words of a party",
    "explosion": "explosion",
    "impact": "impact of a round",
    "outgoing_fire": "outgoing fire",
    "projectile": "projectile in flight",
    "muzzle_flash": "muzzle flash",
    "shot": "shot",
    "burst": "burst of automatic fire",
    "shelling": "shelling",
    "armed_clash": "armed clash",
    "air_strike": "air strike",
    "drone_strike": "drone strike",
    "missile_strike": "missile strike",
    "live_fire_training": "live-fire training",
    "flight": "flight",
    "weapon_presence": "weapon standing or stored",
    "troop_presence": "force standing",
    "movement": "movement of forces or weapons",
    "position": "position, trench or obstacle",
    "crossing": "crossing of a line",
    "mine_laying": "mine-laying",
    "mine_explosion": "explosion of a mine",
    "jamming": "jamming of monitors",
    "denial_of_access": "refusal of access to monitors",
    "damage_to_monitor": "damage to monitors",
    "attack_on_civilians": "attack on civilians",
    "detention": "detention of persons",
    "flare": "illumination flare",
    "heat": "thermal anomaly",
    "statement": "statement",
    "coordination": "call on the coordination mechanism",
    "notification": "notification",
    "other": "event that has no name here",
    "unknown": "event of which the source does not say what",
}
"""An activity, or a group of them, as what there must be none of."""

WEAPONS = {
    "heavy": "heavy weapons",
    "armour": "armour",
    "infantry": "infantry weapons",
    "air": "air-dropped munitions",
    "aircraft": "aircraft of any kind",
    "explosive": "explosive devices",
    "electronic": "electronic warfare",
    "artillery": "artillery",
    "mortar": "mortars",
    "multiple_rocket_launcher": "multiple rocket launchers",
    "long_range_rocket_launcher": "long-range rocket launchers",
    "tactical_missile": "tactical missiles",
    "ballistic_missile": "ballistic missiles",
    "cruise_missile": "cruise missiles",
    "surface_to_air_missile": "air-defence missiles",
    "anti_aircraft_gun": "anti-aircraft guns",
    "tank": "tanks",
    "armoured_vehicle": "armoured vehicles",
    "anti_tank_weapon": "anti-tank weapons",
    "grenade_launcher": "grenade launchers",
    "heavy_machine_gun": "heavy machine guns",
    "small_arms": "small arms",
    "air_bomb": "bombs",
    "fixed_wing": "fixed-wing aircraft",
    "rotary_wing": "helicopters",
    "uav": "drones",
    "balloon": "balloons",
    "mine": "mines",
    "improvised_explosive": "improvised explosive devices",
    "electronic_warfare": "jammers",
    "unknown": "weapons of which the source does not say what",
}
"""A weapon, or a group of them, in the plural."""

UNITS = {
    "weapon": "weapons",
    "vehicle": "vehicles",
    "person": "persons",
    "aircraft": "aircraft",
    "position": "positions",
}


def either(words: Iterable[str]) -> str:
    """Words of which any is meant.

    >>> either(["tanks"]), either(["tanks", "mortars"]), either(["tanks", "guns", "mortars"])
    ('tanks', 'tanks or mortars', 'tanks, guns or mortars')
    """
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def all_of(words: Iterable[str]) -> str:
    """Words of which all are meant.

    >>> all_of(["5 tanks", "6 guns"])
    '5 tanks and 6 guns'
    """
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def activities(names: Sequence[str]) -> str:
    """Activities of which any is meant."""
    return either(ACTIVITIES[name] for name in names)


def objects(names: Sequence[str]) -> str:
    """Weapons or aircraft of which any is meant."""
    return either(WEAPONS[name] for name in names)


def weapons(tables: Sequence[WeaponTable], *besides: str) -> str:
    """Weapon classes of which any is meant, with their bounds, and what else is.

    >>> weapons([WeaponTable(type="tank"), WeaponTable(type="mortar", calibre_min_mm=82, calibre_below_mm=120)])
    'tanks or mortars of at least 82 mm and below 120 mm'
    """
    return either([*map(_weapon, tables), *besides])


def _weapon(table: WeaponTable) -> str:
    bounds = [
        f"{words} {bound:g} mm"
        for words, bound in (
            ("of at least", table.calibre_min_mm),
            ("above", table.calibre_above_mm),
            ("of at most", table.calibre_max_mm),
            ("below", table.calibre_below_mm),
        )
        if bound is not None
    ]
    return " ".join(filter(None, (WEAPONS[table.type], " and ".join(bounds))))


def length(metres: float) -> str:
    """A length that the text sets, with every figure of it.

    >>> length(7_500), length(500), length(24_000)
    ('7.5 km', '500 m', '24 km')
    """
    return f"{metres / 1000:.10g} km" if metres >= 1_000 else f"{metres:.10g} m"


def moment(time: datetime, zone: tzinfo) -> str:
    """A moment on the agreement's clock; midnight needs no hour.

    >>> from zoneinfo import ZoneInfo
    >>> moment(datetime.fromisoformat("2020-03-06T00:01+02:00"), ZoneInfo("Asia/Damascus"))
    '6 March 2020, 00:01'
    """
    local = time.astimezone(zone)
    hour = f", {local:%H:%M}" if (local.hour, local.minute) != (0, 0) else ""
    return f"{local.day} {local:%B %Y}{hour}"
