"""Any table by a mapping: what each key of a mapping does, and errors that point at the mapping."""

import hashlib
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.model.footprint import Area, Bearing, Disc, Footprint, Nowhere
from pipeline.model.report import Report
from pipeline.sources.base import InputError
from pipeline.sources.inputs import open_input
from tests.sources.reading import assert_conserved, only_report, outcomes, read_rows

CIR = Path(__file__).with_name("cir_events.mapping.toml")
TIME = '[time]\ncolumn = "when"\ntimezone = "Europe/Kyiv"\n'
PLACE = '[place]\nkind = "disc"\nlon = "x"\nlat = "y"\nradius_m = 500\n'
ACTIVITY = '[activity]\nvalue = "shelling"\n'
NOWHERE = '[place]\nkind = "nowhere"\n'

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(*parts: str, name: str = 'name = "t"\n') -> Path:
        path = tmp_path / "t.mapping.toml"
        path.write_text(name + "\n".join(parts), encoding="utf-8")
        return path

    return _write


def one(mapping: Path, header: str, row: str) -> Report:
    return only_report(read_rows("csv", f"{header}\n{row}\n".encode(), mapping))


def outcome(mapping: Path, header: str, row: str) -> str:
    (only,) = outcomes(read_rows("csv", f"{header}\n{row}\n".encode(), mapping))
    return only


def test_a_row_becomes_a_report_with_the_table_s_own_id(write: Write) -> None:
    mapping = write('[id]\ncolumn = "key"', TIME, PLACE, ACTIVITY, '[text]\ncolumn = "note"')
    report = one(mapping, "key,when,x,y,note", 'A7,2022-03-01,38,48,"one, and\n""two"""')
    assert report.report_id == "csv:t:A7"
    assert report.footprint == Disc(38.0, 48.0, 500.0)
    assert report.observed_from == datetime(2022, 2, 28, 22, tzinfo=UTC)
    assert report.observed_until == datetime(2022, 3, 1, 22, tzinfo=UTC)
    assert (report.activity, report.text) == ("shelling", 'one, and\n"two"')


def test_without_an_id_the_row_s_bytes_make_one_so_that_two_equal_rows_are_one_report(write: Write) -> None:
    mapping = write('[id]\ncolumn = "key"', TIME, PLACE, ACTIVITY)
    rows = read_rows("csv", b"key,when,x,y\n,2022-03-01,38,48\r\n,2022-03-02,38,48\n,2022-03-01,38,48\n", mapping)
    first, second, again = outcomes(rows)
    assert first == "csv:t:row-" + hashlib.sha256(b",2022-03-01,38,48").hexdigest()[:24]
    assert first == again != second


@pytest.mark.parametrize(
    ("spec", "when", "begins", "ends"),
    [
        ("", "2022-03-01", "2022-02-28T22:00", "2022-03-01T22:00"),
        ("", "2022-03-27", "2022-03-26T22:00", "2022-03-27T21:00"),
        ("", "2022-03-01T10", "2022-03-01T08:00", "2022-03-01T09:00"),
        ("", "2022-03-01 10:30", "2022-03-01T08:30", "2022-03-01T08:31"),
        ("", "2022-03-01T10:30:15", "2022-03-01T08:30:15", "2022-03-01T08:30:15"),
        ("", "2022-03-01T10:30:15Z", "2022-03-01T10:30:15", "2022-03-01T10:30:15"),
        ("", "2022-10-30T03:30:00", "2022-10-30T00:30", "2022-10-30T01:30"),
        ('precision = "day"', "2022-03-01T23:30Z", "2022-03-01T22:00", "2022-03-02T22:00"),
        ('precision = "hour"', "2022-03-01T10:30:15", "2022-03-01T08:00", "2022-03-01T09:00"),
        ('precision = "instant"', "2022-03-01", "2022-02-28T22:00", "2022-03-01T22:00"),
        ('formats = ["%d-%B-%Y"]', "01-January-2015", "2014-12-31T22:00", "2015-01-01T22:00"),
        ('formats = ["%m/%d/%Y", "%Y-%m"]', "2022-02", "2022-01-31T22:00", "2022-02-28T22:00"),
        ('formats = ["%Y"]', "2022", "2021-12-31T22:00", "2022-12-31T22:00"),
        ('formats = ["epoch_ms"]', "1646128800500", "2022-03-01T10:00:00.500", "2022-03-01T10:00:00.500"),
        ("duration_minutes = 90", "2022-03-01T10:30:00", "2022-03-01T08:30", "2022-03-01T10:00"),
        ('until = {column = "end", timezone = "UTC"}', "2022-03-01", "2022-02-28T22:00", "2022-03-06T00:00"),
    ],
)
def test_a_time_is_as_precise_as_it_is_written_or_as_the_mapping_says(
    write: Write, spec: str, when: str, begins: str, ends: str
) -> None:
    report = one(write(TIME + spec, NOWHERE, ACTIVITY), "when,end", f"{when},2022-03-05")
    assert report.observed_from == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert report.observed_until == datetime.fromisoformat(ends).replace(tzinfo=UTC)


