"""`run --follow`: inputs that are read for as long as they grow, from where an earlier run stopped."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import UserError, say

if TYPE_CHECKING:
    from pipeline.sources.following import Following
    from pipeline.store.database import Store

FollowOption = Annotated[
    bool,
    typer.Option(
        "--follow",
        help="Go on reading files and folders as they grow, until interrupted; begin where an earlier run stopped.",
    ),
]


def check_follow(words: Sequence[str], pace: float | None, replaces: Sequence[str] | None) -> None:
    """Refuses what cannot be followed, and what cannot go together with following.

    Raises:
        UserError: it was asked for.
    """
    from pipeline.sources.inputs import parse_word

    if pace is not None:
        raise UserError("--follow reads what comes as it comes; leave out --pace")
    if replaces:
        raise UserError("--follow: what grows is no later export; leave out --replaces, or run the export by itself")
    files = [parse_word(word)[1] for word in words]
    for file in files:
        if file.encode(errors="replace").decode() != file:
            raise UserError(f"{file}: the file's name is not UTF-8; rename it, or give its content to -")
        if file != "-" and not Path(file).exists():
            raise UserError(f"{file}: there is no such file")
    if files.count("-") > 1:
        raise UserError("standard input (-) can be read only once")


def followed(store: "Store", words: Sequence[str], mapping: Path | None, feed: str | None) -> "Following":
    """The inputs that INPUT words stand for, to be followed from where the store says."""
    from pipeline.sources.following import Following
    from pipeline.store.followed import positions

    return Following(words, positions(store), say, mapping, feed)
