"""What the tests of the stream share: brokers."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipeline.stream.broker_config import Secured
from tests.stream.brokers import GIVEN, PASSWORD, USER, PrivateBroker, SecuredKafka, private_broker, shared_broker


@pytest.fixture(scope="session")
def _needs_of_a_broker(require: Callable[[str], None]) -> None:
    require("java")
    require("maven")


@pytest.fixture(scope="session")
def _run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this run of the tests share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[str]:
    """The bootstrap servers of a broker that all tests share: give topics and groups names of your own.

    It is the one that TRUCELINE_KAFKA names, or else one that is fetched, started, and stopped after the last test.
    """
    if GIVEN:
        yield GIVEN
        return
    request.getfixturevalue("_needs_of_a_broker")
    with shared_broker(request.getfixturevalue("_run_folder") / "kafka") as found:
        yield found.bootstrap


@pytest.fixture(scope="session")
def secured_kafka(
    _needs_of_a_broker: None, require: Callable[[str], None], _run_folder: Path
) -> Iterator[SecuredKafka]:
    """A broker that asks for encryption, a name and a password; shared as `kafka` is."""
    require("openssl")
    with shared_broker(_run_folder / "secured-kafka", secured=True) as found:
        assert found.secured is not None
        assert found.authority is not None
        yield SecuredKafka(found.bootstrap, found.secured, Path(found.authority), USER, PASSWORD)


@pytest.fixture
def own_broker(_needs_of_a_broker: None, tmp_path: Path) -> Iterator[Callable[..., PrivateBroker]]:
    """Starts a broker of the test's own, which it may kill: `own_broker()`, `own_broker(Secured(…))`."""
    with ExitStack() as stack:

        def _own_broker(secured: Secured | None = None, name: str = "broker") -> PrivateBroker:
            return stack.enter_context(private_broker(tmp_path / name, secured))

        yield _own_broker
