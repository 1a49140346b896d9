"""What is said where an act was not recorded, or only some of it, or nobody knows yet."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.cli.console_words import Words
from pipeline.console import Settings, StoreBackend
from pipeline.console.board import Row
from pipeline.console.core import Console
from pipeline.store.acting import UnansweredError
from pipeline.store.database import BusyStoreError
from pipeline.terminal.acting import Acts, HalfwayError, refusal
from tests.cli.recorded import CLEAR
from tests.terminal.conftest import Adding
from tests.terminal.driving import now
from tests.terminal.test_watch import fires

ACKNOWLEDGE = {"action": "acknowledge"}


class Tiring(StoreBackend):
    """A store that is too busy after some acts."""

    left = 2

    def act(self, *about: Any, **fields: Any) -> Any:
        if not self.left:
            raise BusyStoreError("another program is writing to this store; try again")
        self.left -= 1
        return super().act(*about, **fields)


@pytest.fixture
def console(tmp_path: Path, law: Path, add: Adding) -> Console:
    add(CLEAR, *fires(3))
    words = Words([str(law)])
    made = Console(Tiring(tmp_path / "w.db", words.agreement, now), Settings(telling=words, clock=now))
    made.board.refresh()
    return made


def rows(console: Console) -> list[Row]:
    return list(console.snapshot.listed)


def test_of_a_group_it_is_said_how_many_were_recorded_before_it_could_not_go_on(console: Console) -> None:
    group = rows(console)[:3]
    with pytest.raises(HalfwayError) as halfway:
        Acts(console).acknowledge_all(group, "Ines", ACKNOWLEDGE)
    told = refusal(halfway.value, console.listed(group[0])).lines
    assert told == (
        "2 of 3 are acknowledged, the rest is not.",
        "another program is writing to this store; try again",
    )
    # Where none was, it is as with a single one.
    with pytest.raises(BusyStoreError) as busy:
        Acts(console).acknowledge_all(group[2:], "Ines", ACKNOWLEDGE)
    assert refusal(busy.value, console.listed(group[2])).lines[0] == "Nothing was recorded."


def test_what_was_sent_and_not_answered_is_not_told_as_not_done(console: Console) -> None:
    told = refusal(UnansweredError("no worker has answered in time"), console.listed(rows(console)[0])).lines
    assert told[0] == "It was sent, and is not answered yet: do not do it again."
