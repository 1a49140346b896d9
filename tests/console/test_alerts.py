"""The list of alerts, its filters and pages; one alert with all that is known of it."""

import random
from collections.abc import Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.model.taxonomy import Severity
from pipeline.store import open_store
from tests.console.conftest import Record, recorder, some_reports
from tests.console.serving import Served, client, served
from tests.stream.watched import watch
from tests.worlds import DAY

RANK = {severity.value: rank for rank, severity in enumerate(Severity)}


def every(asking: httpx.Client, **wanted: Any) -> list[dict[str, Any]]:
    answer = asking.get("/api/alerts", params={"limit": 1000, **wanted})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["alerts"]
    return found


def ids(alerts: list[dict[str, Any]]) -> list[str]:
    return [one["alert_id"] for one in alerts]


def place(alert: Mapping[str, Any]) -> tuple[str, str, str]:
    """By which an alert has its place in the list."""
    return alert["severity"], alert["raised_at"], alert["alert_id"]


def time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_gravest_are_first_and_then_the_last_raised(asking: httpx.Client) -> None:
    found = every(asking, standing="all")
    keys = [(-RANK[one["severity"]], -time(one["raised_at"]).timestamp(), one["alert_id"]) for one in found]
    assert keys == sorted(keys)
    assert {one["severity"] for one in found} == set(RANK)
    assert {one["standing"] for one in found} == {"raised", "possible"}


FILTERS: Mapping[str, tuple[Mapping[str, Any], Any]] = {
    "severity": ({"severity": ["grave", "minor"]}, lambda one: one["severity"] in {"grave", "minor"}),
    "provision": ({"provision": "ceasefire"}, lambda one: one["provision"] == "ceasefire"),
    "agreement": ({"agreement": "elsewhere"}, lambda _: False),
    "since": (
        {"since": "2016-03-01T09:00:00Z"},
        lambda one: time(one["observed_until"]) >= time("2016-03-01T09:00:00Z"),
    ),
    "until": (
        {"until": "2016-03-01T10:00:00+01:00"},
        lambda one: time(one["observed_from"]) <= time("2016-03-01T09:00:00Z"),
    ),
    "status": ({"status": "alleged"}, lambda one: one["status"] == "alleged"),
    "unacknowledged": (
        {"unacknowledged": True},
        lambda one: one["standing"] == "raised" and not one["acknowledged_by"],
    ),
    "raised_since": ({"raised_since": "2100-01-01T00:00:00Z"}, lambda _: False),
    "assignee": ({"assignee": "Ines"}, lambda one: one["assignee"] == "Ines"),
    "text": (
        {"text": "CEASEFIRE test:3"},
        lambda one: "test:3" in str(one["report_ids"]) and one["provision"] == "ceasefire",
    ),
    "possible": ({"standing": "possible"}, lambda one: one["standing"] == "possible"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_takes_what_it_says(asking: httpx.Client, name: str) -> None:
    params, takes = FILTERS[name]
    whole = every(asking, standing="all")
    asking.post(
        f"/api/alerts/{whole[0]['alert_id']}/actions", json={"action": "assign", "assignee": "Ines", "by": "Bo"}
    )
    whole = every(asking, standing="all")
    assert ids(every(asking, **{"standing": "all", **params})) == [one["alert_id"] for one in whole if takes(one)]


def test_a_box_takes_what_may_lie_in_it(asking: httpx.Client) -> None:
    whole = [one for one in every(asking, standing="all") if one["lon"] is not None]
    for one in whole:
        box = f"{one['lon'] - 1e-4},{one['lat'] - 1e-4},{one['lon'] + 1e-4},{one['lat'] + 1e-4}"
        assert one["alert_id"] in ids(every(asking, standing="all", bbox=box))
    assert every(asking, standing="all", bbox="-10,-10,0,0") == []
    assert ids(every(asking, standing="all", bbox="30,-90,20,90")) == ids(whole)


def test_pages_give_each_alert_once_while_more_are_raised(
    asking: httpx.Client, record: Record, console: Served
) -> None:
    before = {place(one) for one in every(asking, standing="all")}
    more, seen, cursor = some_reports(60)[24:], list[str](), None
    while True:
        params: dict[str, Any] = {"limit": 5, "standing": "all", **({} if cursor is None else {"cursor": cursor})}
        told = asking.get("/api/alerts", params=params).json()
        seen += ids(told["alerts"])
        cursor = told["next"]
        if cursor is None:
            break
        if more:
            record(*[more.pop(0) for _ in range(min(4, len(more)))])
    assert len(seen) == len(set(seen))
    # What moves, as one that was only possible and is raised now, is told by the stream.
    kept = before & {place(one) for one in every(asking, standing="all")}
    assert len(kept) > len(before) // 2
    assert {alert_id for _, _, alert_id in kept} <= set(seen)


def test_the_map_has_the_points_of_the_list(asking: httpx.Client) -> None:
    told = asking.get("/api/points", params={"standing": "all"}).json()
    listed = {one["alert_id"]: one for one in every(asking, standing="all")}
    placed = {name for name, one in listed.items() if one["lon"] is not None}
    assert set(told["alert_id"]) == placed
    assert told["without_place"] == len(listed) - len(placed)
    for name, lon, severity in zip(told["alert_id"], told["lon"], told["severity"], strict=True):
        assert (listed[name]["lon"], listed[name]["severity"]) == (lon, severity)


def test_one_alert_is_told_with_its_evidence_and_what_may_be_done(asking: httpx.Client) -> None:
    (first, *_) = every(asking, severity="grave")
    told = asking.get(f"/api/alerts/{first['alert_id']}").json()
    assert told["alert"]["alert_id"] == first["alert_id"]
    assert [one["report_id"] for one in told["reports"]] == first["report_ids"]
    assert told["incident"]["incident_id"] == first["incident_id"]
    assert told["allowed"][:4] == ["acknowledge", "assign", "comment", "verify"]
    assert [one["revision"] for one in told["history"]] == [1]
    assert told["doubts"]
    assert {"What", "Where", "When", "Article", "Why"} <= {one["heading"] for one in told["passages"]}


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("/api/alerts/al_none", 404),
        ("/api/incidents/in_none", 404),
        ("/api/nothing", 404),
        ("/api/alerts?severity=dire", 400),
        ("/api/alerts?since=yesterday", 400),
        ("/api/alerts?bbox=1,2,3", 400),
        ("/api/alerts?bbox=nan,0,1,1", 400),
        ("/api/alerts?cursor=%00", 400),
        ("/api/alerts?cursor=AAAA", 400),
        ("/api/alerts?limit=0", 400),
        ("/api/spacetime?line=none", 404),
        ("/api/events?after=-1", 400),
    ],
)
def test_what_cannot_be_answered_is_a_problem(asking: httpx.Client, asked: str, status: int) -> None:
    answer = asking.get(asked)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert "Traceback" not in answer.text


