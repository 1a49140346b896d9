"""How fast it is on this machine: `make bench`. Nothing here is asserted."""

from typing import NamedTuple


class Figure(NamedTuple):
    """One measured figure."""

    what: str
    value: float
    unit: str
