"""The rules and the routes: Prometheus' own tools approve them, every alert is tested, and every name exists."""

import json
import re
from typing import Any

import pytest

from pipeline.metrics import DECLARED
from tests.deploy.monitoring import DEPLOY, RULES, finish, load
from tests.test_docs import CHECKOUT, anchors

PROMETHEUS = DEPLOY / "prometheus"
ALERTMANAGER = DEPLOY / "alertmanager" / "alertmanager.yml"
DASHBOARD = DEPLOY / "grafana" / "dashboards" / "truceline.json"
UNIT_TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
ALL_RULES: list[dict[str, Any]] = [rule for group in load(RULES)["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in ALL_RULES if "alert" in rule}
RECORDS = {rule["record"] for rule in ALL_RULES if "record" in rule}
LIBRARY = frozenset({"up", "process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"})
"""What Prometheus and its client library make of themselves."""


@pytest.mark.needs("prometheus")
def test_promtool_approves() -> None:
    finish("promtool", "check", "config", PROMETHEUS / "prometheus.yml", PROMETHEUS / "prometheus-loopback.yml")
    finish("promtool", "check", "rules", RULES)


@pytest.mark.needs("prometheus")
@pytest.mark.parametrize("path", UNIT_TESTS, ids=lambda path: path.stem)
def test_the_rules_do_what_their_unit_tests_say(path: Any) -> None:
    finish("promtool", "test", "rules", path)


def test_every_alert_fires_in_a_unit_test() -> None:
    cases = [case for path in UNIT_TESTS for test in load(path)["tests"] for case in test.get("alert_rule_test", ())]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_is_and_where_to_read_on(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"].keys() == {"urgency"}
    assert rule["annotations"].keys() == {"summary", "description", "runbook"}
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor in anchors(CHECKOUT / page)


def _named(text: str) -> set[str]:
    """The metrics of a query, recorded ones by their whole name."""
    unquoted = re.sub(r'"[^"]*"', "", text)
    names = set(re.findall(r"[a-z_]*:[a-z0-9_:]+|\btruceline_[a-z_]+|\bprocess_[a-z_]+|\bup\b", unquoted))
    return {name.removesuffix("_bucket") for name in names}


def test_every_metric_that_is_asked_for_exists() -> None:
    known = {metric.name for metric in DECLARED} | RECORDS | LIBRARY
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    asked = {name for text in (*queries, *(rule["expr"] for rule in ALL_RULES)) for name in _named(text)}
    assert asked - known == set()
    # What is recorded is asked for by something, and what we measure is shown to somebody.
    assert known - asked == set()


@pytest.mark.needs("alertmanager")
def test_amtool_approves() -> None:
    finish("amtool", "check-config", ALERTMANAGER)


@pytest.mark.needs("alertmanager")
@pytest.mark.parametrize("urgency", sorted({rule["labels"]["urgency"] for rule in ALERTS.values()}))
def test_each_urgency_has_its_receiver(urgency: str) -> None:
    told = finish("amtool", "config", "routes", "test", f"--config.file={ALERTMANAGER}", f"urgency={urgency}")
    assert told.strip() == urgency


def test_inhibition_names_alerts_that_there_are() -> None:
    rules = load(ALERTMANAGER)["inhibit_rules"]
    matchers = [matcher for rule in rules for matcher in (*rule["source_matchers"], *rule["target_matchers"])]
    assert matchers
    for matcher in matchers:
        label, names = re.fullmatch(r'(\w+)=~?"([^"]+)"', matcher).groups()  # type: ignore[union-attr]
        assert label == "alertname"
        assert set(names.split("|")) <= set(ALERTS)


def test_receivers_are_on_this_machine() -> None:
    receivers = load(ALERTMANAGER)["receivers"]
    urls = [webhook["url"] for receiver in receivers for webhook in receiver["webhook_configs"]]
    assert urls == [f"http://127.0.0.1:9099/{receiver['name']}" for receiver in receivers]


def test_panels_stand_beside_each_other_and_have_numbers_of_their_own() -> None:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) == 23
