"""docs/cli.md: a part written by hand, and the help of every command, which `python -m tests.cli.help_page` writes."""

import os
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from pipeline.cli import execute
from pipeline.cli.examples import EXAMPLES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
MARK = "<!-- what follows is written by `python -m tests.cli.help_page` -->\n"


def generated() -> str:
    """The help of every command, as wide as a page of text."""
    before = dict(os.environ)
    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1"}
    try:
        return "".join(f"\n### truceline {name}\n\n```text\n{_help(name)}```\n" for name in EXAMPLES)
    finally:
        os.environ.clear()
        os.environ |= before


def _help(name: str) -> str:
    told = StringIO()
    with redirect_stdout(told):
        code = execute([*name.split(), "--help"])
    assert code == 0, name
    return "".join(f"{line.rstrip()}\n" for line in told.getvalue().strip().splitlines())


if __name__ == "__main__":
    written = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
    PAGE.write_text(f"{written}{MARK}{generated()}", encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} is written\n")
