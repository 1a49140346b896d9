"""The published schemas are current, say what the code says, and refuse what it refuses; records grow by a rule."""

import importlib.util
import json
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.model import identity
from pipeline.model.check import Problem, check, in_utc
from pipeline.model.records import Alert, Incident, Match, Observation, Reject, Revision
from pipeline.model.report import Report
from pipeline.model.taxonomy import LISTS, Activity, RejectReason
from pipeline.resources import folder
from pipeline.sources.ndjson import decode_line
from pipeline.stream import wire
from pipeline.stream.settings import Settings
from pipeline.stream.topics import topics
from pipeline.tables import NumberedReject, TableKind, write_matches, write_records
from tests.matches import as_columns
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

V1_HASHES = [
    "49358617b151aa5d7aa5f74010087e74",
    "7b334872fb27473e034ff031d47717ac",
    "5ba4f8d81c46a70953bfb05c8dc7dae3",
    "292149176032c90c484276dd6533d9a2",
    "d34702371d58d6b48f7d8ad3acbe54f4",
    "e6dc5f1d3c2713bbde23b4cc41307f98",
    "f508da547e8659ef6be44233326fa9c5",
    "d00eb4c67da8e09956228f61cd2789aa",
]

Change = Callable[[dict[str, Any]], object]


def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8")))


REPORT = validator("report")


