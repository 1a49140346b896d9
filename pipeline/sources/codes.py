"""What the codes of every source stand for in the one taxonomy: `schemas/codes/*.toml`, one file a source.

A file has a table for each column of codes; a word may end in `*` for any rest, and of several that fit the longest
holds. What has no term of its own is `other` or `unknown` by a line of its own, which says why: a code that a file does
not have is not guessed at.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from pipeline.model.taxonomy import Activity, CountUnit, RejectReason, Weapon
from pipeline.resources import folder
from pipeline.sources.base import RowError
from pipeline.sources.remembering import Remembered

_REMEMBERED = 4_096
"""How many words of a column are remembered."""


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one code stands for.

    `means` has the publisher's own words where the code is none; `why` says why it is `other` or `unknown`.
    """

    activity: Activity | None = None
    weapons: tuple[Weapon, ...] = ()
    unit: CountUnit | None = None
    means: str = ""
    why: str = ""


class Codes:
    """The codes of one column. Letter case and repeated spaces do not matter."""

    def __init__(self, column: str, codes: Mapping[str, Code]) -> None:
        self.column = column
        self.codes = codes
        plain = {_plain(word): code for word, code in codes.items()}
        self._whole = {word: code for word, code in plain.items() if not word.endswith("*")}
        beginnings = ((word[:-1], code) for word, code in plain.items() if word.endswith("*"))
        self._beginnings = sorted(beginnings, key=lambda beginning: -len(beginning[0]))
        self._found = Remembered(self._find, _REMEMBERED)

    def find(self, word: str) -> Code | None:
        """What `word` stands for; None where the table does not have it."""
        return self._found[word]

    def _find(self, word: str) -> Code | None:
        plain = _plain(word)
        found = self._whole.get(plain)
        if found is None and plain:
            found = next((code for beginning, code in self._beginnings if plain.startswith(beginning)), None)
        return found

    def of(self, word: str, field: str = "activity") -> Code:
        """What `word` stands for.

        Raises:
            RowError: the cell is empty, or the table does not have the word.
        """
        found = self.find(word)
        if found is not None:
            return found
        if not word.strip():
            raise RowError(field, RejectReason.MISSING, f"column {self.column!r} is empty")
        detail = f"column {self.column!r}: {word[:80]!r} is none of the codes that docs/codes.md lists"
        raise RowError(field, RejectReason.UNKNOWN_TERM, detail)


class CodeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: whose codes they are, where the publisher lists them, and the columns."""

    source: str
    where: str
    columns: dict[str, dict[str, Code]]


@cache
def codes_of(source: str) -> dict[str, Codes]:
    """The codes of a source by column.

    >>> codes_of("ucdp")["type_of_violence"].of("3").activity
    <Activity.ATTACK_ON_CIVILIANS: 'attack_on_civilians'>
    """
    table = code_tables()[source]
    return {column: Codes(column, codes) for column, codes in table.columns.items()}


@cache
def code_tables() -> dict[str, CodeTable]:
    """Every file by its source."""
    tables = [_table(path.read_bytes()) for path in sorted((folder("schemas") / "codes").glob("*.toml"))]
    return {table.source: table for table in tables}


def _table(data: bytes) -> CodeTable:
    found: dict[str, Any] = msgspec.toml.decode(data)
    head = {key: found.pop(key) for key in ("source", "where")}
    return msgspec.convert({**head, "columns": found}, CodeTable)


def _plain(word: str) -> str:
    return " ".join(word.casefold().split())
