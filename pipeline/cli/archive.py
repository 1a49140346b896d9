"""`truceline archive`: a store, or files, into partitioned Parquet that other tools read as it is."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import (
    UNFINISHED,
    FeedOption,
    InputsArgument,
    JsonOption,
    MappingOption,
    UserError,
    number,
    open_inputs,
    plural,
    say,
    write_json,
)

FolderOption = Annotated[
    Path, typer.Option("-o", "--out", metavar="FOLDER", help="The archive's folder; what it holds already stays.")
]


def archive(
    inputs: InputsArgument,
    out: FolderOption,
    mapping: MappingOption = None,
    feed: FeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a store, or what files hold, into an archive: Parquet by day, which is only ever added to.

    A store gives its reports, who watched, what operators did, rejects, incidents, and every revision of its alerts.
    Files give reports, who watched, and rejects. To archive the same again adds nothing. Standard output says nothing;
    with --json, how many records of each table are new.
    """
    from pipeline.archive import Added, ArchiveError, archive_inputs, archive_store
    from pipeline.archive.kept import is_store
    from pipeline.store import open_store

    stores = [word for word in inputs if is_store(Path(word))]
    files = (
        open_inputs([word for word in inputs if word not in stores], mapping, feed) if len(stores) < len(inputs) else []
    )
    added = Added()
    try:
        for word in stores:
            with open_store(word) as store:
                for name in archive_store(store, out, added, datetime.now(UTC)):
                    say(f"{word}: {name} done")
        for name in archive_inputs(files, out, added) if files else ():
            say(f"{name}: done")
    except ArchiveError as error:
        raise UserError(str(error)) from error
    for name, new in added.new.items():
        if new or added.known[name]:
            say(f"  {name:<12} {number(new)} new, {number(added.known[name])} there already")
    say(f"{out}: {plural(sum(added.new.values()), 'new record')}")
    if as_json:
        write_json({"new": added.new, "known": added.known})
    torn = [given.file for given in files if given.torn]
    if torn:
        raise UserError(f"{', '.join(torn)}: breaks off; what could be read is in the archive", UNFINISHED)
