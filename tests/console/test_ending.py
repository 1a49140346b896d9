"""A server that ends while somebody is still being answered: he is told so, and the log has no error of his."""

import asyncio
import logging
import threading
from pathlib import Path

import httpx
import pytest
from litestar import get

from pipeline.cli.console_words import Words
from pipeline.console import Settings, StoreBackend, create_app
from pipeline.console.server import Server, listening
from tests.console.conftest import Record, some_reports
from tests.console.serving import WAIT_S, now


def test_whoever_is_not_answered_in_time_is_told_so(
    path: Path, agreement: Path, record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    record(*some_reports(1))
    asked = threading.Event()

    @get("/endless")
    async def endless() -> None:
        asked.set()
        await asyncio.Event().wait()

    words = Words([str(agreement)])
    app = create_app(StoreBackend(path, words.agreement, now), Settings(telling=words, clock=now), [endless])
    answers: list[httpx.Response] = []
    with listening("127.0.0.1", 0) as at, caplog.at_level(logging.INFO):
        server = Server(app)
        serving = threading.Thread(target=server.run, kwargs={"sockets": [at]})
        serving.start()
        url = f"http://127.0.0.1:{at.getsockname()[1]}/endless"
        asking = threading.Thread(target=lambda: answers.append(httpx.get(url, timeout=WAIT_S, trust_env=False)))
        asking.start()
        assert asked.wait(WAIT_S)
        server.should_exit = True
        for thread in (asking, serving):
            thread.join(WAIT_S)
    (told,) = answers
    assert told.status_code == 503
    assert told.headers["content-type"] == "application/problem+json"
    assert told.json()["type"] == "urn:truceline:problem:ending"
    assert [record for record in caplog.records if record.exc_info] == []