def example(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    return loaded


def read(line: bytes) -> Report:
    """The report on a line that can be read."""
    report = decode_line(line)
    assert isinstance(report, Report), report
    return report


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
    if record is Reject:
        named.insert(0, "number")
    assert list(fields.FIELDS[record]) == named


def test_taxonomy_holds_every_term_of_the_code_and_its_meaning() -> None:
    taxonomy = json.loads((SCHEMAS / "taxonomy.json").read_text(encoding="utf-8"))
    for name, terms in LISTS.items():
        told = [(entry["term"], entry["meaning"], entry.get("group", "")) for entry in taxonomy[name]]
        assert told == [(term.value, term.meaning, term.group) for term in terms]
    assert [entry["term"] for entry in taxonomy["footprint_kinds"]] == ["disc", "bearing", "area", "nowhere"]
    entries = [entry for listed in taxonomy.values() for entry in listed]
    assert [
        entry for entry in entries if not re.fullmatch("[a-z]+(_[a-z]+)*", entry["term"]) or not entry["meaning"]
    ] == []


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


@pytest.mark.parametrize("kind", TableKind, ids=lambda kind: kind.value)
def test_what_is_exported_is_what_is_published(kind: TableKind, tmp_path: Path) -> None:
    """One record of each kind, built from an example, written as NDJSON and read by the published schema."""
    alert = msgspec.convert(example("alert"), Alert)
    match = msgspec.json.decode((SCHEMAS / "examples" / "match.json").read_bytes(), type=Match)
    (row,) = read_rows("ndjson", b'{"report_id": "ndjson:1", "footprint": {"kind": "nowhere"}}\n')
    assert row.reject is not None
    revision = msgspec.convert({**example("revision"), "alert": example("alert")}, Revision)
    records: dict[TableKind, Any] = {
        TableKind.ALERTS: alert,
        TableKind.HISTORY: revision,
        TableKind.INCIDENTS: msgspec.convert(example("incident"), Incident),
        TableKind.REJECTS: NumberedReject(1, row.reject),
    }
    names = dict(zip(TableKind, ("match", "alert", "incident", "revision", "reject"), strict=True))
    if kind is TableKind.MATCHES:
        write_matches(tmp_path / "out.ndjson", [as_columns(match)])
    else:
        write_records(tmp_path / "out.ndjson", kind, [records[kind]])
    exported = json.loads((tmp_path / "out.ndjson").read_bytes())
    validator(names[kind]).validate(exported)
    schema = json.loads((SCHEMAS / f"{names[kind]}.json").read_text(encoding="utf-8"))
    assert list(exported) == list(schema["properties"]) == list(example(names[kind]))


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
    "unknown ledger": ("disc", lambda line: line.update(ledger="hearsay")),
    "ledger of no party": ("disc", lambda line: line.update(ledger="party:")),
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
    "an observer far beyond reason": ("bearing", lambda line: line["footprint"].update(observer_radius_m=2_000_001)),
    "no range": ("bearing", lambda line: line["footprint"].update(range_min_m=0, range_max_m=0)),
    "area of nothing": ("area", lambda line: line.update(footprint={"kind": "area"})),
    "area given twice": ("area", lambda line: line["footprint"].update(area_id="ua-donetsk")),
    "ring of three": (
        "area",
        lambda line: line["footprint"]["geometry"].update(coordinates=[[[1, 1], [2, 2], [1, 1]]]),
    ),
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
    assert not REPORT.is_valid(line)
    assert refused(line) is not None


@given(
    st.sampled_from(["lon", "lat", "radius_m", "range_min_m", "range_max_m", "observer_radius_m"]),
    st.floats(-1e7, 1e7) | st.sampled_from([-180.0, 180.0, -90.0, 90.0, 0.0, 2e6, 2_000_000.5, 180.00001]),
)
def test_bounds_of_the_schema_are_those_of_the_check(field: str, value: float) -> None:
    line = example("report-bearing" if field.startswith(("range", "observer")) else "report-disc")
    line["footprint"][field] = value
    assume(field != "range_min_m" or value < line["footprint"]["range_max_m"] or value > 2e6)
    assume(field != "range_max_m" or value > line["footprint"]["range_min_m"] or value <= 0)
    assert REPORT.is_valid(line) == (refused(line) is None)


def test_todays_lines_decode_for_ever() -> None:
    """Lines are added to this file, never changed: what could once be read can be read."""
    for line in V1.read_bytes().splitlines():
        assert check(read(line), AREA_IDS) is None
        REPORT.validate(json.loads(line))


def test_todays_lines_keep_their_hash() -> None:
    """The record rests on these: another hash for an old line would make a new version of every report in it."""
    assert [identity.content_hash(in_utc(read(line))).hex() for line in V1.read_bytes().splitlines()] == V1_HASHES


def test_a_field_that_is_not_known_is_passed_over() -> None:
    line = example("report-disc")
    line["a_field_of_tomorrow"] = {"x": 1}
    line["footprint"]["tilt_deg"] = 4
    REPORT.validate(line)
    assert refused(line) is None


def test_a_term_that_is_not_known_is_rejected_and_can_be_read_again_once_it_is() -> None:
    new = json.dumps(example("report-disc") | {"activity": "a_term_of_tomorrow"}).encode()
    old = json.dumps(example("report-bearing")).encode()
    first, second = read_rows("ndjson", new + b"\n" + old + b"\n")
    assert second.reports
    assert first.reject is not None
    assert (first.reject.reason, first.reject.field) == (RejectReason.UNKNOWN_TERM, "activity")
    terms = StrEnum("Activity", [*Activity.__members__.items(), ("TOMORROW", "a_term_of_tomorrow")])  # type: ignore[misc]
    tomorrow = successor(("activity", terms))
    assert msgspec.json.decode(first.reject.bytes, type=tomorrow).activity == "a_term_of_tomorrow"
    assert hash_of_tomorrow(tomorrow)(second.reports[0]) == identity.content_hash(second.reports[0])


def test_an_added_field_changes_no_hash_of_an_old_report_and_todays_reader_passes_over_it() -> None:
    tomorrow = successor(("visibility_m", float | None, None))
    content_hash = hash_of_tomorrow(tomorrow)

    @given(reports())
    def holds(report: Report) -> None:
        line = msgspec.json.encode(report)
        read = msgspec.json.decode(line, type=tomorrow)
        assert msgspec.json.encode(read) == line
        assert content_hash(read) == identity.content_hash(report)
        more = msgspec.structs.replace(read, visibility_m=500.0)
        assert content_hash(more) != content_hash(read)
        assert msgspec.json.decode(msgspec.json.encode(more), type=Report) == report

    holds()


def successor(field: Any) -> Any:
    """Tomorrow's Report: today's, with one field more, or another type for one."""
    return msgspec.defstruct("Report", [field], bases=(Report,), frozen=True, kw_only=True, omit_defaults=True)


def hash_of_tomorrow(successor: Any) -> Callable[[Any], bytes]:
    """`content_hash` as the same code computes it where that is the Report."""
    spec = importlib.util.spec_from_file_location("identity_of_tomorrow", identity.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.model.report.Report", successor)
        spec.loader.exec_module(module)
    made: Callable[[Any], bytes] = module.content_hash
    return made


ASYNCAPI: dict[str, Any] = yaml.safe_load((SCHEMAS / "asyncapi.yaml").read_text(encoding="utf-8"))


def referred(part: Any) -> Iterator[str]:
    """Every `$ref` in a document."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from [value] if key == "$ref" else referred(value)
    elif isinstance(part, list):
        for item in part:
            yield from referred(item)


def test_asyncapi_tells_of_every_topic_as_it_is_made() -> None:
    every = topics(Settings().retention_days)
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert list(ASYNCAPI["channels"]) == list(every)
    for name, channel in ASYNCAPI["channels"].items():
        binding = channel["bindings"]["kafka"]
        told = binding["topicConfiguration"]
        assert channel["address"] == f"truceline.{name}"
        assert binding["partitions"] == (Settings().partitions if every[name].partitioned else 1)
        assert told["cleanup.policy"] == ["compact" if every[name].compacted else "delete"]
        assert {key: str(value) for key, value in told.items() if key != "cleanup.policy"}.items() <= every[
            name
        ].configs(1).items()


def test_asyncapi_refers_to_what_is_there() -> None:
    for reference in referred(ASYNCAPI):
        file, _, inside = reference.partition("#/")
        if file:
            assert (SCHEMAS / file).is_file(), reference
            continue
        part: Any = ASYNCAPI
        for step in inside.split("/"):
            part = part[step]
        assert part


def test_what_is_on_the_topics_is_what_asyncapi_says() -> None:
    (row,) = read_rows("ndjson", b'{"report_id": "ndjson:1", "footprint": {"kind": "nowhere"}}\n')
    assert row.reject is not None
    revision = msgspec.convert({**example("revision"), "alert": example("alert")}, Revision)
    on_topics = {
        "rejects": wire.encode_reject(row.reject),
        "alerts": wire.encode_revision(revision),
        "transitions": wire.encode_revision(revision),
        "incidents": wire.encode_incident(msgspec.convert(example("incident"), Incident)),
        "reports": wire.encode_frame([read(V1.read_bytes().splitlines()[0])]),
    }
    for name, value in on_topics.items():
        payload = ASYNCAPI["components"]["messages"][name]["payload"]
        payload = payload.get("contentSchema", payload)
        (reference,) = referred(payload)
        here = {"$ref": reference, "components": ASYNCAPI["components"]}
        schema = here if reference.startswith("#") else json.loads((SCHEMAS / reference).read_bytes())
        for line in value.splitlines():
            Draft202012Validator(schema).validate(json.loads(line))
