"""Whether an asset may look where it is meant to: agreement, consent, its own constraints; alike for both sides."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from msgspec.structs import replace

from pipeline.agreement import Agreement, load_agreement
from pipeline.recon.assets import Asset, Everywhere, Flying, Orbiting, Standing
from pipeline.recon.missions import load_mission
from pipeline.recon.permission import may_be_at, refusals
from pipeline.recon.tracks import sampled
from tests.recon.missions import MAKES, asset, assets, flying, mirrored, rules
from tests.worlds import DAY, world, write_world

LEFT, RIGHT = (37.6, 48.33), (37.6, 48.1)
"""Some 12 km from the line of the world, on the side of a and on that of b."""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("world"), extra=rules())


@pytest.fixture(scope="module")
def mirror_image(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    return world(tmp_path_factory.mktemp("mirror"), mirror=True, extra=rules(mirror=True))


@pytest.fixture(scope="module")
def swapped(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    """The same ground, its parties exchanged, and all that is said of one said of the other."""
    path = write_world(tmp_path_factory.mktemp("swapped"), extra=rules())
    text = path.read_text(encoding="utf-8").replace('left = "a"\nright = "b"', 'left = "b"\nright = "a"')
    path.write_text(text, encoding="utf-8")
    return load_agreement(path)


def refused(one: Asset, agreement: Agreement) -> list[str]:
    return [found.rule for found in refusals(one, agreement, MAKES)]


def standing(place: tuple[float, float]) -> Standing:
    return Standing(lon=place[0], lat=place[1])


@pytest.mark.parametrize(
    ("where", "fields", "found"),
    [
        (standing(RIGHT), {}, []),
        (standing(RIGHT), {"consent": ("a",)}, ["by-leave"]),
        (standing(RIGHT), {"consent": (), "operator": "b"}, []),
        (standing(LEFT), {"consent": ("b",)}, ["no-arrays-near-a", "by-leave"]),
        (standing(LEFT), {"make": "fixed_post", "staff": "military", "staff_of": "x"}, ["no-soldiers"]),
        (standing(LEFT), {"make": "fixed_post", "staff": "civilian", "staff_of": "x"}, []),
        (standing(RIGHT), {"side": "left"}, ["side"]),
        (standing(RIGHT), {"only_in": ("near-b",)}, ["permitted area"]),
        (standing(RIGHT), {"only_in": ("guns-b",)}, []),
        (standing(RIGHT), {"never_in": ("guns-b",)}, ["permitted area"]),
        (flying(RIGHT, LEFT), {"make": "long_drone", "consent": ("b",)}, ["by-leave"]),
        (flying(RIGHT, LEFT), {"make": "long_drone", "operator": "somebody"}, ["drones"]),
        (flying(RIGHT, LEFT), {"make": "long_drone", "operator": "somebody", "staff": "civilian"}, []),
        (flying(RIGHT, stays_m=10_000.0), {"make": "long_drone"}, []),
        (flying(RIGHT, stays_m=20_000.0), {"make": "long_drone"}, ["side"]),
        (flying(RIGHT, LEFT, on_ground=True), {"make": "patrol", "operator": "somebody"}, []),
        (Everywhere(west=36, south=47, east=39, north=49), {"make": "open_sources", "consent": ()}, []),
        (Orbiting(epoch=DAY, altitude_m=7e5, descends_at_h=10.5), {"make": "optical_satellite", "consent": ()}, []),
    ],
)
def test_what_stands_against_an_asset(
    agreement: Agreement, where: Any, fields: dict[str, Any], found: list[str]
) -> None:
    one = asset(where, **fields)
    assert refused(one, agreement) == found
    for against in refusals(one, agreement, MAKES):
        assert against.reason
        assert against.article or against.rule in ("side", "permitted area")


def test_without_a_rule_of_the_agreement_consent_is_asked_all_the_same(tmp_path: Path) -> None:
    plain = world(tmp_path)
    assert refused(asset(standing(RIGHT), consent=("a",)), plain) == ["consent"]
    assert refused(asset(standing(LEFT), consent=("a",)), plain) == []


def test_the_track_is_looked_at_between_its_places(agreement: Agreement) -> None:
    """The ends lie on the left, and the straight way between them cuts a bend of the line."""
    one = asset(flying((37.15, 48.2), (37.6, 48.35)), make="long_drone", consent=("a",))
    assert refused(one, agreement) == ["by-leave"]
    for end in ((37.15, 48.2), (37.6, 48.35)):
        assert refused(asset(standing(end), make="fixed_post", consent=("a",)), agreement) == []


@given(one=assets())
def test_the_mirror_image_of_an_asset_is_refused_alike(
    agreement: Agreement, mirror_image: Agreement, one: Asset
) -> None:
    assert refused(mirrored(one), mirror_image) == refused(one, agreement)


@given(one=assets())
def test_with_the_parties_exchanged_refusals_are_exchanged(
    agreement: Agreement, swapped: Agreement, one: Asset
) -> None:
    exchanged = {"a": "b", "b": "a"}
    other = replace(
        one,
        consent=tuple(exchanged[party] for party in one.consent),
        operator=exchanged.get(one.operator, one.operator),
    )
    assert refused(other, swapped) == refused(one, agreement)


@given(one=assets())
def test_an_asset_is_refused_where_a_place_of_its_track_is(agreement: Agreement, one: Asset) -> None:
    if isinstance(one.where, Flying):
        lon, lat = sampled(one.where)
    else:
        assert isinstance(one.where, Standing)
        lon, lat = np.array([one.where.lon]), np.array([one.where.lat])
    assert may_be_at(one, agreement, MAKES, lon, lat).all() == (refused(one, agreement) == [])


def test_no_personnel_of_the_united_states_on_the_ground() -> None:
    hypothetical = load_agreement("ukraine-hypothetical")
    shipped = load_mission("ukraine-hypothetical", hypothetical)
    grounded = {one.asset_id for one in shipped.assets if one.staff_of == "united-states" and one.domain == "ground"}
    assert grounded
    told = {one.asset_id: refused(one, hypothetical) for one in shipped.assets}
    assert {asset_id for asset_id, rules_ in told.items() if "no-us-ground" in rules_} == grounded
    assert {asset_id for asset_id, rules_ in told.items() if rules_} == grounded
