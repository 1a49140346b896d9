"""`truceline send`: inputs into the topics of reports and observations."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import (
    FeedOption,
    InputsArgument,
    Interrupted,
    JsonOption,
    MappingOption,
    PaceOption,
    UserError,
    bytes_of,
    number,
    open_inputs,
    plural,
    positive,
    say,
)
from pipeline.cli.kafka_options import BootstrapOption, ConfigOption, settings_of
from pipeline.cli.progress import Progress
from pipeline.cli.reporting import (
    ListenOption,
    SummaryOption,
    aligned,
    check_summary,
    reasons,
    serve_metrics,
    tell,
    torn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.cli.interruption import Interruption
    from pipeline.metrics import DriverMetrics
    from pipeline.sources.inputs import Input
    from pipeline.stream.send import Pace, Sent, Summary
    from pipeline.stream.settings import Settings

LAST_WAIT_S = 5.0
"""How long an interrupted command waits for what is on its way to be acknowledged."""

CheckpointOption = Annotated[
    Path | None,
    typer.Option(
        "--checkpoint", metavar="FILE", help="Note there how far each file is sent, and go on from there next time."
    ),
]
ReplacesOption = Annotated[list[str] | None, typer.Option("--replaces", metavar="FILE", hidden=True)]
FollowOption = Annotated[bool, typer.Option("--follow", hidden=True)]
"""Both are refused, with what to do instead: whoever knows them from `run` may look for them here."""
RateOption = Annotated[
    float | None, typer.Option("--rate", metavar="N", parser=positive, help="At most N reports a second.")
]


def send(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    inputs: InputsArgument,
    checkpoint: CheckpointOption = None,
    rate: RateOption = None,
    pace: PaceOption = None,
    config: ConfigOption = None,
    kafka: BootstrapOption = None,
    metrics_listen: ListenOption = None,
    mapping: MappingOption = None,
    feed: FeedOption = None,
    replaces: ReplacesOption = None,
    follow: FollowOption = False,
    summary: SummaryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send reports to the broker, from any source, for the workers to judge, and observations of who watched where.

    They are gathered into frames for some 20 ms, or 1 MiB. What counts as sent is what the broker has acknowledged.
    While it cannot be reached, the command waits; nothing is lost. Rows that cannot be read go to the topic of rejects.
    Sending the same twice is harmless.
    """
    from pipeline.stream.send import Pace, Summary

    check_summary(summary)
    if replaces:
        raise UserError("--replaces: topics hold no state to compare an export with; `truceline run` does that")
    if follow:
        raise UserError("--follow: give `tail -F FILE` to this command as - instead, or use `truceline run --follow`")
    settings = settings_of(config, kafka)
    work = _Sending(settings, open_inputs(inputs, mapping, feed), Summary())
    error = work.work(checkpoint, Pace(pace, rate), metrics_listen)
    work.tell(as_json, summary)
    if error is not None:
        raise error