def test_the_rest_of_the_record_is_told(asking: httpx.Client) -> None:
    (agreement,) = asking.get("/api/agreements").json()
    assert agreement["lines"]["type"] == agreement["zones"]["type"] == "FeatureCollection"
    assert all(provision["asks"] for provision in agreement["provisions"])
    incidents = asking.get("/api/incidents", params={"limit": 1000}).json()["incidents"]
    assert len(incidents) == 24
    one = asking.get(f"/api/incidents/{incidents[0]['incident_id']}").json()
    assert one["reports"]
    assert {source["name"] for source in asking.get("/api/sources").json()} >= {"ndjson"}
    assert sum(line["raised"] for line in asking.get("/api/register").json()) == len(every(asking))
    assert asking.get("/api/handover").json()["markdown"].startswith("# Handover")
    assert asking.get("/api/compliance").json()[0]["provisions"]
    assert asking.get("/api/coverage").json()["told"] is False


def test_incidents_come_in_pages_the_latest_first(asking: httpx.Client) -> None:
    seen, cursor = list[dict[str, Any]](), None
    while True:
        params: dict[str, Any] = {"limit": 7, **({} if cursor is None else {"cursor": cursor})}
        told = asking.get("/api/incidents", params=params).json()
        seen += told["incidents"]
        cursor = told["next"]
        if cursor is None:
            break
    begun = [one["observed_from"] for one in seen]
    assert (len({one["incident_id"] for one in seen}), begun) == (24, sorted(begun, reverse=True))
    late = asking.get("/api/incidents", params={"since": begun[3], "until": begun[1]}).json()["incidents"]
    assert late == seen[1:4]


def test_a_line_over_time_counts_each_alert_where_and_when_it_is(asking: httpx.Client) -> None:
    asked: dict[str, Any] = {
        "line": "line",
        "from": "2016-03-01T00:00:00Z",
        "until": "2016-03-02T00:00:00Z",
        "step_m": 2000,
    }
    told = asking.get("/api/spacetime", params=asked).json()
    counted = {
        (row, column): number
        for row, numbers in enumerate(told["alerts"])
        for column, number in enumerate(numbers)
        if number
    }
    expected: dict[tuple[int, int], int] = {}
    for one in every(asking):
        if one["line"] == "line" and one["chainage_m"] is not None:
            column = sum(edge <= one["chainage_m"] for edge in told["edges_m"][1:-1])
            place = (time(one["observed_from"]).hour, column)
            expected[place] = expected.get(place, 0) + 1
    assert counted == expected
    assert sum(expected.values()) > 5
    assert {share for row in told["covered"] for share in row} == {None}


def test_what_is_planned_shows_nothing_yet(path: Path, agreement: Path, record: Record) -> None:
    """A plan goes on for hours; what is watched is shown up to the hour in which we are."""
    record(*some_reports(3))
    with closing(open_store(path, write=True)) as store:
        recorder(store, agreement).record([], (), [watch("plan", 6.0, 17.0)])
    with served(path, agreement, clock=lambda: DAY + timedelta(hours=12, minutes=20)) as at, client(at) as asking:
        told = asking.get("/api/spacetime", params={"line": "line"}).json()
        assert datetime.fromisoformat(told["hours"][-1]) == DAY + timedelta(hours=12)
        assert datetime.fromisoformat(asking.get("/api/coverage").json()["until"]) == DAY + timedelta(hours=13)


def test_only_our_own_names_are_answered_to(console: Served, asking: httpx.Client) -> None:
    foreign = asking.get("/api/alerts", headers={"Host": "evil.example"})
    assert (foreign.status_code, foreign.headers["content-type"]) == (421, "application/problem+json")
    assert asking.get("/healthz").headers["content-security-policy"].startswith("default-src 'self';")
    with client(console) as other:
        assert other.get("/readyz").json()["status"] == "ok"
        assert "truceline_build_info" in other.get("/metrics").text


def test_any_order_of_filters_is_the_same_list(asking: httpx.Client) -> None:
    drawn = random.Random(5)
    whole = every(asking, standing="all")
    for _ in range(20):
        some = drawn.sample(sorted(set(FILTERS) - {"assignee"}), 2)
        params: dict[str, Any] = {"standing": "all"}
        for name in some:
            params |= FILTERS[name][0]
        expected = [one["alert_id"] for one in whole if all(FILTERS[name][1](one) for name in some)]
        assert ids(every(asking, **params)) == expected
