"""Traces: how long signs of what happened stay, and with what chance a look finds them.

The figures are in `geodata/recon/traces.toml`, and all of them are assumed.
"""

import math
from collections.abc import Mapping
from functools import cache

import msgspec

from pipeline.model.decoding import decodable
from pipeline.recon.gain import HOUR_MS, Question
from pipeline.recon.makes import Confidence, Positive, Share, Table, Technique
from pipeline.resources import folder


class Trace(Table, frozen=True, kw_only=True):
    """Signs of one class of activity.

    Attributes:
        signs: what they are, in words.
        half_life_h: after so many hours half of them are left.
        found: by technique, the chance that one look nearby finds them while they are fresh.
    """

    class_name: str = msgspec.field(name="class")
    signs: str
    half_life_h: Positive
    found: Mapping[Technique, Share]


@decodable
class Traces(Table, frozen=True, kw_only=True, rename={"traces": "trace"}):
    """All that is known of signs.

    Attributes:
        wrong: by technique, the chance that a look takes for a sign what is none.
    """

    version: int
    source: str
    confidence: Confidence
    wrong: Mapping[Technique, Share]
    traces: tuple[Trace, ...]

    def of(self, class_name: str) -> Trace | None:
        """The signs of a class; None where nothing is known of any."""
        return next((one for one in self.traces if one.class_name == class_name), None)


def left_of(trace: Trace, question: Question, at_ms: int) -> float:
    """The share of the signs that is left at a time.

    Of an alert since the end of what happened; of a gap on the mean over its hours, any of which may have left some.
    """
    life_ms = trace.half_life_h * HOUR_MS
    since_ms = max(0.0, float(at_ms - question.until_ms))
    left = math.exp2(-since_ms / life_ms)
    span = (question.until_ms - question.from_ms) / life_ms
    if question.kind == "alert" or span <= 0.0:
        return left
    return left * (1.0 - math.exp2(-span)) / (span * math.log(2.0))


@cache
def load_traces() -> Traces:
    """The shipped figures.

    >>> load_traces().confidence
    'low'
    """
    text = (folder("geodata") / "recon" / "traces.toml").read_bytes()
    return msgspec.toml.decode(text, type=Traces)
