"""Small missions for tests, beside the world of `tests.worlds`, and their mirror images east to west."""

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.recon.assets import Asset, Assets, Flying, Standing
from pipeline.recon.makes import Makes, load_makes
from tests.worlds import mirrored_lon

MAKES: Makes = load_makes()

RULES = """
[[monitoring]]
id = "no-soldiers"
article = "Article 8"
title = "No soldiers of others on the ground"
kind = "forbidden"
staff = ["military"]
domains = ["ground"]
source = "made-up"
confidence = "low"

[[monitoring]]
id = "no-arrays-near-a"
article = "Article 9"
title = "No arrays near the line on the side of a"
kind = "forbidden"
techniques = ["acoustic"]
sides = ["{side_of_a}"]
zones = ["guns-a"]
source = "made-up"
confidence = "low"
"""

CONSENT = """
[[monitoring]]
id = "by-leave"
article = "Article 10"
title = "By leave of whoever is there"
kind = "consent"
domains = ["ground", "air"]
source = "made-up"
confidence = "low"
"""


def rules(*, mirror: bool = False) -> str:
    return RULES.format(side_of_a="right" if mirror else "left") + CONSENT


def asset(where: Any, asset_id: str = "one", make: str = "acoustic_array", **fields: Any) -> Asset:
    return Asset(asset_id=asset_id, make=make, where=where, **{"operator": "monitor", "consent": ("a", "b"), **fields})


def mission(*assets: Asset, **fields: Any) -> Assets:
    return Assets(version=1, title="Invented", assets=assets, **fields)


def flying(home: tuple[float, float], *track: tuple[float, float], **fields: Any) -> Flying:
    usual = {"speed_m_s": 25.0, "endurance_s": 14_400.0, "range_m": 300_000.0, "swath_m": 3_000.0}
    return Flying(home=home, track=track, **{**usual, **fields})


def mirrored(original: Asset) -> Asset:
    """The same asset seen in a mirror: east is west, left is right, and each party keeps its side."""
    where = original.where
    if isinstance(where, Standing):
        azimuths = tuple(((360.0 - end) % 360.0, (360.0 - begin) % 360.0) for begin, end in where.sectors_deg)
        where = replace(where, lon=mirrored_lon(where.lon), sectors_deg=azimuths)
    elif isinstance(where, Flying):
        home = mirrored_lon(where.home[0]), where.home[1]
        where = replace(where, home=home, track=tuple((mirrored_lon(lon), lat) for lon, lat in where.track))
    side: Any = {"left": "right", "right": "left", None: None}[original.side]
    return replace(original, where=where, side=side)


_PLACES = st.tuples(
    st.floats(36.6, 38.9).map(lambda value: round(value, 4)), st.floats(47.7, 48.9).map(lambda value: round(value, 4))
)


def _where() -> st.SearchStrategy[Any]:
    standing = st.builds(lambda place: Standing(lon=place[0], lat=place[1]), _PLACES)
    tracks: st.SearchStrategy[Iterable[tuple[float, float]]] = st.lists(_PLACES, max_size=3)
    flights = st.builds(
        lambda home, track, ground, stays_m: flying(home, *track, on_ground=ground, stays_m=stays_m),
        _PLACES,
        tracks,
        st.booleans(),
        st.sampled_from([0.0, 3_000.0, 20_000.0]),
    )
    return standing | flights


def assets() -> st.SearchStrategy[Asset]:
    """Assets about the world's line: every other one as nothing stands against, the rest of every kind."""
    return st.one_of(_let_in(), _of_every_kind())


@st.composite
def _let_in(draw: st.DrawFn) -> Asset:
    make = draw(st.sampled_from(["fixed_post", "long_drone", "patrol"]))
    return asset(draw(_where()), make=make, consent=draw(st.sampled_from([("a", "b"), ("a", "b"), ("a",), ("b",)])))


@st.composite
def _of_every_kind(draw: st.DrawFn) -> Asset:
    staff = draw(st.sampled_from(["none", "civilian", "military"]))
    return asset(
        draw(_where()),
        make=draw(st.sampled_from(["acoustic_array", "long_drone", "patrol", "fixed_post"])),
        operator=draw(st.sampled_from(["monitor", "a", "b", "somebody"])),
        staff=staff,
        staff_of=None if staff == "none" else draw(st.sampled_from(["x", "y"])),
        consent=draw(st.sampled_from([(), ("a",), ("b",), ("a", "b")])),
        side=draw(st.sampled_from([None, "left", "right"])),
        only_in=draw(st.sampled_from([(), ("both",), ("near-a", "near-b")])),
        never_in=draw(st.sampled_from([(), ("near-a",), ("near-b",)])),
    )
