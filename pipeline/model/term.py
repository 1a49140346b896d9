"""A word of a closed list. The lists themselves are in `taxonomy`."""

from enum import StrEnum


class Term(StrEnum):
    """A word of a closed list, with its meaning in `.meaning` and, where it has one, its `.group`."""

    meaning: str
    group: str

    def __new__(cls, value: str, meaning: str, group: str = "") -> "Term":
        """A term from its word, its meaning and its group."""
        term = str.__new__(cls, value)
        term._value_ = value
        term.meaning = meaning
        term.group = group
        return term


def members(name: str, terms: type[Term]) -> frozenset[str]:
    """The terms that `name` stands for: itself, or every term of the group of that name.

    >>> from pipeline.model.taxonomy import Activity, Weapon
    >>> sorted(members("light", Activity))
    ['flare']
    >>> sorted(members("tank", Weapon))
    ['tank']

    Raises:
        ValueError: `name` is neither a term nor a group.
    """
    found = frozenset(term.value for term in terms if name in (term.value, term.group))
    if not found:
        raise ValueError(f"{name!r} is neither a term nor a group of {terms.__name__}")
    return found
