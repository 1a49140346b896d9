"""How long alerts may wait for an operator, from `geodata/watch.toml`: the supervisor's parameters."""

from datetime import timedelta
from functools import cache

import msgspec

from pipeline.model.decoding import decodable
from pipeline.model.taxonomy import Severity
from pipeline.resources import folder


class Patience(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long an alert of a severity may be unacknowledged, and why so long."""

    severity: Severity
    minutes: float
    why: str


@decodable
class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long alerts may wait, and how long a watch is."""

    version: int
    watch_hours: float
    unacknowledged: tuple[Patience, ...]

    def patience(self, severity: Severity) -> timedelta:
        """How long an alert of a severity may be unacknowledged; the longest of all where none is set."""
        known = {one.severity: one.minutes for one in self.unacknowledged}
        return timedelta(minutes=known.get(severity, max(known.values())))

    @property
    def length(self) -> timedelta:
        """How long a watch is."""
        return timedelta(hours=self.watch_hours)


@cache
def load_watch() -> Watch:
    """The shipped figures.

    >>> load_watch().patience(Severity.GRAVE)
    datetime.timedelta(seconds=900)
    """
    return msgspec.toml.decode((folder("geodata") / "watch.toml").read_bytes(), type=Watch)
