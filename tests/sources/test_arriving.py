"""A record that is played comes in the order in which it was told, and what was planned holds nothing up."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.sources.arriving import arriving
from pipeline.sources.inputs import open_input
from tests.cli.driving import line

DAY = "2016-03-01T"


def watched(number: int, begin: str, until: str, **fields: Any) -> bytes:
    said: dict[str, Any] = {
        "observation_id": f"test:w{number}",
        "source": "test",
        "asset": "mast",
        "state": "watching",
        "observed_from": begin,
        "observed_until": until,
        "footprint": {"kind": "nowhere"},
    }
    return msgspec.json.encode({**said, **fields}) + b"\n"


@pytest.mark.parametrize(
    "given",
    [
        # A plan, told the day before.
        watched(1, "2016-03-02T00:00:00Z", "2016-03-03T00:00:00Z", received_at=f"{DAY}08:00:00Z"),
        watched(1, "2016-03-02T00:00:00Z", "2016-03-03T00:00:00Z", published_at=f"{DAY}08:00:00Z"),
        # A whole day's watch, of which nobody says when it was told.
        watched(1, f"{DAY}00:00:00Z", "2016-03-02T00:00:00Z"),
        # One that was received years later.
        watched(1, f"{DAY}07:00:00Z", f"{DAY}08:00:00Z", received_at="2024-03-01T08:00:00Z"),
    ],
)
def test_observations_hold_no_report_up(tmp_path: Path, given: bytes) -> None:
    """Without that, the test would take a day."""
    (tmp_path / "a.ndjson").write_bytes(line(1, observed_from=f"{DAY}08:00:00Z", observed_until=f"{DAY}08:00:00Z"))
    with (tmp_path / "a.ndjson").open("ab") as more:
        more.write(given + line(2, observed_from=f"{DAY}08:00:00Z", observed_until=f"{DAY}08:00:00Z"))
    (one,) = open_input(str(tmp_path / "a.ndjson"))
    rows = [row for row in arriving(one, 0.05, 1.0) if row is not None]
    assert [len(row.reports) + 2 * len(row.observations) for row in rows] == [1, 2, 1]


def test_an_observation_comes_when_it_was_told(tmp_path: Path) -> None:
    """Half an hour at 36,000 times real time is a twentieth of a second: what was gathered goes on before."""
    first = watched(1, f"{DAY}06:00:00Z", f"{DAY}09:00:00Z", received_at=f"{DAY}07:00:00Z")
    second = watched(2, f"{DAY}06:00:00Z", f"{DAY}09:00:00Z", received_at=f"{DAY}07:30:00Z")
    (tmp_path / "a.ndjson").write_bytes(first + second)
    (one,) = open_input(str(tmp_path / "a.ndjson"))
    rows = list(arriving(one, 0.001, 36_000.0))
    assert rows[0] is not None
    assert rows[1] is None
    assert rows[-1] is not None
