"""What a user may name as an input, how it is recognised, and what is said when it cannot be used."""

import gzip
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import zstandard

from pipeline.sources.base import InputError
from pipeline.sources.inputs import Input, open_input
from pipeline.sources.registry import recognise, sources
from tests.sources.reading import outcomes
from tests.sources.samples import SAMPLES


def line(number: int) -> bytes:
    report = {
        "report_id": f"sensor:{number}",
        "source": "sensor",
        "observed_from": "2016-03-01T12:00:00Z",
        "observed_until": "2016-03-01T12:00:00Z",
        "footprint": {"kind": "nowhere"},
        "activity": "explosion",
    }
    return msgspec.json.encode(report) + b"\n"


OWN = [*sources()]
LINES = b"".join(map(line, range(5_000)))
IDS = [f"sensor:{number}" for number in range(5_000)]
MAPPING = 'name = "t"\n[time]\ncolumn = "d"\ntimezone = "UTC"\n[place]\nkind = "nowhere"\n[activity]\nvalue = "other"\n'
TABLE = b"d\n2022-03-01\n"


def one(word: str, source: str | None = None, mapping: Path | None = None) -> Input:
    (given,) = open_input(word, source, mapping)
    return given


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


PACKED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("a.ndjson", bytes),
    ("a.ndjson.gz", gzip.compress),
    ("no_ending_gz", gzip.compress),
    ("a.ndjson.zst", zstandard.compress),
    ("no_ending_zst", zstandard.compress),
    ("members.gz", lambda data: gzip.compress(data[:1000]) + gzip.compress(data[1000:]) + b"\0" * 100),
    ("frames.zst", lambda data: zstandard.compress(data[:1000]) + zstandard.compress(data[1000:])),
]


@pytest.mark.parametrize(("name", "pack"), PACKED)
def test_a_file_is_read_as_it_is_whether_compressed_or_not(
    folder: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    Path(name).write_bytes(pack(LINES))
    given = one(name)
    assert (given.file, given.source.name, given.size) == (name, "ndjson", Path(name).stat().st_size)
    assert given.bytes_read == 0
    assert outcomes(list(given.rows())) == IDS
    assert given.bytes_read == given.size
    assert not given.torn


@pytest.mark.parametrize(("name", "pack"), PACKED[1:5])
@pytest.mark.parametrize("share", [0.999, 0.5, 0.0])
def test_a_file_that_breaks_off_gives_what_could_be_read_and_one_reject_for_the_tear(
    folder: Path, name: str, pack: Callable[[bytes], bytes], share: float
) -> None:
    # Lines that do not compress well, so that there is something to read before the tear.
    texts = [line(number)[:-2] + b',"text":"' + os.urandom(90).hex().encode() + b'"}\n' for number in range(5_000)]
    packed = pack(b"".join(texts))
    Path(name).write_bytes(packed[: 4 + int(share * (len(packed) - 8))])
    given = one(name, "ndjson")
    rows = list(given.rows())
    assert given.torn
    assert outcomes(rows) == [*IDS[: len(rows) - 1], "torn_input"]
    assert len(rows) - 1 >= share * 5_000 - 1_000
    reject = rows[-1].reject
    assert reject is not None
    start = sum(map(len, texts[: len(rows) - 1]))
    assert (reject.row, reject.position) == (len(rows), start)
    if len(rows) <= len(texts):
        assert texts[len(rows) - 1].startswith(reject.bytes)


@pytest.mark.parametrize("damage", ["checksum", "middle"])
def test_damaged_gzip_data_are_a_tear_too(folder: Path, damage: str) -> None:
    packed = bytearray(gzip.compress(LINES))
    at = len(packed) - 6 if damage == "checksum" else len(packed) // 2
    packed[at : at + 3] = b"\xff\xff\xff"
    Path("a.gz").write_bytes(packed)
    given = one("a.gz")
    rows = list(given.rows())
    assert given.torn
    assert outcomes(rows)[-1] == "torn_input"
    assert outcomes(rows)[:100] == IDS[:100]
    assert (len(rows) == 5_001) is (damage == "checksum")


def test_a_tear_before_anything_can_be_recognised_is_one_reject(folder: Path) -> None:
    Path("a.gz").write_bytes(gzip.compress(LINES)[:12])
    given = one("a.gz")
    assert outcomes(list(given.rows())) == ["torn_input"]
    assert given.torn


@pytest.mark.parametrize("data", [b"", b"\n \r\n"])
def test_an_empty_file_has_no_rows(folder: Path, data: bytes) -> None:
    Path("a.ndjson").write_bytes(data)
    given = one("a.ndjson")
    assert list(given.rows()) == []
    assert not given.torn


def test_a_small_file_that_unpacks_to_a_great_many_zeros_is_one_long_row(folder: Path) -> None:
    bomb = b"\0" * 64_000_000
    for name, packed in (("a.gz", gzip.compress(bomb)), ("a.zst", zstandard.compress(bomb))):
        Path(name).write_bytes(packed)
        (row,) = one(name, "ndjson").rows()
        assert row.reject is not None
        assert (row.reject.reason, row.reject.length) == ("too_long", 64_000_000)


def test_a_folder_means_its_files_in_name_order(folder: Path) -> None:
    for name in ("b.ndjson", "a.ndjson", ".hidden", "c.csv", "c.csv.mapping.toml"):
        Path("in", "deeper").mkdir(parents=True, exist_ok=True)
        Path("in", name).write_bytes(MAPPING.encode() if name.endswith("toml") else TABLE if "csv" in name else LINES)
    given = open_input("in")
    assert [(each.file, each.source.name) for each in given] == [
        ("in/a.ndjson", "ndjson"),
        ("in/b.ndjson", "ndjson"),
        ("in/c.csv", "csv"),
    ]


def test_standard_input_is_recognised_and_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(LINES))))
    given = one("-")
    assert (given.file, given.size, given.source.name) == ("-", None, "ndjson")
    assert outcomes(list(given.rows())) == IDS
    assert not sys.stdin.closed


