"""Frames: reports as newline-delimited JSON, with what may have to be sealed kept apart.

The open line of a report carries, for each field in `SEALABLE` that it has, a commitment: the SHA-256 of a random
salt, the field's name and its value. The salt and the value stand in the frame's other part. Sealing a field later
means to drop both: the open line, and whatever proof was made over it, stays as it was, and no guess at the value can
be tested against it. (The store's own key of a report, `reports.content`, is made from all that it says and is no part
of the frame: it must be redrawn with the sealing.)
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from pipeline.model.report import SEALABLE, Origin, Report

SALT_BYTES = 16

_encode = msgspec.json.Encoder().encode
_decode_open = msgspec.json.Decoder(Report).decode
_decode_sealable: Callable[[bytes], dict[str, tuple[str, Any] | None]] = msgspec.json.Decoder(
    dict[str, tuple[str, Any] | None]
).decode
_BARE = dict.fromkeys(SEALABLE)


def encode_frame(reports: Sequence[Report], salts: Callable[[int], bytes]) -> tuple[bytes, bytes]:
    """The open and the sealable part of a frame, each with one line a report.

    Args:
        salts: gives that many random bytes.
    """
    pool = salts(SALT_BYTES * len(SEALABLE) * len(reports))
    open_lines, sealable_lines = [], []
    for number, report in enumerate(reports):
        kept: dict[str, tuple[str, Any]] = {}
        commitments: dict[str, str] = {}
        for place, name in enumerate(SEALABLE, number * len(SEALABLE)):
            value = getattr(report, name)
            if value is not None:
                salt = pool[place * SALT_BYTES : (place + 1) * SALT_BYTES].hex()
                kept[name] = salt, value
                commitments[name] = commitment(salt, name, value)
        line = _encode(replace(report, **_BARE))
        open_lines.append(line[:-1] + b',"sealed":' + _encode(commitments) + b"}" if commitments else line)
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


def commitment(salt: str, name: str, value: Any) -> str:
    """What the open line says in place of a sealable field."""
    return hashlib.sha256(bytes.fromhex(salt) + name.encode() + b"\0" + _encode(value)).hexdigest()


def _whole(line: bytes, sealable: bytes) -> Report:
    report = _decode_open(line)
    kept = {name: pair[1] for name, pair in _decode_sealable(sealable).items() if pair is not None}
    if "origin" in kept:
        kept["origin"] = msgspec.convert(kept["origin"], Origin)
    return replace(report, **kept) if kept else report
