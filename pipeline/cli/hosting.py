"""A console in a thread of the process that writes the store: what is played is seen, and acted on, in a browser."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.common import UserError, say
from pipeline.cli.serve import PORT
from pipeline.cli.serving import address, listening

if TYPE_CHECKING:
    import socket

    from pipeline.cli.console_words import Words
    from pipeline.console.settings import Playing

HOST = "127.0.0.1"
_END_S = 5.0


@contextmanager
def hosted(
    store: Path, words: "Words", clock: Callable[[], datetime], port: int | None, playing: "Playing"
) -> Iterator[str]:
    """Serves the console of a store; gives its address.

    Args:
        clock: the time that is played.
        port: None for the usual one, or any that is free.

    Raises:
        UserError: the port that was asked for cannot be had.
    """
    from pipeline.console import Settings, StoreBackend, create_app
    from pipeline.console.server import Server

    with _listening(port) as at:
        settings = Settings(telling=words, clock=clock, playing=playing)
        server = Server(create_app(StoreBackend(store, words.agreement, clock), settings))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [at]}, name="console", daemon=True)
        thread.start()
        try:
            yield address(at, None)
        finally:
            server.should_exit = True
            thread.join(_END_S)


def _listening(port: int | None) -> "socket.socket":
    if port is not None:
        return listening(HOST, port)
    try:
        return listening(HOST, PORT)
    except UserError:
        say(f"port {PORT} is taken: the console has another")
        return listening(HOST, 0)


def show(url: str) -> None:
    """Opens a browser at an address, where somebody sits at a desktop."""
    import webbrowser

    desktop = sys.platform in {"darwin", "win32"} or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
    if desktop and sys.stdout.isatty():
        webbrowser.open(url)