def test_a_pipe_is_read_once_and_as_it_comes(folder: Path) -> None:
    os.mkfifo("pipe")
    go_on = threading.Event()

    def write() -> None:
        with Path("pipe").open("wb", buffering=0) as pipe:
            pipe.write(line(0) + line(1))
            go_on.wait(10)
            pipe.write(line(2))

    writer = threading.Thread(target=write)
    writer.start()
    rows = one("pipe").rows()
    assert next(rows).reports[0].report_id == "sensor:0"
    go_on.set()
    assert outcomes(list(rows)) == ["sensor:1", "sensor:2"]
    writer.join()


def test_the_source_may_be_written_before_the_path(folder: Path) -> None:
    Path("a=b.txt").write_bytes(b"nothing known\n")
    Path("x.txt").write_bytes(b"nothing known\n")
    assert one("ndjson=x.txt").source.name == "ndjson"
    assert outcomes(list(one("x.txt", "ndjson").rows())) == ["not_json"]
    assert one("ndjson=a=b.txt").file == "a=b.txt"
    assert one("a=b.txt", "ucdp").file == "a=b.txt"


def test_a_mapping_beside_the_table_is_found_and_one_may_be_given(folder: Path) -> None:
    Path("t.csv").write_bytes(TABLE)
    Path("other.toml").write_text(MAPPING.replace('"t"', '"u"'))
    assert outcomes(list(one("t.csv", mapping=Path("other.toml")).rows()))[0].startswith("csv:u:")
    Path("t.csv.mapping.toml").write_text(MAPPING)
    assert outcomes(list(one("t.csv").rows()))[0].startswith("csv:t:")
    assert outcomes(list(one("csv=t.csv", mapping=Path("other.toml")).rows()))[0].startswith("csv:u:")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("", "an input's name is empty"),
        ("missing.csv", "missing.csv: there is no such file"),
        ("missing.csv\0", "it cannot be opened"),
        ("nosuch=x.txt", "there is no source named 'nosuch'; there are: ndjson, ucdp, csv, "),
        ("x.txt", "x.txt: its format is not recognised; write SOURCE=x.txt with one of ndjson, ucdp, csv, "),
        ("csv=x.txt", "give --mapping FILE, or put x.txt.mapping.toml beside the table"),
        ("empty", "empty: the folder holds no files to read"),
        ("bad.csv", "bad.csv.mapping.toml: the table missing required field `name`"),
    ],
)
def test_what_cannot_be_used_is_told_with_what_to_do(folder: Path, word: str, said: str) -> None:
    Path("x.txt").write_bytes(b"nothing known\n")
    Path("empty").mkdir()
    Path("bad.csv").write_bytes(TABLE)
    Path("bad.csv.mapping.toml").write_bytes(b"")
    with pytest.raises(InputError) as error:
        open_input(word)
    assert said in str(error.value)


def test_a_mapping_for_a_file_that_is_recognised_as_something_else_is_ambiguous(folder: Path) -> None:
    Path("a.ndjson").write_bytes(LINES)
    Path("m.toml").write_text(MAPPING)
    with pytest.raises(InputError, match=r"may be ndjson or csv; write ndjson=a\.ndjson or csv=a\.ndjson"):
        open_input("a.ndjson", mapping=Path("m.toml"))
    assert one("ndjson=a.ndjson", mapping=Path("m.toml")).source.name == "ndjson"


def test_a_source_given_twice_must_be_the_same(folder: Path) -> None:
    Path("a.ndjson").write_bytes(LINES)
    assert one("ndjson=a.ndjson", "ndjson").source.name == "ndjson"
    with pytest.raises(InputError, match="given twice"):
        open_input("ndjson=a.ndjson", "ucdp")


