"""The observation log that a command is given: of a question about some hours no more is read than bears on it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from pipeline.agreement import load_agreement
from pipeline.cli.watch_log import Given, Period, given, span_of
from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Nowhere
from pipeline.model.records import Observation
from pipeline.model.watch_terms import ObservationState
from pipeline.recon.cells import cells_of
from pipeline.recon.coverage import coverage
from pipeline.recon.log import Log, standing
from pipeline.store import Recorder, open_store
from tests.cli.driving import Cli
from tests.cli.test_recon_coverage import ALONG, write
from tests.recon.watching import at, watched

TOLD = at(3_000)
"""Long after: all of it is over by then."""

MONTH = [
    watched(
        f"array-{number}",
        "array",
        (6 * part, 6 * part + 6),
        place,
        received_at=TOLD,
        observation_id=f"test:month-{number}-{part}",
    )
    for number, place in enumerate(ALONG)
    for part in range(120)
]
LATE = 700.0
BLIND = watched("array-2", None, (LATE - 3, LATE + 2), Nowhere(), state=ObservationState.JAMMED, received_at=TOLD)
ASKED = Period(at(LATE - 24), at(LATE))
TAKEN_BACK = [
    watched(
        "array-0", "array", (-99, 2_000), ALONG[0], observation_id="test:withdrawn", received_at=TOLD, retracted=True
    ),
    watched("array-0", "array", (-99, 2_000), ALONG[0], received_at=TOLD, observation_id="test:revised"),
    watched(
        "array-0", "array", (24, 48), ALONG[0], received_at=TOLD, observation_id="test:instead", revises="test:revised"
    ),
]
"""The array was there for longer than that, or so it was said; and it is no longer said."""


def of_store(path: Path, world: Path, observations: Sequence[Observation]) -> Path:
    with open_store(path, write=True) as opened:
        Recorder(opened, [load_agreement(world)], load_gazetteer().outlines).record([], observations=observations)
    return path


def read(path: Path, world: Path) -> Given:
    return given(None, [str(path)], str(world), None)


def test_a_day_reads_no_month_and_sees_the_same(world: Path, tmp_path: Path) -> None:
    log = [*MONTH, BLIND]
    from_file = read(write(tmp_path / "log.ndjson", log), world)
    whole = Log.of(log, from_file.makes, from_file.agreement.areas)
    cells, names = cells_of(from_file.agreement), [one.name for one in from_file.makes.classes]
    every = coverage(whole, cells, names, *ASKED, 900)
    with open_store(of_store(tmp_path / "log.db", world, log)) as opened:
        for one in (from_file, given(opened, None, str(world), None)):
            records = one.records.about(ASKED, one.makes)
            assert len(records) < len(log) / 2
            assert min(record.observed_until for record in records) >= at(LATE - 9 * 24)
            found = coverage(one.log(ASKED), cells, names, *ASKED, 900)
            assert np.array_equal(found.share, every.share)
            assert np.array_equal(found.told, every.told)


def test_what_begins_in_a_period_is_still_noticed_when_it_is_over(world: Path, tmp_path: Path) -> None:
    one = read(write(tmp_path / "log.ndjson", MONTH), world)
    over = ASKED.until + timedelta(seconds=max(of.lasts_s[1] for of in one.makes.classes))
    read_ids = {record.observation_id for record in one.records.about(ASKED, one.makes)}
    bearing = {record.observation_id for record in MONTH if ASKED.until <= record.observed_from <= over}
    assert bearing
    assert bearing <= read_ids


def test_what_was_taken_back_bounds_no_log(world: Path, tmp_path: Path) -> None:
    log = [*MONTH[:8], *TAKEN_BACK]
    from_file = read(write(tmp_path / "log.ndjson", log), world)
    assert (from_file.first, from_file.last) == (at(0), at(48))
    with open_store(of_store(tmp_path / "log.db", world, log)) as opened:
        from_store = given(opened, None, str(world), None)
    assert (from_store.first, from_store.last) == (at(0), at(48))


@pytest.mark.parametrize(("received", "last"), [(None, 48), (at(2), 6), (at(10), 10), (at(60), 48)])
def test_what_was_yet_to_come_when_it_was_told_does_not_count(received: datetime | None, last: float) -> None:
    plan = watched("array-0", "array", (6, 48), ALONG[0], received_at=received)
    assert span_of(standing([plan])) == Period(at(6), at(last))


def test_no_log_has_no_span() -> None:
    assert span_of([]) is None


def test_who_fell_silent_days_before_is_still_known(cli: Cli, world: Path, tmp_path: Path) -> None:
    """Of three days of jamming nothing but the records before them says what the asset would have watched."""
    before = [watched("array-2", "array", (0, 24), ALONG[2])]
    jammed = watched("array-2", None, (24, 96), Nowhere(), state=ObservationState.JAMMED, reason="noise")
    log = [*before, jammed, watched("gone", "array", (0, 24), ALONG[0])]
    asked = ("recon", "coverage", "-a", world, "--log", write(tmp_path / "log.ndjson", log), "--class", "heavy_fire")
    told = cli(*asked, "--hours", "12")
    assert told.code == 0
    assert "array-2" in told.out
    assert "jammed (noise)" in told.out
    assert "gone" in told.out, "silent for three days"
    assert "the make is not known" not in told.err
