"""`recon coverage`: the table, the files, the plot, and what it says of what it cannot use."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas
import msgspec
import pytest

from pipeline.model.footprint import Disc, Nowhere
from pipeline.model.records import Observation
from pipeline.model.watch_terms import ObservationState
from tests.cli.driving import Cli, Told, traceless
from tests.recon.watching import watched

HERE = Disc(37.275, 48.28, 25_000.0)
PLACES = ((37.0, 48.0), (37.2, 48.15), (37.6, 48.2), (38.0, 48.2), (38.4, 48.5))
ALONG = [Disc(lon, lat, 25_000.0) for lon, lat in PLACES]
LOG = [
    *(watched(f"array-{number}", "array", (0, 48), place) for number, place in enumerate(ALONG)),
    *(
        watched(f"array-{number}", None, (10, 16.5), Nowhere(), state=ObservationState.JAMMED, reason="noise")
        for number in range(len(ALONG))
    ),
    watched("patrol", "watch", (30, 36), HERE, quality=0.5, state=ObservationState.DEGRADED, reason="fog"),
    watched("strange", "gramophone", (0, 48), HERE),
]


def write(path: Path, observations: Sequence[Observation]) -> Path:
    encoded = b"".join(msgspec.json.encode(one) + b"\n" for one in observations)
    path.write_bytes(gzip.compress(encoded) if path.suffix == ".gz" else encoded)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write(tmp_path / "log.ndjson", LOG)


def lines(told: Told) -> list[dict[str, Any]]:
    assert told.code == 0, told.err
    return [json.loads(line) for line in told.out.splitlines()]


def test_a_table_the_blind_spells_and_the_assets(cli: Cli, world: Path, log: Path) -> None:
    told = cli("recon", "coverage", "-a", world, "--log", log, "--class", "heavy_fire", "--from", "2026-03-02")
    assert told.code == 0
    assert "observed" in told.out
    assert "3 assets jammed (noise): array-0, array-1, array-2" in told.out
    assert "since 2026-03-02 10:00, until 2026-03-02 16:30; 3 assets jammed" in told.out
    assert "the make is not known" in told.err
    assert "strange" in told.err


def test_without_a_time_it_is_the_last_day_of_the_log(cli: Cli, world: Path, log: Path) -> None:
    rows = lines(cli("recon", "coverage", "-a", world, "--log", log, "--class", "heavy_fire", "--json"))
    (row,) = [one for one in rows if one["record"] == "coverage"]
    assert (row["begin"], row["until"]) == ("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z")
    assert row["says"] == "observed"
    assert row["noticed"] is None
    (patrol,) = [one for one in rows if one.get("asset") == "patrol"]
    assert patrol["silent_h"] == 12.0
    assert rows[-1] == {"record": "assets", "number": 7, "silent": 1}


def test_hours_and_sides_and_cells(cli: Cli, world: Path, log: Path) -> None:
    ask = ("recon", "coverage", "-a", world, "--log", log, "--class", "heavy_fire", "--from", "2026-03-02", "--json")
    hourly = [one for one in lines(cli(*ask, "--each", "hour", "--hours", "20")) if one["record"] == "coverage"]
    assert [one["says"] for one in hourly[9:18]] == ["observed", *["unobserved"] * 6, "partly observed", "observed"]
    sides = [one for one in lines(cli(*ask, "--by", "side")) if one["record"] == "coverage"]
    assert [one["side"] for one in sides] == ["left", "right"]
    cells = [one for one in lines(cli(*ask, "--by", "cell")) if one["record"] == "coverage"]
    assert len(cells) > 40
    assert max(one["to_m"] - one["from_m"] for one in cells) <= 5_000.001


def test_a_provision_chooses_its_classes(cli: Cli, world: Path, log: Path) -> None:
    ask = ("recon", "coverage", "-a", world, "--log", log, "--json")
    every = {one["class_name"] for one in lines(cli(*ask)) if one["record"] == "coverage"}
    some = {one["class_name"] for one in lines(cli(*ask, "--provision", "ceasefire")) if one["record"] == "coverage"}
    assert {"heavy_fire", "light_fire"} <= some < every


@pytest.mark.parametrize("ending", ["ndjson", "csv", "parquet", "gpkg", "geojson"])
def test_files_have_the_same_rows(cli: Cli, world: Path, log: Path, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"coverage.{ending}"
    told = cli("recon", "coverage", "-a", world, "--log", log, "--class", "heavy_fire", "--by", "side", "-o", out)
    assert (told.code, told.out) == (0, "")
    assert "2 rows" in told.err
    if ending == "csv":
        header, *rows = out.read_text().splitlines()
        assert header.startswith("line,sector,name,side,from_m,to_m,class,begin,until,share,watched")
        assert len(rows) == 2
    elif ending == "ndjson":
        assert [json.loads(line)["side"] for line in out.read_text().splitlines()] == ["left", "right"]
    else:
        frame = geopandas.read_parquet(out) if ending == "parquet" else geopandas.read_file(out)
        assert list(frame["side"]) == ["left", "right"]
        assert frame.crs == "EPSG:4326"
        left, right = frame.geometry
        assert min(left.area, right.area) > 0.05
        assert left.intersection(right).area < 1e-6


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_plot(cli: Cli, world: Path, log: Path, tmp_path: Path, ending: str) -> None:
    plot = tmp_path / f"coverage.{ending}"
    told = cli("recon", "coverage", "-a", world, "--log", log, "--provision", "ceasefire", "--plot", plot)
    assert (told.code, told.out) == (0, "")
    assert "heavy_fire; 1 more class can be drawn" in told.err
    assert plot.read_bytes().startswith(b"\x89PNG" if ending == "png" else b"<?xml")


def test_a_packed_log_and_one_among_reports(cli: Cli, world: Path, log: Path, tmp_path: Path) -> None:
    packed = write(tmp_path / "log.ndjson.gz", LOG)
    ask = ("recon", "coverage", "-a", world, "--class", "heavy_fire", "--json")
    assert lines(cli(*ask, "--log", packed)) == lines(cli(*ask, "--log", log))
    log.write_bytes(log.read_bytes() + b'{"observation_id": "test:bad", "source": "test"}\n')
    told = cli(*ask, "--log", log)
    assert told.code == 0
    assert "1 row could not be read" in told.err


def test_a_store_knows_its_agreement_and_what_was_noticed(cli: Cli, world: Path, log: Path) -> None:
    assert cli("run", "-a", world, log).code == 0
    rows = lines(cli("recon", "coverage", "-a", world, "--class", "heavy_fire", "--from", "2026-03-03", "--json"))
    (row,) = [one for one in rows if one["record"] == "coverage"]
    assert row["noticed"] == 0
    assert row["says"] == "quiet"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--class", "thunder"), "thunder"),
        (("--provision", "thunder"), "thunder"),
        (("-o", "coverage.doc"), "the ending says the format"),
        (("--plot", "coverage.doc"), "the ending says the format"),
        (("-o", "nowhere/coverage.csv"), "there is no folder"),
        (("--from", "yesterday"), "--from yesterday"),
        (("--makes", "none.toml"), "none.toml"),
        (("--days", "1000"), "more than a year"),
        (("--log", "none.ndjson"), "none.ndjson"),
    ],
)
def test_wrong_usage_is_told_in_a_line(cli: Cli, world: Path, log: Path, options: tuple[str, ...], said: str) -> None:
    told = cli("recon", "coverage", "-a", world, "--log", log, *options)
    assert told.code == 2
    assert said in told.err
    traceless(told)


def test_an_empty_log_and_no_agreement(cli: Cli, world: Path, tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.ndjson", [])
    told = cli("recon", "coverage", "-a", world, "--log", empty)
    assert told.code == 2
    assert "nobody said who watched" in told.err
    assert "name an agreement" in cli("recon", "coverage", "--log", empty).err