PLUGIN = """
class Lines:
    name, title, describe = "{name}", "Lines", "Each line is a row."
    def recognises(self, head, file_name):
        return head.startswith(b"LINES")
    def read(self, stream, context):
        from pipeline.model.check import Problem
        from pipeline.model.taxonomy import RejectReason
        from pipeline.sources.base import reject
        from pipeline.sources.records import lines
        for number, span in enumerate(lines(stream), start=1):
            yield reject(self.name, context, number, span, Problem("", RejectReason.BAD_ROW, "try"))
source = Lines()
"""


@pytest.fixture
def plug_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    def install(name: str, module: str, code: str) -> None:
        (folder / f"{module}.py").write_text(code)
        about = folder / f"{module}-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1\n")
        (about / "entry_points.txt").write_text(f"[truceline.sources]\n{name} = {module}:source\n")
        sources.cache_clear()

    monkeypatch.syspath_prepend(str(folder))
    yield install
    sources.cache_clear()


@pytest.mark.parametrize("word", ["a.csv", "ucdp=a.csv"])
def test_lines_that_end_in_cr_alone_are_refused_with_what_to_do(folder: Path, word: str) -> None:
    Path("a.csv").write_bytes(SAMPLES["ucdp"]().replace(b"\r\n", b"\r").replace(b"\n", b"\r"))
    with pytest.raises(InputError, match="its lines end in CR alone"):
        open_input(word)


def test_a_plug_in_outside_the_package_adds_a_source(folder: Path, plug_in: Callable[..., None]) -> None:
    plug_in("lines", "lines_plug_in", PLUGIN.format(name="lines"))
    Path("x").write_bytes(b"LINES\n1\n")
    assert list(sources()) == [*OWN, "lines"]
    assert outcomes(list(one("x").rows())) == ["bad_row", "bad_row"]


def test_when_two_sources_recognise_an_input_both_are_named(folder: Path, plug_in: Callable[..., None]) -> None:
    plug_in("one", "one_plug_in", PLUGIN.format(name="one"))
    plug_in("two", "two_plug_in", PLUGIN.format(name="two"))
    Path("x").write_bytes(b"LINES\n")
    assert recognise(b"LINES\n", "x") == ["one", "two"]
    with pytest.raises(InputError, match="x: it may be one or two; write one=x or two=x"):
        open_input("x")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise RuntimeError('broken')", "cannot be loaded: broken"),
        ("source = 3", "cannot be loaded: 'int' object has no attribute 'name'"),
        (PLUGIN.format(name="ucdp"), "has the name 'ucdp', which is taken"),
        (PLUGIN.replace("{name}", ""), "is no Source"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_left_out_with_a_warning(
    plug_in: Callable[..., None], code: str, said: str
) -> None:
    plug_in("bad", f"bad_plug_in_{abs(hash(code))}", code)
    with pytest.warns(UserWarning, match=said):
        assert list(sources()) == OWN


REPORTING = """
from datetime import UTC, datetime
from pipeline.model.footprint import Area, Disc
from pipeline.model.report import Report
from pipeline.model.taxonomy import Activity
from pipeline.sources.base import Row
class Source:
    name, title, describe = "odd", "Odd", "Odd."
    def recognises(self, head, file_name):
        if head.startswith(b"BAD"):
            raise RuntimeError("no idea")
        return head.startswith(b"ODD")
    def read(self, stream, context):
        when = datetime(2020, 1, 1, tzinfo=UTC)
        places = [Disc(37.0, 48.0, 1.0), Disc(999.0, 48.0, 1.0), Disc(float("nan"), 48.0, 1.0), Area(area_id="x")]
        for number, place in enumerate(places, start=1):
            yield Row(number, 0, (Report(report_id=f"odd:{number}", source="odd", observed_from=when,
                observed_until=when, footprint=place, activity=Activity.EXPLOSION),))
        naive = when.replace(tzinfo=None)
        yield Row(5, 0, (Report(report_id="odd:5", source="odd", observed_from=naive, observed_until=naive,
            footprint=places[0], activity=Activity.EXPLOSION),))
        raise KeyError("gone")
source = Source()
"""


def test_what_a_plug_in_gives_goes_through_the_gate(folder: Path, plug_in: Callable[..., None]) -> None:
    plug_in("odd", "odd_plug_in", REPORTING)
    Path("x").write_bytes(b"ODD\n")
    rows = one("x").rows()
    seen = [next(rows) for _ in range(5)]
    assert outcomes(seen) == [
        "odd:1",
        "coordinates_out_of_range footprint",
        "coordinates_out_of_range footprint",
        "unknown_area footprint.area_id",
        "bad_time observed_from",
    ]
    assert seen[1].reject is not None
    assert b"odd:2" in seen[1].reject.bytes
    with pytest.raises(InputError, match="the source plug-in 'odd' failed after row 5: KeyError"):
        next(rows)
    with pytest.warns(UserWarning, match="the source plug-in 'odd' failed to look at y"):
        assert recognise(b"BAD {}", "y") == []
