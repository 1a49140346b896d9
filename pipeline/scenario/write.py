"""A scenario in a folder: its reports and observations, its observers, what was true, and how it came to be."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from operator import add
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.agreement import Agreement
from pipeline.model.report import Time
from pipeline.monitor.parameters import Parameters
from pipeline.recon.makes import read_makes
from pipeline.scenario.catalogue import Scenario, scenario_named
from pipeline.scenario.fielded import as_toml
from pipeline.scenario.generate import INVENTED, NO_COPY, Chunk, default_begin, generate, observers

REPORTS, TRUTH, INVENTIONS = "reports.ndjson", "truth.ndjson", "invented.ndjson"
OBSERVATIONS, ASSETS = "observations.ndjson", "assets.toml"
MAKES = "makes.toml"
"""How well the observers noticed things, where it was not as the shipped makes say."""
ABOUT = "scenario.json"

SHIPPED = "shipped"
"""In place of a file of makes."""

Progress = Callable[[int, int], None]
"""Called now and then with how many reports and true incidents are written."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What scenario.json says: how the folder came to be, so that it can be made again, and how much is in it.

    Attributes:
        reports_wanted: as asked for; null for one day.
        unseen: true incidents that nobody reported.
        violating: true incidents that broke a provision.
        copies: reports that copy another.
        inventions: things that never happened, of which a report tells; invented: the reports that do.
        observations: records of who watched what, and who could not.
        files: what else is in the folder, by name.
        makes: `shipped`, or the file of makes by which the observers noticed things, whatever coverage assumes.
        parameters: how often each kind of incident happens in a day, and what the observers have to cope with.
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
    copies: int
    inventions: int
    invented: int
    observations: int
    files: tuple[str, ...]
    makes: str
    parameters: dict[str, Any]
    judged_by: str
    truceline: str


def write_scenario(
    folder: Path,
    name: str | Scenario,
    seed: int,
    agreement: Agreement,
    reports: int | None = None,
    begin: datetime | None = None,
    progress: Progress | None = None,
    makes: bytes | None = None,
) -> Written:
    """Plays a scenario into a folder, which is made where it is missing. Takes what `generate` takes.

    scenario.json is written last: a folder without it is unfinished.

    Args:
        makes: a file of makes, by which the observers notice things in place of the shipped one; it is kept.

    Raises:
        ScenarioError: an unknown scenario, or figures or an agreement with which it cannot be played.
        ValueError: what is wrong with the makes.
        OSError: the folder cannot be written.
    """
    chunks = generate(name, seed, agreement, reports, begin, read_makes(makes) if makes is not None else None)
    start = (begin or default_begin(agreement)).astimezone(UTC)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ABOUT).unlink(missing_ok=True)
    (folder / ASSETS).write_bytes(as_toml(observers(name, seed, agreement)))
    (folder / MAKES).unlink(missing_ok=True)
    if makes is not None:
        (folder / MAKES).write_bytes(makes)
    tally, end = _play(folder, chunks, start, progress)
    scenario = scenario_named(name)
    written = Written(
        name=scenario.name,
        title=scenario.title,
        seed=seed,
        agreement=agreement.name,
        agreement_version=agreement.version,
        begin=start,
        end=end,
        reports_wanted=reports,
        reports=tally.reports,
        incidents=tally.incidents,
        unseen=tally.incidents - tally.seen,
        violating=tally.violating,
        copies=tally.copies,
        inventions=tally.inventions,
        invented=tally.invented,
        observations=tally.observations,
        files=(REPORTS, TRUTH, INVENTIONS, OBSERVATIONS, ASSETS, *([] if makes is None else [MAKES])),
        makes=SHIPPED if makes is None else MAKES,
        parameters=_parameters(scenario),
        judged_by=Parameters().judged_by,
        truceline=version("truceline"),
    )
    (folder / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n")
    return written


class _Tally(NamedTuple):
    reports: int = 0
    incidents: int = 0
    seen: int = 0
    violating: int = 0
    copies: int = 0
    inventions: int = 0
    invented: int = 0
    observations: int = 0

    def and_of(self, chunk: Chunk) -> "_Tally":
        more = (
            len(chunk.reports),
            len(chunk.truth),
            chunk.seen,
            chunk.violating,
            int((chunk.copies != NO_COPY).sum()),
            len(chunk.invented),
            int((chunk.incident == INVENTED).sum()),
            len(chunk.observations),
        )
        return _Tally._make(map(add, self, more))


def _play(folder: Path, chunks: Iterable[Chunk], start: datetime, progress: Progress | None) -> tuple[_Tally, datetime]:
    """Writes a scenario's lines as they come; how many there are, and to where it has got."""
    tally, end = _Tally(), start
    with (
        (folder / REPORTS).open("wb") as report_file,
        (folder / TRUTH).open("wb") as truth_file,
        (folder / INVENTIONS).open("wb") as invented_file,
        (folder / OBSERVATIONS).open("wb") as observation_file,
    ):
        for chunk in chunks:
            report_file.write(_joined(chunk.reports))
            truth_file.write(_joined(chunk.truth))
            invented_file.write(_joined(chunk.invented))
            observation_file.write(_joined(chunk.observations))
            tally, end = tally.and_of(chunk), chunk.until
            if progress is not None:
                progress(tally.reports, tally.incidents)
    return tally, end


def _parameters(scenario: Scenario) -> dict[str, Any]:
    """The scenario's figures, by the names of its fields."""
    figures: dict[str, Any] = msgspec.structs.asdict(scenario)
    return {name: figure for name, figure in figures.items() if name not in ("name", "title", "description")}


def _joined(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode() if lines else b""
