"""Stock ceilings: how many of a class may be in an area at one time, in each zone by itself.

What is in a zone at a time is what was seen there within the last days (`seen_for_days`; inspections come so often)
and not seen there again since. A sighting takes the place of earlier ones that it overlaps, if it is as sure and as
sharp: the same weapons, seen again. One that covers the zone is an inspection, and takes the place of all. What they
count is added as intervals:

- at the least, the lower ends of sightings that are raised by themselves and leave no doubt about the class;
- at the most, the upper ends of all; with no upper end ("at least 30", no number at all) there is none.

Unlike units are never added. Above the ceiling at the least: broken. Only at the most: indeterminate. What nobody saw
is in neither figure.

Silence does not say that what was above the ceiling is gone: its alert says when it was seen last, and with nothing
seen since it is left open whether the ceiling is kept. Where the provision says so (`ends_after_days`) it ends with so
many reporting days without a sighting.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from pipeline.agreement.clauses import UNSAID, WeaponClass, weapon_classes
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.remembering import Limit, StockCeilingTable
from pipeline.geometry.earth import distance_m
from pipeline.law.effort import Efforts
from pipeline.law.folds.episode import Episode, also_resting_on, as_alert, begun, joined
from pipeline.law.saying import figure, interval, plural
from pipeline.law.unseen import last_seen_words
from pipeline.model.decoding import decodable
from pipeline.model.records import Alert, DoubtNote, Finding, Incident, Progress
from pipeline.model.report import Time
from pipeline.model.taxonomy import Compliance, CountUnit, Doubt, Standing, Weapon
from pipeline.model.times import from_us, to_us, to_us_array

_DAY_US = 86_400_000_000
_NEAR_M = 200.0
"""By so much a sighting may be less sharp than one whose place it takes."""

_WHOLE = 0.5
"""A footprint of this share of the zone's area is an inspection of it."""


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """So many of a class, seen at a place. `most` is None where it is open, `lon` where the whole zone was seen."""

    incident_id: str
    report_ids: tuple[str, ...]
    seen_us: int
    least: float
    most: float | None
    probability: float
    lon: float | None
    lat: float | None
    radius_m: float
    sure: bool


class Stock(msgspec.Struct, frozen=True):
    """Of one limit in one zone: what was seen lately, and the episode above the ceiling, if there is one."""

    sightings: tuple[Sighting, ...] = ()
    above: Episode | None = None
    worst: tuple[float, float | None] = (0.0, 0.0)


@decodable
class Stocks(msgspec.Struct, frozen=True):
    """By zone and limit, as `zone/limit`."""

    of: dict[str, Stock] = {}


class _Counted(NamedTuple):
    least: float
    most: float | None
    probability: float


