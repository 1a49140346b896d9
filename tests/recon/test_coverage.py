"""Coverage along an agreement's lines: cells, what silence is called, blind spells and why, and the mirror."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
import shapely

from pipeline.agreement import Agreement, load_agreement
from pipeline.geometry.earth import distance_m
from pipeline.geometry.line import LEFT, RIGHT
from pipeline.model.footprint import Area, Disc, Footprint, Nowhere, Polygon
from pipeline.model.records import Observation
from pipeline.model.taxonomy import Side
from pipeline.model.watch_terms import ObservationState, Watched
from pipeline.recon.blindness import Cause, Spell, blackouts, blind_spells
from pipeline.recon.cells import Cells, cells_of, stretches
from pipeline.recon.coverage import Coverage, coverage, level
from pipeline.recon.health import health
from pipeline.recon.log import Log
from pipeline.recon.makes import load_makes
from pipeline.recon.sums import sums
from pipeline.recon.trends import noticed, trends
from tests.law.test_symmetry import image
from tests.monitor.remembering import AREAS
from tests.recon.watching import at, square, watched
from tests.worlds import mirrored_lon


@pytest.fixture(scope="module")
def agreement() -> Agreement:
    return load_agreement("ukraine-hypothetical")


@pytest.fixture(scope="module")
def cells(agreement: Agreement) -> Cells:
    return cells_of(agreement)


def covered(records: list[Observation], cells: Cells, hours: float = 24, names: tuple[str, ...] = ()) -> Coverage:
    read = Log.of(records, load_makes())
    return coverage(read, cells, names or ("heavy_fire", "troops"), at(0), at(hours))


def about(agreement: Agreement, chainage_m: float, offset_m: float, radius_m: float) -> Disc:
    lon, lat = agreement.lines["contact-line"].place(chainage_m, offset_m)
    return Disc(float(lon), float(lat), radius_m)


def test_cells_fill_both_sides_of_the_line_and_none_crosses_a_sector_s_end(agreement: Agreement, cells: Cells) -> None:
    line = agreement.lines["contact-line"]
    for side in (Side.LEFT, Side.RIGHT):
        own = [one for one in cells.cells if one.side is side]
        assert own[0].from_m == 0.0
        assert own[-1].to_m == pytest.approx(line.length_m)
        assert [one.from_m for one in own[1:]] == pytest.approx([one.to_m for one in own[:-1]])
        assert all(one.to_m - one.from_m <= 5_000.0 + 1e-6 for one in own)
    ends = {round(sector.to_m) for sector in agreement.sectors}
    assert ends <= {round(one.to_m) for one in cells.cells}
    assert list(cells.sectors) == [one.sector_id for one in agreement.sectors]


def test_places_stand_on_the_side_and_within_the_depth_of_their_cells(agreement: Agreement, cells: Cells) -> None:
    told = agreement.lines["contact-line"].locate(cells.lon, cells.lat)
    codes = np.array([LEFT if one.side is Side.LEFT else RIGHT for one in cells.cells])
    assert (told.side == codes[cells.cell]).mean() > 0.99
    assert (np.abs(told.offset_m) <= 7_500.0).all()
    # Where the line bends, the nearest place on it may be in the next cell.
    assert (cells.at(agreement, cells.lon, cells.lat) == cells.cell).mean() > 0.85
    assert np.bincount(cells.cell).min() >= 1


def test_a_line_without_sectors_stands_for_itself(agreement: Agreement) -> None:
    bare = msgspec.structs.replace(agreement, sectors=())
    (one,) = stretches(bare)
    assert (one.sector_id, one.from_m) == ("contact-line", 0.0)
    partly = msgspec.structs.replace(agreement, sectors=agreement.sectors[2:3])
    assert [one.sector_id for one in stretches(partly)] == [
        "contact-line",
        agreement.sectors[2].sector_id,
        "contact-line",
    ]
    both = cells_of(partly).cells
    assert sum(one.to_m - one.from_m for one in both) == pytest.approx(2 * agreement.lines["contact-line"].length_m)


def test_what_lies_elsewhere_is_in_no_cell(agreement: Agreement, cells: Cells) -> None:
    line = agreement.lines["contact-line"]
    lon, lat = line.place([400_000.0, 400_000.0, 400_000.0], [-3_000.0, 3_000.0, 9_000.0])
    found = cells.at(agreement, np.append(lon, 0.0), np.append(lat, 0.0)).tolist()
    assert [number < 0 for number in found] == [False, False, True, True]
    assert [cells.cells[number].side for number in found[:2]] == [Side.LEFT, Side.RIGHT]


def test_a_sector_is_the_mean_of_its_cells_by_length_and_exposure_adds_up(agreement: Agreement, cells: Cells) -> None:
    found = covered([watched("a", "array", (3, 9), about(agreement, 385_000.0, 2_000.0, 30_000.0))], cells)
    sector = next(one for one in found.groups() if one.sector_id == "zaporizhzhia")
    sides = [one for one in found.groups(sides=True) if one.sector_id == "zaporizhzhia"]
    assert found.of_group(sector) == pytest.approx((found.of_group(sides[0]) + found.of_group(sides[1])) / 2)
    assert found.by_sector()["zaporizhzhia"] == pytest.approx(found.of_group(sector))
    parts = [coverage(found.log, cells, found.class_names, at(hour), at(hour + 4)) for hour in range(0, 24, 4)]
    assert sum(part.exposure_h(sector) for part in parts) == pytest.approx(found.exposure_h(sector))
    assert (found.exposure_h(sector) > [1.0, -1.0]).all()
    assert (found.share[:, 9:] == 0).all()


def test_what_silence_is_called() -> None:
    words = load_makes().words
    assert [level(words, share) for share in (1.0, 0.5, 0.49, 0.1, 0.099, 0.0)] == [
        Watched.OBSERVED,
        Watched.OBSERVED,
        Watched.PARTLY_OBSERVED,
        Watched.PARTLY_OBSERVED,
        Watched.UNOBSERVED,
        Watched.UNOBSERVED,
    ]
    assert level(words, 1.0, told=False) is Watched.UNKNOWN


def test_nobody_said_is_not_nobody_watched(agreement: Agreement, cells: Cells) -> None:
    found = covered([watched("a", "array", (5, 9), about(agreement, 385_000.0, 2_000.0, 30_000.0))], cells)
    rows = list(sums(found, agreement.days, "sector", "whole"))
    far = next(row for row in rows if row.sector == "vovchansk" and row.class_name == "heavy_fire")
    assert (far.unobserved_h, far.unknown_h) == (4.0, 20.0)
    assert not any(spell.since < at(5) for spell in blind_spells(found))
    silent = list(sums(covered([], cells), agreement.days, "sector", "whole"))
    assert {row.says for row in silent} == {"unknown"}


def test_rows_by_hour_and_by_day_come_to_the_whole(agreement: Agreement, cells: Cells) -> None:
    records = [watched("a", "array", (3, 31), about(agreement, 385_000.0, 2_000.0, 30_000.0))]
    found = covered(records, cells, 36, ("heavy_fire",))
    shares = {}
    for each in ("whole", "day", "hour"):
        rows = [row for row in sums(found, agreement.days, "sector", each) if row.sector == "zaporizhzhia"]
        hours = np.array([(row.until - row.begin).total_seconds() / 3600 for row in rows])
        assert hours.sum() == 36
        shares[each] = (hours @ [row.share for row in rows]) / 36
    assert shares["day"] == pytest.approx(shares["whole"])
    assert shares["hour"] == pytest.approx(shares["whole"])
    by_day = list(sums(found, agreement.days, "sector", "day"))
    # The agreement's days end at midnight in Kyiv, two hours before UTC's.
    assert {row.begin for row in by_day} == {at(0), at(22)}


def test_a_blind_spell_says_where_since_when_and_why(agreement: Agreement, cells: Cells) -> None:
    here = about(agreement, 385_000.0, 0.0, 20_000.0)
    records = [
        watched("one", "array", (0, 24), here),
        watched("two", "array", (0, 24), here),
        watched("far", "array", (0, 24), about(agreement, 100_000.0, 0.0, 20_000.0)),
        watched("one", None, (6.3, 15.2), Nowhere(), state=ObservationState.JAMMED, reason="navigation lost"),
        watched("two", None, (7.1, 14.6), Nowhere(), state=ObservationState.OUTAGE, reason="no power"),
        watched("far", None, (1, 23), Nowhere(), state=ObservationState.DENIED),
    ]
    found = covered(records, cells, names=("heavy_fire",))
    spells = [spell for spell in blind_spells(found) if spell.from_m <= 385_000.0 <= spell.to_m]
    assert [spell.side for spell in spells] == [Side.LEFT, Side.RIGHT]
    for spell in spells:
        assert (spell.since, spell.until) == (at(7.1), at(14.6))
        assert not spell.from_before
        assert not spell.goes_on
        told = [(cause.state, cause.reason, cause.assets) for cause in spell.causes]
        assert told == [
            (ObservationState.JAMMED, "navigation lost", ("one",)),
            (ObservationState.OUTAGE, "no power", ("two",)),
        ]
    never = next(spell for spell in blind_spells(found) if spell.to_m > 800_000.0)
    assert (never.from_before, never.goes_on, never.causes) == (True, True, ())


def test_a_spell_that_has_not_ended_goes_on(agreement: Agreement, cells: Cells) -> None:
    records = [
        watched("one", "array", (0, 24), about(agreement, 385_000.0, 0.0, 20_000.0)),
        watched("one", None, (20.5, 40), Nowhere(), state=ObservationState.JAMMED),
    ]
    found = covered(records, cells, names=("heavy_fire",))
    spell = next(spell for spell in blind_spells(found) if spell.causes)
    assert spell.since == at(20.5)
    assert spell.goes_on


def test_the_health_of_assets(agreement: Agreement) -> None:
    here = about(agreement, 385_000.0, 0.0, 20_000.0)
    records = [
        watched("jammed", "array", (0, 40), here, operator="monitor"),
        watched("jammed", None, (20, 30), Nowhere(), state=ObservationState.JAMMED, reason="noise"),
        watched("silent", "watch", (0, 12), here),
        watched("steady", "watch", (0, 12), here),
        watched("steady", "watch", (12, 40), here),
        watched("satellite", "satellite", (2, 2), square(36.0, 48.0, 2.0)),
        watched("satellite", "satellite", (9, 9.1), square(36.0, 48.0, 2.0)),
        watched("later", "watch", (30, 40), here),
        watched("strange", "gramophone", (0, 40), here),
    ]
    found = {one.asset: one for one in health(Log.of(records, load_makes()), at(24))}
    assert list(found) == ["jammed", "satellite", "silent", "steady", "strange"]
    jammed = found["jammed"]
    assert (jammed.state, jammed.since, jammed.reason) == (ObservationState.JAMMED, at(20), "noise")
    assert jammed.watched_share == pytest.approx(20 / 24)
    assert (jammed.make, jammed.operator, jammed.silent_h) == ("array", "monitor", 0.0)
    silent = found["silent"]
    assert (silent.state, silent.silent_h, silent.last, silent.watched_share) == (None, 12.0, at(12), 0.5)
    steady = found["steady"]
    assert (steady.state, steady.since, steady.watched_share) == (ObservationState.WATCHING, at(0), 1.0)
    assert (found["satellite"].passes, found["satellite"].state) == (2, None)
    assert (found["strange"].make, found["strange"].known) == ("gramophone", False)


def turned(footprint: Footprint) -> Footprint:
    if isinstance(footprint, Disc):
        return Disc(mirrored_lon(footprint.lon), footprint.lat, footprint.radius_m)
    if isinstance(footprint, Area):
        assert isinstance(footprint.geometry, Polygon)
        rings = [[[mirrored_lon(place[0]), place[1]] for place in ring] for ring in footprint.geometry.coordinates]
        return Area(geometry=Polygon(rings))
    return footprint


def test_in_a_mirror_coverage_is_mirrored(agreement: Agreement, tmp_path: Path) -> None:
    areas = {
        name: shapely.transform(area, lambda at: np.column_stack([76.0 - at[:, 0], at[:, 1]]))
        for name, area in AREAS.items()
    }
    other = image("ukraine-hypothetical", tmp_path, areas)
    records = [
        watched("array", "array", (0, 20), about(agreement, 100_000.0, -2_000.0, 30_000.0)),
        watched("camera", "watch", (0, 24), about(agreement, 500_000.0, 3_000.0, 30_000.0)),
        watched("drone", "drone", (3, 6), square(36.5, 47.5, 0.8)),
        watched("camera", None, (5, 9), Nowhere(), state=ObservationState.JAMMED),
        watched("array", None, (2, 12), about(agreement, 110_000.0, 5_000.0, 8_000.0), state=ObservationState.DENIED),
    ]
    there = [msgspec.structs.replace(one, footprint=turned(one.footprint)) for one in records]
    one, two = covered(records, cells_of(agreement)), covered(there, cells_of(other))
    opposite = {(cell.side, round(cell.from_m)): row for row, cell in enumerate(two.cells.cells)}
    sides = {Side.LEFT: Side.RIGHT, Side.RIGHT: Side.LEFT}
    rows = [opposite[sides[cell.side], round(cell.from_m)] for cell in one.cells.cells]
    assert one.share.max() > 0.5
    assert two.share[rows] == pytest.approx(one.share, abs=1e-6)
    spells = [
        {(spell.class_name, spell.side, round(spell.from_m), spell.since, spell.until, spell.causes) for spell in found}
        for found in (blind_spells(one), blind_spells(two))
    ]
    assert spells[0] == {(name, sides[side], *rest) for name, side, *rest in spells[1]}


def test_places_of_a_cell_are_near_it(agreement: Agreement, cells: Cells) -> None:
    line = agreement.lines["contact-line"]
    middle_m = np.array([(one.from_m + one.to_m) / 2 for one in cells.cells])
    lon, lat = line.place(middle_m[cells.cell])
    assert (distance_m(lon, lat, cells.lon, cells.lat) < 8_500.0).all()


def spell(
    begin_h: float, until_h: float, from_km: float, to_km: float, name: str, asset: str | None = "array"
) -> Spell:
    """A blind spell on the left side of the first line."""
    causes = () if asset is None else (Cause(ObservationState.JAMMED, "noise", (asset,)),)
    place = ("contact-line", Side.LEFT, ("pokrovsk",), 1000.0 * from_km, 1000.0 * to_km)
    return Spell(name, *place, at(begin_h), at(until_h), False, False, causes, (0, 1), (0, 1))


def test_spells_that_overlap_in_place_and_time_are_told_as_one() -> None:
    given = [
        spell(1, 3, 10, 20, "flight"),
        spell(2, 5, 20, 30, "heavy_fire", "drone"),
        spell(4, 6, 25, 40, "troops"),
        spell(1, 3, 60, 70, "flight"),
        spell(8, 9, 10, 20, "flight"),
        spell(1, 9, 10, 90, "heat", None),
    ]
    told = blackouts(given)
    assert [(one.from_m / 1000, one.to_m / 1000, one.since, one.until) for one in told] == [
        (10.0, 40.0, at(1), at(6)),
        (60.0, 70.0, at(1), at(3)),
        (10.0, 20.0, at(8), at(9)),
        (10.0, 90.0, at(1), at(9)),
    ]
    assert told[0].class_names == ("flight", "heavy_fire", "troops")
    assert told[0].causes == (Cause(ObservationState.JAMMED, "noise", ("array", "drone")),)
    assert told[3].causes == ()
    assert blackouts(given[::-1]) == told


def test_what_the_record_does_not_tell_apart_is_not_called_quiet(agreement: Agreement, cells: Cells) -> None:
    records = [watched("radar", "radar", (0, 24), about(agreement, 385_000.0, 0.0, 60_000.0))]
    found = covered(records, cells, names=("flight", "small_drone"))
    seen = noticed(agreement, found, [])
    told = {(row.sector, row.class_name): row for row in sums(found, agreement.days, "sector", "whole", seen)}
    drones = told["zaporizhzhia", "small_drone"]
    assert drones.watched is Watched.OBSERVED
    assert (drones.noticed, drones.says) == (None, "observed")
    assert told["zaporizhzhia", "flight"].noticed == 0
    assert {row.class_name for row in trends(found, seen)} == {"flight"}
