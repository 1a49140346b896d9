"""What an archive holds: the tables, how each is parted, and what its columns are.

Every row has what other tools ask of it in columns of its own, and in `record` the whole record as JSON: that is the
way back, and nothing is lost on it. `content` stands for all that the record says, so that a row is never there twice.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from pipeline.gazetteer import load_gazetteer
from pipeline.geometry.footprints import Footprints
from pipeline.model.actions import Action
from pipeline.model.identity import content_hash, watch_hash
from pipeline.model.records import Incident, Observation, Reject, Revision
from pipeline.model.report import Report
from pipeline.tables.arrow import points_wkb

TIME = pa.timestamp("us", tz="UTC")
_encode = msgspec.json.Encoder().encode

Values = dict[str, Any]
"""Columns by name: lists, or arrays of numbers."""


class Kind(NamedTuple):
    """A table of the archive.

    Attributes:
        record: the type of its records.
        key: a record's id.
        content: 16 bytes that stand for all that a record says.
        parts: the folders in which a record belongs, such as `{"day": "2026-03-01"}`.
        columns: the form of the columns beside `content` and `record`.
        values: what stands in them.
        placed: whether it has a geometry: the centre of where it happened.
        whole: whether its records stand until they do not: a changed day is told anew, whole, beside what was told.
    """

    name: str
    record: Any
    key: Callable[[Any], str]
    content: Callable[[Any], bytes]
    parts: Callable[[Any], dict[str, str]]
    columns: Any
    values: Callable[[Sequence[Any]], Values]
    placed: bool = False
    whole: bool = False

    @property
    def form(self) -> Any:
        """The schema of its files."""
        fields = [*self.columns, pa.field("content", pa.binary(16)), pa.field("record", pa.binary())]
        return pa.schema([*fields, pa.field("geometry", pa.binary())] if self.placed else fields)


def encode(record: Any) -> bytes:
    """A record as it stands in `record`."""
    return _encode(record)


def day_of(time: datetime) -> str:
    """The UTC day of a moment, as a folder names it."""
    return time.astimezone(UTC).date().isoformat()


def as_date(text: str) -> date:
    """The day that a folder names."""
    return date.fromisoformat(text)


def _hash(record: Any) -> bytes:
    return hashlib.sha256(_encode(record)).digest()[:16]


def centres(footprints: Sequence[Any]) -> Values:
    """Where they are, as the discs that hold them; null where that is nowhere. Degrees and metres."""
    placed = Footprints(footprints, load_gazetteer().outlines)
    found: Values = {}
    for name, column in (("lon", placed.lon), ("lat", placed.lat), ("radius_m", placed.reach_m)):
        found[name] = np.where(placed.placed, column.round(6 if name != "radius_m" else 1), np.nan)
    return found


def geometry(values: Values) -> Any:
    """Points of the columns `lon` and `lat`."""
    return points_wkb(np.asarray(values["lon"], dtype=float), np.asarray(values["lat"], dtype=float))


def _report_values(reports: Sequence[Report]) -> Values:
    calibres = [one.calibre_mm if isinstance(one.calibre_mm, tuple) else (one.calibre_mm,) * 2 for one in reports]
    return {
        **{name: [getattr(one, name) for one in reports] for name in _AS_IT_IS},
        "activity": [one.activity.value for one in reports],
        "weapons": [[weapon.value for weapon in one.weapons] for one in reports],
        "calibre_min_mm": [least for least, _ in calibres],
        "calibre_max_mm": [most for _, most in calibres],
        "count_min": [one.count and one.count.min for one in reports],
        "count_max": [one.count and one.count.max for one in reports],
        "count_unit": [one.count and one.count.unit.value for one in reports],
        "attributed_to": [one.attribution and one.attribution.party for one in reports],
        **centres([one.footprint for one in reports]),
    }


_TEXTS = ("report_id", "source", "feed", "observer", "ledger", "track_id", "revises", "text", "url")
_TIMES = ("observed_from", "observed_until", "published_at", "received_at")
_AS_IT_IS = (*_TEXTS, *_TIMES, "retracted")
_PLACE = [pa.field(name, pa.float64()) for name in ("lon", "lat", "radius_m")]

REPORTS = Kind(
    "reports",
    Report,
    lambda one: one.report_id,
    content_hash,
    lambda one: {"day": day_of(one.observed_from)},
    [
        *(pa.field(name, pa.string()) for name in _TEXTS),
        *(pa.field(name, TIME) for name in _TIMES),
        pa.field("retracted", pa.bool_()),
        pa.field("activity", pa.string()),
        pa.field("weapons", pa.list_(pa.string())),
        *(pa.field(name, pa.float64()) for name in ("calibre_min_mm", "calibre_max_mm", "count_min", "count_max")),
        pa.field("count_unit", pa.string()),
        pa.field("attributed_to", pa.string()),
        *_PLACE,
    ],
    _report_values,
    placed=True,
)

INCIDENTS = Kind(
    "incidents",
    Incident,
    lambda one: one.incident_id,
    _hash,
    lambda one: {"day": day_of(one.observed_from)},
    [
        pa.field("incident_id", pa.string()),
        pa.field("observed_from", TIME),
        pa.field("observed_until", TIME),
        pa.field("activity", pa.string()),
        pa.field("weapons", pa.list_(pa.string())),
        pa.field("occurred", pa.float64()),
        pa.field("unresolved", pa.bool_()),
        pa.field("report_ids", pa.list_(pa.string())),
        *_PLACE,
    ],
    lambda incidents: {
        "incident_id": [one.incident_id for one in incidents],
        "observed_from": [one.observed_from for one in incidents],
        "observed_until": [one.observed_until for one in incidents],
        "activity": [one.activity.value for one in incidents],
        "weapons": [[weapon.value for weapon in one.weapons] for one in incidents],
        "occurred": [one.occurred for one in incidents],
        "unresolved": [one.unresolved for one in incidents],
        "report_ids": [list(one.report_ids) for one in incidents],
        **centres([one.footprint for one in incidents]),
    },
    placed=True,
    whole=True,
)

_ALERT_TEXTS = ("alert_id", "provision", "article", "incident_id", "line", "acknowledged_by", "assignee", "judged_by")
_ALERT_TERMS = ("status", "severity", "reason", "standing", "side")
_ALERT_NUMBERS = ("probability", "place_probability", "chainage_m", "offset_m", "lon", "lat", "radius_m")


def _alert_values(revisions: Sequence[Revision]) -> Values:
    alerts = [one.alert for one in revisions]
    return {
        **{name: [getattr(one, name) for one in alerts] for name in (*_ALERT_TEXTS, *_ALERT_NUMBERS)},
        **{
            name: [None if (term := getattr(one, name)) is None else term.value for one in alerts]
            for name in _ALERT_TERMS
        },
        "observed_from": [one.observed_from for one in alerts],
        "observed_until": [one.observed_until for one in alerts],
        "report_ids": [list(one.report_ids) for one in alerts],
        "agreement_version": [one.agreement_version for one in alerts],
        "revision": [one.revision for one in revisions],
        "decided_at": [one.decided_at for one in revisions],
        "change": [one.change.value for one in revisions],
        "author": [one.author for one in revisions],
        "superseded_by": [list(one.superseded_by) for one in revisions],
    }


ALERTS = Kind(
    "alerts",
    Revision,
    lambda one: f"{one.alert.alert_id}#{one.revision}",
    _hash,
    lambda one: {"agreement": one.alert.agreement, "day": day_of(one.alert.observed_from)},
    [
        *(pa.field(name, pa.string()) for name in (*_ALERT_TEXTS, *_ALERT_TERMS)),
        *(pa.field(name, pa.float64()) for name in _ALERT_NUMBERS),
        pa.field("observed_from", TIME),
        pa.field("observed_until", TIME),
        pa.field("report_ids", pa.list_(pa.string())),
        pa.field("agreement_version", pa.string()),
        pa.field("revision", pa.int64()),
        pa.field("decided_at", TIME),
        pa.field("change", pa.string()),
        pa.field("author", pa.string()),
        pa.field("superseded_by", pa.list_(pa.string())),
    ],
    _alert_values,
    placed=True,
)

OBSERVATIONS = Kind(
    "observations",
    Observation,
    lambda one: one.observation_id,
    watch_hash,
    lambda one: {"day": day_of(one.observed_from)},
    [
        pa.field("observation_id", pa.string()),
        pa.field("asset", pa.string()),
        pa.field("observed_from", TIME),
        pa.field("observed_until", TIME),
        pa.field("received_at", TIME),
    ],
    lambda some: {
        name: [getattr(one, name) for one in some]
        for name in ("observation_id", "asset", "observed_from", "observed_until", "received_at")
    },
)

ACTIONS = Kind(
    "actions",
    Action,
    lambda one: one.action_id,
    _hash,
    lambda one: {"agreement": one.agreement},
    [
        *(pa.field(name, pa.string()) for name in ("action_id", "provision", "alert_id", "kind", "by")),
        pa.field("decided_at", TIME),
    ],
    lambda some: {
        **{name: [getattr(one, name) for one in some] for name in ("action_id", "provision", "alert_id", "by")},
        "kind": [one.kind.value for one in some],
        "decided_at": [one.decided_at for one in some],
    },
)

REJECTS = Kind(
    "rejects",
    Reject,
    lambda one: f"{one.file}#{one.row}",
    _hash,
    lambda _: {},
    [
        *(pa.field(name, pa.string()) for name in ("file", "field", "reason", "detail")),
        pa.field("row", pa.int64()),
        pa.field("position", pa.int64()),
    ],
    lambda some: {
        **{name: [getattr(one, name) for one in some] for name in ("file", "field", "detail", "row", "position")},
        "reason": [one.reason.value for one in some],
    },
)

KINDS = {one.name: one for one in (REPORTS, INCIDENTS, ALERTS, OBSERVATIONS, ACTIONS, REJECTS)}
