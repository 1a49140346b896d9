"""`truceline topics`: what the broker must hold, made and looked at."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.common import UNFINISHED, JsonOption, UserError, number, plural, say, write_data, write_json
from pipeline.cli.kafka_options import BootstrapOption, ConfigOption, settings_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.stream.topic_admin import Held
    from pipeline.stream.topic_plan import Step

app = typer.Typer(help="The topics on the broker: create, list.", no_args_is_help=True)

PartitionsOption = Annotated[
    int | None,
    typer.Option(
        "--partitions",
        metavar="N",
        min=1,
        max=1000,
        help="By how many work is shared out; no more workers than these have work.  [default: what is there, or 12]",
        show_default=False,
    ),
]
ReplicationOption = Annotated[
    int | None,
    typer.Option(
        "--replication",
        metavar="N",
        min=1,
        max=9,
        help="Brokers that hold each partition.  [default: what is there, or 1]",
        show_default=False,
    ),
]


@app.command("create")
def create(
    partitions: PartitionsOption = None,
    replication: ReplicationOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    config: ConfigOption = None,
    kafka: BootstrapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the topics, and bring those that are there to what they should be.

    To run it again changes nothing. What would lose data is not done but told: fewer partitions, more of them where
    records are kept by partition, a compacted history, a shorter retention. Exit 1 where something that was asked for
    was refused.
    """
    from pipeline.stream import topic_admin
    from pipeline.stream.topic_plan import Action

    settings = settings_of(config, kafka, partitions=partitions, replication_factor=replication)
    steps = topic_admin.create(settings, dry_run=dry_run)
    for step in steps:
        if as_json:
            write_json(_about_step(step))
        else:
            write_data(_step_line(steps, step).encode())
    refused = [step.topic for step in steps if step.action is Action.REFUSE]
    if refused:
        raise UserError(f"refused for {', '.join(dict.fromkeys(refused))}; the reason stands there", UNFINISHED)
    done = sum(step.action is not Action.KEEP for step in steps)
    said = f"{plural(done, 'change')} to make" if dry_run else f"{plural(done, 'change')} made"
    say(said if done else "the topics are as they should be")


@app.command("list")
def list_topics(config: ConfigOption = None, kafka: BootstrapOption = None, as_json: JsonOption = False) -> None:
    """List the topics with their partitions, their records and how long those are kept."""
    from pipeline.stream import topic_admin

    held = topic_admin.held(settings_of(config, kafka))
    rows = [_cells(topic) for topic in held]
    headings = ("topic", "partitions", "replicas", "records", "kept", "key")
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    if as_json:
        for topic in held:
            write_json(_about(topic))
        return
    for row in (headings, *rows):
        cells = (
            cell.rjust(width) if 0 < place < 4 else cell.ljust(width) for place, (cell, width) in _placed(row, widths)
        )
        write_data("  ".join(cells).rstrip().encode())
    missing = [topic.full_name for topic in held if topic.found is None]
    if missing:
        say(f"{plural(len(missing), 'topic')} not there yet: truceline topics create")


def _placed(row: "Sequence[str]", widths: "Sequence[int]") -> "enumerate[tuple[str, int]]":
    return enumerate(zip(row, widths, strict=True))


def _step_line(steps: "Sequence[Step]", step: "Step") -> str:
    width = max(len(other.topic) for other in steps)
    return f"{step.topic:<{width}}  {step.action.value.replace('_', ' '):<14}  {step.detail}".rstrip()


def _about_step(step: "Step") -> dict[str, Any]:
    return {
        "topic": step.topic,
        "action": step.action.value,
        "detail": step.detail,
        "partitions": step.partitions,
        "configs": dict(step.configs),
    }


def _cells(topic: "Held") -> tuple[str, ...]:
    key = topic.topic.key or "-"
    if topic.found is None:
        return topic.full_name, "-", "-", "-", "not there", key
    found = topic.found
    return topic.full_name, f"{found.partitions}", f"{found.replication}", number(topic.records), _kept(topic), key


def _kept(topic: "Held") -> str:
    configs = topic.found.configs if topic.found else {}
    policy, retention_ms = configs.get("cleanup.policy", ""), int(configs.get("retention.ms", "-1"))
    parts = ["the latest of each key"] if "compact" in policy else []
    if "delete" in policy:
        parts.append("for ever" if retention_ms < 0 else f"{retention_ms / 86_400_000:g} days")
    return ", ".join(parts)


def _about(topic: "Held") -> dict[str, Any]:
    found = topic.found
    return {
        "topic": topic.full_name,
        "what": topic.topic.what,
        "key": topic.topic.key,
        "there": found is not None,
        "partitions": found.partitions if found else None,
        "replication": found.replication if found else None,
        "records": topic.records if found else None,
        "configs": {name: found.configs.get(name) for name in topic.topic.configs(found.replication)}
        if found
        else None,
    }
