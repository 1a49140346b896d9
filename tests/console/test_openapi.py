"""The API's description, and that nothing that fits it breaks the server."""

from contextlib import suppress
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from tests.console.conftest import Record, some_reports
from tests.console.serving import Served, client, served
from tests.console.users import access, users

BOUNDED = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def description(asking: httpx.Client) -> dict[str, Any]:
    answer = asking.get("/openapi.json")
    assert answer.headers["content-type"].startswith("application/vnd.oai.openapi+json")
    found: dict[str, Any] = answer.json()
    return found


def test_it_describes_every_path_and_what_comes_back(asking: httpx.Client) -> None:
    told = description(asking)
    assert told["openapi"].startswith("3.1")
    promised = {
        "/api/alerts",
        "/api/alerts/{alert_id}",
        "/api/alerts/{alert_id}/actions",
        "/api/incidents",
        "/api/sources",
        "/api/agreements",
        "/api/events",
        "/ogc",
        "/cap/feed.atom",
        "/metrics",
        "/healthz",
        "/readyz",
    }
    assert promised <= set(told["paths"])
    for operations in told["paths"].values():
        for operation in operations.values():
            assert operation["description"]
    parameters = {one["name"] for one in told["paths"]["/api/alerts"]["get"]["parameters"]}
    assert {"severity", "status", "bbox", "text", "cursor", "limit", "unacknowledged"} <= parameters


def test_a_list_of_alerts_is_as_it_is_described(asking: httpx.Client) -> None:
    told = description(asking)
    schema = told["paths"]["/api/alerts"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator({**schema, "components": told["components"]})
    validator.validate(asking.get("/api/alerts", params={"standing": "all"}).json())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestWarning")
def test_nothing_that_may_be_sent_breaks_the_server(console: Served, asking: httpx.Client) -> None:
    told = description(asking)
    # A stream has no end, and a page of metrics no parameters.
    paths = {name: path for name, path in told["paths"].items() if name not in {"/api/events", "/metrics"}}
    nothing_breaks(console, {**told, "paths": paths}, {})


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestWarning")
def test_nothing_that_a_supervisor_may_send_breaks_the_server(
    path: Path, agreement: Path, record: Record, tmp_path: Path
) -> None:
    record(*some_reports(3))
    with served(path, agreement, access=access(tmp_path / "users.db")) as at, client(at) as asking:
        with users(tmp_path / "users.db") as known:
            asking.headers["Authorization"] = f"Bearer {known.make_token('susan', '', timedelta(days=1))}"
        told = description(asking)
        paths = {name: path for name, path in told["paths"].items() if name in {"/api/session", "/api/audit"}}
        assert len(paths) == 2
        nothing_breaks(at, {**told, "paths": paths}, {"Authorization": asking.headers["Authorization"]})


def nothing_breaks(console: Served, told: dict[str, Any], headers: dict[str, str]) -> None:
    """Sends what fits a description, and what does not."""
    described = schemathesis.openapi.from_dict(told)
    each: Any = described.get_all_operations()
    operations = [one.ok() for one in each]
    assert len(operations) == sum(map(len, told["paths"].values()))

    for operation, mode in product(operations, GenerationMode):

        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode))
        def holds(case: Any) -> None:
            answer = case.call(base_url=console.url, timeout=60, headers=headers)
            case.validate_response(answer, checks=[not_a_server_error])
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == ["application/problem+json"]

        # What takes nothing cannot be asked wrongly.
        with suppress(*([Unsatisfiable] if mode is GenerationMode.NEGATIVE else [])):
            holds()
