"""What every table of an agreement's file is made of."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Time = Annotated[datetime, msgspec.Meta(tz=True)]
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Confidence = Literal["high", "medium", "low"]
Metres = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Width = Annotated[float, msgspec.Meta(gt=0, le=1_000_000)]
Lon = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Lat = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Minutes = Annotated[float, msgspec.Meta(gt=0, le=100_000)]
Millimetres = Annotated[float, msgspec.Meta(gt=0, le=2_000)]
Named = Annotated[str, msgspec.Meta(min_length=1)]


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file; a key that the format does not know is a problem, not a silence."""


class Sourced(Table, frozen=True, kw_only=True):
    """A table whose numbers need a source."""

    id: Id
    source: str
    confidence: Confidence
    note: str = ""


class Placed(Sourced, frozen=True, kw_only=True):
    """A table with a place; `called` is how a sentence names it."""

    title: str
    called: str = ""
