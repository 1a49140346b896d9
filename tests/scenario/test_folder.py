"""A scenario in a folder: the files agree with each other, and a folder that was not finished says so."""

import json
from pathlib import Path

import msgspec
import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.recon.makes import load_makes
from pipeline.recon.missions import read_mission
from pipeline.recon.permission import refusals
from pipeline.resources import folder as resources
from pipeline.scenario import ScenarioError, generate, observers, scenarios, write_scenario

FILES = {
    "reports.ndjson", "observations.ndjson", "assets.toml", "truth.ndjson", "invented.ndjson", "scenario.json",
}  # fmt: skip


def test_just_so_many_reports_as_were_asked_for(plain: Agreement, tmp_path: Path) -> None:
    for number in (1, 777, 25_000):
        written = write_scenario(tmp_path, "routine", 4, plain, number)
        reports = (tmp_path / "reports.ndjson").read_bytes().splitlines()
        assert written.reports == len(reports) == number


def test_the_files_agree_with_each_other(plain: Agreement, tmp_path: Path) -> None:
    counted: list[tuple[int, int]] = []
    folder = tmp_path / "new" / "folder"
    written = write_scenario(folder, "routine", 4, plain, 30_000, progress=lambda *done: counted.append(done))
    assert {path.name for path in folder.iterdir()} == FILES
    about = json.loads((folder / "scenario.json").read_bytes())
    truth = [json.loads(line) for line in (folder / "truth.ndjson").read_bytes().splitlines()]
    ids = [json.loads(line)["report_id"] for line in (folder / "reports.ndjson").read_bytes().splitlines()]
    assert about["reports"] == len(ids) == counted[-1][0]
    assert about["incidents"] == len(truth) == counted[-1][1]
    assert about["unseen"] == sum(not one["report_ids"] for one in truth)
    assert about["violating"] == sum(bool(one["violations"]) for one in truth) == written.violating
    invented = [json.loads(line)["report_ids"] for line in (folder / "invented.ndjson").read_bytes().splitlines()]
    assert about["inventions"] == len(invented) > 0
    assert about["invented"] == sum(map(len, invented))
    told = [name for one in truth for name in one["report_ids"]]
    assert sorted(ids) == sorted([*told, *(name for names in invented for name in names)])
    assert about["begin"] <= min(one["observed_at"] for one in truth)
    assert max(one["observed_at"] for one in truth) <= about["end"]
    assert (about["name"], about["seed"], about["agreement"]) == ("routine", 4, "plain")
    assert about["observations"] == len((folder / "observations.ndjson").read_bytes().splitlines())
    assert {*about["files"], "scenario.json"} == FILES
    assert (about["makes"], about["parameters"]["detection"]) == ("shipped", 1.0)


def test_the_folder_can_be_made_again_from_what_it_says(plain: Agreement, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_scenario(one, "quiet", 9, plain, 1_500)
    about = json.loads((one / "scenario.json").read_bytes())
    write_scenario(other, about["name"], about["seed"], plain, about["reports_wanted"])
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in FILES)


def test_the_observers_are_in_the_folder_as_assets(plain: Agreement, tmp_path: Path) -> None:
    write_scenario(tmp_path, "quiet", 9, plain, 100)
    assets = read_mission((tmp_path / "assets.toml").read_bytes(), "assets.toml", plain)
    assert assets == observers("quiet", 9, plain)
    placed = {one.asset_id for one in assets.assets}
    logged = {json.loads(line)["asset"] for line in (tmp_path / "observations.ndjson").read_bytes().splitlines()}
    assert {name for name in logged if not name.startswith("satellite-")} == placed
    assert all(one.make in {make.name for make in load_makes().makes} for one in assets.assets)


@pytest.mark.parametrize("name", ["ukraine-hypothetical", "donbas-2015"])
def test_no_observer_stands_where_it_may_not(name: str) -> None:
    agreement = load_agreement(name)
    every = observers("routine", 7, agreement).assets
    assert len(every) > 100
    assert [against for one in every for against in refusals(one, agreement, load_makes())] == []


def test_those_who_notice_less_see_less_of_the_same(plain: Agreement, tmp_path: Path) -> None:
    less = msgspec.structs.replace(scenarios()["routine"], detection=0.5)
    one = write_scenario(tmp_path / "one", "routine", 4, plain)
    other = write_scenario(tmp_path / "other", less, 4, plain)
    assert (one.incidents, one.violating) == (other.incidents, other.violating)
    assert other.unseen > 1.3 * one.unseen
    logs = [(tmp_path / name / "observations.ndjson").read_bytes() for name in ("one", "other")]
    assert logs[0] == logs[1]
    assert json.loads((tmp_path / "other" / "scenario.json").read_bytes())["parameters"]["detection"] == 0.5


def test_a_file_of_makes_is_kept_beside_what_was_noticed_by_it(plain: Agreement, tmp_path: Path) -> None:
    shipped = (resources("geodata") / "recon" / "makes.toml").read_bytes()
    deaf = shipped.replace(b"chance = 0.95, half_m = 11000", b"chance = 0.0, half_m = 11000")
    one = write_scenario(tmp_path / "one", "routine", 4, plain)
    same = write_scenario(tmp_path / "same", "routine", 4, plain, makes=shipped)
    other = write_scenario(tmp_path / "other", "routine", 4, plain, makes=deaf)
    assert (same.unseen, same.makes, one.makes) == (one.unseen, "makes.toml", "shipped")
    assert other.unseen > one.unseen
    assert (tmp_path / "other" / "makes.toml").read_bytes() == deaf
    reports = [(tmp_path / name / "reports.ndjson").read_bytes() for name in ("one", "same")]
    assert reports[0] == reports[1]
    write_scenario(tmp_path / "other", "routine", 4, plain, 10)
    assert not (tmp_path / "other" / "makes.toml").exists()


def test_a_scenario_without_inventions_says_so_in_an_empty_file(plain: Agreement, tmp_path: Path) -> None:
    honest = msgspec.structs.replace(scenarios()["quiet"], invented_share=0.0, copies_per_post=0.0)
    written = write_scenario(tmp_path, honest, 9, plain)
    assert (tmp_path / "invented.ndjson").read_bytes() == b""
    assert (written.inventions, written.invented, written.copies) == (0, 0, 0)


def test_a_folder_that_was_not_finished_has_no_scenario_json(plain: Agreement, tmp_path: Path) -> None:
    write_scenario(tmp_path, "quiet", 9, plain)

    def stop(reports: int, incidents: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_scenario(tmp_path, "quiet", 9, plain, progress=stop)
    assert not (tmp_path / "scenario.json").exists()


def test_an_unknown_scenario_makes_no_folder(plain: Agreement, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        write_scenario(tmp_path / "x", "busy", 9, plain)
    assert not (tmp_path / "x").exists()


def test_no_chunk_grows_with_what_was_asked_for(plain: Agreement) -> None:
    sizes = [len(chunk.reports) for chunk in generate("routine", 4, plain, 120_000)]
    assert sum(sizes) == 120_000
    assert max(sizes) < 30_000
