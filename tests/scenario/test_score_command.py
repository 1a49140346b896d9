"""`truceline scenario score`: what it prints, and what it says of folders and stores that do not go together."""

import json
from pathlib import Path

import pytest

from pipeline.agreement import Agreement
from pipeline.gazetteer import load_gazetteer
from pipeline.model.report import Report
from pipeline.scenario import reports, write_scenario
from pipeline.scenario.scoring import FolderError, read_truth
from pipeline.store import Recorder, open_store
from tests.cli.driving import Cli, traceless

PLAIN = Path(__file__).with_name("plain.toml")


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    for name in ("TRUCELINE_STORE", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return Cli(capfd)


@pytest.fixture(scope="module")
def folder(plain: Agreement, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("scored") / "quiet"
    write_scenario(made, "quiet", 3, plain)
    return made


@pytest.fixture(scope="module")
def store(plain: Agreement, folder: Path) -> Path:
    return stored(folder.with_name("quiet.db"), plain, list(reports("quiet", 3, plain)))


def stored(path: Path, agreement: Agreement, told: list[Report]) -> Path:
    with open_store(path, write=True) as opened:
        Recorder(opened, [agreement], load_gazetteer().outlines).record(told)
    return path


def test_json_is_one_object_with_every_figure(cli: Cli, folder: Path, store: Path) -> None:
    told = cli("scenario", "score", folder, "--store", store, "-a", PLAIN, "--json")
    assert told.code == 0
    found = told.json()
    about = json.loads((folder / "scenario.json").read_text(encoding="utf-8"))
    assert (found["scenario"], found["seed"], found["days"]) == ("quiet", 3, 1.0)
    assert (found["reports"], found["missing"], found["foreign"]) == (about["reports"], 0, 0)
    for part in ("located", "all"):
        assert {"precision", "recall", "f1"} == found[part]["pairwise"].keys() == found[part]["bcubed"].keys()
        assert 0 < found[part]["true_incidents"] <= about["incidents"] - about["unseen"]
    with open_store(store) as opened:
        assert found["alerts"]["raised"] == opened.figures()["alerts"] > 0
    assert found["findings"]["findings"] == sum(one["findings"] for one in found["findings"]["bins"])


def test_the_tables_have_the_same_figures(cli: Cli, folder: Path, store: Path) -> None:
    words = ("scenario", "score", folder, "--store", store, "-a", PLAIN)
    found, told = cli(*words, "--json").json(), cli(*words)
    assert told.code == 0
    assert f"quiet, seed 3, 1 d under plain 1: {found['reports']:,} reports compared" in told.out
    (located,) = [line.split() for line in told.out.splitlines() if "that locate " in line]
    assert located[2:5] == [f"{found['located'][name]:,}" for name in ("reports", "incidents", "true_incidents")]
    assert f"{found['alerts']['raised']}, of which {found['alerts']['true']} of a true violation" in told.out
    assert f"expected calibration error {found['findings']['ece']:.3f}" in told.out


def test_inventions_are_read_where_there_are_any(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "invented.ndjson").write_text('{"report_ids":["sim:x","sim:y"]}\n', encoding="utf-8")
    truth = read_truth(tmp_path)
    assert truth.group_of["sim:x"] == truth.group_of["sim:y"] == len(truth.incidents)


def test_a_folder_that_is_none_says_how_to_make_one(cli: Cli, tmp_path: Path, store: Path) -> None:
    told = cli("scenario", "score", tmp_path, "--store", store)
    traceless(told)
    assert told.code == 2
    assert "truceline scenario make" in told.err


def test_a_damaged_folder_names_the_file(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "scenario.json").write_bytes((folder / "scenario.json").read_bytes())
    with pytest.raises(FolderError, match=r"truth\.ndjson: cannot be read"):
        read_truth(tmp_path)
    (tmp_path / "truth.ndjson").write_text('{"incident_id":7}\n', encoding="utf-8")
    with pytest.raises(FolderError, match=r"truth\.ndjson: this is not as a scenario writes it"):
        read_truth(tmp_path)


def test_a_store_that_is_not_there_is_wrong_usage(cli: Cli, folder: Path, tmp_path: Path) -> None:
    told = cli("scenario", "score", folder, "--store", tmp_path / "none.db", "-a", PLAIN)
    traceless(told)
    assert told.code == 2


def test_a_store_of_another_seed_has_nothing_in_common(
    cli: Cli, folder: Path, plain: Agreement, tmp_path: Path
) -> None:
    other = stored(tmp_path / "other.db", plain, list(reports("quiet", 4, plain, 50)))
    told = cli("scenario", "score", folder, "--store", other, "-a", PLAIN)
    traceless(told)
    assert told.code == 2
    assert "no report of quiet, seed 3" in told.err


def test_another_agreement_is_refused(
    cli: Cli, folder: Path, store: Path, hypothetical: Agreement, tmp_path: Path
) -> None:
    told = cli("scenario", "score", folder, "--store", store, "-a", "donbas-2015")
    assert told.code == 2
    assert "was played in plain 1" in told.err
    elsewhere = stored(tmp_path / "elsewhere.db", hypothetical, list(reports("quiet", 3, hypothetical, 50)))
    told = cli("scenario", "score", folder, "--store", elsewhere, "-a", PLAIN)
    assert told.code == 2
    assert "was not judged by plain, but by ukraine-hypothetical" in told.err


def test_an_agreement_that_is_not_shipped_has_to_be_named(cli: Cli, folder: Path, store: Path) -> None:
    told = cli("scenario", "score", folder, "--store", store)
    traceless(told)
    assert told.code == 2
    assert "plain" in told.err


def test_a_store_judged_by_another_version_is_refused(cli: Cli, folder: Path, store: Path, tmp_path: Path) -> None:
    newer = tmp_path / "plain.toml"
    newer.write_text(PLAIN.read_text(encoding="utf-8").replace('version = "1"', 'version = "2"'), encoding="utf-8")
    (tmp_path / "plain.geojson").write_bytes(PLAIN.with_suffix(".geojson").read_bytes())
    again = tmp_path / "again"
    again.mkdir()
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8").replace('"agreement_version": "1"', '"agreement_version": "2"')
        (again / path.name).write_text(text, encoding="utf-8")
    told = cli("scenario", "score", again, "--store", store, "-a", newer)
    traceless(told)
    assert told.code == 2
    assert "was judged by plain 1, and the scenario was played in 2" in told.err
