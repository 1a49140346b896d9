"""How each record looks on its topic: what the worker, `send` and `tail` write and read.

A value is JSON as schemas/ has it; a frame is newline-delimited JSON, one report a line, so that any console consumer
shows it. What a reader does not know it passes over, so that an older and a newer version can read each other.
"""

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, cast

import msgspec
from msgspec.structs import asdict

from pipeline.gazetteer import Gazetteer
from pipeline.model.records import Alert, Incident, Reject, Revision
from pipeline.model.report import Report, Time
from pipeline.model.taxonomy import Change, RejectReason
from pipeline.sources.base import ReadContext, Row, digest
from pipeline.sources.ndjson import Ndjson
from pipeline.sources.records import KEPT_BYTES

FRAME_BYTES = 1 << 20
"""The most that is gathered into one frame; a report that is larger by itself has one of its own."""
FRAME_REPORTS = 4_000


class _Said(msgspec.Struct, kw_only=True):
    """What a revision has besides its alert."""

    revision: int
    decided_at: Time
    change: Change
    author: str
    supersedes: tuple[str, ...] = ()
    superseded_by: tuple[str, ...] = ()


TENDED = "tended"
"""The header of `alerts` and `transitions` that says what operators had to do with an alert, where they acted on it."""


class Tended(msgspec.Struct, frozen=True, kw_only=True):
    """What operators had to do with an alert.

    Attributes:
        judged: the alert as the reports alone have it.
        acts: the ids of the actions that belong to it, in order of time.
    """

    judged: Alert
    acts: tuple[str, ...] = ()


encode = msgspec.json.Encoder().encode
decode_tended = msgspec.json.Decoder(Tended).decode
decode_alert = msgspec.json.Decoder(Alert).decode
_decode_said = msgspec.json.Decoder(_Said).decode
_decode_incident = msgspec.json.Decoder(Incident).decode
_decode_fields = msgspec.json.Decoder(dict[str, Any]).decode


def encode_frame(reports: Sequence[Report]) -> bytes:
    """Reports as one frame."""
    return b"\n".join(map(encode, reports))


def cut(lines: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Lines as frames of the size that a record may have; a line that is larger by itself is one."""
    some, size = list[bytes](), 0
    for line in lines:
        if some and (size + len(line) + 1 > FRAME_BYTES or len(some) == FRAME_REPORTS):
            yield some
            some, size = [], 0
        some.append(line)
        size += len(line) + 1
    if some:
        yield some


def decode_frame(value: bytes, place: str, gazetteer: Gazetteer) -> tuple[list[Report], list[Reject]]:
    """The reports of a frame, checked and in UTC, and what could not be read of it; nothing is ever raised.

    Args:
        place: where the frame stands, `TOPIC/PARTITION@OFFSET`: the `file` of what it rejects.
    """
    reports: list[Report] = []
    rejects: list[Reject] = []
    for row in decode_rows(value, place, gazetteer):
        reports.extend(row.reports)
        if row.reject is not None:
            rejects.append(row.reject)
    return reports, rejects


def decode_rows(value: bytes, place: str, gazetteer: Gazetteer) -> Iterator[Row]:
    """The same, row by row."""
    return Ndjson().read(cast(BinaryIO, io.BytesIO(value)), ReadContext(place, gazetteer))


def encode_revision(said: Revision) -> bytes:
    """A revision, flat: the alert's own fields, and then the revision's (schemas/revision.json)."""
    return encode(asdict(said.alert) | {name: getattr(said, name) for name in _Said.__struct_fields__})


def decode_revision(value: bytes) -> Revision:
    """The revision in a value of `alerts` or `transitions`.

    Raises:
        msgspec.DecodeError: it holds none.
    """
    return Revision(alert=decode_alert(value), **asdict(_decode_said(value)))


def encode_incident(incident: Incident) -> bytes:
    """An incident (schemas/incident.json)."""
    return encode(incident)


def decode_incident(value: bytes) -> Incident:
    """The incident in a value of `incidents`.

    Raises:
        msgspec.DecodeError: it holds none.
    """
    return _decode_incident(value)


def encode_reject(reject: Reject) -> bytes:
    """A reject with its row's bytes in base64, as it is exported, but without a number: no one counts them here."""
    return encode(reject_fields(reject))


def failed(file: str, row: int, source: str, value: bytes, detail: str) -> Reject:
    """The reject of what a fault of ours stands in the way of.

    Args:
        file: where it stands.
        value: its bytes.
    """
    return refused(file, source, value, f"{detail}; the worker's log says how", RejectReason.FAILED, row)


def refused(
    file: str, source: str, value: bytes, detail: str, reason: RejectReason = RejectReason.REFUSED, row: int = 1
) -> Reject:
    """The reject of what goes no further; the arguments are those of `failed`."""
    return Reject(
        file=file,
        row=row,
        position=0,
        field="",
        reason=reason,
        detail=detail,
        source=source,
        bytes=value[:KEPT_BYTES],
        length=len(value),
        sha256=digest(value),
    )


def reject_fields(reject: Reject) -> Mapping[str, Any]:
    """A reject as it is written."""
    fields = asdict(reject)
    fields["bytes_base64"] = base64.b64encode(fields.pop("bytes")).decode()
    return fields


def decode_reject(value: bytes) -> Reject:
    """The reject in a value of `rejects`.

    Raises:
        msgspec.DecodeError: it holds none.
    """
    fields = _decode_fields(value)
    try:
        kept = base64.b64decode(fields.pop("bytes_base64", ""), validate=True)
    except (ValueError, TypeError) as error:
        raise msgspec.ValidationError("Expected base64 - at `$.bytes_base64`") from error
    return msgspec.convert({**fields, "bytes": kept}, Reject)
