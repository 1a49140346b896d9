"""`kill -9` of a notifier at work: whatever it was doing, every revision is told, and each alert's in order."""

import random
import subprocess
import threading
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from pipeline.model.records import Alert
from pipeline.model.taxonomy import Change
from pipeline.notify.looking import behind, states
from pipeline.notify.outbox import open_outbox
from pipeline.store import open_store
from tests.cli.driving import start
from tests.deploy.monitoring import until
from tests.notify.listening import Listener, Reply, listening
from tests.notify.telling import Story, alert, secret_file

KILLS = 3
ALERTS = 40
REVISIONS = 600


def write(story: Story, rng: random.Random) -> None:
    """A history as it grows: now one revision, now many."""
    alerts: list[Alert] = [alert(f"{number}") for number in range(ALERTS)]
    told = 0
    while told < REVISIONS:
        some = rng.sample(range(ALERTS), rng.choice([1, 1, 5, 30]))
        for number in some:
            alerts[number] = replace(alerts[number], probability=round(rng.uniform(0.5, 1.0), 6))
        story.tell(*(alerts[number] for number in some), change=Change.EVIDENCE_CHANGED)
        told += len(some)


def run(config: Path, store: Path, *options: str) -> "subprocess.Popen[bytes]":
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return start("notify", "run", config, "--store", store, *options, **quiet)


def test_nothing_is_lost_and_nothing_overtakes_whenever_it_is_killed(tmp_path: Path) -> None:
    rng, store = random.Random(11), tmp_path / "t.db"
    story, config = Story(store), tmp_path / "notify.toml"
    secret_file(tmp_path)
    with listening() as tracker, listening() as failing:
        # One of them fails now and then, so that the notifier is killed while something is to be tried again.
        failing.reply = lambda _: Reply(500 if rng.random() < 0.02 else 204)
        config.write_text(
            "".join(
                f'[[webhook]]\nname = "{name}"\nurl = "{one.url}"\nsecret_file = "secret"\n'
                for name, one in (("tracker", tracker), ("failing", failing))
            )
        )
        writer = threading.Thread(target=write, args=(story, rng))
        writer.start()
        for _ in range(KILLS):
            before = len(tracker.posts)
            with run(config, store, "--from-start") as process:
                until("it is at work", partial(_has_more, tracker, before))
                threading.Event().wait(rng.uniform(0.0, 0.25))
                process.kill()
                assert process.wait() == -9
        writer.join()
        with run(config, store) as process:
            until("all is told", lambda: _is_done(store))
            process.terminate()
            assert process.wait(timeout=60) == 0
        with open_store(store) as opened:
            said = [f"{one.alert.alert_id}/{one.revision}" for one in opened.history()]
        for one in (tracker, failing):
            taken = one.ids
            assert set(taken) == set(said)
            for number in range(ALERTS):
                revisions = [int(name.rpartition("/")[2]) for name in taken if name.startswith(f"al_{number}/")]
                assert revisions == sorted(revisions)


def _has_more(listener: Listener, before: int) -> bool:
    return len(listener.posts) > before


def _is_done(store: Path) -> bool:
    with open_outbox(store) as outbox, open_store(store) as opened:
        return not behind(outbox, opened) and not any(one.waiting for one in states(outbox))
