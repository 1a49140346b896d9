"""`truceline worker`: judges what comes on the topics."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import UNFINISHED, UserError, collect_seldom, load_agreements, say
from pipeline.cli.kafka_options import BootstrapOption, ConfigOption, settings_of
from pipeline.cli.reporting import ListenOption, serve_metrics

JudgedByOption = Annotated[
    list[str] | None,
    typer.Option("-a", "--agreement", metavar="AGREEMENT", help="A shipped agreement or a TOML file; may be repeated."),
]
StateOption = Annotated[
    Path | None, typer.Option("--state-folder", metavar="FOLDER", help="Where the windows are kept.")
]


def worker(
    agreements: JudgedByOption = None,
    state_folder: StateOption = None,
    config: ConfigOption = None,
    kafka: BootstrapOption = None,
    metrics_listen: ListenOption = None,
) -> None:
    """Judge reports as they come on the broker's topics, for as long as it runs.

    Start as many as there is work for, on one machine or several: they share the partitions, and the alerts do not
    depend on how many they are. Whatever crashes, nothing is lost and nothing is said twice. SIGTERM ends a worker in
    order; one that is stuck ends by itself with exit code 1, for its supervisor to start anew.
    """
    from pipeline.gazetteer import load_gazetteer
    from pipeline.metrics import DriverMetrics, Role
    from pipeline.stream import worker as stream
    from pipeline.stream.settings import shown

    settings = settings_of(
        config, kafka, state_folder=state_folder, agreements=agreements or None, metrics_listen=metrics_listen
    )
    if not settings.agreements:
        raise UserError("name an agreement to judge by: -a NAME, or agreements in [worker] of the settings")
    loaded = load_agreements(list(settings.agreements))
    for one in shown(settings):
        say(f"{one.name:<28} {one.value}  ({one.origin})")
    collect_seldom()
    with ExitStack() as stack:
        metrics = DriverMetrics(Role.WORKER)
        serve_metrics(stack, metrics.registry, settings.metrics_listen)
        try:
            stream.run(settings, loaded, load_gazetteer(), metrics, say)
        except SystemExit as ended:
            if ended.code:
                raise UserError(f"the worker ended with {ended.code}", UNFINISHED) from ended
            say("stopped")
