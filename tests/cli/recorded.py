"""Stores with alerts in them, made by the recorder from invented reports under an invented agreement."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

from pipeline.agreement import load_agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Area, Bearing, Disc, Polygon
from pipeline.model.report import Attribution, Count, Report
from pipeline.model.taxonomy import Activity, Basis, CountUnit, Weapon
from pipeline.store import Recorder, open_store
from tests.law.standing import SECTORS
from tests.worlds import report, write_world

HOSTILE = "shots \x1b[2J\x07heard \u202egnihtyna <img src=x onerror=\"document.title='owned'\"> [red]</script>\x9b31m"

PLACES = f"""{SECTORS}
[[lines.sectors]]
id = "east"
name = "East"
from = "easttown"
to = "end"
[[readings]]
id = "a-reads"
party = "a"
provision = "ceasefire"
says = "Only fire across the line counts."
source = "made-up"
confidence = "low"
"""

CLEAR = report(
    1, Disc(37.6, 48.25, 300.0), text=HOSTILE, observer="Patrol 7", ledger="independent", at=timedelta(hours=9)
)
BROAD = report(2, Area(area_id="ua-donetsk"), at=timedelta(hours=10), lasting=timedelta(days=3), ledger="independent")
SECTOR = report(
    3,
    Bearing(37.5, 48.2, 1_000.0, 5_000.0, ((33.75, 146.25),)),
    at=timedelta(hours=11),
    count=Count(20, None, CountUnit.EXPLOSION),
    ledger="party:a",
    attribution=Attribution("b", "Party A's staff", Basis.STATEMENT),
)
GUNS = report(
    4,
    Disc(37.60039, 48.37064, 20.0),
    Activity.WEAPON_PRESENCE,
    at=timedelta(hours=14),
    weapons=(Weapon.ARTILLERY, Weapon.MORTAR),
    calibre_mm=122.0,
)
EARLY = report(5, Disc(37.6, 48.2, 20_000.0), at=timedelta(hours=5), lasting=timedelta(hours=2), ledger="independent")
PAUSED = report(6, Disc(37.7, 48.2, 100.0), at=timedelta(hours=11, minutes=30), lasting=timedelta(hours=1))
BOX = report(
    7,
    Area(geometry=Polygon([[[37.5, 48.1], [37.9, 48.1], [37.9, 48.4], [37.5, 48.4], [37.5, 48.1]]])),
    Activity.UNKNOWN,
    at=timedelta(hours=16),
    ledger="independent",
)
ALL = (CLEAR, BROAD, SECTOR, GUNS, EARLY, PAUSED, BOX)


def agreement_file(folder: Path, *, hypothetical: bool = False) -> Path:
    """The invented agreement, with named places along its line and a reading."""
    folder.mkdir(exist_ok=True)
    path = write_world(folder, extra=PLACES)
    if hypothetical:
        path.write_text(path.read_text().replace("format = 1", "format = 1\nhypothetical = true"))
    return path


def record(store: Path, agreement: Path, reports: Iterable[Report] = ALL) -> Path:
    """A store in which some reports were judged."""
    with open_store(store, write=True) as opened:
        Recorder(opened, [load_agreement(agreement)], load_gazetteer().outlines).record(list(reports))
    return store
