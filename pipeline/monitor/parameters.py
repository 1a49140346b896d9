"""The monitor's own figures, and the hash that every alert carries so that a reader knows by what it was judged."""

import hashlib

import msgspec

from pipeline.observers import Observers, load_observers

CORE_VERSION = 7
"""Raised whenever the same reports and agreement would give another alert."""


class Parameters(msgspec.Struct, frozen=True):
    """Figures of judging that no agreement sets.

    Attributes:
        possible_from: the probability from which a finding is kept at all.
        match_from: the probability from which the match table has a row.
        inside_from, outside_to: the verdicts' bounds.
        broad_m2: a footprint above this area alerts as *possible* at most, unless the zone covers it wholly.
        late_days: a report this far behind the latest is counted as late.
        observers: what is known of observers and of what they observe.
    """

    possible_from: float = 0.05
    match_from: float = 0.01
    inside_from: float = 0.95
    outside_to: float = 0.05
    broad_m2: float = 500e6
    late_days: int = 30
    observers: Observers = msgspec.field(default_factory=load_observers)

    @property
    def judged_by(self) -> str:
        """A hash of the core's version and these figures."""
        return hashlib.sha256(msgspec.json.encode([CORE_VERSION, self])).hexdigest()[:12]


DEFAULT = Parameters()
"""The figures that everybody uses unless told otherwise."""
