"""Whether an asset may look where it is meant to: by the agreement, by the parties' consent, by its own constraints.

One set of rules holds for both sides. An asset that is refused is not planned with, and `refusals` says why.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from pipeline.agreement import Agreement
from pipeline.agreement.format import FlightTable, LineTable, MonitoringTable
from pipeline.geometry.earth import Bools, Floats
from pipeline.geometry.places import Places
from pipeline.model.taxonomy import Weapon
from pipeline.model.term import members
from pipeline.recon.assets import Asset, Everywhere, Flying, Orbiting, Standing
from pipeline.recon.makes import Makes
from pipeline.recon.tracks import sampled

CONSENT, SIDE, PERMITTED = "consent", "side", "permitted area"
"""What a refusal names where no rule of the agreement has an id for it."""


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why an asset may not do what it is meant to.

    Attributes:
        rule: the id of a rule or a provision of the agreement; or `consent`, `side`, `permitted area`.
        reason: in plain words.
        article: of the rule; empty where it is the asset's own constraint.
    """

    asset_id: str
    rule: str
    reason: str
    article: str = ""


def refusals(asset: Asset, agreement: Agreement, makes: Makes) -> tuple[Refusal, ...]:
    """What stands against an asset, at its place or anywhere on its track and on its way home; empty if nothing does.

    Satellites and open sources are nowhere in particular: only rules that speak of no side and no zone are about them.
    """
    ground = _Ground(agreement, *_places(asset))
    return tuple(
        Refusal(asset_id=asset.asset_id, rule=against.rule, article=against.article, reason=against.reason)
        for against in _against(asset, ground, makes)
        if against.where.any()
    )


def may_be_at(asset: Asset, agreement: Agreement, makes: Makes, lon: ArrayLike, lat: ArrayLike) -> Bools:
    """At which places an asset may be: what `refusals` asks of its track, asked of any place; no looks at its range.

    Args:
        lon, lat: degrees, arrays of one length.
    """
    lons, lats = np.atleast_1d(np.asarray(lon, dtype=float)), np.atleast_1d(np.asarray(lat, dtype=float))
    free = np.ones(lons.shape, dtype=bool)
    for against in _against(asset, _Ground(agreement, lons, lats), makes):
        free &= ~against.where
    return free


def sided_line(agreement: Agreement) -> LineTable | None:
    """The line whose sides are meant where a side is spoken of: the first that has a party on both."""
    return next((one for one in agreement.tables.lines if one.left is not None and one.right is not None), None)


class _Against(NamedTuple):
    """What a rule has against an asset, and at which places."""

    rule: str
    article: str
    reason: str
    where: Bools


class _Ground:
    """Places, and how they lie in an agreement. Without places one stands for all: nowhere in particular."""

    def __init__(self, agreement: Agreement, lon: Floats, lat: Floats) -> None:
        self.agreement, self.line = agreement, sided_line(agreement)
        self.placed = len(lon) > 0
        self.count = max(1, len(lon))
        self.places = Places(lon, lat)
        self.none, self.all = np.zeros(self.count, dtype=bool), np.ones(self.count, dtype=bool)

    def on(self, side: str) -> Bools:
        """Which places lie on a side of the line; past its ends, on that of the line drawn on."""
        if self.line is None or not self.placed:
            return self.none
        left = self.places.along(self.agreement.lines[self.line.id]).left
        return left if side == "left" else ~left

    def of_party(self, party: str) -> Bools:
        """Which places lie on a party's side."""
        if self.line is None:
            return self.none
        return (self.on("left") & (self.line.left == party)) | (self.on("right") & (self.line.right == party))

    def within(self, zone_ids: tuple[str, ...]) -> Bools:
        """Which places lie in one of some zones."""
        found = self.none
        if self.placed:
            for zone in self.agreement.zones:
                if zone.zone_id in zone_ids:
                    found = found | zone.contains(self.places)
        return found

    def away_m(self) -> Floats:
        """How far the nearest line that parts parties is."""
        away = np.full(self.count, np.inf)
        for table in self.agreement.tables.lines:
            if self.placed and table.left is not None and table.right is not None:
                away = np.minimum(away, np.abs(self.places.along(self.agreement.lines[table.id]).offset_m))
        return away


def _places(asset: Asset) -> tuple[Floats, Floats]:
    match asset.where:
        case Standing(lon=lon, lat=lat):
            return np.array([lon]), np.array([lat])
        case Flying() as flying:
            return sampled(flying)
        case Orbiting() | Everywhere():
            return np.empty(0), np.empty(0)


