"""Writes schemas/ and the generated parts of docs/ from the records: `make schemas`; `--check` only compares.

msgspec gives the schemas of the records' types; what `pipeline.model.check` asks of a report beyond its types is added
here, so that a publisher can test a line with any validator before sending it.
"""

import copy
import json
import sys
from collections.abc import Callable
from inspect import cleandoc
from pathlib import Path
from typing import Any

import msgspec

from pipeline.agreement.format import JUDGED, UNJUDGED
from pipeline.model import check
from pipeline.model.footprint import Area, Bearing, Disc, Nowhere
from pipeline.model.records import Alert, Incident, Match, Observation, Reject, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import LISTS, Term
from tools.fields import FIELDS
from tools.tables import written_docs

ROOT = Path(__file__).resolve().parents[1]
DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

TIME_PATTERN = r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$"
_LENGTH = {"minimum": 0, "maximum": check.MAX_RADIUS_M}
_LON, _LAT = {"minimum": -180, "maximum": 180}, {"minimum": -90, "maximum": 90}
_RING = {"minItems": 4}
_POSITION = {"minItems": 2, "maxItems": 3}
_CALIBRE = {"exclusiveMinimum": 0, "maximum": 2000}
_POLYGON_RINGS = {"minItems": 1, "items": {**_RING, "items": _POSITION}}

BEYOND_TYPES: dict[str, Schema] = {
    "Report": {
        "report_id": {"pattern": "^[^:].*:.|^[^:]:.", "maxLength": check.MAX_ID},
        "source": {"minLength": 1},
        "calibre_mm": {"anyOf": [_CALIBRE, {"prefixItems": [_CALIBRE, _CALIBRE]}, {}]},
    },
    "Disc": {"lon": _LON, "lat": _LAT, "radius_m": _LENGTH},
    "Bearing": {
        "lon": _LON,
        "lat": _LAT,
        "range_min_m": _LENGTH,
        "range_max_m": {**_LENGTH, "exclusiveMinimum": 0},
        "azimuths_deg": {
            "minItems": 1,
            "maxItems": check.MAX_AZIMUTHS,
            "items": {"prefixItems": [{"minimum": -360, "maximum": 720}] * 2},
        },
    },
    "Polygon": {"coordinates": _POLYGON_RINGS},
    "MultiPolygon": {"coordinates": {"minItems": 1, "items": _POLYGON_RINGS}},
    "Count": {"min": {"minimum": 0}},
    "Observation": {"quality": {"anyOf": [_LON, {}]}},
}
