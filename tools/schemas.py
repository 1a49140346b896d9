"""Writes schemas/ and the generated parts of docs/ from the records: `make schemas`. With `--check` it only compares.

msgspec gives the schemas of the types. What `pipeline.model.check` asks of a report beyond its types is added here, as
far as a schema can say it, so that a publisher can test a line with any validator before sending it.
"""

import json
import sys
from inspect import cleandoc
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.model.actions import Action
from pipeline.model.records import Alert, Findings, Incident, Match, Observation, Reject, Revision
from pipeline.model.report import Report
from tools.agreement_schema import agreement_schema
from tools.asyncapi import asyncapi
from tools.fields import FIELDS
from tools.pages import Schema, pages, term_lists

ROOT = Path(__file__).resolve().parents[1]
DRAFT = "https://json-schema.org/draft/2020-12/schema"

_LON, _LAT = {"minimum": -180, "maximum": 180}, {"minimum": -90, "maximum": 90}
_NOT_NULL_ISLAND = {"not": {"properties": {"lon": {"const": 0}, "lat": {"const": 0}}, "required": ["lon", "lat"]}}
_LENGTH = {"minimum": 0, "maximum": 2_000_000}
_CALIBRE = {"exclusiveMinimum": 0, "maximum": 2000}
_RING = {"minItems": 4, "items": {"minItems": 2, "maxItems": 3, "prefixItems": [_LON, _LAT]}}
_POLYGON = {"minItems": 1, "items": _RING}
_SHARE = {"minimum": 0, "maximum": 1}

BEYOND_TYPES: dict[str, Schema] = {
    "Report": {
        "properties": {
            "report_id": {"pattern": r"^[\s\S]+:[\s\S]", "maxLength": 300},
            "source": {"minLength": 1},
            "ledger": {"anyOf": [{"pattern": r"^(independent|sensor|public|party:[\s\S]+)$"}]},
            "calibre_mm": {"anyOf": [_CALIBRE, {"prefixItems": [_CALIBRE, _CALIBRE]}]},
        }
    },
    "Count": {"properties": {"min": {"minimum": 0}, "max": {"anyOf": [{"minimum": 0}]}}},
    "Disc": {"properties": {"lon": _LON, "lat": _LAT, "radius_m": _LENGTH}, **_NOT_NULL_ISLAND},
    "Bearing": {
        "properties": {
            "lon": _LON,
            "lat": _LAT,
            "range_min_m": _LENGTH,
            "range_max_m": {"exclusiveMinimum": 0, "maximum": 2_000_000},
            "observer_radius_m": _LENGTH,
            "azimuths_deg": {
                "minItems": 1,
                "maxItems": 32,
                "items": {"prefixItems": [{"minimum": -360, "maximum": 720}] * 2},
            },
        },
        **_NOT_NULL_ISLAND,
    },
    "Area": {
        "oneOf": [
            {"required": [name], "properties": {name: {"type": kind}}}
            for name, kind in (("geometry", "object"), ("area_id", "string"))
        ]
    },
    "Polygon": {"properties": {"coordinates": _POLYGON}},
    "MultiPolygon": {"properties": {"coordinates": {"minItems": 1, "items": _POLYGON}}},
    "Incident": {"properties": {"occurred": _SHARE, "origins": {"minimum": 1}}},
    "Match": {"properties": {"probability": _SHARE}},
    "Alert": {"properties": {"probability": _SHARE, "place_probability": _SHARE}},
}
"""What a report must be beyond its types; a test holds this and `pipeline.model.check` together."""

TIME = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$",
}


class Published(NamedTuple):
    """A record as others see it, and in which file its schema stands."""

    file: str
    record: type[msgspec.Struct]
    title: str


PUBLISHED = (
    Published("report", Report, "Report"),
    Published("observation", Observation, "Observation"),
    Published("incident", Incident, "Incident"),
    Published("match", Match, "Match"),
    Published("alert", Alert, "Alert"),
    Published("revision", Revision, "Revision of an alert"),
    Published("findings", Findings, "Findings for provisions that remember"),
    Published("action", Action, "Action"),
    Published("reject", Reject, "Reject"),
)


