"""Reading printed totals: a TOML or a CSV file, each fault with its row and field."""

import csv
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from pipeline.law.totals import Figure, FigureError, Printed, PrintedPart, figure

MAX_BYTES = 16 << 20
MAX_TEXT = 500
_TOTAL = ("label", "printed", "unit", "source", "parts")
_PART = ("label", "number", "unit")
_COLUMNS = ("label", "printed", "part", "number", "unit", "source")
_NEEDED = ("label", "printed", "part", "number")


class TotalsError(ValueError):
    """A file of totals that cannot be read; the message names file, row and field."""

    def __init__(self, file: str, row: str, field: str, what: str) -> None:
        super().__init__(": ".join(part for part in (file, row, field, what) if part))


def read_totals(file: str, raw: bytes) -> list[Printed]:
    """The printed totals of a file's bytes; its name, which errors give, says whether it is TOML or CSV.

    Raises:
        TotalsError: it cannot be read.
    """
    if len(raw) > MAX_BYTES:
        raise TotalsError(file, "", "", f"larger than {MAX_BYTES >> 20} MiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TotalsError(file, "", "", f"byte {error.start} is not UTF-8") from error
    ending = file.lower().rpartition(".")[2]
    if ending not in ("toml", "csv"):
        raise TotalsError(file, "", "", "its name ends neither in .toml nor in .csv")
    found = _of_toml(file, text) if ending == "toml" else _of_csv(file, text)
    if not found:
        raise TotalsError(file, "", "totals", "no printed total is in it")
    return found


def _of_toml(file: str, text: str) -> list[Printed]:
    try:
        told = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, ArithmeticError, RecursionError, ValueError) as error:
        raise TotalsError(file, "", "", f"no TOML: {error}") from error
    tables = _tables(file, "", "totals", told.get("totals", []))
    unknown = told.keys() - {"totals"}
    if unknown:
        raise TotalsError(file, "", min(unknown), "no such key; there is only [[totals]]")
    return [_total(file, f"totals[{number}]", table) for number, table in enumerate(tables, 1)]


def _total(file: str, row: str, table: Mapping[str, Any]) -> Printed:
    _check_keys(file, row, table, _TOTAL)
    told = _tables(file, row, "parts", table.get("parts", []))
    if not told:
        raise TotalsError(file, row, "parts", "missing")
    parts = []
    for number, part in enumerate(told, 1):
        at = f"{row}.parts[{number}]"
        _check_keys(file, at, part, _PART)
        parts.append(
            PrintedPart(
                _text(file, at, part, "label"), _figure(file, at, part, "number"), _text(file, at, part, "unit", "")
            )
        )
    return Printed(
        _text(file, row, table, "label"),
        _figure(file, row, table, "printed"),
        _text(file, row, table, "unit", ""),
        _text(file, row, table, "source", ""),
        tuple(parts),
    )


def _tables(file: str, row: str, field: str, value: Any) -> Sequence[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
        raise TotalsError(file, row, field, "should be an array of tables")
    return value


def _check_keys(file: str, row: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise TotalsError(file, row, key, f"no such key; there are {', '.join(known)}")


def _text(file: str, row: str, table: Mapping[str, Any], field: str, default: str | None = None) -> str:
    value = table.get(field, default)
    if value is None or (default is None and value == ""):
        raise TotalsError(file, row, field, "missing")
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise TotalsError(file, row, field, f"should be text of up to {MAX_TEXT} characters")
    return " ".join(value.split())


def _figure(file: str, row: str, table: Mapping[str, Any], field: str) -> Figure:
    value = table.get(field)
    if value is None or value == "":
        raise TotalsError(file, row, field, "missing")
    try:
        return figure(value)
    except FigureError as error:
        raise TotalsError(file, row, field, str(error)) from error


def _of_csv(file: str, text: str) -> list[Printed]:
    """A row for each part; rows of one label and source are of one total, whose unit a row without a part gives."""
    reader = csv.DictReader((f"{line}\n" for line in text.split("\n")), strict=True)
    totals: dict[tuple[str, str], _Gathered] = {}
    number = 0
    try:
        names = reader.fieldnames or []
        for name in names:
            if name not in _COLUMNS:
                raise TotalsError(file, "headings", str(name), f"no such column; there are {', '.join(_COLUMNS)}")
        for name in _NEEDED:
            if name not in names:
                raise TotalsError(file, "headings", name, "the column is missing")
        for number, cells in enumerate(reader, 1):
            at = f"row {number}"
            if None in cells:
                raise TotalsError(file, at, "", "more cells than columns")
            key = _text(file, at, cells, "label"), _text(file, at, cells, "source", "")
            totals.setdefault(key, _Gathered(file, at)).take(at, cells)
    except csv.Error as error:
        raise TotalsError(file, f"row {number + 1}", "", f"no CSV: {error}") from error
    return [gathered.whole(*key) for key, gathered in totals.items()]


class _Gathered:
    """One total of a CSV file, as its rows come."""

    def __init__(self, file: str, first: str) -> None:
        self._file, self._first = file, first
        self._printed: Figure | None = None
        self._unit = ""
        self._parts: list[PrintedPart] = []

    def take(self, at: str, cells: Mapping[str, Any]) -> None:
        """Takes in a row."""
        part, unit = (_text(self._file, at, cells, name, "") for name in ("part", "unit"))
        if cells.get("printed"):
            printed = _figure(self._file, at, cells, "printed")
            if self._printed not in (None, printed):
                raise TotalsError(self._file, at, "printed", f"{printed}, and {self._printed} in a row above")
            self._printed = printed
        if part:
            self._parts.append(PrintedPart(part, _figure(self._file, at, cells, "number"), unit))
        elif cells.get("number"):
            raise TotalsError(self._file, at, "part", "missing beside a number")
        else:
            self._unit = unit

    def whole(self, label: str, source: str) -> Printed:
        """The total."""
        if self._printed is None:
            raise TotalsError(self._file, self._first, "printed", "missing")
        if not self._parts:
            raise TotalsError(self._file, self._first, "part", "missing: the total has no parts")
        return Printed(label, self._printed, self._unit, source, tuple(self._parts))
