"""A worker that was told to end is not failing: what it cannot send any more, others do."""

import asyncio
from pathlib import Path

import pytest
from faust.exceptions import NotReady

from pipeline.gazetteer import load_gazetteer
from pipeline.metrics import DriverMetrics, Role
from pipeline.monitor.parameters import DEFAULT
from pipeline.monitor.shards import Shards
from pipeline.stream.app import Worker
from pipeline.stream.delivery import Sending
from pipeline.stream.keeper import Common
from tests.stream.talking import settings_for
from tests.worlds import DAY


@pytest.mark.parametrize("told_to_end", [True, False])
def test_that_nothing_can_be_sent_any_more_is_a_failure_only_of_one_that_goes_on(
    tmp_path: Path, told_to_end: bool
) -> None:
    settings = settings_for("127.0.0.1:9", state_folder=tmp_path)
    common = Common(tmp_path, [], load_gazetteer(), Shards(1, DEFAULT.observers), lambda: DAY, 30)
    failed: list[BaseException] = []

    async def work() -> None:
        worker = Worker(settings, common, DriverMetrics(Role.WORKER), failed.append, lambda _: None)
        if told_to_end:
            await worker.app.stop()

        async def sends() -> None:
            await worker._post("t.alerts", Sending("alerts", 0, None, b"1"))

        await asyncio.gather(worker._alive(sends)(), return_exceptions=True)

    asyncio.run(work())
    assert [type(one) for one in failed] == ([] if told_to_end else [NotReady])
