"""A scenario of each name, played once for all tests."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pytest

from pipeline.agreement import Agreement, load_agreement
from pipeline.model.report import Report
from pipeline.scenario import Invention, Scenario, TrueIncident, generate
from pipeline.scenario.world import Integers

SEED = 7


class Played(NamedTuple):
    """All lines of a scenario, decoded, and what goes with each report."""

    reports: list[Report]
    truth: list[TrueIncident]
    inventions: list[Invention]
    incident: Integers
    network: Integers
    copies: Integers


def played(name: str | Scenario, agreement: Agreement, seed: int = SEED, number: int | None = None) -> Played:
    chunks = list(generate(name, seed, agreement, number))
    return Played(
        [msgspec.json.decode(line, type=Report) for chunk in chunks for line in chunk.reports],
        [msgspec.json.decode(line, type=TrueIncident) for chunk in chunks for line in chunk.truth],
        [msgspec.json.decode(line, type=Invention) for chunk in chunks for line in chunk.invented],
        np.concatenate([chunk.incident for chunk in chunks]),
        np.concatenate([chunk.network for chunk in chunks]),
        np.concatenate([chunk.copies for chunk in chunks]),
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
def noisy(plain: Agreement) -> Played:
    return played("noisy-public", plain)


@pytest.fixture(scope="session")
def quiet(hypothetical: Agreement) -> Played:
    return played("quiet", hypothetical)
