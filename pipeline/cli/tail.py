"""`truceline tail`: what is on a topic, as it comes."""

import itertools
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import JsonOption, say, visible, write_data
from pipeline.cli.kafka_options import BootstrapOption, ConfigOption, settings_of

if TYPE_CHECKING:
    from pipeline.stream.settings import Settings


class TopicName(StrEnum):
    """The topics that people may want to watch."""

    ALERTS = "alerts"
    INCIDENTS = "incidents"
    REJECTS = "rejects"
    TRANSITIONS = "transitions"
    REPORTS = "reports"
    ACTIONS = "actions"
    OBSERVATIONS = "observations"


def tail(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    topic: Annotated[TopicName, typer.Argument(help="Which topic to watch.")] = TopicName.ALERTS,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Also what is there already, not only what comes from now on.")
    ] = False,
    follow: Annotated[
        bool,
        typer.Option("--follow/--no-follow", help="Wait for more, or show what is there already and end."),
    ] = True,
    count: Annotated[int | None, typer.Option("--count", metavar="N", min=1, help="End after N lines.")] = None,
    possible: Annotated[bool, typer.Option("--possible", help="Also alerts that are only possible.")] = False,
    agreements: Annotated[
        list[str],
        typer.Option(
            "-a", "--agreement", metavar="FILE", help="The file of an agreement that is not shipped, for its names."
        ),
    ] = [],  # noqa: B006 - typer copies it
    config: ConfigOption = None,
    kafka: BootstrapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch a topic: alerts, incidents, rejects, transitions, reports, actions or observations, a line each.

    Times are UTC. Of the alerts those are shown that are raised, each time that they change; --json gives every record
    of the topic, as schemas/asyncapi.yaml has it. To watch moves nobody's place in the topic.
    """
    from pipeline.stream.topic_admin import demand

    settings = settings_of(config, kafka)
    demand(settings, topic.value)
    for line in itertools.islice(
        _lines(settings, topic, from_beginning or not follow, follow, agreements, possible, as_json), count
    ):
        write_data(line)
        sys.stdout.flush()


def _lines(
    settings: "Settings",
    topic: TopicName,
    from_beginning: bool,
    follow: bool,
    agreements: list[str],
    possible: bool,
    as_json: bool,
) -> Iterator[bytes]:
    from pipeline.cli.onlooker import Onlooker
    from pipeline.cli.tail_lines import Lines, objects
    from pipeline.cli.whereabouts import Agreements
    from pipeline.stream.tail import tail as listen

    shown = None if as_json else Lines(topic.value, settings.prefix + topic.value, Agreements(agreements), possible)
    for some in listen(settings, topic.value, from_beginning=from_beginning, follow=follow, watch=Onlooker(say)):
        for heard in some:
            if shown is None:
                yield from objects(topic.value, heard)
            else:
                yield from (visible(line).encode() for line in shown.of(heard))
