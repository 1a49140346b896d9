"""VIINA: each of its files to reports, on invented rows in their layouts."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.gazetteer import load_gazetteer
from pipeline.model.footprint import Area, Disc, Footprint
from pipeline.model.report import Attribution
from pipeline.model.taxonomy import Activity, Basis, Weapon
from pipeline.sources.base import InputError
from pipeline.sources.codes import codes_of
from pipeline.sources.towns import region_named
from pipeline.sources.viina import CITY_RADIUS_M, RADIUS_M, Viina
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

TACTICS = (
    "t_aad t_airstrike t_airalert t_uav t_armor t_arrest t_artillery t_control t_firefight t_ied t_raid t_occupy "
    "t_property t_cyber t_hospital t_milcas t_civcas t_retreat"
).split()
NAMED = "geonameid feature_code asciiname ADM1_NAME ADM1_CODE ADM2_NAME ADM2_CODE longitude latitude".split()
FLAGS = [f"{name}_b" for name in ("t_mil a_rus a_ukr a_rus_init a_ukr_init a_civ a_other".split() + TACTICS)]
ONE_PER_DAY = [
    *"viina_version event_id_1pd date n_reports event_ids sources".split(),
    *NAMED,
    *("GEO_PRECISION", *FLAGS, "t_loc_b", "t_san_b", "tid"),
]
INFO = [
    *"viina_version event_id event_id_1pd date time".split(),
    *NAMED,
    *"GEO_PRECISION GEO_API location address report_id source url text lang".split(),
]
LABELS = ["viina_version", "event_id", "event_id_1pd", "date", "geonameid", *TACTICS, *FLAGS]
OLD = [
    *"event_id report_id location tempid source date time url text lang address longitude latitude".split(),
    *("GEO_PRECISION", "GEO_API"),
    *(f"{name}{end}" for end in ("_pred", "_b") for name in ["t_mil", "a_rus", "a_ukr", "t_loc", "t_san", *TACTICS]),
]
GOOD = {
    "event_id": "11",
    "event_id_1pd": "21",
    "report_id": "31",
    "date": "20250326",
    "time": "14:35",
    "ADM1_NAME": "Donets'k",
    "feature_code": "PPL",
    "longitude": "37.80",
    "latitude": "48.10",
    "GEO_PRECISION": "ADM3",
    "GEO_API": "Yandex",
    "source": "some_outlet",
    "sources": "some_outlet, another",
    "event_ids": "11, 12",
    "n_reports": "2",
    "url": "https://news.example/1",
    "text": "Вибухи, чутно\nв місті",
}


def table(columns: list[str], *rows: dict[str, str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="0", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(GOOD | row for row in rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("columns", [ONE_PER_DAY, INFO, LABELS, OLD])
def test_each_of_the_files_is_recognised(columns: list[str]) -> None:
    assert Viina().recognises(table(columns, {}), "x")


@pytest.mark.parametrize("head", [b"", b"geonameid,date,status_wiki,status\n1,20250101,UA,UA\n", b"\xff\xfe\0"])
def test_other_tables_are_not_taken_for_it(head: bytes) -> None:
    assert not Viina().recognises(head, "viina.csv")


def test_the_three_files_have_ids_of_their_own() -> None:
    for columns, report_id in ((ONE_PER_DAY, "viina:1pd-21"), (INFO, "viina:11"), (OLD, "viina:v1-11")):
        assert only_report(read_rows("viina", table(columns, {}))).report_id == report_id
    floats = {"event_id_1pd": "21.0"}
    assert only_report(read_rows("viina", table(ONE_PER_DAY, floats))).report_id == "viina:1pd-21"
    blank = only_report(read_rows("viina", table(ONE_PER_DAY, {"event_id_1pd": ""})))
    assert blank.report_id.startswith("viina:row-")


def test_a_row_of_event_info_has_words_and_no_labels() -> None:
    report = only_report(read_rows("viina", table(INFO, {}), feed="news"))
    assert (report.activity, report.weapons, report.attribution) == ("unknown", (), None)
    assert (report.observer, report.ledger, report.feed) == ("some_outlet", "public", "news")
    assert (report.text, report.url) == ("Вибухи, чутно\nв місті", "https://news.example/1")


def test_the_labels_alone_are_refused_with_the_file_to_read() -> None:
    with pytest.raises(InputError, match="read event_1pd"):
        read_rows("viina", table(LABELS, {}))


@pytest.mark.parametrize(
    ("day", "hour", "begins", "ends"),
    [
        ("20250326", "14:35", "2025-03-25T12:35Z", "2025-03-26T12:35Z"),
        ("20250701", "7:05", "2025-06-30T04:05Z", "2025-07-01T04:05Z"),
        ("20250326", "", "2025-03-25T22:00Z", "2025-03-26T22:00Z"),
        ("20250330", "NA", "2025-03-29T22:00Z", "2025-03-30T21:00Z"),
        ("20250326.0", "00:00", "2025-03-25T22:00Z", "2025-03-26T22:00Z"),
    ],
)
def test_a_time_is_the_news_reports_and_none_is_the_whole_day(day: str, hour: str, begins: str, ends: str) -> None:
    report = only_report(read_rows("viina", table(INFO, {"date": day, "time": hour})))
    assert report.observed_from == datetime.fromisoformat(begins)
    assert report.observed_until == datetime.fromisoformat(ends)
    assert report.published_at == (report.observed_until if hour[-1:] == "5" else None)
    rules = [remark.rule for remark in report.remarks or ()]
    assert rules == (["time_not_known"] if hour in ("NA", "00:00") else [])


def test_a_row_of_one_per_day_is_the_day() -> None:
    report = only_report(read_rows("viina", table(ONE_PER_DAY, {})))
    assert report.observed_from == datetime(2025, 3, 25, 22, tzinfo=UTC)
    assert report.observed_until == datetime(2025, 3, 26, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changed", "footprint"),
    [
        ({"GEO_PRECISION": "STREET"}, Disc(37.8, 48.1, 1_000.0)),
        ({"GEO_PRECISION": "ADM3"}, Disc(37.8, 48.1, 5_000.0)),
        ({"GEO_PRECISION": "ADM3", "feature_code": "PPLA"}, Disc(37.8, 48.1, 10_000.0)),
        ({"GEO_PRECISION": "ADM3", "feature_code": "PPLC"}, Disc(37.8, 48.1, 20_000.0)),
        ({"GEO_PRECISION": "ADM3", "feature_code": ""}, Disc(37.8, 48.1, 10_000.0)),
        ({"GEO_PRECISION": "ADM2"}, Disc(37.8, 48.1, 30_000.0)),
        ({"GEO_PRECISION": "ADM1"}, Area(area_id="ua-donetsk")),
        ({"GEO_PRECISION": "ADM1", "ADM1_NAME": "Zenda"}, Disc(37.8, 48.1, 150_000.0)),
    ],
)
def test_the_precision_decides_the_footprint(changed: dict[str, str], footprint: Footprint) -> None:
    assert only_report(read_rows("viina", table(ONE_PER_DAY, changed))).footprint == footprint


def test_a_place_of_version_1_names_neither_its_region_nor_its_kind() -> None:
    assert only_report(read_rows("viina", table(OLD, {}))).footprint == Disc(37.8, 48.1, 10_000.0)
    region = only_report(read_rows("viina", table(OLD, {"GEO_PRECISION": "ADM1"})))
    assert region.footprint == Disc(37.8, 48.1, 150_000.0)


def test_every_region_as_the_data_spell_it_is_known() -> None:
    spelt = (
        "Cherkasy Chernihiv Chernivtsi Crimea Dnipropetrovs'k Donets'k Ivano-Frankivs'k Kharkiv Kherson "
        "Khmel'nyts'kyy Kiev Kirovohrad L'viv Luhans'k Mykolayiv Odessa Poltava Rivne Sevastopol' Sumy Ternopil' "
        "Transcarpathia Vinnytsya Volyn Zaporizhzhya Zhytomyr"
    ).split()
    gazetteer = load_gazetteer()
    known = [region_named(gazetteer, name, "Ukraine") for name in [*spelt, "Kiev City"]]
    assert sorted(area.area_id for area in known if area is not None) == sorted(gazetteer.areas.keys() - {"ua"})


@pytest.mark.parametrize(
    ("flags", "activity", "weapon"),
    [
        ("t_mil t_airstrike", "air_strike", Weapon.FIXED_WING),
        ("t_mil t_artillery t_civcas", "shelling", Weapon.MORTAR),
        ("t_firefight t_occupy", "armed_clash", Weapon.SMALL_ARMS),
        ("t_uav", "flight", Weapon.UAV),
        ("t_raid", "armed_clash", None),
        ("t_occupy t_control", "troop_presence", None),
        ("t_arrest", "detention", None),
        ("t_mil t_property t_civcas t_milcas", "unknown", None),
        ("t_mil", "unknown", None),
        ("t_san", "other", None),
        ("", "other", None),
    ],
)
def test_the_flags_decide_what_happened(flags: str, activity: str, weapon: Weapon | None) -> None:
    report = only_report(read_rows("viina", table(ONE_PER_DAY, {f"{flag}_b": "1" for flag in flags.split()})))
    assert report.activity == activity
    assert (weapon in report.weapons) if weapon else not report.weapons


def test_of_several_flags_the_most_specific_holds_and_all_are_named() -> None:
    flags = {"t_mil_b": "1", "t_artillery_b": "1.0", "t_airstrike_b": "1", "t_property_b": "1"}
    report = only_report(read_rows("viina", table(ONE_PER_DAY, flags)))
    assert report.activity == "air_strike"
    assert {Weapon.FIXED_WING, Weapon.MORTAR} <= set(report.weapons)
    assert report.remarks is not None
    (remark,) = report.remarks
    assert (remark.field, remark.rule, remark.said) == ("activity", "one_of_several", "t_airstrike t_artillery")


@pytest.mark.parametrize(
    ("military", "flag", "said"),
    [
        ("0", "t_artillery_b", ["t_mil 0, t_artillery"]),
        ("0", "t_uav_b", []),
        ("1", "t_artillery_b", []),
        ("NA", "t_artillery_b", []),
    ],
)
def test_force_that_is_not_about_war_is_in_doubt(military: str, flag: str, said: list[str]) -> None:
    report = only_report(read_rows("viina", table(ONE_PER_DAY, {"t_mil_b": military, flag: "1"})))
    doubts = [one for one in report.remarks or () if one.doubtful]
    assert [one.said for one in doubts] == said
    assert all((one.field, one.rule) == ("activity", "code_doubted") for one in doubts)


def test_a_label_that_is_missing_is_not_0() -> None:
    nothing = dict.fromkeys(FLAGS, "NA")
    assert only_report(read_rows("viina", table(ONE_PER_DAY, nothing))).activity == "unknown"
    assert only_report(read_rows("viina", table(ONE_PER_DAY, nothing | {"t_ied_b": "1"}))).activity == "explosion"


@pytest.mark.parametrize(
    ("columns", "flags", "party"),
    [
        (ONE_PER_DAY, "a_rus_init", "russia"),
        (ONE_PER_DAY, "a_ukr_init a_rus", "ukraine"),
        (ONE_PER_DAY, "a_rus a_ukr", None),
        (ONE_PER_DAY, "a_rus_init a_ukr_init", None),
        (OLD, "a_rus", "russia"),
        (OLD, "a_rus a_ukr", None),
    ],
)
def test_who_began_it_is_viinas_claim(columns: list[str], flags: str, party: str | None) -> None:
    report = only_report(read_rows("viina", table(columns, {f"{flag}_b": "1" for flag in flags.split()})))
    assert report.attribution == (Attribution(party, "VIINA", Basis.CODED) if party else None)


@pytest.mark.parametrize(
    ("changed", "outcome"),
    [
        ({"date": ""}, "missing date"),
        ({"date": "26.3.2025"}, "bad_time date"),
        ({"date": "20250230"}, "bad_time date"),
        ({"date": "10250226"}, "time_out_of_range date"),
        ({"GEO_PRECISION": "ADM4"}, "bad_value GEO_PRECISION"),
        ({"GEO_PRECISION": ""}, "missing GEO_PRECISION"),
        ({"latitude": ""}, "missing latitude"),
        ({"longitude": "NA"}, "bad_value longitude"),
        ({"longitude": "0", "latitude": "0"}, "null_island footprint"),
        ({"longitude": "48.10", "latitude": "37.80"}, "coordinates_swapped footprint"),
        ({"longitude": "24.0", "latitude": "49.8"}, "contradicts_named_place footprint"),
        ({"t_uav_b": "2"}, "bad_value t_uav_b"),
    ],
)
def test_what_cannot_be_read_is_rejected_and_names_the_column(changed: dict[str, str], outcome: str) -> None:
    data = table(ONE_PER_DAY, {"event_id_1pd": "1"}, changed, {"event_id_1pd": "3"})
    rows = read_rows("viina", data)
    assert outcomes(rows) == ["viina:1pd-1", outcome, "viina:1pd-3"]
    assert_conserved(rows, data)


def test_a_time_that_is_none_and_a_flag_that_is_not_listed_are_rejected() -> None:
    assert outcomes(read_rows("viina", table(INFO, {"time": "late"}))) == ["bad_time time"]
    strange = [*ONE_PER_DAY, "t_levitation_b"]
    assert outcomes(read_rows("viina", table(strange, {"t_levitation_b": "1"}))) == ["unknown_term activity"]
    assert outcomes(read_rows("viina", table(strange, {"t_levitation_b": "0"}))) == ["viina:1pd-21"]


def test_every_flag_of_the_layouts_is_in_the_table_of_codes() -> None:
    listed = codes_of("viina")["flag"].codes
    given = {name.removesuffix("_b") for name in [*ONE_PER_DAY, *OLD] if name[:2] == "t_" and name.endswith("_b")}
    assert given <= set(listed)
    assert all(code.activity is not None for code in listed.values())
    fire = [word for word, code in listed.items() if code.activity is not None and code.activity.group == "fire"]
    presence = [word for word, code in listed.items() if code.activity is Activity.TROOP_PRESENCE]
    assert list(listed).index(fire[-1]) < list(listed).index(presence[0])


def test_under_a_damaged_header_every_row_is_a_reject_and_so_is_the_header() -> None:
    data = table(ONE_PER_DAY, {}).replace(b"GEO_PRECISION", b"GEO?PRECISION", 1)
    rows = read_rows("viina", data)
    assert [row.reject is not None for row in rows] == [True, True]
    assert_conserved(rows, data)


def test_the_documented_radii_are_those_in_force() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "sources" / "viina.md").read_text(encoding="utf-8")
    for precision, radius_m in RADIUS_M.items():
        words = f"disc of {radius_m / 1000:.0f} km"
        assert any(line.startswith(f"| `{precision}`") and words in line for line in page.splitlines())
        assert precision in Viina.describe
    for radius_m in CITY_RADIUS_M.values():
        assert f"{radius_m / 1000:.0f} km" in page
