"""`truceline recon plan` and `truceline recon task`: from open alerts to proposed looks, and on to an answer."""

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.cli.plan_given import around, given
from pipeline.geometry.earth import distance_m
from pipeline.model.tasks import Ask, task_id
from pipeline.model.watch_terms import TaskReason, TaskStep
from pipeline.recon.tasks import RULES
from pipeline.store import open_store
from pipeline.store.tasking import Tasking, all_tasks, tasks_of
from tests.cli.driving import Cli, line, traceless
from tests.cli.recorded import CLEAR, agreement_file, record
from tests.law.test_no_blame import blaming
from tests.monitor.fusion.telling import disc, told
from tests.recon.asking import ask

LATER = "2016-03-01T12:00Z"
TURNAROUND_S = 7_200.0

MISSION = """
version = 1
title = "Invented"

[[asset]]
id = "drone-1"
make = "long_drone"
operator = "monitor"
consent = ["a", "b"]
  [asset.where]
  kind = "flying"
  home = [37.6, 48.6]
  speed_m_s = 25.0
  endurance_s = 14400
  range_m = 100000
  swath_m = 3000
  turnaround_s = 7200

[[asset]]
id = "array-1"
make = "acoustic_array"
operator = "monitor"
consent = ["a", "b"]
  [asset.where]
  kind = "standing"
  lon = 37.6
  lat = 48.3
"""


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return agreement_file(tmp_path / "agreement")


@pytest.fixture
def store(tmp_path: Path, agreement: Path) -> Path:
    return record(tmp_path / "truceline.db", agreement, [told(21, "array-1", disc(1_000)), CLEAR])


@pytest.fixture
def options(tmp_path: Path, agreement: Path) -> list[str]:
    (tmp_path / "mission.toml").write_text(MISSION)
    return ["-a", str(agreement), "--mission", "mission.toml", "--from", LATER]


def planned(cli: Cli, options: list[str], *more: str) -> dict[str, list[dict[str, Any]]]:
    said = cli("recon", "plan", *options, "--json", *more)
    assert said.code == 0, said.err
    found: dict[str, list[dict[str, Any]]] = {"plan": [], "look": [], "no_look": []}
    for row in map(json.loads, said.out.splitlines()):
        found[row["record"]].append(row)
    return found


def test_a_plan_says_which_where_when_for_what_at_what_cost_and_why(cli: Cli, store: Path, options: list[str]) -> None:
    found = planned(cli, options)
    (made,) = found["plan"]
    assert found["look"]
    for look in found["look"]:
        assert look["asset"] == "drone-1"
        assert look["about"].startswith("al_")
        assert datetime.fromisoformat(look["look_from"]) >= datetime.fromisoformat("2016-03-01T12:00:00+00:00")
        assert look["points"] > 0
        assert look["cost_h"] > 0
        assert look["why"].startswith(f"verify {look['about']}")
    assert made["looks"] == len(found["look"])
    assert made["worth"] <= made["bound"] + 1e-6
    assert made["points"] == pytest.approx(sum(look["points"] for look in found["look"]), abs=1e-4)
    assert {"why": "acoustic looks find no signs of it", "times": 2} in made["refused"] or made["refused"]


def test_for_people_it_is_a_table_and_the_bound(cli: Cli, store: Path, options: list[str]) -> None:
    said = cli("recon", "plan", *options)
    assert said.code == 0
    assert "drone-1" in said.out
    assert "acoustic looks find no signs of it" in said.out
    assert "points expected, at a cost of" in said.err
    assert "no plan of these looks is worth more" in said.err
    assert not blaming(said.out + said.err)
    assert "target" not in (said.out + said.err).lower()


@pytest.mark.parametrize("policy", ["exact", "nearest", "longest"])
def test_every_policy_keeps_to_a_budget(cli: Cli, store: Path, options: list[str], policy: str) -> None:
    found = planned(cli, options, "--policy", policy, "--budget", "3", "--looks", "1")
    assert len(found["look"]) <= 1
    assert found["plan"][0]["cost_h"] <= 3.0


def test_clouds_leave_less_to_be_found(cli: Cli, store: Path, options: list[str]) -> None:
    clear, clouded = planned(cli, options), planned(cli, options, "--cloud", "0.6,0.7")
    assert clouded["plan"][0]["points"] < clear["plan"][0]["points"]
    assert planned(cli, options, "--cloud", "1")["look"] == []


