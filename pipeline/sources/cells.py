"""Numbers in the cells of a table. Each function names the field in the RowError that it raises."""

import math
import re

from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import RowError

_WHOLE = re.compile(r"([+-]?[0-9]{1,15})(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def whole(text: str, field: str) -> int:
    """A whole number, also where it was saved as a float (`214797.0`).

    >>> whole("214797.0", "id")
    214797
    """
    match = _WHOLE.fullmatch(_given(text, field))
    if match is None:
        raise RowError(field, RejectReason.BAD_VALUE, f"{text[:80]!r} is no whole number")
    return int(match[1])


def finite(text: str, field: str) -> float:
    """A number; NaN, infinities, hexadecimal and digit separators are none.

    >>> finite("-0.5", "lon")
    -0.5
    """
    value = float(text) if _NUMBER.fullmatch(_given(text, field)) else math.nan
    if not math.isfinite(value):
        raise RowError(field, RejectReason.BAD_VALUE, f"{text[:80]!r} is no number")
    return value


def _given(text: str, field: str) -> str:
    if not text:
        raise RowError(field, RejectReason.MISSING, "the field is empty")
    return text