def test_precision_may_come_from_a_column_and_a_time_from_two(write: Write) -> None:
    time = '[time]\ncolumn = ["d", "t"]\nformats = ["%Y-%m-%d %H:%M"]\ntimezone = "UTC"\n'
    precision = 'precision = {column = "p", values = {"1" = "instant", "3" = "month"}}'
    mapping = write(time + precision, NOWHERE, ACTIVITY)
    month = one(mapping, "d,t,p", "2022-03-05,10:30,3")
    assert (month.observed_from.day, month.observed_until.month) == (1, 4)
    minute = one(mapping, "d,t,p", "2022-03-05,10:30,1")
    assert (minute.observed_until - minute.observed_from).total_seconds() == 60


@pytest.mark.parametrize(
    ("when", "result"),
    [
        ("", "missing observed_from"),
        ("Time Unknown", "bad_time observed_from"),
        ("12:00-18:00", "bad_time observed_from"),
        ("2022-13-01", "bad_time observed_from"),
        ("0000-01-01", "bad_time observed_from"),
        ("0001-01-01", "time_out_of_range observed_from"),
        ("3000-01-01", "time_out_of_range observed_from"),
        ("9999-12-31", "time_out_of_range observed_from"),
        ("2022-03-09", "end_before_start observed_until"),
    ],
)
def test_a_time_that_cannot_be_read_is_rejected(write: Write, when: str, result: str) -> None:
    mapping = write(TIME + 'until = {column = "end", timezone = "UTC"}', NOWHERE, ACTIVITY)
    assert outcome(mapping, "when,end", f"{when},2022-03-05") == result


def test_a_local_time_needs_a_zone(write: Write) -> None:
    mapping = write('[time]\ncolumn = "when"', NOWHERE, ACTIVITY)
    assert outcome(mapping, "when", "2022-03-01T10:00") == "bad_time observed_from"
    assert outcome(mapping, "when", "2022-03-01T10:00+02:00").startswith("csv:t:row-")


BY_PRECISION = """[place]
kind = "disc"
lon = "x"
lat = "y"
area = "region"
radius_m = {column = "p", values = {"STREET" = 200, "ADM3" = 3000, "ADM1" = "area"}}
"""
BEARING = """[place]
kind = "bearing"
lon = "x"
lat = "y"
azimuths = "dir"
range_m = {column = "km", factor = 1000}
"""
AREA = (
    '[place]\nkind = "area"\narea = {column = "region", country = "Ukraine", values = {"Donestk*" = "Donetsk Oblast"}}'
)


@pytest.mark.parametrize(
    ("place", "cells", "expected"),
    [
        (PLACE, {"x": "38", "y": "48"}, Disc(38, 48, 500)),
        (PLACE.replace("500", '"r"'), {"x": "38", "y": "48", "r": "20"}, Disc(38, 48, 20)),
        (PLACE.replace("500", '{column="r", factor=1000}'), {"x": "38", "y": "48", "r": "0.5"}, Disc(38, 48, 500)),
        (BY_PRECISION, {"x": "38", "y": "48", "p": "street"}, Disc(38, 48, 200)),
        (BY_PRECISION, {"x": "38", "y": "48", "p": "ADM1", "region": "Donetsk"}, Area(area_id="ua-donetsk")),
        (BEARING, {"x": "38", "y": "48", "dir": "SSW", "km": "1-5"}, Bearing(38, 48, 1000, 5000, ((191.25, 213.75),))),
        (
            BEARING,
            {"x": "38", "y": "48", "dir": "NE to SE", "km": "4 – 5.5"},
            Bearing(38, 48, 4000, 5500, ((33.75, 146.25),)),
        ),
        (
            BEARING + 'observer_radius_m = {column = "r", default = 0}',
            {"x": "38", "y": "48", "dir": "SSW", "km": "1-5", "r": "300"},
            Bearing(38, 48, 1000, 5000, ((191.25, 213.75),), 300),
        ),
        (
            BEARING + 'observer_radius_m = {column = "r", default = 0}',
            {"x": "38", "y": "48", "dir": "SSW", "km": "1-5", "r": ""},
            Bearing(38, 48, 1000, 5000, ((191.25, 213.75),)),
        ),
        (
            BEARING + "observer_radius_m = 250",
            {"x": "38", "y": "48", "dir": "SSW", "km": "1-5"},
            Bearing(38, 48, 1000, 5000, ((191.25, 213.75),), 250),
        ),
        (AREA, {"region": "ua-luhansk"}, Area(area_id="ua-luhansk")),
        (AREA, {"region": "Donestk oblast"}, Area(area_id="ua-donetsk")),
        (NOWHERE, {}, Nowhere()),
    ],
)
def test_a_place_is_a_disc_a_bearing_an_area_or_nowhere(
    write: Write, place: str, cells: dict[str, str], expected: Footprint
) -> None:
    cells = {"when": "2022-03-01", "x": "", "y": "", "r": "", "p": "", "region": "", "dir": "", "km": ""} | cells
    assert one(write(TIME, place, ACTIVITY), ",".join(cells), ",".join(cells.values())).footprint == expected


