"""Binding a mapping's cells to the columns of a table: what is wrong shows before the first row is read."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pipeline.gazetteer import Gazetteer, NamedArea
from pipeline.model.taxonomy import RejectReason
from pipeline.model.term import Term
from pipeline.sources.base import InputError, RowError
from pipeline.sources.cells import finite
from pipeline.sources.csv_mapping import AreaCell, Cell, Number, NumberCell, Place, Text
from pipeline.sources.remembering import Remembered

T = TypeVar("T")
AnyTerm = TypeVar("AnyTerm", bound=Term)
Fields = list[str]
Getter = Callable[[Fields], T | None]
"""A row's value of one field, None where it has none; raises RowError."""
Parse = Callable[[object], T]
"""Makes a value of a cell's text or of what a mapping states; raises ValueError, or RowError with its own reason."""

REMEMBERED = 4_096
"""How many cells of a column are remembered: most columns have few that differ."""
_UNKNOWN = (RejectReason.UNKNOWN_TERM, RejectReason.UNKNOWN_AREA)
_INTERVAL = re.compile(r"\s*([0-9.]+)\s*(?:-|–|—|to)\s*([0-9.]+)\s*")


class Binder:
    """The mapping at `path`, bound to a table with these columns."""

    def __init__(self, path: Path, file: str, columns: Sequence[str], gazetteer: Gazetteer) -> None:
        self.gazetteer = gazetteer
        self._path = path
        self._file = file
        self._columns = columns

    def wrong(self, key: str, message: str) -> InputError:
        """The error that points at `key` of the mapping."""
        return InputError(f"{self._path}: key {key}: {message}")

    def column(self, key: str, name: str) -> int:
        """The index of the column that `key` names."""
        found = [at for at, column in enumerate(self._columns) if column == name]
        if len(found) == 1:
            return found[0]
        problem = "has no such column" if not found else f"has {len(found)} columns of that name"
        listed = ", ".join(repr(column) for column in self._columns[:100])
        raise self.wrong(
            key,
            f"{name!r}: {self._file} {problem}. Its columns are {listed}. Mend the name, or write "
            f"{{ value = {name!r} }} for what is the same in every row.",
        )

    def cell(self, key: str, spec: str | float | Cell, parse: Parse[T], others: bool = False) -> Getter[T]:
        """What `spec` stands for: a column by its name, a number, or a table.

        With `others`, a word that the table of values does not have is parsed like any cell; else it is rejected.
        """
        if isinstance(spec, str):
            spec = Cell(column=spec)
        elif not isinstance(spec, Cell):
            spec = Cell(value=spec)
        if (spec.column is None) == (spec.value is None):
            raise self.wrong(key, "give either a column or a value")
        if spec.value is not None:
            constant = self._stated(f"{key}.value", spec.value, parse)
            return lambda _fields: constant
        assert spec.column is not None
        at = self.column(f"{key}.column", spec.column)
        default = None if spec.default is None else self._stated(f"{key}.default", spec.default, parse)
        words = {word: self._stated(f"{key}.values.{word!r}", value, parse) for word, value in spec.values.items()}
        return _column_getter(key, spec.column, at, parse, _Words(words, others), default)

    def number(self, key: str, spec: Number) -> Getter[float]:
        """A finite number; the mapping's own numbers are not multiplied by the factor."""
        factor = spec.factor if isinstance(spec, NumberCell) else 1.0

        def parse(value: object) -> float:
            return finite(value, key) * factor if isinstance(value, str) else _stated_number(value)

        return self.cell(key, spec, parse)

    def interval(self, key: str, spec: str | NumberCell) -> Getter[tuple[float, float]]:
        """Two numbers in one cell, such as `1-5`."""
        factor = spec.factor if isinstance(spec, NumberCell) else 1.0

        def parse(value: object) -> tuple[float, float]:
            match = _INTERVAL.fullmatch(str(value))
            if match is None:
                raise ValueError(f"{str(value)[:80]!r} is no interval such as '1-5'")
            return finite(match[1], key) * factor, finite(match[2], key) * factor

        return self.cell(key, spec, parse)

    def text(self, key: str, spec: Text) -> Getter[str]:
        """A text as it stands."""
        return self.cell(key, spec, _text)

    def term(self, key: str, spec: Text, terms: type[AnyTerm]) -> Getter[AnyTerm]:
        """A term of the taxonomy."""
        return self.cell(key, spec, lambda value: as_term(value, terms, key))

    def area(self, key: str, spec: Place) -> Getter[NamedArea]:
        """An area of the gazetteer."""
        country = spec.country if isinstance(spec, AreaCell) else None

        def parse(value: object) -> NamedArea:
            name = _text(value)
            found = self.gazetteer.areas.get(name) or self.gazetteer.find(name, country)
            if found is None:
                raise RowError(key, RejectReason.UNKNOWN_AREA, f"{name[:80]!r} is not in the gazetteer")
            return found

        return self.cell(key, spec, parse, others=True)

    def _stated(self, key: str, value: Any, parse: Parse[T]) -> T:
        try:
            return parse(value)
        except (ValueError, RowError) as error:
            raise self.wrong(key, str(error)) from error


class _Words:
    """What a column's words stand for, whatever their case; of several beginnings the longest holds.

    `closed` is whether a word that is not listed is unknown, rather than parsed.
    """

    def __init__(self, words: dict[str, Any], others: bool) -> None:
        self.closed = bool(words) and not others
        plain = {" ".join(word.casefold().split()): value for word, value in words.items()}
        self._whole = {word: value for word, value in plain.items() if not word.endswith("*")}
        beginnings = ((word[:-1], value) for word, value in plain.items() if word.endswith("*"))
        self._beginnings = sorted(beginnings, key=lambda beginning: -len(beginning[0]))

    def __bool__(self) -> bool:
        return bool(self._whole or self._beginnings)

    def find(self, text: str) -> tuple[Any, bool]:
        """The value for `text`, and whether there is one."""
        word = " ".join(text.casefold().split())
        if word in self._whole:
            return self._whole[word], True
        for beginning, value in self._beginnings:
            if word and word.startswith(beginning):
                return value, True
        return None, False


def _column_getter(key: str, column: str, at: int, parse: Parse[T], words: _Words, default: T | None) -> Getter[T]:
    def value_of(cell: str) -> T | None:
        text = cell.strip()
        if words:
            value, known = words.find(text)
            if known:
                return value  # type: ignore[no-any-return]
        if words.closed:
            if default is None and text:
                detail = f"column {column!r}: the mapping's values do not have {text[:80]!r}"
                raise RowError(key, RejectReason.UNKNOWN_TERM, detail)
            return default
        if not text:
            return default
        try:
            return parse(text)
        except RowError as error:
            if error.problem.reason in _UNKNOWN and default is not None:
                return default
            raise RowError(key, error.problem.reason, f"column {column!r}: {error.problem.detail}") from error
        except ValueError as error:
            raise RowError(key, RejectReason.BAD_VALUE, f"column {column!r}: {error}") from error

    values = Remembered(value_of, REMEMBERED)
    return lambda fields: values[fields[at]]


def as_term(value: object, terms: type[AnyTerm], key: str) -> AnyTerm:
    """The term, or a RowError that lists those there are."""
    try:
        word = _text(value).lower()
        return next(term for term in terms if term.value == word)
    except StopIteration:
        listed = ", ".join(term.value for term in terms)
        raise RowError(key, RejectReason.UNKNOWN_TERM, f"{str(value)[:80]!r} is none of {listed}") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")
    return value


def _stated_number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e15:
        raise ValueError(f"{value!r} is no number")
    return float(value)
