"""Reports of an escalation that is none by what was watched, and what the embedded monitor makes of both."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from pipeline.agreement import Agreement
from pipeline.model.footprint import Disc, Nowhere
from pipeline.model.records import Observation
from pipeline.model.watch_terms import ObservationState
from pipeline.store.opening import open_store
from pipeline.store.recorder import Recorder
from pipeline.stream.wire import encode
from tests.monitor.remembering import AREAS, as_bytes
from tests.stream.sharing import NOW
from tests.worlds import DAY, report


def watch(name: str, begin_h: float, hours: float, **fields: Any) -> Observation:
    """An array by the middle of the line, so many hours after the first of March."""
    at = DAY + timedelta(hours=begin_h)
    given: dict[str, Any] = {"state": ObservationState.WATCHING, "footprint": Disc(37.25, 48.35, 40_000.0), **fields}
    return Observation(
        observation_id=f"test:{name}",
        source="test",
        asset="array",
        make="array",
        observed_from=at,
        observed_until=at + timedelta(hours=hours),
        **given,
    )


REPORTS = [
    report(f"{day}-{n}", Disc(37.40 + n * 0.01, 48.34, 50.0), at=timedelta(days=day, hours=8, minutes=20 * n))
    for day, count in enumerate([3] * 10 + [12] * 3)
    for n in range(count)
]
"""More of it from the tenth day on: an escalation, unless more was watched then as well."""

WATCHED = [
    *(watch(f"part{day}", 24 * day, 4 if day < 10 else 24) for day in range(-1, 13)),
    watch("wrong", -24, 24 * 14),
    watch("right", -24, 24 * 14, revises="test:wrong", retracted=True),
    watch("jammed", 30, 2, state=ObservationState.JAMMED, footprint=Nowhere()),
]


LATER = watch("later", 24 * 40, 24)
"""Says nothing of the days of which anything is reported."""


def frame(watched: Sequence[Observation]) -> bytes:
    return b"\n".join(map(encode, watched))


def embedded(folder: Path, agreement: Agreement, watched: Sequence[Observation]) -> bytes:
    with open_store(folder / "embedded.db", write=True) as store:
        Recorder(store, [agreement], AREAS, lambda: NOW).record(REPORTS, (), watched)
        return as_bytes({one.alert_id: one for one in sorted(store.alerts(possible=True), key=lambda a: a.alert_id)})
