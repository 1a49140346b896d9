"""CAP 1.2: what an alert becomes, quirk by quirk, and the real alerts against an independent reading."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.model.footprint import Area, Disc, Polygon
from pipeline.model.report import Report
from pipeline.sources.base import Row
from pipeline.sources.cap import Cap
from pipeline.sources.inputs import open_input
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

HEAD = '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
TRIANGLE = "<polygon>48,37 48,38 49,38 48,37</polygon>"
AREA = f"<area><areaDesc>there</areaDesc>{TRIANGLE}</area>"


def info(areas: str = AREA, **changed: str) -> str:
    known = {
        "language": "en",
        "category": "Met",
        "event": "Storm",
        "urgency": "Expected",
        "severity": "Minor",
        "certainty": "Likely",
        "onset": "2024-05-19T17:30:00+04:00",
        "expires": "2024-05-19T23:30:00+04:00",
        "headline": "A storm",
    } | changed
    return "<info>" + "".join(f"<{name}>{word}</{name}>" for name, word in known.items() if word) + areas + "</info>"


def alert(*infos: str, **changed: str) -> bytes:
    known = {
        "identifier": "7",
        "sender": "me@example.org",
        "sent": "2024-05-19T17:18:00+04:00",
        "status": "Actual",
        "msgType": "Alert",
        "scope": "Public",
    } | changed
    said = "".join(f"<{name}>{word}</{name}>" for name, word in known.items() if word)
    return f"{HEAD}{said}{''.join(infos or (info(),))}</alert>".encode()


def reports(rows: list[Row]) -> list[Report]:
    return [report for row in rows for report in row.reports]


def test_an_alert_becomes_a_report_with_longitude_first() -> None:
    report = only_report(read_rows("cap", alert()))
    assert report.report_id == "cap:me@example.org,7"
    assert report.footprint == Area(geometry=Polygon([[[37, 48], [38, 48], [38, 49], [37, 48]]]))
    assert (report.observed_from, report.observed_until) == (
        datetime(2024, 5, 19, 13, 30, tzinfo=UTC),
        datetime(2024, 5, 19, 19, 30, tzinfo=UTC),
    )
    assert report.published_at == datetime(2024, 5, 19, 13, 18, tzinfo=UTC)
    assert (report.activity, report.ledger, report.observer, report.text) == (
        "other",
        "public",
        "me@example.org",
        "A storm",
    )
    assert report.remarks is not None
    assert ("activity", "event: Storm") in {(remark.field, remark.said) for remark in report.remarks}


def test_a_circle_is_a_disc_in_metres() -> None:
    rows = read_rows("cap", alert(info("<area><circle>5.0,6.0 10.5</circle></area>")))
    assert only_report(rows).footprint == Disc(6.0, 5.0, 10_500.0)


def test_a_circle_beside_a_polygon_is_drawn_with_it() -> None:
    rows = read_rows("cap", alert(info(f"<area>{TRIANGLE}<circle>50,36 10</circle></area>")))
    footprint = only_report(rows).footprint
    assert isinstance(footprint, Area)
    assert footprint.geometry is not None
    assert len(footprint.geometry.coordinates) == 2


def test_each_area_of_an_event_is_a_report() -> None:
    two = AREA + "<area><circle>5,6 1</circle></area>"
    (row,) = read_rows("cap", alert(info(two)))
    assert [report.report_id for report in row.reports] == ["cap:me@example.org,7", "cap:me@example.org,7#2"]


def test_infos_that_only_translate_each_other_are_one() -> None:
    french = info(language="fr", event="Orage", headline="Un orage")
    report = only_report(read_rows("cap", alert(info(), french)))
    assert report.text == "A storm"
    assert report.remarks is not None
    assert "fr: Un orage" in {remark.said for remark in report.remarks}


@pytest.mark.parametrize(
    "changed", [{"onset": "2024-05-19T18:30:00+04:00"}, {"severity": "Severe"}, {"language": "en"}]
)
def test_infos_that_tell_of_different_events_are_two(changed: dict[str, str]) -> None:
    (row,) = read_rows("cap", alert(info(), info(**({"language": "fr"} | changed))))
    assert len(row.reports) == 2


def test_without_an_end_it_lasts_to_the_end_of_its_day_and_says_so() -> None:
    report = only_report(read_rows("cap", alert(info(expires="", onset="", effective="2024-05-19T23:00:00+04:00"))))
    assert report.observed_until == datetime(2024, 5, 19, 20, tzinfo=UTC)
    assert report.remarks is not None
    assert report.remarks[0].rule == "time_not_known"


def test_a_name_alone_is_the_gazetteer_s_area() -> None:
    rows = read_rows("cap", alert(info("<area><areaDesc>Donetsk Oblast</areaDesc></area>")))
    assert only_report(rows).footprint == Area(area_id="ua-donetsk")


def test_prefixes_that_are_never_declared_are_read() -> None:
    text = re.sub(r"<(/?)(?=[a-z])", r"<\1cap:", alert().decode()).replace("xmlns=", "xmlns:other=")
    assert outcomes(read_rows("cap", text.encode())) == ["cap:me@example.org,7"]


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"status": "Test"}, "bad_value status"),
        ({"status": "Exercise"}, "bad_value status"),
        ({"status": "Real"}, "unknown_term status"),
        ({"msgType": "Ack"}, "bad_value msgType"),
        ({"msgType": "Update"}, "missing references"),
        ({"msgType": "Cancel", "references": "a,b"}, "bad_value references"),
        ({"identifier": ""}, "missing identifier"),
        ({"sent": "2024-05-19"}, "bad_time sent"),
        ({"sent": "0024-05-19T17:18:00+04:00"}, "time_out_of_range sent"),
    ],
)
def test_what_an_alert_must_say(changed: dict[str, str], outcome: str) -> None:
    data = b"<feed>" + alert(identifier="1") + alert(**changed) + alert(identifier="3") + b"</feed>"
    rows = read_rows("cap", data)
    assert outcomes(rows) == ["cap:me@example.org,1", outcome, "cap:me@example.org,3"]
    assert_conserved(rows, data)


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        (info(category="Weather"), "unknown_term category"),
        (info(areas=""), "missing area"),
        (info(areas="<area><areaDesc>Zenda</areaDesc></area>"), "unknown_area area"),
        (info(areas="<area><polygon>48,37 48,38 49,38 48,39</polygon></area>"), "bad_geometry footprint.geometry"),
        (info(areas="<area><polygon>48,37 48,x</polygon></area>"), "bad_value polygon"),
        (info(areas="<area><circle>0,0 1</circle></area>"), "null_island footprint"),
        (info(expires="2024-05-18T17:18:00+04:00"), "end_before_start observed_until"),
        ("<info>&nothing;</info>", "bad_row"),
        ("<info>", "bad_row"),
    ],
)
def test_what_cannot_be_read_is_rejected(told: str, outcome: str) -> None:
    assert outcomes(read_rows("cap", alert(told))) == [outcome]


def test_an_update_and_a_cancellation_take_back_what_they_name() -> None:
    two = alert(info(AREA + AREA.replace("48,", "47,")))
    update = alert(identifier="8", msgType="Update", references="me@example.org,7,2024-05-19T17:18:00+04:00")
    cancel = alert(identifier="9", msgType="Cancel", references="me@example.org,8,2024-05-19T17:18:00+04:00")
    found = reports(read_rows("cap", b"<feed>" + two + update + cancel + b"</feed>"))[2:]
    assert [(report.report_id[-3:], report.revises, report.retracted) for report in found] == [
        ("g,8", "cap:me@example.org,7", False),
        ("8#2", "cap:me@example.org,7#2", True),
        ("g,9", "cap:me@example.org,8", True),
    ]


@pytest.mark.parametrize(
    "bomb",
    [
        b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">]>',
        b'<!DOCTYPE a SYSTEM "http://example.org/a.dtd">',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_a_document_type_declaration_is_one_reject(bomb: bytes) -> None:
    data = bomb + alert(info(headline="&x;")) + alert()
    rows = read_rows("cap", data)
    assert outcomes(rows) == ["bad_value"]
    assert_conserved(rows, data)


def test_deep_nesting_and_open_comments_are_no_trouble() -> None:
    assert outcomes(read_rows("cap", alert("<a>" * 100_000))) == ["bad_row"]
    assert outcomes(read_rows("cap", alert("<info>" + "<a>" * 50_000 + "</a>" * 50_000 + "</info>"))) == [
        "missing area"
    ]
    assert len(read_rows("cap", b"<!--" * 200_000 + alert())) == 1


def test_an_alert_in_a_comment_is_none() -> None:
    assert outcomes(read_rows("cap", b"<feed><!--" + alert() + b"-->" + alert(identifier="2") + b"</feed>")) == [
        "cap:me@example.org,2"
    ]


@pytest.mark.parametrize("spoilt", [b"</alert>", b"<alert "])
def test_a_lost_tag_costs_one_alert(spoilt: bytes) -> None:
    second = alert(identifier="2").replace(spoilt, b"x" * len(spoilt))
    data = b"<feed>" + alert(identifier="1") + second + alert(identifier="3") + b"</feed>"
    rows = read_rows("cap", data)
    assert outcomes(rows) == ["cap:me@example.org,1", "bad_row", "cap:me@example.org,3"]
    assert_conserved(rows, data)


@pytest.mark.parametrize("head", [b"", b"<alert>", b"urn:oasis:names:tc:emergency:cap:1.2", b'{"a":1}'])
def test_other_files_are_not_taken_for_it(head: bytes) -> None:
    assert not Cap().recognises(head, "alert.xml")


REAL = {"bf.xml": 1, "fake.xml": 3, "sc.xml": 1, "tg.xml": 2}


@pytest.mark.parametrize("name", REAL)
def test_real_alerts_are_read_as_their_elements_say(shared_data: Callable[[str], Path], name: str) -> None:
    path = shared_data(f"cap12/{name}")
    text = path.read_text(encoding="utf-8")

    def elements(tag: str) -> list[str]:
        return [found.strip() for found in re.findall(rf"<cap:{tag}>(.*?)</cap:{tag}>", text, re.DOTALL)]

    (given,) = open_input(str(path))
    assert given.source.name == "cap"
    rows = list(given.rows())
    assert_conserved(rows, path.read_bytes())
    found = reports(rows)
    assert len(rows) == 1
    assert len(found) == len(elements("area")) == REAL[name]
    begins = (elements("onset") or elements("effective") or elements("sent"))[0]
    for report in found:
        assert report.report_id.startswith(f"cap:{elements('sender')[0]},{elements('identifier')[0]}")
        assert report.observed_from == datetime.fromisoformat(begins)
        assert report.observed_until == datetime.fromisoformat(elements("expires")[0])
        assert report.published_at == datetime.fromisoformat(elements("sent")[0])
        assert report.activity == "other"
    outlines = elements("polygon")
    areas = [report.footprint for report in found if isinstance(report.footprint, Area)]
    for outline, footprint in zip(outlines, areas, strict=True):
        pairs = [pair.split(",") for pair in outline.split()]
        assert isinstance(footprint.geometry, Polygon)
        (ring,) = footprint.geometry.coordinates
        written = [[float(lon), float(lat)] for lat, lon in pairs]
        if len(written) <= 20_000:
            assert ring == written
        else:
            assert len(ring) <= 20_000
            assert {tuple(corner) for corner in ring} <= {tuple(corner) for corner in written}


def test_the_outline_is_that_of_the_publisher_s_own_geojson(shared_data: Callable[[str], Path]) -> None:
    (given,) = open_input(str(shared_data("cap12/sc.xml")))
    (report,) = reports(list(given.rows()))
    (feature,) = json.loads(shared_data("cap12/sc.geojson").read_text(encoding="utf-8"))["features"]
    assert isinstance(report.footprint, Area)
    assert report.footprint.geometry == Polygon(feature["geometry"]["coordinates"])
    assert report.observed_from == datetime.fromisoformat(feature["properties"]["onset"])
    assert report.text == feature["properties"]["headline"] + "\n" + feature["properties"]["description"]
