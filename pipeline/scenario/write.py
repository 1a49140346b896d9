"""A scenario in a folder: reports.ndjson, truth.ndjson and scenario.json."""

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from pipeline.agreement import Agreement
from pipeline.model.report import Time
from pipeline.monitor.parameters import Parameters
from pipeline.scenario.catalogue import scenario_named
from pipeline.scenario.generate import default_begin, generate

REPORTS, TRUTH, ABOUT = "reports.ndjson", "truth.ndjson", "scenario.json"

Progress = Callable[[int, int], None]
"""Called now and then with how many reports and true incidents are written."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What scenario.json says: how the folder came to be, so that it can be made again, and how much is in it.

    Attributes:
        reports_wanted: as asked for; null for one day.
        unseen: true incidents that nobody reported.
        violating: true incidents that broke a provision.
        parameters: how often each kind of incident happens in a day.
        judged_by: the monitor's core and figures by which the violations were judged.
    """

    name: str
    title: str
    seed: int
    agreement: str
    agreement_version: str
    begin: Time
    end: Time
    reports_wanted: int | None
    reports: int
    incidents: int
    unseen: int
    violating: int
    parameters: dict[str, Any]
    judged_by: str
    truceline: str


def write_scenario(
    folder: Path,
    name: str,
    seed: int,
    agreement: Agreement,
    reports: int | None = None,
    begin: datetime | None = None,
    progress: Progress | None = None,
) -> Written:
    """Plays a scenario into a folder, which is made where it is missing. Takes what `generate` takes.

    scenario.json is written last: a folder without it is unfinished.

    Raises:
        ScenarioError: an unknown scenario, or figures or an agreement with which it cannot be played.
        OSError: the folder cannot be written.
    """
    chunks = generate(name, seed, agreement, reports, begin)
    start = (begin or default_begin(agreement)).astimezone(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ABOUT).unlink(missing_ok=True)
    made = happened = seen = violating = 0
    end = start
    with (folder / REPORTS).open("wb") as report_file, (folder / TRUTH).open("wb") as truth_file:
        for chunk in chunks:
            report_file.write(_joined(chunk.reports))
            truth_file.write(_joined(chunk.truth))
            made, happened = made + len(chunk.reports), happened + len(chunk.truth)
            seen, violating, end = seen + chunk.seen, violating + chunk.violating, chunk.until
            if progress is not None:
                progress(made, happened)
    scenario = scenario_named(name)
    written = Written(
        name=name,
        title=scenario.title,
        seed=seed,
        agreement=agreement.name,
        agreement_version=agreement.version,
        begin=start,
        end=end,
        reports_wanted=reports,
        reports=made,
        incidents=happened,
        unseen=happened - seen,
        violating=violating,
        parameters={"incidents_per_day": scenario.per_day, "exchanges_per_day": scenario.exchanges_per_day},
        judged_by=Parameters().judged_by,
        truceline=version("truceline"),
    )
    (folder / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n")
    return written


def _joined(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode() if lines else b""
