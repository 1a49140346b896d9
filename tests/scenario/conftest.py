"""A scenario of each name, played once for all tests."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.report import Report
from pipeline.scenario import TrueIncident, generate

SEED = 7


class Played(NamedTuple):
    """All lines of a scenario, decoded."""

    reports: list[Report]
    truth: list[TrueIncident]


def played(name: str, agreement: Agreement, seed: int = SEED) -> Played:
    chunks = list(generate(name, seed, agreement))
    return Played(
        [msgspec.json.decode(line, type=Report) for chunk in chunks for line in chunk.reports],
        [msgspec.json.decode(line, type=TrueIncident) for chunk in chunks for line in chunk.truth],
    )


@pytest.fixture(scope="session")
def hypothetical() -> Agreement:
    return load_agreement("ukraine-hypothetical")


@pytest.fixture(scope="session")
def plain() -> Agreement:
    return load_agreement(Path(__file__).with_name("plain.toml"))


@pytest.fixture(scope="session")
def routine(hypothetical: Agreement) -> Played:
    return played("routine", hypothetical)


@pytest.fixture(scope="session")
def quiet(hypothetical: Agreement) -> Played:
    return played("quiet", hypothetical)