@pytest.mark.parametrize(
    ("place", "cells", "result"),
    [
        (PLACE, {"x": "", "y": "48"}, "missing place.lon"),
        (PLACE, {"x": "38", "y": '"48,5"'}, "bad_value place.lat"),
        (PLACE, {"x": "inf", "y": "48"}, "bad_value place.lon"),
        (PLACE, {"x": "999", "y": "48"}, "coordinates_out_of_range footprint"),
        (PLACE, {"x": "0", "y": "0.0"}, "null_island footprint"),
        (PLACE + 'within = "region"', {"x": "48", "y": "38", "region": "Donetsk"}, "coordinates_swapped footprint"),
        (
            PLACE + 'within = "region"',
            {"x": "24", "y": "49.8", "region": "Donetsk"},
            "contradicts_named_place footprint",
        ),
        (PLACE + 'within = {value = "ua"}', {"x": "2", "y": "48"}, "contradicts_named_place footprint"),
        (BY_PRECISION, {"x": "38", "y": "48", "p": "ADM2"}, "unknown_term place.radius_m"),
        (BY_PRECISION, {"x": "38", "y": "48", "p": ""}, "missing place.radius_m"),
        (BY_PRECISION, {"x": "38", "y": "48", "p": "ADM1"}, "missing place.area"),
        (BEARING, {"x": "38", "y": "48", "dir": "up", "km": "1-5"}, "bad_value place.azimuths"),
        (BEARING, {"x": "38", "y": "48", "dir": "N", "km": "3"}, "bad_value place.range_m"),
        (BEARING, {"x": "38", "y": "48", "dir": "N", "km": "5-1"}, "bad_value footprint.range_max_m"),
        (BEARING, {"x": "38", "y": "48", "dir": "", "km": "1-5"}, "missing place.azimuths"),
        (
            BEARING + 'observer_radius_m = "p"',
            {"x": "38", "y": "48", "dir": "N", "km": "1-5"},
            "missing place.observer_radius_m",
        ),
        (
            BEARING + 'observer_radius_m = "p"',
            {"x": "38", "y": "48", "dir": "N", "km": "1-5", "p": "-1"},
            "bad_value footprint.observer_radius_m",
        ),
        (AREA, {"region": "Atlantis"}, "unknown_area place.area"),
        (AREA.replace("Donestk*", "ua-donetsk").replace("values", "default = 'ua', values"), {"region": ""}, "csv:t:7"),
        (AREA, {"region": ""}, "missing place.area"),
        ('[place]\nkind = "area"\narea = "region"', {"region": "Atlantis"}, "unknown_area place.area"),
    ],
)
def test_a_place_that_cannot_be_read_is_a_reject_and_never_nowhere(
    write: Write, place: str, cells: dict[str, str], result: str
) -> None:
    cells = {"id": "7", "when": "2022-03-01", "x": "", "y": "", "p": "", "region": "", "dir": "", "km": ""} | cells
    mapping = write('[id]\ncolumn = "id"', TIME, place, ACTIVITY)
    assert outcome(mapping, ",".join(cells), ",".join(cells.values())) == result


