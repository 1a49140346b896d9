"""docs/cli.md: a part written by hand, and the help of every command, which `python -m tests.cli.help_page` writes."""

import os
import subprocess
import sys
from pathlib import Path

from pipeline.cli.examples import EXAMPLES
from tests.cli.driving import COMMAND

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
MARK = "<!-- what follows is written by `python -m tests.cli.help_page` -->\n"


def generated() -> str:
    """The help of every command, as wide as a page of text."""
    return "".join(f"\n### truceline {name}\n\n```text\n{_help(name)}```\n" for name in EXAMPLES)


def _help(name: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TRUCELINE")}
    told = subprocess.run(
        [*COMMAND, *name.split(), "--help"],
        env={**environment, "COLUMNS": "100", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return "".join(f"{line.rstrip()}\n" for line in told.stdout.strip().splitlines())


if __name__ == "__main__":
    written = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(f"{written}{MARK}{generated()}", encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")
