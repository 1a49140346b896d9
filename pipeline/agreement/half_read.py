"""A table that could not be read in full, with stand-ins for the rest, so that what it says beside that is checked too.

A stand-in is made so that the checks find nothing wrong with it: no number is above or below it, and what is said of
its name or its time is left out (`stands_in`).
"""

from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

NAME = "(cannot be read)"
TIME = datetime(1, 1, 1, tzinfo=UTC)
NUMBER = float("nan")

_PLAIN: dict[Any, Any] = {str: NAME, datetime: TIME, float: NUMBER, int: 0, bool: True}


def stands_in(what: str) -> bool:
    """Whether a problem is about a stand-in."""
    return NAME in what or str(TIME) in what


def half_read(given: Any, wanted: Any) -> Any:
    """What can be read of a value, with stand-ins for the rest."""
    kind = plain(wanted)
    if is_table(kind) and isinstance(given, dict):
        return _half_read_table(given, kind)
    item = items_of(kind)
    if item is not None and isinstance(given, list):
        return tuple(half_read(one, item) for one in given)
    try:
        return msgspec.convert(given, wanted)
    except msgspec.ValidationError:
        return _stand_in(kind)


def _half_read_table(given: dict[str, Any], kind: Any) -> Any:
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        optional_time = not field.required and plain(field.type) is datetime
        if field.encode_name in given:
            value = half_read(given[field.encode_name], field.type)
            # Without one a time has no end: that is the safer guess.
            values |= {} if optional_time and value == TIME else {field.name: value}
        elif field.required:
            values[field.name] = _stand_in(plain(field.type))
    return kind(**values)


def _stand_in(kind: Any) -> Any:
    if kind in _PLAIN:
        return _PLAIN[kind]
    if is_table(kind):
        return _half_read_table({}, kind)
    if get_origin(kind) is tuple:
        parts = get_args(kind)
        return tuple(_stand_in(plain(part)) for part in parts if part is not ...)
    if get_origin(kind) is Literal:
        return NAME
    if get_origin(kind) in (Union, UnionType):
        return _stand_in(plain(get_args(kind)[0]))
    return {} if get_origin(kind) is dict else next(iter(kind))


def plain(wanted: Any) -> Any:
    """A type without what is noted beside it, and without None.

    >>> plain(Annotated[str, "short"] | None), plain(tuple[str, ...])
    (<class 'str'>, tuple[str, ...])
    """
    if get_origin(wanted) is Annotated:
        return plain(get_args(wanted)[0])
    if get_origin(wanted) in (Union, UnionType):
        some = [part for part in get_args(wanted) if part is not NoneType]
        return plain(some[0]) if len(some) == 1 else wanted
    return wanted


def is_table(kind: Any) -> bool:
    """Whether a type is that of a table."""
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def items_of(kind: Any) -> Any:
    """The type of the items of an array that may be of any length; None of any other type."""
    parts = get_args(kind)
    return parts[0] if get_origin(kind) is tuple and parts[-1] is ... else None
