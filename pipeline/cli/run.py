"""`truceline run`: inputs into the record, alerts out of it."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.cli.common import (
    DEFAULT_STORE,
    AgreementsOption,
    FeedOption,
    InputsArgument,
    Interrupted,
    JsonOption,
    MappingOption,
    PaceOption,
    StoreOption,
    StrictOption,
    collect_seldom,
    load_agreements,
    number,
    open_inputs,
    plural,
    say,
    say_next,
)
from pipeline.cli.following import FollowOption, check_follow, followed
from pipeline.cli.progress import Progress
from pipeline.cli.replacing import (
    Onlooker,
    ReplacesOption,
    WithdrawManyOption,
    check_replaces,
    compared,
    difference_lines,
)
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
    from pipeline.agreement import Agreement
    from pipeline.cli.interruption import Interruption, SteadyRecorder
    from pipeline.metrics import RunMetrics
    from pipeline.model.records import Alert
    from pipeline.sources.inputs import Input
    from pipeline.store.database import Store
    from pipeline.store.runner import Step, Summary

LOOK_EVERY = timedelta(minutes=1)
"""How long an observation may wait until it bears on alerts."""

WATCH_LOG = "watch log"

_BECAME = "is in the store"


def run(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    inputs: InputsArgument,
    agreements: AgreementsOption,
    store: StoreOption = DEFAULT_STORE,
    pace: PaceOption = None,
    strict: StrictOption = False,
    metrics_listen: ListenOption = None,
    mapping: MappingOption = None,
    feed: FeedOption = None,
    replaces: ReplacesOption = None,
    withdraw_many: WithdrawManyOption = False,
    follow: FollowOption = False,
    summary: SummaryOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read reports into a store and judge them by agreements.

    Running the same input again changes nothing. Several agreements are judged side by side; one that the store has
    not seen before judges what is there already.
    """
    check_summary(summary)
    if follow:
        check_follow(inputs, pace, replaces)
    loaded = load_agreements(agreements)
    opened = [] if follow else open_inputs(inputs, mapping, feed)
    check_replaces(replaces or (), opened, store, many=withdraw_many)
    collect_seldom()
    work = Run(loaded, opened, store)
    if follow:
        work.follow(inputs, mapping, feed)
    if replaces:
        work.replace(replaces, open_inputs(inputs, mapping, feed), withdraw_many)
    account = work.work(pace, strict, metrics_listen)
    account.tell(as_json, summary)


class Account:
    """What a run did and how it ended, for people and for programs."""

    def __init__(self, store: Path, summary: "Summary", rejects: "Counter[str]", error: Exception | None) -> None:
        self._store, self.summary, self.rejects, self.error = store, summary, rejects, error

    def tell(self, as_json: bool, file: Path | None) -> None:
        """Shows the summary, writes it, and raises what ended the run."""
        tell(self.summary, summary_lines(self.summary, self.rejects), as_json, file)
        for command in following(self.summary):
            say_next(command, self._store)
        if self.error is not None:
            raise self.error


