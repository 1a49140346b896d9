"""From TOML text to tables: every problem of form is collected, none stops the rest."""

import tomllib
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec

from pipeline.agreement.format import FORMAT, JUDGED, LISTS, UNJUDGED, ZONES, Header, Tables, UnjudgedTable
from pipeline.agreement.problems import Problems
from pipeline.agreement.remembering import REMEMBERING

T = TypeVar("T")

MAX_BYTES = 4 << 20

PROVISIONS = {**JUDGED, **REMEMBERING, **dict.fromkeys(UNJUDGED, UnjudgedTable)}

_UNREADABLE = Header(
    format=FORMAT, name="", version="", title="", timezone="UTC", in_force_from=datetime(1, 1, 1, tzinfo=UTC)
)


def read_tables(text: str, problems: Problems) -> Tables | None:
    """The tables that could be read; None where the text is no TOML.

    Where the head could not be read another stands in for it, so that the rest can be checked all the same.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.syntax(str(error))
        return None
    heads = {key: value for key, value in data.items() if key not in LISTS and key not in ("zones", "provisions")}
    header = _convert(heads, Header, problems, "", None)
    read: dict[str, Any] = {name: _read_list(data, name, problems) for name in (*LISTS, "zones", "provisions")}
    ids = {name: frozenset(map(_name, _tables(data, name))) for name in read}
    return Tables(header=header or _UNREADABLE, ids=ids, **read)


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


def _convert(item: dict[str, Any], to: type[T], problems: Problems, name: str, index: int | None) -> T | None:
    """One table as its record; every key that is wrong, missing or unknown is a problem."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(to)}  # type: ignore[arg-type]
    before = len(problems.found)
    for key in sorted(set(item) - set(fields)):
        mend = "take it out, or see docs/agreements.md for the keys: " + ", ".join(sorted(fields))
        problems.add(name, index, key, "no such key", mend, _name(item))
    for key, field in fields.items():
        if key in item:
            _check_value(item, key, field.type, problems, name, index)
        elif field.required:
            problems.add(name, index, key, "is missing", "add it", _name(item))
    if len(problems.found) > before:
        return None
    return msgspec.convert(item, to)


def _check_value(item: dict[str, Any], key: str, wanted: Any, problems: Problems, name: str, index: int | None) -> None:
    try:
        msgspec.convert(item[key], wanted)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        given = f"; it is {item[key]!r}" if isinstance(item[key], str | int | float) else ""
        problems.add(name, index, key + path.rstrip("`"), message + given, "", _name(item))


def _name(item: dict[str, Any]) -> str:
    return str(item.get("id") or item.get("name") or "")[:60]
