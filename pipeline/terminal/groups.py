"""A flood in groups: where more alerts were raised within an hour than an operator can take in (the budget), those of
one provision and sector stand in the list as one. Nothing is left out: a group opens to its alerts.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from pipeline.console.board import Row
from pipeline.law.waiting import is_unacknowledged
from pipeline.model.times import to_us

_HOUR_US = 3_600_000_000


class Single(NamedTuple):
    """One alert in the list; `level` is 2 within a group."""

    row: Row
    level: int = 1

    @property
    def key(self) -> str:
        """By which it is known again when the list has changed."""
        return self.row.alert.alert_id


class Group(NamedTuple):
    """Alerts that stand in the list as one, in the order of the list."""

    key: str
    rows: Sequence[Row]
    sector: str

    @property
    def waiting(self) -> list[Row]:
        """Those that nobody has acknowledged."""
        return [row for row in self.rows if is_unacknowledged(row.alert)]


Item = Single | Group


def grouped(rows: Sequence[Row], budget: int, sector_of: Callable[[Row], str]) -> Sequence[Item]:
    """The alerts of a list, put together where they are too many.

    Args:
        rows: in the order of the list.
        budget: alerts an hour; 0 for no groups.
    """
    if not budget:
        return [Single(row) for row in rows]
    hours = [to_us(row.raised_at) // _HOUR_US for row in rows]
    flooded = {hour for hour, count in Counter(hours).items() if count > budget}
    found: list[Single | list[Row]] = []
    groups: dict[tuple[int | str, ...], list[Row]] = {}
    for row, hour in zip(rows, hours, strict=True):
        if hour not in flooded:
            found.append(Single(row))
            continue
        alert = row.alert
        key = (hour, alert.severity, alert.agreement, alert.provision, sector_of(row))
        if key not in groups:
            groups[key] = []
            found.append(groups[key])
        groups[key].append(row)
    names = {id(some): key for key, some in groups.items()}
    return [one if isinstance(one, Single) else _group(names[id(one)], one) for one in found]


def _group(key: tuple[int | str, ...], rows: list[Row]) -> Item:
    if len(rows) == 1:
        return Single(rows[0])
    return Group("|".join(map(str, ("group", *key))), rows, str(key[-1]))


def unfolded(items: Sequence[Item], opened: Collection[str]) -> Sequence[Item]:
    """The list with the alerts of the groups that are open."""
    return list(_unfolded(items, opened)) if opened else items


def _unfolded(items: Sequence[Item], opened: Collection[str]) -> Iterator[Item]:
    for item in items:
        yield item
        if isinstance(item, Group) and item.key in opened:
            yield from (Single(row, 2) for row in item.rows)