@pytest.mark.parametrize("ending", ["ndjson", "csv", "geojson"])
def test_the_looks_go_into_a_file(cli: Cli, store: Path, options: list[str], ending: str) -> None:
    found = planned(cli, options, "-o", f"looks.{ending}")
    text = Path(f"looks.{ending}").read_text(encoding="utf-8")
    assert text.count("drone-1") == len(found["look"])
    if ending == "geojson":
        assert json.loads(text)["features"][0]["geometry"]["type"] == "Point"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--cloud", "2"], "shares from 0 to 1"),
        (["--cloud", "x"], "shares from 0 to 1"),
        (["--from", "soon"], "--from soon"),
        (["--hours", "500"], "72 at most"),
        (["--class", "havy_fire"], "heavy_fire"),
        (["-o", "looks.pdf"], ".ndjson, .csv, .geojson"),
        (["-o", "nowhere/looks.csv"], "there is no folder"),
        (["--propose"], "--by NAME"),
        (["--mission", "nowhere.toml"], "neither a shipped mission"),
    ],
)
def test_mistakes_are_told(cli: Cli, store: Path, options: list[str], more: list[str], said: str) -> None:
    wrong = cli("recon", "plan", *options, *more)
    traceless(wrong)
    assert wrong.code == 2
    assert said in wrong.err


def test_gaps_are_planned_for_where_somebody_said_who_watched(cli: Cli, store: Path, options: list[str]) -> None:
    assert "nobody said who watched" in cli("recon", "plan", *options).err
    begin = datetime(2016, 3, 1, tzinfo=UTC)
    watched = {
        "observation_id": "plan:array-1:1",
        "source": "plan",
        "asset": "array-1",
        "make": "acoustic_array",
        "observed_from": begin.isoformat(),
        "observed_until": (begin + timedelta(hours=2)).isoformat(),
        "footprint": {"kind": "disc", "lon": 37.6, "lat": 48.3, "radius_m": 20_000},
        "state": "watching",
    }
    Path("log.ndjson").write_text(json.dumps(watched) + "\n")
    found = planned(cli, options, "--log", "log.ndjson", "--gaps", "8", "--price", "0")
    gaps = [row for row in (*found["look"], *found["no_look"]) if row.get("kind") == "gap"]
    assert len({row["about"] for row in gaps}) == 8
    sides = [row["about"].split("/")[1] for row in gaps]
    assert {"left", "right"} == set(sides)
    assert planned(cli, options, "--log", "log.ndjson", "--gaps", "0")["plan"]


def propose(cli: Cli, options: list[str]) -> list[str]:
    said = cli("recon", "plan", *options, "--propose", "--by", "Ines")
    assert said.code == 0, said.err
    assert "Nobody was asked." in said.err
    return [row["task_id"] for row in map(json.loads, cli("recon", "task", "list", "--json").out.splitlines())]


def step(cli: Cli, *words: str) -> dict[str, Any]:
    said = cli("recon", "task", *words, "--json")
    assert said.code == 0, said.err
    found: dict[str, Any] = said.json()
    return found


def test_a_look_from_proposal_to_answer(cli: Cli, store: Path, options: list[str]) -> None:
    task, *_ = propose(cli, options)
    assert step(cli, "show", task)["state"] == "proposed"
    assert step(cli, task, "request", "--by", "Ines")["state"] == "requested"
    assert step(cli, task[:8], "accept", "--by", "Bo", "--text", "At two.")["state"] == "accepted"
    assert step(cli, task, "start", "--by", "Bo")["allowed"] == ["answer", "fail", "withdraw"]
    Path("found.ndjson").write_bytes(
        line(77, observed_from="2016-03-01T13:00:00Z", observed_until="2016-03-01T13:20:00Z", activity="other")
    )
    done = step(
        cli, task, "answer", "--by", "Bo", "--outcome", "evidence_found", "--report", "found.ndjson", "--report",
        CLEAR.report_id, "--text", "Two craters.",
    )  # fmt: skip
    assert (done["state"], done["outcome"]) == ("answered", "evidence_found")
    assert set(done["report_ids"]) == {CLEAR.report_id, "test:77"}
    with open_store(store) as opened:
        assert opened.versions(["test:77"])["test:77"], "it is in the record, as any other"
    page = " ".join(cli("recon", "task", "show", task).out.split())
    assert "Bo recorded the answer: there are signs that it happened, in" in page
    assert "“Two craters.”" in page
    assert not blaming(page)
    assert task not in cli("recon", "task", "list").out
    assert task in cli("recon", "task", "list", "--all").out


def test_a_task_belongs_to_its_alert_through_the_report(cli: Cli, store: Path, options: list[str]) -> None:
    propose(cli, options)
    with open_store(store) as opened:
        tasks = all_tasks(opened)
        for alert in opened.alerts():
            mine = [one.task_id for one in tasks.values() if one.ask and one.ask.about == alert.alert_id]
            assert sorted(one.task_id for one in tasks_of(opened, alert)) == sorted(mine)


def test_what_is_asked_for_is_not_planned_again(cli: Cli, store: Path, options: list[str]) -> None:
    before = propose(cli, options)
    found = planned(cli, options)
    again = [row["about"] for row in found["no_look"] if row["why"].startswith("a task is open: ta_")]
    assert again
    assert not set(again) & {row["about"] for row in found["look"]}
    assert propose(cli, options) == before or len(propose(cli, options)) >= len(before)


