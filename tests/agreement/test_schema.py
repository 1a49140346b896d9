"""The JSON Schema of an agreement's file takes what the check takes, and refuses what has not the form."""

import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipeline.agreement import shipped_agreements
from pipeline.resources import folder
from tests.worlds import PROVISION, REMEMBERING, write_world

SCHEMA = json.loads((folder("schemas") / "agreement.json").read_bytes())


def as_json(value: Any) -> Any:
    """TOML as an editor holds it against a schema: dates are strings."""
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return {key: as_json(one) for key, one in value.items()}
        case list():
            return [as_json(one) for one in value]
    return value


def flaws(path: Path, *swaps: tuple[str, str]) -> list[str]:
    text = path.read_text("utf-8")
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new, 1)
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(as_json(tomllib.loads(text)))]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", shipped_agreements())
def test_shipped_agreements_fit(name: str) -> None:
    assert flaws(folder("geodata") / "agreements" / f"{name}.toml") == []


def test_every_kind_of_provision_fits(tmp_path: Path) -> None:
    remembering = "".join(
        PROVISION.format(id=name, severity="minor", asks=asks.strip()) for name, asks in REMEMBERING.items()
    )
    assert flaws(write_world(tmp_path, extra=remembering)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('timezone = "Europe/Kyiv"', "timezone = 3"),
        ('side = "both"', 'side = "all"'),
        ("to_m = 25000", "to_m = -1"),
        ('activities = ["fire"]', 'activities = ["fier"]'),
        ('activities = ["fire"]', 'activites = ["fire"]'),
        ('kind = "withdrawal"', 'kind = "withdraw"'),
        ('type = "artillery"', 'type = "canon"'),
        ("accuracy_m = 200\n", ""),
        ('severity = "grave"', 'severity = "bad"'),
        ("[[sources]]", "[[springs]]"),
    ],
)
def test_what_has_not_the_form_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert flaws(write_world(tmp_path), (old, new))


def test_every_key_says_what_it_is() -> None:
    def bare(schema: Any) -> list[str]:
        if isinstance(schema, list):
            return [name for one in schema for name in bare(one)]
        if not isinstance(schema, dict):
            return []
        lists = {*SCHEMA["properties"], "clause", "says"}
        own = [name for name, about in schema.get("properties", {}).items() if "description" not in about]
        return [*(name for name in own if name not in lists), *(name for one in schema.values() for name in bare(one))]

    assert bare(SCHEMA) == []
