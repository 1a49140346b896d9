"""What changed between two versions of an agreement, key by key: in the law, and in the words about it."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from pipeline.agreement.compiled import Agreement

WORDS = frozenset(
    {"title", "called", "summary", "note", "says", "why", "where", "confidence", "source", "version", "name"}
)
"""Keys that change no verdict."""
WORDY = frozenset({"sources", "parties", "not_encoded"})
"""Tables of which no key changes a verdict, as long as their ids stay."""
_NAMED_BY = {"renewals": "from", "suspensions": "from", "not_encoded": "clause"}
_KM2, _M = 0.05, 0.5
"""What is measured on a drawing is told where it changed by more."""


class Change(NamedTuple):
    """One key that differs; `key` is empty where a whole table was added or removed.

    Attributes:
        table: `header`, `lines`, `provisions` and so on; `id` is the entry's own.
        law: whether a verdict may change by it; else only words do.
    """

    table: str
    id: str
    key: str
    before: Any
    after: Any
    law: bool


def differences(before: Agreement, after: Agreement) -> list[Change]:
    """Every difference, the law's first, each in the order of the files.

    >>> from pipeline.agreement import load_agreement
    >>> differences(load_agreement("korea-2018"), load_agreement("korea-2018"))
    []
    """
    found = list(_all(_plain(before), _plain(after)))
    return [one for one in found if one.law] + [one for one in found if not one.law]


def _plain(agreement: Agreement) -> dict[str, dict[str, Mapping[str, Any]]]:
    """The tables by name and id, with what is measured on the drawings."""
    told = msgspec.to_builtins(agreement.tables, builtin_types=())
    del told["ids"]
    tables: dict[str, dict[str, Mapping[str, Any]]] = {"header": {"": told.pop("header")}}
    for name, entries in told.items():
        key = _NAMED_BY.get(name, "id")
        tables[name] = {str(entry[key]): {k: v for k, v in entry.items() if k != key} for entry in entries}
    for line_id, line in agreement.lines.items():
        about = {"vertices": len(line.lon), "length_m": line.length_m}
        tables["lines"][line_id] = {**tables["lines"][line_id], **about}
    for zone, area_m2 in zip(agreement.zones, agreement.zone_areas_m2, strict=True):
        tables["zones"][zone.zone_id] = {**tables["zones"][zone.zone_id], "area_km2": float(area_m2) / 1e6}
    return tables


def _all(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for table in before:
        old, new = before[table], after[table]
        for own in dict.fromkeys([*old, *new]):
            if own not in new:
                yield Change(table, own, "", old[own], None, table not in WORDY)
            elif own not in old:
                yield Change(table, own, "", None, new[own], table not in WORDY)
            else:
                yield from _keys(table, own, old[own], new[own])


def _keys(table: str, own: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for key in dict.fromkeys([*old, *new]):
        was, now = old.get(key), new.get(key)
        if was != now and not _alike(key, was, now):
            yield Change(table, own, key, was, now, table not in WORDY and key not in WORDS)


def _alike(key: str, was: Any, now: Any) -> bool:
    least = {"area_km2": _KM2, "length_m": _M}.get(key)
    return least is not None and was is not None and now is not None and abs(was - now) <= least