def _against(asset: Asset, ground: _Ground, makes: Makes) -> Iterator[_Against]:
    """Everything that could be against an asset, with the places where it is."""
    for rule in ground.agreement.monitoring:
        about = _about(rule, asset, ground, makes)
        if rule.kind == "forbidden":
            yield _Against(rule.id, rule.article, rule.title, about)
        else:
            yield from _unasked(rule, asset, ground, about)
    for table in ground.agreement.tables.provisions:
        if isinstance(table, FlightTable) and _flies(asset, table):
            reason = f"{table.title}; it is {asset.operator}'s"
            yield _Against(table.id, table.article, reason, ground.within(table.zones))
    yield from _own(asset, ground)


def _about(rule: MonitoringTable, asset: Asset, ground: _Ground, makes: Makes) -> Bools:
    """At which places a rule is about an asset."""
    make = makes.make(asset.make)
    fits = (
        (not rule.operators or asset.operator in rule.operators)
        and asset.operator not in rule.except_operators
        and (not rule.staff or asset.staff in rule.staff)
        and (not rule.staff_of or asset.staff_of in rule.staff_of)
        and (not rule.techniques or (make is not None and make.technique in rule.techniques))
        and (not rule.domains or asset.domain in rule.domains)
    )
    if not fits or (not ground.placed and (rule.sides or rule.zones or rule.outside)):
        return ground.none
    where = ground.all
    if rule.sides:
        where = where & np.any([ground.on(side) for side in rule.sides], axis=0)
    if rule.zones:
        where = where & ground.within(rule.zones)
    if rule.outside:
        where = where & ~ground.within(rule.outside)
    return where


def _unasked(rule: MonitoringTable, asset: Asset, ground: _Ground, about: Bools) -> Iterator[_Against]:
    """Where a rule asks for a consent that nobody gave."""
    if rule.consent_of:
        for party in rule.consent_of:
            if not _agrees(party, asset):
                yield _Against(rule.id, rule.article, f"no consent of {party}", about)
    elif ground.line is not None:
        for party in _sides(ground.line):
            if not _agrees(party, asset):
                reason = f"no consent of {party}, on whose side it is"
                yield _Against(rule.id, rule.article, reason, about & ground.of_party(party))


def _sides(line: LineTable) -> list[str]:
    """The parties on the two sides of a line."""
    return [party for party in (line.left, line.right) if party is not None]


def _agrees(party: str, asset: Asset) -> bool:
    return party in asset.consent or party == asset.operator


def _flies(asset: Asset, table: FlightTable) -> bool:
    """Whether a ban on flights is about an asset."""
    if asset.domain != "air" or asset.operator in table.except_operators:
        return False
    if table.binds and asset.operator not in table.binds:
        return False
    kinds = {Weapon.UAV} if asset.staff == "none" else {Weapon.FIXED_WING, Weapon.ROTARY_WING}
    return any(kinds & set(members(name, Weapon)) for name in table.objects)


def _own(asset: Asset, ground: _Ground) -> Iterator[_Against]:
    """The asset's own constraints: consent, side, areas."""
    if ground.line is not None and asset.domain in ("ground", "air") and not _says_consent(asset, ground.agreement):
        for party in _sides(ground.line):
            if not _agrees(party, asset):
                reason = f"no consent of {party}, on whose side it is"
                yield _Against(CONSENT, "", reason, ground.of_party(party))
    if asset.side is not None and ground.line is not None and ground.placed:
        other = "right" if asset.side == "left" else "left"
        reason = f"it is to stay {asset.side} of {ground.line.id}, and does not"
        yield _Against(SIDE, "", reason, ground.on(other))
    if isinstance(asset.where, Flying) and asset.where.stays_m > 0.0:
        reason = f"it is to stay {asset.where.stays_m / 1000:g} km from the line, and comes nearer"
        yield _Against(SIDE, "", reason, ground.away_m() < asset.where.stays_m)
    if ground.placed and asset.only_in:
        reason = f"it may be in {' or '.join(asset.only_in)} only, and is elsewhere"
        yield _Against(PERMITTED, "", reason, ~ground.within(asset.only_in))
    for zone_id in asset.never_in:
        yield _Against(PERMITTED, "", f"it may not be in {zone_id}, and is", ground.within((zone_id,)))


def _says_consent(asset: Asset, agreement: Agreement) -> bool:
    """Whether the agreement itself asks, of such an asset, for the consent of whoever's side it is on."""
    return any(
        rule.kind == "consent"
        and not (rule.consent_of or rule.sides or rule.zones or rule.outside)
        and not (rule.operators or rule.except_operators or rule.staff or rule.staff_of or rule.techniques)
        and (not rule.domains or asset.domain in rule.domains)
        for rule in agreement.monitoring
    )
