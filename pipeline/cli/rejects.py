"""`truceline rejects`: the rows that could not be read, with their bytes."""

import base64
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.common import (
    DEFAULT_STORE,
    JsonOption,
    OutOption,
    StoreOption,
    UserError,
    number,
    plural,
    say,
    visible,
    write_data,
    write_json,
)

if TYPE_CHECKING:
    from pipeline.model.records import Reject

app = typer.Typer(no_args_is_help=True, help="The rows that could not be read, each kept with its bytes.")

NumberArgument = Annotated[int, typer.Argument(metavar="N", help="The reject's number in the list.")]

SHOWN_BYTES = 2_000
"""Bytes of a row that `show` prints; `export` has the first 64 KiB."""


@app.command("list")
def list_rejects(store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """List the rejects: number, file and row, reason, field, what is wrong."""
    from pipeline.cli.words import safe
    from pipeline.store import open_store

    with open_store(store) as record:
        count = 0
        for numbered, reject in record.rejects():
            count += 1
            if as_json:
                write_json(_about(numbered, reject))
                continue
            place = f"{safe(reject.file, 60)}:{reject.row}"
            field = f"{safe(reject.field, 40)}: " if reject.field else ""
            write_data(f"{numbered:>6}  {place}  {reject.reason.value}  {field}{safe(reject.detail, 160)}".encode())
    if not count and not as_json:
        say("no rejects: every row was read")


@app.command("show")
def show(which: NumberArgument, store: StoreOption = DEFAULT_STORE, as_json: JsonOption = False) -> None:
    """Show one reject with its row's bytes, control characters written out."""
    from pipeline.cli.words import safe
    from pipeline.store import open_store

    with open_store(store) as record:
        # Rejects are few; a search by number is not worth an index of its own.
        found = next((reject for numbered, reject in record.rejects() if numbered == which), None)
    if found is None:
        raise UserError(f"there is no reject {which}; `truceline rejects list` has their numbers")
    if as_json:
        write_json(_about(which, found, with_bytes=True))
        return
    field = f"{safe(found.field)}: " if found.field else ""
    fields = {
        "reject": str(which),
        "file": safe(found.file),
        "row": f"{number(found.row)}, at byte {number(found.position)}",
        "source": safe(found.source),
        "reason": f"{found.reason.value}: {found.reason.meaning}",
        "detail": f"{field}{safe(found.detail)}",
        "length": plural(found.length, "byte"),
        "sha256": found.sha256,
    }
    for label, words in fields.items():
        write_data(f"{label:<8}{words}".encode())
    write_data(b"")
    write_data(_text(found.bytes[:SHOWN_BYTES]).encode())
    if found.length > SHOWN_BYTES:
        say(f"the first {number(SHOWN_BYTES)} bytes; `truceline rejects export` has up to 64 KiB")


@app.command("export")
def export(out: OutOption, store: StoreOption = DEFAULT_STORE) -> None:
    """Write the rejects to a file, with the bytes of their rows in base64 (bytes_base64), length and sha256."""
    from pipeline.store import open_store
    from pipeline.tables import TableKind, check_output, write_records

    check_output(out, TableKind.REJECTS)
    with open_store(store) as record:
        written = write_records(out, TableKind.REJECTS, record.rejects())
    say(f"{plural(written, 'reject')} in {out}")


def _text(data: bytes) -> str:
    """Bytes as lines of text that no terminal acts on."""
    return "\n".join(map(visible, data.decode("utf-8", errors="backslashreplace").split("\n")))


def _about(numbered: int, reject: "Reject", *, with_bytes: bool = False) -> dict[str, Any]:
    about = {
        "number": numbered,
        "file": reject.file,
        "row": reject.row,
        "position": reject.position,
        "field": reject.field,
        "reason": reject.reason.value,
        "detail": reject.detail,
        "source": reject.source,
        "length": reject.length,
        "sha256": reject.sha256,
    }
    if with_bytes:
        about["bytes_base64"] = base64.b64encode(reject.bytes).decode()
    return about
