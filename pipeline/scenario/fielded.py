"""A scenario's observers as assets of a mission: what coverage and plans can be asked for."""

import json

import numpy as np

from pipeline.agreement import Agreement
from pipeline.geometry.places import Places
from pipeline.recon.assets import Asset, Assets, Everywhere, Flying, Standing, Where
from pipeline.scenario.observers import NETWORKS, POSTS, Network
from pipeline.scenario.watching import OPERATOR, PUBLIC, bounds, observer_name, outlet_name
from pipeline.scenario.world import World

_SPEED_M_S, _ENDURANCE_S, _TURNAROUND_S, _RANGE_M, _SWATH_M = 30.0, 21_600.0, 3_600.0, 40_000.0, 20_000.0
"""Of a drone that is asked to look elsewhere: assumptions, like all figures of a scenario."""

_ON_FOOT = "patrol"
_STAFF_OF = "mission"
"""A civilian mission, of no state."""


def fielded(world: World, agreement: Agreement) -> Assets:
    """All of a scenario's observers that are somewhere, in the order of the networks.

    Satellites are not among them: they have no orbits, only passes, which the observation log has.
    """
    assets = [
        asset for network in NETWORKS if network.name in world.posts for asset in _posted(network, world, agreement)
    ]
    west, east, south, north = (float(bound) for bound in bounds(world))
    everywhere = Everywhere(west=west, south=south, east=east, north=north)
    outlets = (outlet_name(slot) for slot in range(POSTS.slots))
    assets += [Asset(asset_id=name, make=POSTS.name, operator=PUBLIC, where=everywhere) for name in outlets]
    note = "Observers of a scenario. Its satellites have no orbits: their passes are in the observation log."
    return Assets(version=1, title="Observers of a scenario", assets=tuple(assets), agreement=agreement.name, note=note)


def _posted(network: Network, world: World, agreement: Agreement) -> list[Asset]:
    posts = world.posts[network.name]
    table = agreement.tables.lines[0]
    left = Places(posts.lon, posts.lat).along(agreement.lines[table.id]).left
    consents = {True: table.left, False: table.right}
    assets = []
    for number, (lon, lat, to_left) in enumerate(
        zip(posts.lon.tolist(), posts.lat.tolist(), np.asarray(left).tolist(), strict=True)
    ):
        name, party = observer_name(network, number), consents[to_left]
        on_foot = name.startswith(_ON_FOOT)
        assets.append(
            Asset(
                asset_id=name,
                make=network.name,
                operator=OPERATOR,
                where=_where(network, lon, lat),
                staff="civilian" if on_foot else "none",
                staff_of=_STAFF_OF if on_foot else None,
                consent=(party,) if party else (),
                side=None if party is None else "left" if to_left else "right",
            )
        )
    return assets


def _where(network: Network, lon: float, lat: float) -> Where:
    """Drones may be asked to look elsewhere; where they are by themselves, the log says."""
    if not network.glimpse_s:
        return Standing(lon=lon, lat=lat)
    return Flying(
        home=(lon, lat),
        speed_m_s=_SPEED_M_S,
        endurance_s=_ENDURANCE_S,
        turnaround_s=_TURNAROUND_S,
        range_m=_RANGE_M,
        swath_m=_SWATH_M,
    )


def as_toml(assets: Assets) -> bytes:
    """The file that `pipeline.recon` reads."""
    head = {"version": assets.version, "title": assets.title, "agreement": assets.agreement, "note": assets.note}
    tables = [_lines(head), *(f"[[asset]]\n{_lines(_told(asset))}" for asset in assets.assets)]
    return "\n".join(tables).encode()


def _told(asset: Asset) -> dict[str, object]:
    told: dict[str, object] = {"id": asset.asset_id, "make": asset.make, "operator": asset.operator}
    told["where"] = _place(asset.where)
    if asset.staff_of is not None:
        told |= {"staff": asset.staff, "staff_of": asset.staff_of}
    if asset.consent:
        told["consent"] = list(asset.consent)
    if asset.side is not None:
        told["side"] = asset.side
    return told


def _place(where: Where) -> dict[str, object]:
    match where:
        case Standing(lon=lon, lat=lat):
            return {"kind": "standing", "lon": lon, "lat": lat}
        case Flying() as flying:
            return {
                "kind": "flying",
                "home": list(flying.home),
                "speed_m_s": flying.speed_m_s,
                "endurance_s": flying.endurance_s,
                "turnaround_s": flying.turnaround_s,
                "range_m": flying.range_m,
                "swath_m": flying.swath_m,
            }
        case Everywhere(west=west, south=south, east=east, north=north):
            return {"kind": "everywhere", "west": west, "south": south, "east": east, "north": north}
        case _:
            raise TypeError(f"a scenario has nothing of the kind {type(where).__name__}")


def _lines(table: dict[str, object]) -> str:
    return "".join(f"{key} = {_value(value)}\n" for key, value in table.items())


def _value(value: object) -> str:
    """What TOML and JSON write alike, and a table in one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)