class Run:
    """One run of the embedded monitor, from opening the store to closing it."""

    def __init__(self, agreements: "Sequence[Agreement]", inputs: "Sequence[Input]", store: Path) -> None:
        from pipeline.store.runner import Summary

        self._agreements, self._inputs, self._store = agreements, inputs, store
        self._summary = Summary()
        self._rejects: Counter[str] = Counter()
        self._replaces: Sequence[str] = ()
        self._again: Sequence[Input] = ()
        self._withdraw_many = False
        self._followed: tuple[Sequence[str], Path | None, str | None] | None = None

    def replace(self, names: "Sequence[str]", again: "Sequence[Input]", many: bool) -> None:
        """Has the inputs take the place of earlier ones; `again` are the inputs, to be read once before."""
        self._replaces, self._again, self._withdraw_many = names, again, many

    def follow(self, words: "Sequence[str]", mapping: Path | None, feed: str | None) -> None:
        """Has inputs read for as long as they grow."""
        self._followed = words, mapping, feed

    def work(self, pace: float | None, strict: bool, listen: str | None) -> Account:
        """Reads everything; an error that leaves something to tell of comes back in the account."""
        from pipeline.cli.interruption import Interruption
        from pipeline.store import StoreError, open_store
        from pipeline.store.runner import StrictStop

        error: Exception | None = None
        interruption = Interruption()
        with open_store(self._store, write=True) as record, interruption.handled():
            try:
                self._feed(record, interruption, pace, strict, listen)
                error = torn(self._inputs, _BECAME)
            except KeyboardInterrupt:
                error = Interrupted()
            except StrictStop as stop:
                error = torn(self._inputs, _BECAME) or stop
            except StoreError as failure:
                error = failure
        return Account(self._store, self._summary, self._rejects, error)

    def _feed(
        self, record: "Store", interruption: "Interruption", pace: float | None, strict: bool, listen: str | None
    ) -> None:
        from pipeline.cli.interruption import SteadyRecorder
        from pipeline.gazetteer import load_gazetteer
        from pipeline.store import runner

        recorder = SteadyRecorder(interruption, record, self._agreements, load_gazetteer().outlines, self.clock)
        recorder.wait_to_look(LOOK_EVERY)
        with ExitStack() as stack:
            following = None if self._followed is None else followed(record, *self._followed)
            progress = stack.enter_context(Progress(self._inputs if following is None else [following]))
            self.catch_up(recorder, progress)
            metrics = self._metrics(stack, record, self._agreements, listen)
            onlooker = Onlooker(record, self._inputs, replaces=bool(self._replaces))
            watch = self._watch(
                progress, interruption, metrics, onlooker, paced=pace is not None or following is not None
            )
            if following is not None:
                stack.enter_context(following)
                stack.callback(onlooker.tell)
                runner.follow(recorder, following, summary=self._summary, strict=strict, watch=watch)
                return
            compare = compared(record, self._replaces, self._again, self._summary, many=self._withdraw_many)
            export, replaced = stack.enter_context(compare)
            stack.callback(onlooker.tell)
            runner.run(
                recorder,
                self._inputs,
                summary=self._summary,
                pace=pace,
                strict=strict,
                watch=watch,
                export=export,
                replaced=replaced,
            )

    def clock(self) -> datetime:
        """The time by which what is said is dated."""
        return datetime.now(UTC)

    def catch_up(self, recorder: "SteadyRecorder", progress: Progress) -> None:
        """Judges what the log holds already by the agreements that have not seen it."""
        names = ", ".join(agreement.name for agreement in self._agreements)
        begun = False

        def judged(done: int, whole: int) -> None:
            nonlocal begun
            if not begun:
                say(f"judging what the store holds already: {plural(whole, 'frame')}")
            begun = True
            progress.catch_up(names, done, whole)

        recorder.catch_up(judged)

    def _watch(
        self,
        progress: Progress,
        interruption: "Interruption",
        metrics: "RunMetrics | None",
        onlooker: Onlooker,
        *,
        paced: bool,
    ) -> "Callable[[Step], None]":
        from pipeline.cli.arrivals import Arrivals

        raised, arrivals = 0, Arrivals()

        def watch(step: "Step") -> None:
            nonlocal raised
            self._rejects.update(reject.reason.value for reject in step.rejects)
            raised += sum(
                revision.revision == 1 and not revision.supersedes and revision.alert.standing.value == "raised"
                for revision in step.outcome.revisions
            )
            onlooker.see(step)
            if metrics is not None:
                metrics.on_step(step)
            # Whoever watches a feed waits for its alerts; of a file that is read at full speed they would be a flood.
            if paced or step.input.size is None:
                self._call_out(progress, arrivals.of(step.outcome))
            words = f" · {plural(step.summary.rejected, 'reject')} · {plural(raised, 'alert')}"
            progress.show(step.input.file, step.summary.rows_read, words)
            interruption.end()

        return watch

    def _call_out(self, progress: Progress, alerts: "Sequence[Alert]") -> None:
        from pipeline.cli.live import plain_line

        agreements = {agreement.name: agreement for agreement in self._agreements}
        for alert in alerts:
            progress.call_out(f"{alert.observed_from:%Y-%m-%d} {plain_line(alert, agreements[alert.agreement])}")

    @staticmethod
    def _metrics(
        stack: ExitStack, record: "Store", agreements: "Sequence[Agreement]", listen: str | None
    ) -> "RunMetrics | None":
        if listen is None:
            return None
        from pipeline.metrics import RunMetrics

        metrics = RunMetrics(record, agreements=agreements)
        serve_metrics(stack, metrics.registry, listen)
        return metrics


def summary_lines(summary: "Summary", rejects: "Counter[str]") -> list[str]:
    """The summary as people read it: aligned figures, why rows were rejected."""
    figures: list[tuple[str, int, str]] = [
        ("rows read", summary.rows_read, f"in {summary.seconds:.1f} s"),
        ("  accepted", summary.accepted, ""),
        ("  rejected", summary.rejected, reasons(rejects)),
        ("reports", summary.reports, f"{number(summary.duplicates)} of them seen before, {number(summary.late)} late"),
        (WATCH_LOG, summary.observations, "observations of who watched where"),
        *difference_lines(summary),
        ("matches", summary.matches, f"and {number(summary.outside)} outside every zone"),
        ("incidents", summary.incidents, f"in the store, and {plural(summary.unresolved, 'unresolved rumour')}"),
        ("alerts", summary.alerts, f"in the store, and {number(summary.possible)} possible"),
    ]
    return aligned([line for line in figures if line[0] != WATCH_LOG or summary.observations])


def following(summary: "Summary") -> list[str]:
    """The commands that show what the run has made."""
    return ["alerts list"] * bool(summary.alerts or summary.possible) + ["rejects list"] * bool(summary.rejected)
