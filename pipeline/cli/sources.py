"""`truceline sources`: the formats that can be read."""

from typing import Annotated

import typer

from pipeline.cli.common import JsonOption, UserError, write_data, write_json

NameArgument = Annotated[str | None, typer.Argument(metavar="NAME", help="One source, in full.", show_default=False)]


def show_sources(name: NameArgument = None, as_json: JsonOption = False) -> None:
    """List the formats that can be read, or describe one: its columns, its precision, what stays unknown."""
    from pipeline.sources.registry import sources

    known = sources()
    if name is None:
        if as_json:
            for source in known.values():
                write_json({"name": source.name, "title": source.title})
            return
        width = max(map(len, known))
        for source in known.values():
            write_data(f"{source.name:<{width}}  {source.title}".encode())
        return
    if name not in known:
        raise UserError(f"there is no source named {name!r}; there are: {', '.join(known)}")
    source = known[name]
    if as_json:
        write_json({"name": source.name, "title": source.title, "describe": source.describe})
        return
    write_data(f"{source.name}: {source.title}\n\n{source.describe.rstrip()}".encode())