def test_an_area_to_lie_within_that_is_not_known_is_not_checked(write: Write) -> None:
    mapping = write('[id]\ncolumn = "id"', TIME, PLACE + 'within = "region"', ACTIVITY)
    assert outcome(mapping, "id,when,x,y,region", "7,2022-03-01,2,48,Atlantis") == "csv:t:7"


WORDS = '[activity]\ncolumn = "what"\nvalues = {"Air*" = "air_strike", "Air alarm" = "other", "fire" = "shelling"}\n'


@pytest.mark.parametrize(
    ("activity", "what", "result"),
    [
        (WORDS, "FIRE", "shelling"),
        (WORDS, "Airstrike on bridge", "air_strike"),
        (WORDS, "air  alarm", "other"),
        (WORDS, "mischief", "unknown_term activity"),
        (WORDS, "", "missing activity"),
        (WORDS + 'default = "unknown"', "mischief", "unknown"),
        (WORDS + 'default = "unknown"', "", "unknown"),
        ('[activity]\ncolumn = "what"', "Shelling", "shelling"),
        ('[activity]\ncolumn = "what"', "mischief", "unknown_term activity"),
        ('[activity]\ncolumn = "what"\ndefault = "unknown"', "mischief", "unknown"),
    ],
)
def test_words_stand_for_terms_and_others_are_rejected_unless_there_is_a_default(
    write: Write, activity: str, what: str, result: str
) -> None:
    rows = read_rows("csv", f"when,what\n2022-03-01,{what}\n".encode(), write(TIME, NOWHERE, activity))
    assert [report.activity.value for report in rows[0].reports] or outcomes(rows) == [result]
    assert result in ([report.activity.value for report in rows[0].reports] or outcomes(rows))


def test_weapons_counts_claims_and_the_rest_come_from_their_columns(write: Write) -> None:
    mapping = write(
        TIME,
        NOWHERE,
        ACTIVITY,
        '[weapons]\ncolumn = "w"\nseparator = ";"\nvalues = {"mlrs" = "multiple_rocket_launcher", "gun" = '
        '["artillery", "tank"]}',
        '[count]\nunit = "explosion"\nmin = "low"\nmax = "high"',
        '[attribution]\nparty = "by"\nauthor = {value = "the table"}\nbasis = {value = "coded"}',
        '[published_at]\ncolumn = "said"\ntimezone = "UTC"',
        name='name = "t"\nledger = "led"\nobserver = {value = "patrol 4"}\nurl = "link"\ncalibre_mm = "mm"\n',
    )
    header = "when,w,low,high,by,said,led,link,mm"
    report = one(mapping, header, "2022-03-01,gun; MLRS,3,,side A,2022-03-04,party:A,http://a/b,122")
    assert report.weapons == ("artillery", "tank", "multiple_rocket_launcher")
    assert report.count is not None
    assert (report.count.min, report.count.max, report.count.unit) == (3.0, None, "explosion")
    assert report.attribution is not None
    assert (report.attribution.party, report.attribution.author, report.attribution.basis) == (
        "side A",
        "the table",
        "coded",
    )
    assert (report.ledger, report.observer, report.url, report.calibre_mm) == (
        "party:A",
        "patrol 4",
        "http://a/b",
        122.0,
    )
    assert report.published_at == datetime(2022, 3, 4, tzinfo=UTC)
    bare = one(mapping, header, "2022-03-01,,,,,,,,")
    assert (bare.weapons, bare.count, bare.attribution, bare.url, bare.calibre_mm) == ((), None, None, None, None)


