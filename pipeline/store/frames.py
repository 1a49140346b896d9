"""Frames: reports as newline-delimited JSON, with what may have to be sealed kept apart.

The open line of a report carries, for each field in `SEALABLE` that it has, a commitment: the SHA-256 of a random
salt, the field's name and its value. The salt and the value stand in the frame's other part. Sealing a field later
(`sealing`) means to drop both: the open line, and whatever proof was made over it, stays as it was, and no guess at the
value can be tested against it. (The store's own key of a report, `reports.content`, is made from all that it says, and
stays so that a repeat is known for one. It is no part of the frame, and no business of whoever is given a copy.)
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from msgspec.structs import replace

from pipeline.model.report import SEALABLE, Origin, Remark, Report

SALT_BYTES = 16

_encode = msgspec.json.Encoder().encode
_decode_open = msgspec.json.Decoder(Report).decode
_decode_sealable: Callable[[bytes], dict[str, tuple[str, Any] | None]] = msgspec.json.Decoder(
    dict[str, tuple[str, Any] | None]
).decode

_OPEN = [field for field in msgspec.structs.fields(Report) if field.name not in SEALABLE]
_open_of = attrgetter(*(field.name for field in _OPEN))
_sealable_of = attrgetter(*SEALABLE)
_Open: Any = msgspec.defstruct(
    "_Open",
    [
        *((field.name, field.type) if field.required else (field.name, field.type, field.default) for field in _OPEN),
        ("sealed", dict[str, str], msgspec.field(default_factory=dict)),
    ],
    omit_defaults=True,
    gc=False,
)
_RECORDS: dict[str, Any] = {"origin": Origin, "remarks": tuple[Remark, ...]}
"""What the fields that are no text are made of."""
_NAMES = [(name, name.encode() + b"\0") for name in SEALABLE]


def encode_frame(reports: Sequence[Report], salts: Callable[[int], bytes]) -> tuple[bytes, bytes]:
    """The open and the sealable part of a frame, each with one line a report.

    Args:
        salts: gives that many random bytes.
    """
    pool = salts(SALT_BYTES * len(SEALABLE) * len(reports))
    open_lines, sealable_lines, place = [], [], 0
    for report in reports:
        kept: dict[str, tuple[str, Any]] = {}
        commitments: dict[str, str] = {}
        for (name, named), value in zip(_NAMES, _sealable_of(report), strict=True):
            if value is not None:
                salt = pool[place : place + SALT_BYTES]
                kept[name] = salt.hex(), value
                commitments[name] = hashlib.sha256(salt + named + _encode(value)).hexdigest()
            place += SALT_BYTES
        open_lines.append(_encode(_Open(*_open_of(report), commitments)))
        sealable_lines.append(_encode(kept))
    return b"\n".join(open_lines), b"\n".join(sealable_lines)


def decode_frame(open_part: bytes, sealable_part: bytes) -> list[Report]:
    """The reports of a frame; a field that was sealed is null."""
    pairs = zip(open_part.split(b"\n"), sealable_part.split(b"\n"), strict=True)
    return [_whole(line, sealable) for line, sealable in pairs]


def decode_lines(open_part: bytes, sealable_part: bytes, lines: Iterable[int]) -> dict[int, Report]:
    """Some reports of a frame, by their line."""
    opened, sealable = open_part.split(b"\n"), sealable_part.split(b"\n")
    return {line: _whole(opened[line], sealable[line]) for line in lines}


def _whole(line: bytes, sealable: bytes) -> Report:
    report = _decode_open(line)
    kept = {name: pair[1] for name, pair in _decode_sealable(sealable).items() if pair is not None}
    for name in kept.keys() & _RECORDS.keys():
        kept[name] = msgspec.convert(kept[name], _RECORDS[name])
    return replace(report, **kept) if kept else report
