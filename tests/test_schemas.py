"""The published schemas are current, say what the code says, and refuse what it refuses; records grow by a rule."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.model import identity
from pipeline.model.check import Problem, check, in_utc
from pipeline.model.records import Alert, Incident, Match, Observation, Reject, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import LISTS, RejectReason
from pipeline.resources import folder
from pipeline.sources.ndjson import decode_line
from tests.sources.reading import read_rows
from tests.strategies import AREA_IDS, reports
from tools import fields, schemas

CHECKOUT = Path(__file__).resolve().parents[1]
SCHEMAS = folder("schemas")
EXAMPLES = sorted((SCHEMAS / "examples").glob("*.json"))
V1 = CHECKOUT / "tests" / "data" / "report-v1.ndjson"
RECORDS: dict[str, Any] = {
    "report": Report,
    "observation": Observation,
    "incident": Incident,
    "match": Match,
    "alert": Alert,
}

Change = Callable[[dict[str, Any]], object]


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


REPORT = validator("report")


def example(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def refused(line: dict[str, Any]) -> Problem | None:
    """What the reader of reports has against a line."""
    report = decode_line(json.dumps(line).encode())
    return report if isinstance(report, Problem) else check(report, AREA_IDS)


def test_what_is_generated_is_current() -> None:
    stale = [
        str(path.relative_to(CHECKOUT))
        for path, text in schemas.generated(CHECKOUT).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `make schemas`"


@pytest.mark.parametrize("published", schemas.PUBLISHED, ids=lambda published: published.file)
def test_schema_is_valid_and_open_and_names_no_host(published: schemas.Published) -> None:
    schema = json.loads((SCHEMAS / f"{published.file}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == schemas.DRAFT
    assert schema["$id"] == f"{published.file}.json"
    assert schema["title"]
    assert schema["description"]
    assert "additionalProperties" not in json.dumps(schema), "a reader passes over fields that it does not know"
    without = [field for field, about in schema["properties"].items() if not about.get("description")]
    assert without == []


@pytest.mark.parametrize("record", fields.FIELDS, ids=lambda record: record.__name__)
def test_every_field_is_described_and_no_other(record: type[msgspec.Struct]) -> None:
    named = [field.encode_name for field in msgspec.structs.fields(record)]
    if record is Revision:
        named.remove("alert")
    if record is Match:
        named.append("geometry")
    assert list(fields.FIELDS[record]) == named


def test_taxonomy_holds_every_term_of_the_code_and_its_meaning() -> None:
    taxonomy = json.loads((SCHEMAS / "taxonomy.json").read_text(encoding="utf-8"))
    for name, terms in LISTS.items():
        told = [(entry["term"], entry["meaning"], entry.get("group", "")) for entry in taxonomy[name]]
        assert told == [(term.value, term.meaning, term.group) for term in terms]
    assert [entry["term"] for entry in taxonomy["footprint_kinds"]] == ["disc", "bearing", "area", "nowhere"]
    words = [entry["term"] for entries in taxonomy.values() for entry in entries]
    assert [word for word in words if not word.isascii() or not word.replace("_", "").isalnum() or word.lower() != word] == []
    assert all(entry["meaning"] for entries in taxonomy.values() for entry in entries)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_valid_for_others_and_for_us(path: Path) -> None:
    kind = path.stem.partition("-")[0]
    line = path.read_bytes()
    validator(kind).validate(json.loads(line))
    if kind in RECORDS:
        msgspec.json.decode(line, type=RECORDS[kind])
    if kind == "report":
        assert refused(json.loads(line)) is None


def test_there_is_an_example_of_every_published_record_and_footprint() -> None:
    assert {path.stem.partition("-")[0] for path in EXAMPLES} == {published.file for published in schemas.PUBLISHED}
    shown = {json.loads(path.read_bytes())["footprint"]["kind"] for path in EXAMPLES if path.stem.startswith("report")}
    assert shown == {"disc", "bearing", "area", "nowhere"}


def test_reject_and_revision_are_published_as_they_are_exported() -> None:
    (row,) = read_rows("ndjson", b'{"report_id": "ndjson:1", "footprint": {"kind": "nowhere"}}\n')
    exported = msgspec.to_builtins(row.reject)
    exported["bytes_base64"] = exported.pop("bytes")
    validator("reject").validate(exported)
    assert exported.keys() == example("reject").keys()
    assert not validator("reject").is_valid(msgspec.to_builtins(row.reject))
    assert example("revision").items() >= example("alert").items()


@given(reports())
def test_any_report_that_the_check_lets_through_is_valid(report: Report) -> None:
    assert check(report, AREA_IDS) is None
    line = msgspec.json.encode(report)
    REPORT.validate(json.loads(line))
    assert decode_line(line) == report


INVALID: dict[str, tuple[str, Change]] = {
    "no id": ("disc", lambda line: line.pop("report_id")),
    "id without a source": ("disc", lambda line: line.update(report_id="camera")),
    "id that ends with the colon": ("disc", lambda line: line.update(report_id="ndjson:")),
    "id of 301 characters": ("disc", lambda line: line.update(report_id="ndjson:" + "x" * 294)),
    "no time": ("disc", lambda line: line.pop("observed_from")),
    "time is null": ("disc", lambda line: line.update(observed_from=None)),
    "time without a zone": ("disc", lambda line: line.update(observed_from="2020-08-15T19:42:10")),
    "date alone": ("disc", lambda line: line.update(observed_until="2020-08-15")),
    "unknown activity": ("disc", lambda line: line.update(activity="mischief")),
    "unknown weapon": ("disc", lambda line: line.update(weapons=["mortar", "catapult"])),
    "unknown unit": ("disc", lambda line: line["count"].update(unit="dozen")),
    "unknown kind of footprint": ("disc", lambda line: line.update(footprint={"kind": "point", "lon": 1, "lat": 1})),
    "footprint without a kind": ("disc", lambda line: line["footprint"].pop("kind")),
    "no radius": ("disc", lambda line: line["footprint"].pop("radius_m")),
    "negative radius": ("disc", lambda line: line["footprint"].update(radius_m=-1)),
    "radius in words": ("disc", lambda line: line["footprint"].update(radius_m="150")),
    "radius beyond reason": ("disc", lambda line: line["footprint"].update(radius_m=2_000_001)),
    "longitude 181": ("disc", lambda line: line["footprint"].update(lon=181)),
    "latitude 91": ("disc", lambda line: line["footprint"].update(lat=91)),
    "null island": ("disc", lambda line: line["footprint"].update(lon=0, lat=0)),
    "no calibre at all": ("disc", lambda line: line.update(calibre_mm=0)),
    "calibre of three numbers": ("disc", lambda line: line.update(calibre_mm=[1, 2, 3])),
    "less than none": ("disc", lambda line: line["count"].update(min=-1)),
    "an azimuth of one angle": ("bearing", lambda line: line["footprint"].update(azimuths_deg=[[10]])),
    "no azimuth": ("bearing", lambda line: line["footprint"].update(azimuths_deg=[])),
    "33 azimuths": ("bearing", lambda line: line["footprint"].update(azimuths_deg=[[0, 1]] * 33)),
    "an azimuth of 721": ("bearing", lambda line: line["footprint"].update(azimuths_deg=[[0, 721]])),
    "no range": ("bearing", lambda line: line["footprint"].update(range_min_m=0, range_max_m=0)),
    "area of nothing": ("area", lambda line: line.update(footprint={"kind": "area"})),
    "area given twice": ("area", lambda line: line["footprint"].update(area_id="ua-donetsk")),
    "ring of three": ("area", lambda line: line["footprint"]["geometry"]["coordinates"][0].pop(1)),
    "position of one": ("area", lambda line: line["footprint"]["geometry"]["coordinates"][0][1].pop()),
    "line for an area": ("area", lambda line: line["footprint"]["geometry"].update(type="LineString")),
    "unknown basis": ("area", lambda line: line["attribution"].update(basis="rumour")),
    "retracted in words": ("nowhere", lambda line: line.update(retracted="yes")),
}


@pytest.mark.parametrize("what", INVALID)
def test_what_is_invalid_for_others_is_refused_by_us(what: str) -> None:
    kind, change = INVALID[what]
    line = example(f"report-{kind}")
    REPORT.validate(line)
    assert refused(line) is None
    change(line)
    if what == "ring of three":
        line["footprint"]["geometry"]["coordinates"][0].pop(1)
    assert not REPORT.is_valid(line)
    assert refused(line) is not None


@given(
    st.sampled_from(["lon", "lat", "radius_m", "range_min_m", "range_max_m"]),
    st.floats(-1e7, 1e7) | st.sampled_from([-180.0, 180.0, -90.0, 90.0, 0.0, 2e6, 2_000_000.5, 180.00001]),
)
def test_bounds_of_the_schema_are_those_of_the_check(field: str, value: float) -> None:
    line = example("report-bearing" if field.startswith("range") else "report-disc")
    line["footprint"][field] = value
    assume(field != "range_min_m" or value < line["footprint"]["range_max_m"] or value > 2e6)
    assume(field != "range_max_m" or value > line["footprint"]["range_min_m"] or value <= 0)
    assert REPORT.is_valid(line) == (refused(line) is None)


def test_todays_lines_decode_for_ever() -> None:
    """Lines are added to this file, never changed: what could once be read can be read."""
    lines = V1.read_bytes().splitlines()
    assert len(lines) >= 7
    for line in lines:
        report = decode_line(line)
        assert isinstance(report, Report), report
        assert check(report, AREA_IDS) is None
        REPORT.validate(json.loads(line))
    # The ids of the record rest on these: another hash for an old line would make a version of every report again.
    hashes = [identity.content_hash(in_utc(report)).hex() for line in lines if isinstance(report := decode_line(line), Report)]
    assert hashes == V1_HASHES


V1_HASHES: list[str] = []


def test_a_field_that_is_not_known_is_passed_over() -> None:
    line = example("report-disc")
    line["a_field_of_tomorrow"] = {"x": 1}
    line["footprint"]["tilt_deg"] = 4
    REPORT.validate(line)
    assert refused(line) is None


def test_a_term_that_is_not_known_is_rejected_with_its_bytes_and_its_neighbours_are_read() -> None:
    new = json.dumps(example("report-disc") | {"activity": "a_term_of_tomorrow"}).encode()
    old = json.dumps(example("report-bearing")).encode()
    first, second = read_rows("ndjson", new + b"\n" + old + b"\n")
    assert first.reject is not None
    assert first.reject.reason is RejectReason.UNKNOWN_TERM
    assert first.reject.field == "activity"
    assert first.reject.bytes == new
    assert second.reports


def test_a_term_can_be_added_and_the_kept_bytes_read_again() -> None:
    kept = json.dumps(example("report-disc") | {"activity": "a_term_of_tomorrow"}).encode()
    tomorrow: Any = msgspec.defstruct(
        "Tomorrow", [("report_id", str), ("activity", str)], frozen=True, kw_only=True
    )
    assert msgspec.json.decode(kept, type=tomorrow).activity == "a_term_of_tomorrow"


@given(reports())
def test_a_field_that_is_added_changes_no_hash_of_an_old_report(report: Report) -> None:
    """Tomorrow's record has one more optional field; a report that does not say it is the report that it was."""
    tomorrow: Any = msgspec.defstruct(
        "Report",
        [("visibility_m", float | None, None)],
        bases=(Report,),
        frozen=True,
        kw_only=True,
        omit_defaults=True,
    )
    line = msgspec.json.encode(report)
    read = msgspec.json.decode(line, type=tomorrow)
    assert msgspec.json.encode(read) == line
    assert said(read, tomorrow) == said(report, Report)
    more = msgspec.structs.replace(read, visibility_m=500.0)
    assert said(more, tomorrow) != said(read, tomorrow)
    again = msgspec.json.decode(msgspec.json.encode(more), type=Report)
    assert again == report, "today's reader reads tomorrow's line"
