"""Makes of asset: what each notices of what happens, how far off, and what a look costs.

The figures are in `geodata/recon/makes.toml`, each with its source, or marked as assumed. The generator of scenarios
draws by the same figures, unless it is told to draw by others.
"""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Literal

import msgspec
import numpy as np

from pipeline.geometry.earth import Floats
from pipeline.model.decoding import decodable
from pipeline.model.taxonomy import Activity
from pipeline.resources import folder

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Confidence = Literal["high", "medium", "low"]

Notices = Literal["beginning", "moment", "pass", "fixes"]
"""When an asset has to watch, to notice something: as it begins; at a moment, drawn evenly, while it goes on; at the
moment of a pass, which may be any while it goes on; or again and again while it goes on, by itself each time."""

Technique = Literal["acoustic", "seismic", "optical", "thermal", "radar", "human", "open_source"]
"""By what it notices. Assets of one technique may miss the same things for the same reason."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; a key that is not known is a problem, not a silence."""


class Class(Table, frozen=True, kw_only=True):
    """A class of activity: what is noticed alike.

    Attributes:
        activities: the terms that belong to it. A term may be in several classes (a small drone that crosses is a
            flight that few notice); the first that has it is meant where only the term is known.
        lasts_s: the shortest and the longest that such a thing goes on, anything between being as likely.
    """

    name: str
    title: str
    activities: tuple[Activity, ...]
    lasts_s: tuple[NotNegative, Positive]


class Sees(Table, frozen=True, kw_only=True):
    """How well a make notices a class.

    Attributes:
        chance: that one asset notices one such thing nearby, in good conditions.
        half_m: the distance at which half of that is left; None where distance does not count (an area that is swept).
    """

    chance: Share
    half_m: Positive | None = None


class Make(Table, frozen=True, kw_only=True):
    """One make of asset.

    Attributes:
        sees: by the name of a class; a class that is missing is not noticed.
        notices: when it has to watch.
        fix_s: for `fixes`, how often.
        dependence: the share of things that all assets of the technique miss where the best of them misses them, the
            rest being missed by each by itself.
        daylight, clear_sky: what it needs.
        jammable: whether jamming of links and navigation blinds it.
        place_error_m, count_error: the standard error of a place, and of a count as a share of it.
        delay_s: from the end of what it saw to the report, about.
        look_cost: of one look, in hours of one drone in the air, as far as looks can be compared.
        source, confidence, note: what the figures rest on; `assumed` where nothing does.
    """

    name: str
    title: str
    technique: Technique
    notices: Notices
    sees: Mapping[str, Sees]
    fix_s: NotNegative = 0.0
    dependence: Share = 0.0
    daylight: bool = False
    clear_sky: bool = False
    jammable: bool = False
    place_error_m: NotNegative = 0.0
    count_error: NotNegative = 0.0
    delay_s: NotNegative = 0.0
    look_cost: NotNegative = 0.0
    source: str = "assumed"
    confidence: Confidence = "low"
    note: str = ""

    @property
    def reach_m(self) -> float:
        """From here on less than one in a hundred of what it notices best nearby is left; infinite for an area."""
        halves = [one.half_m for one in self.sees.values()]
        return max((np.inf if half is None else half * 99.0**0.25 for half in halves), default=0.0)


class Words(Table, frozen=True, kw_only=True):
    """From which chance of being noticed on silence is called what."""

    observed_from: Share
    unobserved_below: Share


@decodable
class Makes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"classes": "class", "makes": "make"}):
    """All that is known of makes and classes."""

    version: int
    words: Words
    classes: tuple[Class, ...]
    makes: tuple[Make, ...]

    def __post_init__(self) -> None:
        """Refuses names that are told twice, and classes that nobody told of."""
        for names in ([one.name for one in self.classes], [one.name for one in self.makes]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{twice[0]!r} is told twice")
        known = {one.name for one in self.classes}
        for make in self.makes:
            strange = sorted(make.sees.keys() - known)
            if strange:
                raise ValueError(f"make {make.name!r} sees {strange[0]!r}, and there is no such class")
            if (make.notices == "fixes") != bool(make.fix_s):
                raise ValueError(f'make {make.name!r}: `fix_s` goes with notices = "fixes", and only with it')

    def make(self, name: str | None) -> Make | None:
        """A make by its name; None where there is none."""
        return next((one for one in self.makes if one.name == name), None)

    def class_named(self, name: str) -> Class | None:
        """A class by its name; None where there is none."""
        return next((one for one in self.classes if one.name == name), None)

    def class_of(self, activity: Activity) -> Class | None:
        """The class that is meant by a term."""
        return next((one for one in self.classes if activity in one.activities), None)

    def told_apart(self, name: str) -> bool:
        """Whether the records' terms tell a class from others: a small drone that crosses is a flight like any other.

        >>> load_makes().told_apart("flight"), load_makes().told_apart("small_drone")
        (True, False)
        """
        found = self.class_named(name)
        return found is not None and all(self.class_of(term) == found for term in found.activities)


def left_at(distance_m: Floats, half_m: Floats | float) -> Floats:
    """The share of the chance that is left at a distance: half at `half_m`, and falling with the fourth power.

    The form is a choice: nearly flat nearby, with an edge that is neither sharp nor long.

    >>> left_at(np.array([0.0, 1_000.0, 3_000.0]), 1_000.0).round(3).tolist()
    [1.0, 0.5, 0.012]
    """
    ratio = distance_m / half_m
    return np.asarray(1.0 / (1.0 + ratio * ratio * ratio * ratio))


def read_makes(text: bytes) -> Makes:
    """Makes from a TOML file's text.

    Raises:
        ValueError: what is wrong with it, and where.
    """
    return msgspec.toml.decode(text, type=Makes)


@cache
def load_makes() -> Makes:
    """The shipped figures.

    >>> load_makes().make("array").technique
    'acoustic'
    """
    return read_makes((folder("geodata") / "recon" / "makes.toml").read_bytes())
