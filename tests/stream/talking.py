"""Settings for a test's own topics, and what is on them."""

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from pipeline.stream.settings import Settings, load_settings
from pipeline.stream.tail import Heard, tail
from tests.cli.driving import Cli, start
from tests.stream.brokers import SecuredKafka


def clean_cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> Cli:
    """`cli("send", …)` in an empty folder, with no settings from outside."""
    for name in [name for name in os.environ if name.startswith("TRUCELINE")] + ["NO_COLOR", "FORCE_COLOR", "COLUMNS"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(folder)
    return Cli(capfd)


@contextmanager
def running(*words: str | Path, stdin: bool = False, **options: Any) -> "Iterator[subprocess.Popen[bytes]]":
    """A command in a process of its own, with pipes; it does not outlive a test that fails."""
    pipes: dict[str, Any] = {
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        **({"stdin": subprocess.PIPE} if stdin else {}),
    }
    with start(*words, **pipes, **options) as command:
        try:
            yield command
        except BaseException:
            command.kill()
            raise


def until(come: Callable[[], bool], within_s: float = 60.0) -> None:
    """Waits for what must come; a test that would wait for ever fails."""
    due = time.monotonic() + within_s
    while not come():
        assert time.monotonic() < due, "it did not come"
        time.sleep(0.05)


def hear(stream: IO[bytes] | None, words: bytes) -> bytes:
    """Reads lines until one has these words; gives that line."""
    assert stream is not None
    for said in stream:
        if words in said:
            return said
    raise AssertionError(f"{words!r} was never said")


def settings_for(bootstrap: str, **flags: Any) -> Settings:
    """Settings for a broker, with a prefix that no other test has, and nothing from outside."""
    flags = {"prefix": f"t{secrets.token_hex(5)}.", "partitions": 2, **flags}
    return load_settings(environment={}, flags={"bootstrap_servers": bootstrap, **flags})


def secured_settings(kafka: SecuredKafka, **flags: Any) -> Settings:
    """The settings with which the broker that asks for a password lets us in, unless `flags` say otherwise."""
    right = {"security": "sasl_tls", "ca_file": kafka.authority, "username": kafka.user, "password": kafka.password}
    return settings_for(flags.pop("bootstrap_servers", kafka.secured), **{**right, **flags})


def heard(settings: Settings, name: str) -> list[Heard]:
    """All that is on a topic now."""
    return [one for some in tail(settings, name, from_beginning=True, follow=False) for one in some]


def lines(settings: Settings, name: str = "reports") -> list[bytes]:
    """The lines of all frames on a topic."""
    return [line for one in heard(settings, name) for line in (one.value or b"").split(b"\n")]
