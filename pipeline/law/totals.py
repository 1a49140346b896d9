"""Printed totals, held against their parts: what does not add up, by how much, and what adds unlike units.

A figure may be open above ("at least 2,579"). A total disagrees with its parts where no figures that are allowed add up
to it. What the right figure would be is not said: a total may be wrong, or a part, or one may be missing.
"""

import re
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from pipeline.model.term import Term

_FIGURE = re.compile(r"(?P<least>≥|>=|at least )?\s*(?P<digits>\d{1,3}(?:,\d{3}){1,4}|\d{1,15})(?P<rest>\.\d{1,9})?")


class FindingKind(Term):
    """What is odd about a printed total."""

    SUM = "sum", "the total is not the sum of its parts"
    UNITS = "units", "unlike units are added"
    ONE_PART = "one_part", "a single part is no breakdown"


class Figure(NamedTuple):
    """A printed number; `open` where it is a least one."""

    value: Decimal
    open: bool = False

    def __str__(self) -> str:
        return f"{'at least ' if self.open else ''}{self.value:,}"


class PrintedPart(NamedTuple):
    """One part of a total."""

    label: str
    figure: Figure
    unit: str


class Printed(NamedTuple):
    """A printed total with its parts; units and source are empty where they are not given."""

    label: str
    figure: Figure
    unit: str
    source: str
    parts: tuple[PrintedPart, ...]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is odd about one total; numbers are as printed, `difference` is printed less sum."""

    finding: FindingKind
    label: str
    source: str
    says: str
    printed: str
    sum: str
    difference: str
    units: tuple[str, ...]


class FigureError(ValueError):
    """What is no figure."""


def figure(given: Any) -> Figure:
    """A printed number: an int, a decimal, or text such as `8,918`, `at least 2,579`, `≥30`.

    >>> print(figure("≥2,579"), figure(8926))
    at least 2,579 8,926

    Raises:
        FigureError: it is none, or below 0.
    """
    if isinstance(given, int | Decimal) and not isinstance(given, bool):
        value = Decimal(given)
        # Within these bounds sums are exact.
        if not value.is_finite() or value < 0 or value.adjusted() > 15 or len(value.as_tuple().digits) > 24:
            raise FigureError(f"{value:.6g} is no count")
        return Figure(value)
    found = _FIGURE.fullmatch(given.strip()) if isinstance(given, str) else None
    if found is None:
        raise FigureError(f"{str(given)[:40]!r} is no number such as 8,918 or 'at least 30'")
    return Figure(Decimal(found["digits"].replace(",", "") + (found["rest"] or "")), found["least"] is not None)


def check(printed: Printed) -> list[Finding]:
    """What is odd about a printed total; nothing where it is the sum of like parts.

    >>> parts = PrintedPart("from south", figure(7948), ""), PrintedPart("from north", figure(978), "")
    >>> [found.says for found in check(Printed("trajectories", figure(8918), "trajectory", "S/2024/222", parts))]
    ['printed 8,918; its parts, 7,948 + 978, add up to 8,926: the total is 8 below them']
    """
    whole = Figure(
        sum((part.figure.value for part in printed.parts), Decimal()), any(part.figure.open for part in printed.parts)
    )
    kinds = {FindingKind.SUM: _sum(printed, whole), FindingKind.UNITS: _units(printed)}
    if len(printed.parts) == 1:
        kinds[FindingKind.ONE_PART] = FindingKind.ONE_PART.meaning
    return [
        Finding(
            finding=kind,
            label=printed.label,
            source=printed.source,
            says=says,
            printed=str(printed.figure),
            sum=str(whole),
            difference=f"{printed.figure.value - whole.value:+,}",
            units=tuple(_units_of(printed)),
        )
        for kind, says in kinds.items()
        if says
    ]


def _sum(printed: Printed, whole: Figure) -> str:
    away = printed.figure.value - whole.value
    fits = away == 0 or (away > 0 and whole.open) or (away < 0 and printed.figure.open)
    if fits:
        return ""
    told = " + ".join(str(part.figure) for part in printed.parts)
    side = "below" if away < 0 else "above"
    return f"printed {printed.figure}; its parts, {told}, add up to {whole}: the total is {abs(away):,} {side} them"


def _units(printed: Printed) -> str:
    units = _units_of(printed)
    if len(units) < 2:
        return ""
    told = ", ".join(f"{part.figure} {part.unit or printed.unit or '(no unit)'}" for part in printed.parts)
    return f"unlike units stand in one sum: the total counts {printed.unit or '(no unit)'}, its parts {told}"


def _units_of(printed: Printed) -> list[str]:
    """The units that are named, the total's first; a part that names none has the total's."""
    return list(dict.fromkeys(unit for unit in (printed.unit, *(part.unit for part in printed.parts)) if unit))
