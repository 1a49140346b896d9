"""Ids are derived, never drawn: the same content has the same id everywhere and always."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import msgspec

from pipeline.model.records import Observation, Window
from pipeline.model.report import Report

_ASIDE = frozenset({"received_at", "feed", "origin"})
"""How a record came to us is not what it says."""


def _stating(record: type[msgspec.Struct]) -> tuple[Callable[[Any], tuple[Any, ...]], Any]:
    """What takes from a record all that it says, and a struct that holds it."""
    stated = [field for field in msgspec.structs.fields(record) if field.name not in _ASIDE]
    content = msgspec.defstruct(
        "_Content",
        [(field.name, field.type) if field.required else (field.name, field.type, field.default) for field in stated],
        omit_defaults=True,
    )
    return attrgetter(*(field.name for field in stated)), content


_stated, _Content = _stating(Report)
_watched, _Watch = _stating(Observation)
_BEFORE_ALL = datetime(1, 1, 1, tzinfo=UTC)

_encode = msgspec.json.Encoder().encode


def content_hash(report: Report) -> bytes:
    """16 bytes that stand for all that the report says; `received_at`, `feed` and `origin` aside.

    Fields at their default are left out, so that a field added to the record later changes no hash.
    """
    return hashlib.sha256(_encode(_Content(*_stated(report)))).digest()[:16]


def watch_hash(observation: Observation) -> bytes:
    """16 bytes that stand for all that an observation says; `received_at`, `feed` and `origin` aside."""
    return hashlib.sha256(_encode(_Watch(*_watched(observation)))).digest()[:16]


def precedence(report: Report | Observation, content: bytes) -> tuple[datetime, bytes]:
    """Of several versions of a record the greatest counts: by when it was published, then by its content's hash."""
    return report.published_at or _BEFORE_ALL, content


def incident_id(canonical_report_id: str, window: Window) -> str:
    """The incident's id, from its canonical report and that report's own window."""
    return "in_" + _digest("incident", canonical_report_id, window.tile, window.day)


def alert_id(agreement: str, provision: str, incident: str) -> str:
    """The alert's id: one incident and one provision have one alert."""
    return "al_" + _digest("alert", agreement, provision, incident)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20]
