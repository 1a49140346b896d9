"""Every command, wired together."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from pipeline.cli import (
    act,
    agreement,
    alerts,
    archive,
    compare,
    compliance,
    demo,
    incidents,
    kafka,
    ledgers,
    match,
    notify,
    recon,
    rejects,
    replay,
    run,
    scenario,
    send,
    serve,
    sources,
    tail,
    topics,
    users,
    watch,
    worker,
)
from pipeline.cli.common import Interrupted, NobodyReads
from pipeline.cli.examples import EXAMPLES


class _Root(TyperGroup):
    """Takes Ctrl-C and a closed pipe before typer does, so that a command ends with our own word and exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            raise Interrupted from interrupt
        except BrokenPipeError as closed:
            raise NobodyReads from closed


app = typer.Typer(
    name="truceline",
    cls=_Root,
    help="Watches a ceasefire: holds reports of incidents against the agreement and raises alerts, "
    "with the evidence, the uncertainty and the article.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(version("truceline"))
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end.")
    ] = False,
) -> None:
    pass


def _group(group: typer.Typer, name: str) -> None:
    for command in group.registered_commands:
        command.epilog = _epilog(f"{name} {command.name}")
    app.add_typer(group, name=name, epilog=_epilog(name) if name in EXAMPLES else None)


def _command(name: str, function: Callable[..., None]) -> None:
    app.command(name, epilog=_epilog(name))(function)


def _epilog(command: str) -> str:
    """The examples at the end of a command's help; the sign before them keeps their lines as they are."""
    lines = EXAMPLES.get(command, ())
    return "\n".join(("\b", "Example:" if len(lines) == 1 else "Examples:", *(f"  truceline {line}" for line in lines)))


_command("demo", demo.demo)
_command("run", run.run)
_command("replay", replay.replay)
_command("compare", compare.compare)
_command("match", match.match)
_group(alerts.app, "alerts")
_command("act", act.act)
_group(incidents.app, "incidents")
_group(rejects.app, "rejects")
_group(ledgers.app, "ledgers")
_command("archive", archive.archive)
_command("compliance", compliance.show_compliance)
_group(agreement.app, "agreement")
_command("sources", sources.show_sources)
_group(recon.app, "recon")
_command("serve", serve.serve)
_group(users.app, "users")
_group(notify.app, "notify")
_command("watch", watch.watch)
_group(scenario.app, "scenario")
_group(kafka.app, "kafka")
_group(topics.app, "topics")
_command("send", send.send)
_command("worker", worker.worker)
_command("tail", tail.tail)