class StockCeiling:
    """The fold of a `stock_ceiling` provision."""

    state_type = Stocks
    watches = False
    weighs_effort = False

    def __init__(self, agreement: Agreement, table: StockCeilingTable) -> None:
        self._agreement, self._table = agreement, table
        self.provision, self.feeds = table.id, (table.id,)
        self._classes = {limit.id: weapon_classes(limit.weapons) for limit in table.limits}
        self._limits = {limit.id: limit for limit in table.limits}
        ids = [zone.id for zone in agreement.tables.zones]
        self._area_m2 = {zone: agreement.zone_areas_m2[ids.index(zone)] for zone in table.zones}
        self._party = {zone.id: zone.party for zone in agreement.tables.zones}

    def begin(self) -> Stocks:
        """Nothing was seen."""
        return Stocks()

    def step(
        self, state: Stocks, day: int, findings: Sequence[Finding], efforts: Efforts
    ) -> tuple[Stocks, list[Alert]]:
        """Takes one day's sightings in, one after the other."""
        stocks, settled = dict(state.of), list[Alert]()
        for finding in findings:
            for limit in self._table.limits:
                sighting = self._sighting(finding, limit)
                if sighting is None:
                    continue
                key = f"{finding.zone}/{limit.id}"
                stock, ended = self._seen(key, stocks.get(key, Stock()), sighting, finding, day)
                stocks[key] = stock
                settled += ended
        return Stocks(stocks), settled

    def standing(self, state: Stocks) -> list[Alert]:
        """Those that are above their ceiling now."""
        return [self._alert(key, stock) for key, stock in sorted(state.of.items()) if stock.above is not None]

    def progress(self, state: Stocks, day: int, efforts: Efforts) -> list[Progress]:
        """What was counted, beside the ceiling."""
        return [
            self._limit_progress(zone, limit, state.of.get(f"{zone}/{limit.id}", Stock()), day)
            for zone in self._table.zones
            for limit in self._table.limits
        ]

    def _seen(
        self, key: str, stock: Stock, sighting: Sighting, finding: Finding, day: int
    ) -> tuple[Stock, list[Alert]]:
        """The stock with one more sighting; and the alert that it ends, if it does."""
        limit = self._limits[key.partition("/")[2]]
        current, ended = self._current(stock, sighting.seen_us), list[Alert]()
        kept = _with(current, sighting)
        counted = _counted(kept)
        if _compliance(counted, limit) is Compliance.KEPT:
            fewer = {"closed": finding.alert.observed_until.isoformat()}
            return Stock(kept), [] if stock.above is None else [self._alert(key, stock, fewer)]
        if stock.above is not None and self._lapsed(stock.above, current, limit, day):
            again = {"seen_again": finding.alert.observed_from.isoformat()}
            stock, ended = Stock(tuple(current)), [self._alert(key, stock, again)]
        above = begun(finding) if stock.above is None else joined(stock.above, finding)
        likely = max(0.0 if stock.above is None else stock.above.probability, _probability(counted, limit))
        above = also_resting_on(msgspec.structs.replace(above, probability=likely), kept)
        before = stock.worst if stock.above is not None else (0.0, 0.0)
        return Stock(kept, above, max(before, (counted.least, counted.most), key=_by_size)), ended

    def _lapsed(self, above: Episode, current: Sequence[Sighting], limit: Limit, day: int) -> bool:
        """Whether what was above the ceiling was not seen again for too long before a day."""
        ends = self._ends(above)
        return _compliance(_counted(current), limit) is Compliance.KEPT if ends is None else day > ends

    def _ends(self, above: Episode) -> int | None:
        """The day with whose end it is over, should nobody see it again until then; None where silence ends nothing."""
        after = self._table.ends_after_days
        return None if after is None else self._day_of(above.until) + after

    def _over(self, above: Episode, day: int) -> bool:
        ends = self._ends(above)
        return ends is not None and ends <= day

    def _since(self, stock: Stock, last: Time | None, still_counts: bool, day: int) -> str:
        """How a sentence goes on where nothing was seen on the day itself."""
        if last is None:
            return ""
        date = self._agreement.days.date_of
        words = last_seen_words(day - self._day_of(last), date(self._day_of(last)))
        if words and stock.above is not None and not still_counts:
            words = f"above it, with {interval(*stock.worst)}, when {words}"
            ends = self._ends(stock.above)
            words += f"; it ended on {date(ends)}" if ends is not None and ends <= day else ""
        return f"; {words}" if words else ""

    def _day_of(self, time: Time) -> int:
        return int(self._agreement.days.day_of(to_us_array([time]))[0])

    def _current(self, stock: Stock, at_us: int) -> list[Sighting]:
        oldest = at_us - self._table.seen_for_days * _DAY_US
        return [one for one in stock.sightings if one.seen_us > oldest]

    def _sighting(self, finding: Finding, limit: Limit) -> Sighting | None:
        """What a finding says of the class of a limit; None where that is nothing."""
        incident, alert = finding.incident, finding.alert
        share = _share(self._classes[limit.id], incident) if limit.weapons else 1.0
        counted = _interval(incident, limit)
        if share == 0.0 or counted is None:
            return None
        sure = share == 1.0 and alert.standing is Standing.RAISED
        radius_m = alert.radius_m or 0.0
        whole = np.pi * radius_m**2 >= _WHOLE * self._area_m2[finding.zone]
        return Sighting(
            incident_id=alert.incident_id,
            report_ids=alert.report_ids,
            seen_us=to_us(alert.observed_from),
            least=counted[0] if sure else 0.0,
            most=counted[1],
            probability=alert.probability,
            lon=None if whole else alert.lon,
            lat=None if whole else alert.lat,
            radius_m=radius_m,
            sure=sure,
        )

    def _alert(self, key: str, stock: Stock, ended: Mapping[str, str] | None = None) -> Alert:
        """The alert of what is above the ceiling; `ended` says by which sighting it was found to have ended."""
        zone, _, name = key.partition("/")
        limit, episode = self._limits[name], stock.above
        assert episode is not None
        least, most = stock.worst
        figures: dict[str, Any] = {
            "zone": zone,
            "party": self._party[zone],
            "limit": limit.id,
            "at_most": limit.at_most,
            "unit": limit.unit,
            "count_min": least,
            "count_max": most,
            "seen_for_days": self._table.seen_for_days,
            "last_seen": episode.until.isoformat(),
            **(ended or {}),
        }
        ends = self._ends(episode)
        if ends is not None and not ended:
            figures["ends_on"] = self._agreement.days.date_of(ends).isoformat()
        open_ended = least <= limit.at_most
        doubts = [DoubtNote(Doubt.COUNT_INDETERMINATE, {"count_min": least, "count_max": most})] if open_ended else []
        return as_alert(self._agreement, episode, key, doubts=doubts, figures=figures)

    def _limit_progress(self, zone: str, limit: Limit, stock: Stock, day: int) -> Progress:
        days = self._agreement.days
        sightings = self._current(stock, to_us(days.ends(day)))
        counted, last = _counted(sightings), _last_seen(stock)
        span, within = interval(counted.least, counted.most), plural(self._table.seen_for_days, "day")
        seen = f"{span} seen within {within}" if sightings else "none seen"
        compliance = _compliance(counted, limit)
        if compliance is Compliance.KEPT and stock.above is not None and not self._over(stock.above, day):
            # Nobody has looked since: it may be there still.
            compliance = Compliance.INDETERMINATE
        return Progress(
            agreement=self._agreement.name,
            provision=self.provision,
            subject=f"{zone}: {limit.title}",
            day=self._agreement.days.date_of(day).isoformat(),
            compliance=compliance,
            says=f"{seen}, at most {figure(limit.at_most)} allowed{self._since(stock, last, bool(sightings), day)}",
            figures={
                "zone": zone,
                "party": self._party[zone],
                "limit": limit.id,
                "at_most": limit.at_most,
                "unit": limit.unit,
                "count_min": counted.least,
                "count_max": counted.most,
                "last_seen": None if last is None else last.isoformat(),
            },
        )


