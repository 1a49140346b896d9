"""From TOML text to tables: every problem of form is collected, none stops the rest."""

import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

import msgspec

from pipeline.agreement.format import JUDGED, LISTS, UNJUDGED, ZONES, Header, Tables, UnjudgedTable
from pipeline.agreement.half_read import half_read, is_table, items_of, plain
from pipeline.agreement.problems import Problems
from pipeline.agreement.remembering import REMEMBERING

T = TypeVar("T")

MAX_BYTES = 4 << 20

PROVISIONS = {**JUDGED, **REMEMBERING, **dict.fromkeys(UNJUDGED, UnjudgedTable)}


def read_tables(text: str, problems: Problems) -> Tables | None:
    """The tables, as far as they could be read; None where the text is no TOML.

    What a table says beside a key that cannot be read is kept, so that all of it can be checked at once.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.syntax(str(error))
        return None
    heads = {key: value for key, value in data.items() if key not in LISTS and key not in ("zones", "provisions")}
    header = _convert(heads, Header, problems, "", None)
    read: dict[str, Any] = {name: _read_list(data, name, problems) for name in (*LISTS, "zones", "provisions")}
    ids = {name: frozenset(filter(None, map(_name, _tables(data, name)))) for name in read}
    return Tables(header=header, ids=ids, **read)


def _tables(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    given = data.get(name)
    return [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []


def _read_list(data: dict[str, Any], name: str, problems: Problems) -> tuple[Any, ...]:
    given = data.get(name, [])
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        problems.add(name, None, "", "is no array of tables", f"write [[{name}]] before each")
        return ()
    read = [_read_table(item, name, index, problems) for index, item in enumerate(given)]
    return tuple(item for item in read if item is not None)


def _read_table(item: dict[str, Any], name: str, index: int, problems: Problems) -> Any:
    if name in LISTS:
        return _convert(item, LISTS[name], problems, name, index)
    kinds: dict[str, Any] = dict(ZONES) if name == "zones" else dict(PROVISIONS)
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in kinds:
        known = ", ".join(sorted(kinds))
        problems.add(name, index, "kind", f"{kind!r} is no kind of {name[:-1]}", f"use one of {known}", _name(item))
        return None
    return _convert(item, kinds[kind], problems, name, index)


def _convert(item: dict[str, Any], to: type[T], problems: Problems, name: str, index: int | None) -> T:
    """One table as its record; where a key is wrong or missing a stand-in takes the place of its value."""
    flaws = list(_flaws(item, to, ""))
    if not flaws:
        return msgspec.convert(item, to)
    for flaw in flaws:
        problems.add(name, index, flaw.key, flaw.what, flaw.mend, _name(item), unread=True)
    read: T = half_read(item, to)
    return read


class _Flaw(NamedTuple):
    """What is wrong with a value, and the key at which it stands, such as `limits[1].at_most`."""

    key: str
    what: str
    mend: str = ""


def _flaws(given: Any, wanted: Any, key: str) -> Iterator[_Flaw]:
    """Everything that is wrong with a value: of a table every key, of an array every item."""
    kind = plain(wanted)
    if is_table(kind) and isinstance(given, dict):
        yield from _flaws_of_table(given, kind, key)
        return
    item = items_of(kind)
    if item is not None and isinstance(given, list):
        found = [flaw for number, one in enumerate(given) for flaw in _flaws(one, item, f"{key}[{number}]")]
        if found:
            yield from found
            return
    try:
        msgspec.convert(given, wanted)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        told = f"; it is {given!r}" if isinstance(given, str | int | float) else ""
        yield _Flaw(key + path.rstrip("`"), message + told)


def _flaws_of_table(given: dict[str, Any], kind: Any, key: str) -> Iterator[_Flaw]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    within = f"{key}." if key else ""
    for name in sorted(set(given) - set(fields)):
        mend = "take it out, or see docs/agreements.md for the keys: " + ", ".join(sorted(fields))
        yield _Flaw(within + name, "no such key", mend)
    for name, field in fields.items():
        if name in given:
            yield from _flaws(given[name], field.type, within + name)
        elif field.required:
            yield _Flaw(within + name, "is missing", "add it")


def _name(item: dict[str, Any]) -> str:
    return str(item.get("id") or item.get("name") or "")[:60]
