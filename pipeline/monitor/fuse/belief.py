"""How likely an incident happened at all, from who says so."""

from collections.abc import Sequence

from pipeline.observers import Family, Kind


def occurred(kinds: Sequence[Kind], family: Family, *, watched: bool) -> float:
    """The probability that something happened, to four decimals.

    Each who says so by itself would have to have invented it. And where instruments and patrols watch, and nobody but
    rumour speaks of what they mostly notice too, their silence speaks against it.

    Args:
        kinds: of those who say so independently of each other.
        family: of what they say happened.
        watched: whether anybody who is no rumour reported anything from near by within some hours.

    >>> from pipeline.observers import load_observers
    >>> observers = load_observers()
    >>> fire, array, public = observers.families[0], observers.kinds[0], observers.kinds[-2]
    >>> alone, watched = (occurred([public], fire, watched=watched) for watched in (False, True))
    >>> watched < 0.1 < 0.5 < alone < occurred([array], fire, watched=True)
    True
    """
    odds = 1.0
    for kind in kinds:
        odds *= (1.0 - kind.invents) / kind.invents
    if watched and all(kind.rumours for kind in kinds):
        odds *= 1.0 - family.noticed
    return round(odds / (1.0 + odds), 4)
