"""What is known of observers and of what they observe, from `geodata/observers.toml`: the figures of fusion."""

from functools import cache
from typing import Literal

import msgspec

from pipeline.model.decoding import decodable
from pipeline.model.taxonomy import Activity
from pipeline.resources import folder


class Linking(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Figures of linking that hold for every kind. docs/fusion.md says what each is for."""

    join_above: float
    never_below: float
    rounds: int
    broad_rounds: int
    attach_m: float
    attach_s: float
    count_floor: float
    crowd_radius_m: float
    crowd_s: float
    place_floor_m: float
    words_weight: float
    same_term_weight: float
    alike_term_weight: float
    same_weapon_weight: float
    other_weapon_weight: float
    count_spread: float
    watch_m: float
    watch_s: float
    locates_m: float
    tells_m: float
    tells_s: float
    dated_s: float


class Kind(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of observer: whom it fits, and how well it times, places and counts.

    Attributes:
        names: first words of observers' names that it fits; empty fits every name.
        ledgers: `sensor`, `independent`, `party` or `public`; empty fits every one.
        sources: formats; empty fits every one.
        begins_s: the standard error of a beginning and of an end.
        margin_s: what is added at both ends of the interval.
        begins_share, margin_share: likewise, as a share of the stated interval; the greater error counts, both margins.
        sees: the whole of an incident, or such part of it as goes on while it passes by.
        count_error: the standard error of a count, as a share of it.
        invents: the share of its reports that tell of nothing.
        curated: each of its reports is an event of its own.
        rumours: what it does not place well is counted, and is no incident.
    """

    name: str
    title: str
    begins_s: float
    margin_s: float
    sees: Literal["whole", "part"]
    count_error: float
    invents: float
    names: tuple[str, ...] = ()
    ledgers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    curated: bool = False
    rumours: bool = False
    begins_share: float = 0.0
    margin_share: float = 0.0

    def fits(self, source: str, ledger: str, name: str) -> bool:
        """Whether a report of this source, ledger (without the party's name) and observer's first word is of it."""
        return (
            (not self.names or name in self.names)
            and (not self.ledgers or ledger in self.ledgers)
            and (not self.sources or source in self.sources)
        )


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Activities that may be one thing, and how near to each other its reports are.

    Attributes:
        alike: lists of terms that are taken for each other.
        vague: terms that give way to any other.
        per_1000km2_day: how many such incidents there are, where nothing is known of the place.
        lasts_s: how long they go on, about.
        noticed: the share of them that somebody reports who is no rumour, where instruments and patrols watch.
        reach_m, reach_s: no two located reports further apart than this are one incident.
        broad_reach_m, broad_reach_s: the same where a report is broad.
    """

    name: str
    activities: tuple[Activity, ...]
    alike: tuple[tuple[Activity, ...], ...]
    per_1000km2_day: float
    lasts_s: float
    noticed: float
    reach_m: float
    reach_s: float
    broad_reach_m: float
    broad_reach_s: float
    vague: tuple[Activity, ...] = ()


@decodable
class Observers(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"kinds": "kind", "families": "family"}
):
    """All that is known: kinds of observer, in the order in which they are tried, and families of activities."""

    version: int
    linking: Linking
    kinds: tuple[Kind, ...]
    families: tuple[Family, ...]

    def kind_of(self, source: str, ledger: str, name: str) -> int:
        """The number of the first kind that fits; the last fits everybody."""
        last = len(self.kinds) - 1
        return next((n for n, kind in enumerate(self.kinds) if kind.fits(source, ledger, name)), last)


@cache
def load_observers() -> Observers:
    """The shipped figures.

    >>> observers = load_observers()
    >>> observers.kinds[observers.kind_of("sim", "sensor", "array")].title
    'acoustic and seismic arrays'
    """
    text = (folder("geodata") / "observers.toml").read_bytes()
    return msgspec.toml.decode(text, type=Observers)
