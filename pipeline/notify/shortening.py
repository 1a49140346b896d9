"""Records cut to a bounded size: long texts, long lists, deep nesting; and which fields lost something."""

from typing import Any

MOST_TEXT, MOST_ITEMS, MOST_DEPTH = 2_000, 100, 6


def short(text: str) -> str:
    """A text that is no longer than `MOST_TEXT`."""
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def shortened(record: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """A record of JSON's kinds, each of its fields bounded; and the names of those that lost something.

    >>> record, cut = shortened({"ids": ["a"] * 101, "by": "Bo"})
    >>> len(record["ids"]), record["by"], cut
    (100, 'Bo', {'ids'})
    """
    cut = set[str]()
    return {name: _of(value, name, cut, 0) for name, value in record.items()}, cut


def _of(value: Any, name: str, cut: set[str], depth: int) -> Any:
    if not isinstance(value, str | list | tuple | dict):
        return value
    too_deep = not isinstance(value, str) and depth >= MOST_DEPTH
    if too_deep or len(value) > (MOST_TEXT if isinstance(value, str) else MOST_ITEMS):
        cut.add(name)
    if isinstance(value, str):
        return short(value)
    if too_deep:
        return None
    if isinstance(value, dict):
        items = list(value.items())[:MOST_ITEMS]
        return {short(str(key)): _of(one, name, cut, depth + 1) for key, one in items}
    return [_of(one, name, cut, depth + 1) for one in value[:MOST_ITEMS]]
