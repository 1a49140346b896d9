"""A clock that is put forward and back under a running worker: the alerts are right all the same, and it goes on."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.needs import libfaketime
from tests.stream.talking import settings_for, until
from tests.stream.working import Case, made, revisions, shuffled

REPORTS = 1_500
FORWARD, BACK = timedelta(days=2), timedelta(hours=-1)


class Clock(NamedTuple):
    """Another clock than ours: the environment of a process that goes by it, and the file that says how far off it is.

    CLOCK_MONOTONIC is left alone, as it is when a machine's clock is set. libfaketime then fails at sleeping until a
    time of that clock, which is how Python sleeps; so Python sleeps by `select` there.
    """

    environment: dict[str, str]
    offset: Path

    def put(self, off: timedelta) -> None:
        """Puts it forward or back against ours."""
        beside = self.offset.with_suffix(".new")
        beside.write_text(f"{off.total_seconds():+.0f}s\n")
        beside.replace(self.offset)


@pytest.fixture
def clock(require: Callable[[str], None], tmp_path: Path) -> Clock:
    require("faketime")
    site = tmp_path / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(
        "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds)\n"
    )
    offset = tmp_path / "offset"
    environment = {
        "LD_PRELOAD": str(libfaketime()),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "PYTHONPATH": str(site),
    }
    made = Clock(environment, offset)
    made.put(timedelta())
    return made


def test_a_clock_that_jumps_changes_no_alert_and_ends_no_worker(kafka: str, tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "scenario").mkdir()
    case = Case(settings_for(kafka, partitions=2), tmp_path, made(tmp_path / "scenario", "escalation", 5, REPORTS))
    given, began = shuffled(case.reports, seed=2), datetime.now(UTC)

    def decided(off: timedelta) -> bool:
        """Whether something was decided at a time that only the other clock can have."""
        at = [said.decided_at - began for said in revisions(case.settings)]
        return any(one > off / 2 if off > timedelta() else one < off / 2 for one in at)

    with case.worker(**clock.environment) as worker:
        case.send(given[0::4], frame=20)
        until(lambda: len(revisions(case.settings)) > 2)
        assert not decided(FORWARD)
        assert not decided(BACK)
        for off, some in ((FORWARD, given[1::4]), (BACK, given[2::4])):
            clock.put(off)
            case.send(some, frame=20)
            until(lambda off=off: decided(off))  # type: ignore[misc]
            assert worker.process.poll() is None, "it should go on"
        worker.kill()
        shutil.rmtree(worker.state)
        clock.put(FORWARD)
        worker.again()
        case.send(given[3::4], frame=20)
        case.until_right()
        assert worker.stop() == 0
