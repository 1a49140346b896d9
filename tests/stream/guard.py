"""A process that stops a test's broker when all who used it are gone, also those who were killed.

`python -m tests.stream.guard FOLDER`
"""

import fcntl
import shutil
import sys
from pathlib import Path

from pipeline.stream import broker

USERS = "users"
"""The file of which every user of the broker holds a shared lock; the system gives up a dead process's."""


def clear(folder: Path) -> None:
    """Stops the broker and removes its data; the log stays for whoever wonders. For the holder of the whole lock."""
    broker.stop(folder, at_once=True)
    shutil.rmtree(folder / "data", ignore_errors=True)


def main(folder: Path) -> None:
    with (folder / USERS).open("a") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        clear(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