def way_s(ask: Ask) -> float:
    """How long the drone needs to a place, or home from it."""
    return float(distance_m(37.6, 48.6, ask.lon, ask.lat)) / 25.0


def test_what_is_planned_later_keeps_clear_of_the_ways_of_what_is_asked_for(
    cli: Cli, store: Path, options: list[str]
) -> None:
    for _ in range(2):
        propose(cli, [*options, "--looks", "1", "--price", "0"])
    with open_store(store) as opened:
        asks = sorted((one.ask for one in all_tasks(opened).values() if one.ask), key=lambda ask: ask.look_from)
    assert len(asks) == 2
    for before, after in pairwise(asks):
        apart_s = (after.look_from - before.look_until).total_seconds()
        assert apart_s >= way_s(before) + TURNAROUND_S + way_s(after) - 1.0
        assert before.busy_until is not None
        assert after.busy_from is not None
        assert before.busy_until <= after.busy_from


def test_a_task_that_does_not_say_when_its_asset_is_busy_is_given_its_way(
    cli: Cli, store: Path, agreement: Path, options: list[str]
) -> None:
    mute = ask(asset="drone-1", lon=37.6, lat=48.2)
    assert task_id(mute) == task_id(replace(mute, busy_from=mute.look_from, busy_until=mute.look_until))
    with open_store(store, write=True) as opened:
        Tasking(opened).propose([mute, ask(asset="gone")], "Ines")
        read = given(opened, str(agreement), "mission.toml", None)
        busy = around(read, opened, LATER, 12.0, "0").busy
    (span_ms,) = busy["drone-1"]
    begin_ms, until_ms = (round(1000 * time.timestamp()) for time in (mute.look_from, mute.look_until))
    way_ms = 1000.0 * way_s(mute)
    assert span_ms == pytest.approx((begin_ms - way_ms, until_ms + way_ms + 1000.0 * TURNAROUND_S), abs=1.0)
    assert busy["gone"] == [(begin_ms, until_ms)]


def test_refusals_name_the_reason_and_what_is_allowed(cli: Cli, store: Path, options: list[str]) -> None:
    task, *_ = propose(cli, options)
    Path("found.ndjson").write_bytes(line(78))
    for words, said in (
        ([task, "accept", "--by", "Bo"], "for accept it has to be requested; from here: request, withdraw"),
        ([task, "fail", "--by", "Bo"], "fail needs a --reason: weather"),
        ([task, "fail", "--by", "Bo", "--reason", "made_in_error"], "one of weather"),
        ([task, "request", "--by", "Bo", "--reason", "weather"], "takes none"),
        ([task, "request"], "--by NAME"),
        ([task], "name a step"),
        ([task, "sing", "--by", "Bo"], "'sing' is not a step"),
        ([task, "propose", "--by", "Bo"], "recon plan --propose"),
        ([task, "answer", "--by", "Bo"], "needs an --outcome"),
        ([task, "request", "--by", "Bo", "--report", "x:1"], "these are an answer's"),
        (["show"], "show needs a task's id"),
        (["show", "ta_x"], "no task has the id"),
        (["list", task], "no further word"),
        (["list", "--by", "Bo"], "list takes no --by"),
        (
            [task, "answer", "--by", "Bo", "--outcome", "unclear", "--report", "found.ndjson"],
            "for answer it has to be accepted or under way",
        ),
    ):
        wrong = cli("recon", "task", *words)
        traceless(wrong)
        assert (wrong.code, wrong.out) == (2, ""), words
        assert said in wrong.err, words
    with open_store(store) as opened:
        assert "test:78" not in opened.versions(["test:78"]), "a refused answer records nothing"


def test_an_answers_reports_are_in_the_record_and_can_be_read(cli: Cli, store: Path, options: list[str]) -> None:
    task, *_ = propose(cli, options)
    step(cli, task, "request", "--by", "Ines")
    step(cli, task, "accept", "--by", "Bo")
    answer = [task, "answer", "--by", "Bo", "--outcome", "nothing_found", "--report"]
    Path("bad.ndjson").write_bytes(line(79) + b"{}\n")
    assert "nothing was recorded" in cli("recon", "task", *answer, "bad.ndjson").err
    assert "the record has no report test:404" in cli("recon", "task", *answer, "test:404").err
    assert step(cli, *answer, CLEAR.report_id)["outcome"] == "nothing_found"


def test_no_meaning_of_a_step_or_a_reason_blames_anybody() -> None:
    assert not [word for term in (*TaskStep, *TaskReason) for word in blaming(term.meaning)]
    assert RULES.keys() == set(TaskStep)