def test_a_table_may_have_another_delimiter_no_quotes_no_header_and_a_tag_row(write: Write) -> None:
    keys = 'name = "t"\ndelimiter = "\\t"\nquoting = false\ncolumns = ["id", "when", "note"]\ntag_row = true\n'
    mapping = write('[id]\ncolumn = "id"', TIME, NOWHERE, ACTIVITY, '[text]\ncolumn = "note"', name=keys)
    rows = read_rows("csv", b'#a\t#b\t#c\n1\t2022-03-01\tsaid "so\n2\t2022-03-01\t"\n', mapping)
    assert [report.text for row in rows for report in row.reports] == ['said "so', '"']


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ((TIME.replace("en", "on"), NOWHERE, ACTIVITY), "has no such column. Its columns are 'when', 'x', 'x', 'y'."),
        ((TIME.replace("en", "on"), NOWHERE, ACTIVITY), "key time.column: 'whon': "),
        ((TIME, PLACE, ACTIVITY), "key place.lon.column: 'x': some/file has 2 columns of that name"),
        ((TIME.replace("Kyiv", "Kiyv"), NOWHERE, ACTIVITY), "key time.timezone: 'Europe/Kiyv' is no IANA time zone"),
        ((TIME + 'formats = ["%Q"]', NOWHERE, ACTIVITY), "key time.formats: '%Q' is no format"),
        ((TIME + 'formats = ["%d.%m."]', NOWHERE, ACTIVITY), "key time.formats: '%d.%m.' has no year"),
        ((TIME + 'precision = "weekly"', NOWHERE, ACTIVITY), "key time.precision.value: 'weekly' is none of"),
        ((TIME, NOWHERE, ACTIVITY.replace("shell", "spell")), "key activity.value: 'spelling' is none of explosion,"),
        ((TIME, NOWHERE, '[activity]\ncolumn = "y"\nvalues = {"a" = "b"}'), "key activity.values.'a': 'b' is none of"),
        ((TIME, NOWHERE, "[activity]"), "key activity: give either a column or a value"),
        ((TIME, NOWHERE, ACTIVITY, "[count]\nunit = 'cows'\nexact = 1"), "key count.unit: Invalid enum value 'cows'"),
        ((TIME, NOWHERE, ACTIVITY, "[count]\nunit = 'shot'\nmax = 1"), "key count: give either exact, or min"),
        ((TIME, '[place]\nkind = "area"\narea = {value = "Atlantis"}', ACTIVITY), "'Atlantis' is not in the gazetteer"),
        ((TIME, PLACE.replace("lat =", "latt ="), ACTIVITY), "key place: the table contains unknown field `latt`"),
        ((TIME, PLACE.replace("disc", "dot"), ACTIVITY), "key place.kind: Invalid value 'dot'"),
        ((TIME, NOWHERE), "the table missing required field `activity` (docs/sources.md lists the keys)"),
        (("[time",), "it is no TOML file"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_told_by_file_key_and_finding_before_any_row(
    write: Write, parts: tuple[str, ...], said: str
) -> None:
    mapping = write(*parts)
    with pytest.raises(InputError) as error:
        read_rows("csv", b"when,x,x,y\n2022-03-01,1,1,1\n", mapping)
    assert str(error.value).startswith(f"{mapping}: ")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("keys", "said"),
    [('name = "My Table"', "key name: 'My Table'"), ('name = "t"\ndelimiter = "ab"', "key delimiter: 'ab' is not one")],
)
def test_a_mapping_s_name_and_delimiter_must_be_usable(write: Write, keys: str, said: str) -> None:
    mapping = write(TIME, NOWHERE, ACTIVITY, name=keys + "\n")
    with pytest.raises(InputError, match=said):
        read_rows("csv", b"when\n2022-03-01\n", mapping)


def test_an_empty_table_has_no_rows(write: Write) -> None:
    assert read_rows("csv", b"", write(TIME, NOWHERE, ACTIVITY)) == []


def test_the_example_mapping_reads_the_real_table(shared_data: Callable[[str], Path]) -> None:
    path = shared_data("cir/events.csv")
    (given,) = open_input(str(path), mapping=CIR)
    rows = list(given.rows())
    assert_conserved(rows, path.read_bytes())
    reasons = Counter(row.reject.reason.value for row in rows if row.reject is not None)
    assert len(rows) == 6650
    # Four rows are blank; two have their latitude in place of the longitude; one lies in Russia, under Ukraine's name.
    assert reasons == {"missing": 4, "contradicts_named_place": 3}
    assert len({report.report_id for row in rows for report in row.reports}) == 6635


def test_the_mapping_in_the_documentation_reads_a_table(write: Write) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    example = page.split("```toml\n")[1].split("```")[0]
    mapping = write(name=example)
    header = "key,day,hour,lon,lat,region,precision,kind,at_least,at_most,reporter,note"
    report = one(mapping, header, "1,03.04.2022,10:30,37.8,48,Donetsk,region,shelled,3,,Olha,heard it")
    assert report.report_id == "csv:village_reports:1"
    assert report.footprint == Area(area_id="ua-donetsk")
    assert (report.activity, report.observer, report.ledger) == ("shelling", "Olha", "public")
    report = one(mapping, header, "2,03.04.2022,,37.8,48,Donetsk,village,quarrel,,,Olha,")
    assert report.footprint == Disc(37.8, 48.0, 2000.0)
    assert (report.activity, report.count) == ("unknown", None)
    assert report.observed_from == datetime(2022, 4, 2, 21, tzinfo=UTC)
