"""A scenario's folder, read back: what was true, and which reports tell of the same thing."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from pipeline.model.report import Time
from pipeline.scenario.truth import Invention, TrueIncident
from pipeline.scenario.write import ABOUT, INVENTIONS, TRUTH

T = TypeVar("T")


class FolderError(ValueError):
    """A folder that holds no finished scenario, or one that cannot be read."""


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """What of scenario.json a score needs."""

    name: str
    seed: int
    agreement: str
    agreement_version: str
    begin: Time
    end: Time

    @property
    def days(self) -> float:
        """How long it goes on."""
        return (self.end - self.begin).total_seconds() / 86_400.0


class Truth(msgspec.Struct, frozen=True, dict=True):
    """What was true in a scenario.

    A *group* is what reports may truly have in common: a true incident or an invention. Groups are numbered, true
    incidents first, in their order of time, then the inventions.
    """

    played: Played
    incidents: Sequence[TrueIncident]
    inventions: Sequence[Invention]

    @cached_property
    def group_of(self) -> Mapping[str, int]:
        """The group of each report, by its id."""
        groups = [*(one.report_ids for one in self.incidents), *(one.report_ids for one in self.inventions)]
        return {name: number for number, report_ids in enumerate(groups) for name in report_ids}

    def broken(self, agreement: str) -> dict[int, frozenset[str]]:
        """The provisions of an agreement that each true incident broke, by its group; the others are left out."""
        found = (
            (number, frozenset(one.provision for one in incident.violations if one.agreement == agreement))
            for number, incident in enumerate(self.incidents)
            if incident.violations
        )
        return {number: provisions for number, provisions in found if provisions}


def read_truth(folder: Path) -> Truth:
    """Reads a scenario's folder. One that was made before there were inventions has none.

    Raises:
        FolderError: it is no folder of a finished scenario, or a file in it is damaged.
    """
    if not (folder / ABOUT).is_file():
        raise FolderError(
            f"{folder}: there is no finished scenario here ({ABOUT} is missing); "
            "make one with `truceline scenario make NAME --seed N -o FOLDER`"
        )
    return Truth(
        _decoded(folder / ABOUT, msgspec.json.Decoder(Played).decode),
        _decoded(folder / TRUTH, msgspec.json.Decoder(TrueIncident).decode_lines),
        _decoded(folder / INVENTIONS, msgspec.json.Decoder(Invention).decode_lines)
        if (folder / INVENTIONS).exists()
        else [],
    )


def _decoded(path: Path, decode: Callable[[bytes], T]) -> T:
    try:
        return decode(path.read_bytes())
    except OSError as error:
        raise FolderError(f"{path}: cannot be read: {error.strerror or error}") from error
    except msgspec.MsgspecError as error:
        raise FolderError(f"{path}: this is not as a scenario writes it: {error}") from error
