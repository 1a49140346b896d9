"""What the console is set up with."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from pipeline.console.access import Access
from pipeline.console.proxy import Proxy
from pipeline.console.silencing import Silencing
from pipeline.console.telling import Telling

CapStatus = Literal["Actual", "Exercise", "System", "Test", "Draft"]

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Playing(NamedTuple):
    """What is played, where the clock is not the world's: a scenario by name, and how many times as fast it goes."""

    name: str
    pace: float


@dataclass(frozen=True)
class Settings:
    """How the console works.

    Attributes:
        clock: the time in UTC.
        hosts: the names by which browsers may call it, without the port: others are refused, so that no page that
            somebody else serves can talk to it under a name of its own.
        tick_s: how often the store is looked at for changes; what came meanwhile is sent in one piece.
        alive_s: after so long without a change, listeners are told that all is well.
        cut_s: a listener who takes nothing for so long is cut off; he may come back and resume.
        cap_sender: who sends CAP messages: no space, no comma, nothing of < and &.
        cap_status: what CAP messages say of themselves. They are an exercise until somebody says that they are not.
        access: its users; without them whoever reaches it can do everything.
        silencing: the Alertmanager whose silences are shown and made.
        proxy: what stands before it and ends TLS.
        playing: what is played; None where all of it is meant to be real.
    """

    telling: Telling
    clock: Callable[[], datetime]
    hosts: frozenset[str] = LOOPBACK
    tick_s: float = 0.2
    alive_s: float = 15.0
    cut_s: float = 20.0
    cap_sender: str = "truceline"
    cap_status: CapStatus = "Exercise"
    access: Access | None = None
    silencing: Silencing | None = None
    proxy: Proxy | None = None
    playing: Playing | None = None