def _last_seen(stock: Stock) -> Time | None:
    """When any was seen last; a sighting of none is none."""
    seen = [from_us(one.seen_us) for one in stock.sightings if one.most is None or one.most > 0.0]
    return max([*seen, *([] if stock.above is None else [stock.above.until])], default=None)


def _by_size(counted: tuple[float, float | None]) -> tuple[float, float]:
    least, most = counted
    return least, float("inf") if most is None else most


def _counted(sightings: Sequence[Sighting]) -> _Counted:
    """What some sightings, none of the same, count together."""
    whole = [one for one in sightings if one.lon is None]
    places = [one for one in sightings if one.lon is not None]
    # What is seen at places since an inspection of all may have been in its count, or have come since.
    least = max(sum(one.least for one in places), *(one.least for one in whole), 0.0)
    uppers = [one.most for one in (*places, *whole)]
    most = None if None in uppers else sum(one for one in uppers if one is not None)
    return _Counted(least, most, min((one.probability for one in sightings), default=0.0))


def _with(sightings: Sequence[Sighting], new: Sighting) -> tuple[Sighting, ...]:
    """The sightings with a new one. It takes the place of those that it overlaps, if it is as sure and as sharp.

    Else it may be of the same weapons or of others: it adds to the least only what it counts beyond them.
    """
    overlapped = _overlapped(sightings, new)
    apart = [one for one in sightings if one not in overlapped]
    stays = [one for one in overlapped if one.sure and not (new.sure and _as_sharp(new, one))]
    beyond = max(0.0, new.least - sum(one.least for one in stays))
    return (*apart, *stays, msgspec.structs.replace(new, least=beyond) if stays else new)


def _as_sharp(new: Sighting, old: Sighting) -> bool:
    """Whether a sighting tells as well where; one of the whole zone is an inspection, which counts all."""
    return new.lon is None or (old.lon is not None and new.radius_m <= 2.0 * old.radius_m + _NEAR_M)


def _overlapped(sightings: Sequence[Sighting], new: Sighting) -> list[Sighting]:
    """Those that may be of the same weapons."""
    if new.lon is None or new.lat is None:
        return list(sightings)
    placed = [one for one in sightings if one.lon is not None and one.lat is not None]
    if not placed:
        return []
    lons = np.array([one.lon for one in placed], dtype=float)
    lats = np.array([one.lat for one in placed], dtype=float)
    away_m = distance_m(np.full(len(placed), new.lon), np.full(len(placed), new.lat), lons, lats)
    near = away_m <= np.array([one.radius_m for one in placed]) + new.radius_m
    return [one for one, is_near in zip(placed, near.tolist(), strict=True) if is_near]


def _interval(incident: Incident, limit: Limit) -> tuple[float, float | None] | None:
    """How many, in the limit's unit; None where what was counted is something else."""
    alike = {CountUnit.WEAPON, CountUnit.VEHICLE} if limit.weapons else {msgspec.convert(limit.unit, CountUnit)}
    for count in incident.counts:
        if count.unit in alike:
            return count.min, count.max
    return None if incident.counts else (1.0, None)


def _share(classes: Sequence[WeaponClass], incident: Incident) -> float:
    """The share of what it may have been that belongs to the class."""
    weapons = incident.weapons or (Weapon.UNKNOWN,)
    return sum(
        UNSAID if weapon is Weapon.UNKNOWN else max(one.share(weapon, incident.calibre_mm) for one in classes)
        for weapon in weapons
    ) / len(weapons)


def _compliance(counted: _Counted, limit: Limit) -> Compliance:
    if counted.least > limit.at_most:
        return Compliance.BROKEN
    kept = counted.most is not None and counted.most <= limit.at_most
    return Compliance.KEPT if kept else Compliance.INDETERMINATE


def _probability(counted: _Counted, limit: Limit) -> float:
    """That the ceiling is exceeded: between the two figures any is as likely; with an open end, even odds."""
    if counted.least > limit.at_most:
        return counted.probability
    if counted.most is None:
        return UNSAID * counted.probability
    return counted.probability * (counted.most - limit.at_most) / (counted.most - counted.least)