class _Sending:
    """One run of `send`, and its account."""

    def __init__(self, settings: "Settings", inputs: "Sequence[Input]", summary: "Summary") -> None:
        self._settings, self._inputs, self._summary = settings, inputs, summary
        self._rejects: Counter[str] = Counter()

    def work(self, checkpoint: Path | None, pace: "Pace", listen: str | None) -> Exception | None:
        """Sends everything; an error that leaves something to tell of is given back."""
        from pipeline.cli.interruption import Interruption
        from pipeline.outputs import OutputError
        from pipeline.stream.errors import StreamError

        interruption = Interruption()
        with interruption.handled():
            try:
                self._send(interruption, checkpoint, pace, listen)
            except KeyboardInterrupt:
                return Interrupted()
            except (StreamError, OutputError) as error:
                return error
        return torn(self._inputs, "is sent")

    def _send(self, interruption: "Interruption", checkpoint: Path | None, pace: "Pace", listen: str | None) -> None:
        from pipeline.cli.onlooker import Onlooker
        from pipeline.stream.checkpoint import Checkpoint
        from pipeline.stream.courier import Courier
        from pipeline.stream.send import Sender
        from pipeline.stream.topic_admin import demand

        with ExitStack() as stack:
            progress = stack.enter_context(Progress(self._inputs))
            metrics = _metrics(stack, listen)
            onlooker = Onlooker(progress.call_out, interruption.pause, _connected(metrics))
            interruption.begin()
            courier = Courier(self._settings, onlooker)
            courier.reach()
            if metrics is not None:
                metrics.broker_connected(True)
            cluster = demand(self._settings, "reports", "observations", "rejects")
            kept = Checkpoint(checkpoint, cluster, self._settings.prefix + "reports")
            stack.callback(kept.write)
            stack.enter_context(courier)
            sender = Sender(self._settings, courier, kept, self._summary, self._watch(progress, metrics))
            try:
                sender.send(self._inputs, pace, onlooker.tick)
            except KeyboardInterrupt:
                # What is on its way is waited for, a little; another Ctrl-C ends that at once.
                interruption.abandon()
                onlooker.ending = True
                if not courier.deliver(LAST_WAIT_S):
                    say(f"{plural(courier.on_the_way, 'frame')} on the way, not acknowledged: send the rest again")
                raise

    def _watch(self, progress: Progress, metrics: "DriverMetrics | None") -> "Watching":
        return Watching(self._summary, self._rejects, progress, metrics)

    def tell(self, as_json: bool, file: Path | None) -> None:
        """Shows the summary, and writes it."""
        tell(self._summary, summary_lines(self._summary, self._rejects), as_json, file)


class Watching:
    """Shows and counts what is acknowledged."""

    def __init__(
        self, summary: "Summary", rejects: "Counter[str]", progress: Progress, metrics: "DriverMetrics | None"
    ) -> None:
        self._summary, self._rejects, self._progress, self._metrics = summary, rejects, progress, metrics

    def __call__(self, sent: "Sent") -> None:
        """Rows that the broker has acknowledged."""
        why = Counter((reject.source, reject.reason.value) for reject in sent.rejects)
        for (_, reason), count in why.items():
            self._rejects[reason] += count
        if self._metrics is not None:
            for (source, feed), count in sent.reports.items():
                self._metrics.reports_received(source, feed, count)
            for (source, reason), count in why.items():
                self._metrics.rejected(source, reason, count)
            self._metrics.progress()
        words = f" · {plural(self._summary.rejected, 'reject')}"
        self._progress.show(sent.input.file, self._summary.rows_read, words)


def _connected(metrics: "DriverMetrics | None") -> "Callable[[bool], None]":
    return (lambda _: None) if metrics is None else metrics.broker_connected


def _metrics(stack: ExitStack, listen: str | None) -> "DriverMetrics | None":
    if listen is None:
        return None
    from pipeline.metrics import DriverMetrics, Role

    metrics = DriverMetrics(Role.SEND)
    serve_metrics(stack, metrics.registry, listen)
    return metrics


def summary_lines(summary: "Summary", rejects: "Counter[str]") -> list[str]:
    """The summary as people read it: aligned figures, why rows were rejected."""
    records = summary.reports + summary.observations
    rate = f", {number(records / summary.seconds)}/s" if summary.seconds > 1 else ""
    figures: list[tuple[str, int, str]] = [
        ("rows read", summary.rows_read, f"in {summary.seconds:.1f} s"),
        ("  accepted", summary.accepted, ""),
        ("  rejected", summary.rejected, reasons(rejects)),
        ("reports", summary.reports, f"in {plural(summary.frames, 'frame')}, {bytes_of(summary.bytes)}{rate}"),
    ]
    if summary.observations:
        figures.append(("observations", summary.observations, "of who watched where, among these frames"))
    if summary.skipped:
        figures.append(("skipped", summary.skipped, "sent before, by the checkpoint"))
    return aligned(figures)