def main(arguments: list[str]) -> int:
    """Writes what is not current; with `--check` names it and gives 1."""
    if arguments not in ([], ["--check"]):
        print("usage: tools/schemas.py [--check]", file=sys.stderr)
        return 2
    stale = {path: text for path, text in generated(ROOT).items() if not path.is_file() or path.read_text() != text}
    for path, text in sorted(stale.items()):
        print(f"{'not current' if arguments else 'written'}: {path.relative_to(ROOT)}")
        if not arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if arguments and stale else 0


def generated(root: Path) -> dict[Path, str]:
    """Every generated file under `root`, with what it should hold."""
    schemas = {published.file: schema(published) for published in PUBLISHED}
    files = {root / "schemas" / f"{name}.json": _json(made) for name, made in schemas.items()}
    files[root / "schemas" / "taxonomy.json"] = _json(term_lists())
    files[root / "schemas" / "asyncapi.yaml"] = asyncapi(schemas)
    files[root / "schemas" / "agreement.json"] = _json(agreement_schema(root / "docs", DRAFT))
    return files | pages(root / "docs", schemas)


def schema(published: Published) -> Schema:
    """The JSON Schema of one published record."""
    _, found = msgspec.json.schema_components([published.record], ref_template="#/$defs/{name}")
    definitions = {name: _finished(name, definition) for name, definition in found.items()}
    root = definitions.pop(published.record.__name__)
    if published.record is Revision:
        root = _flat(root, definitions.pop("Alert"))
    about = {
        "$schema": DRAFT,
        "$id": f"{published.file}.json",
        "title": published.title,
        "description": root.pop("description"),
    }
    del root["title"]
    return about | root | ({"$defs": dict(sorted(definitions.items()))} if definitions else {})


def _finished(name: str, definition: Schema) -> Schema:
    """One definition with its fields described, its bounds, and only words that JSON Schema has."""
    made: Schema = _plain(definition)
    made["description"] = " ".join(cleandoc(made["description"]).split())
    about = next((about for record, about in FIELDS.items() if record.__name__ == name), {})
    for field, meaning in about.items():
        if field in made["properties"]:
            made["properties"][field] = {"description": meaning, **made["properties"][field]}
    if name == "Report":
        _allow_null(made)
    if name == "Match":
        _add(made, "geometry", {"description": about["geometry"], "type": ["object", "null"]})
    if name == "Reject":
        _add(made, "number", {"description": about["number"], "type": "integer", "minimum": 1}, first=True)
        made["properties"] = {_exported(field): value for field, value in made["properties"].items()}
        made["required"] = [_exported(field) for field in made["required"]]
    _merge(made, BEYOND_TYPES.get(name, {}))
    return made


def _plain(part: Any) -> Any:
    """Without OpenAPI's `discriminator`; a list of one term as a constant; times with their form."""
    if isinstance(part, list):
        return [_plain(item) for item in part]
    if not isinstance(part, dict):
        return part
    if part.get("format") == "date-time":
        return {**part, **TIME}
    if part.keys() == {"enum"} and len(part["enum"]) == 1:
        return {"const": part["enum"][0]}
    return {key: _plain(value) for key, value in part.items() if key != "discriminator"}


def _allow_null(report: Schema) -> None:
    """A field of a report that may be absent may be null, also where the record itself has no null."""
    for field, value in report["properties"].items():
        if field not in report["required"] and "anyOf" not in value:
            kept = {key: value.pop(key) for key in ("description", "default")}
            report["properties"][field] = {**kept, "anyOf": [value, {"type": "null"}]}


def _add(made: Schema, field: str, value: Schema, *, first: bool = False) -> None:
    """A field that an export has and the record has not."""
    properties, required = made["properties"], made["required"]
    made["properties"] = {field: value, **properties} if first else {**properties, field: value}
    made["required"] = [field, *required] if first else [*required, field]


def _flat(revision: Schema, alert: Schema) -> Schema:
    """A revision as it is exported: the alert's own fields, and then the revision's."""
    own = {name: value for name, value in revision["properties"].items() if name != "alert"}
    return {
        **revision,
        "properties": alert["properties"] | own,
        "required": alert["required"] + list(own),
    }


def _exported(field: str) -> str:
    return "bytes_base64" if field == "bytes" else field


def _merge(base: Any, more: Any) -> None:
    """Adds `more` to `base`, in depth; lists of schemas go item by item."""
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        elif isinstance(value, list) and isinstance(base.get(key), list) and isinstance(value[0], dict):
            for one, other in zip(base[key], value, strict=False):
                _merge(one, other)
        else:
            base[key] = value


def _json(data: Any) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
