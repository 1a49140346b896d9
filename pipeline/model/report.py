"""The report: one source's claim that something happened. Immutable."""

from datetime import datetime
from typing import Annotated

import msgspec

from pipeline.model.footprint import Footprint
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.taxonomy import Activity, Basis, Confidence, CountUnit, Weapon

Time = Annotated[datetime, msgspec.Meta(tz=True)]


class Count(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many, as an interval in a unit; `max` is null where it is open ("uncountable", "at least 30")."""

    min: float
    max: float | None
    unit: CountUnit


class Attribution(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody's claim of who did it: which party, who says so, and on what basis."""

    party: str
    author: str
    basis: Basis
    confidence: Confidence | None = None


class Origin(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """The row that the report was read from, and the SHA-256 of its bytes."""

    file: str
    row: int
    sha256: str


class Remark(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What a reader made of a source's words, beside those words: `field` is the report's field that they bear on."""

    field: str
    said: str
    rule: RemarkRule
    doubtful: bool = False


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One source's claim that something happened: when, where, what, and who said so.

    Fields are as in docs/records.md. Times are aware; the readers bring them to UTC. Nothing in a report can lead back
    to it, so the garbage collector need not look for that (`gc`), which takes a while where there are millions.
    """

    report_id: str
    source: str
    observed_from: Time
    observed_until: Time
    footprint: Footprint
    activity: Activity
    feed: str | None = None
    observer: str | None = None
    ledger: str | None = None
    published_at: Time | None = None
    received_at: Time | None = None
    weapons: tuple[Weapon, ...] = ()
    calibre_mm: float | tuple[float, float] | None = None
    count: Count | None = None
    attribution: Attribution | None = None
    track_id: str | None = None
    revises: str | None = None
    retracted: bool = False
    text: str | None = None
    url: str | None = None
    remarks: tuple[Remark, ...] | None = None
    origin: Origin | None = None


SEALABLE = ("text", "url", "observer", "remarks", "origin")
"""The fields that may have to be sealed one day (a witness to protect); the store keeps them apart."""
