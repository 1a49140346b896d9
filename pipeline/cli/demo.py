"""`truceline demo`: the embedded monitor on a simulated ceasefire, live in the terminal."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import datetime, timedelta
from functools import partial
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.common import PaceOption, UserError, data_console, plural, positive, say, say_next
from pipeline.cli.serve import PORT

if TYPE_CHECKING:
    from rich.console import Console

    from pipeline.agreement import Agreement
    from pipeline.cli.interruption import SteadyRecorder
    from pipeline.cli.live import Counts
    from pipeline.model.records import Alert, Observation
    from pipeline.model.report import Report
    from pipeline.scenario.generate import Chunk
    from pipeline.store import Store

GATHER_S = 0.05
"""How long reports are gathered before they are written, as a live feed's are."""

FRAME_S = 0.125
WANTED_PER_S = 30.0
"""Reports a second that an eye can follow: the pace, unless it is given, is chosen for it."""

LARGEST_BATCH = 4_000

LOOK_EVERY = timedelta(hours=1)
"""Of simulated time: how long an observation may wait until it bears on alerts."""

ORDER_AND_P = (
    "alerts in the order in which they arrive: time (UTC), severity, provision, place, p (probability of a breach), id"
)

LEAD_IN = timedelta(hours=3)
"""What came in during these first hours is there at the start: reports trickle in, and an empty map shows nothing."""

ScenarioOption = Annotated[str, typer.Option("--scenario", metavar="NAME", help="See `truceline scenario list`.")]


def demo(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    scenario: ScenarioOption = "routine",
    agreement: Annotated[
        str, typer.Option("-a", "--agreement", metavar="AGREEMENT", help="A shipped agreement's name, or a TOML file.")
    ] = "ukraine-hypothetical",
    pace: PaceOption = None,
    seconds: Annotated[
        float | None, typer.Option("--seconds", metavar="N", parser=positive, help="End after so many seconds.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Another seed is another day.")] = 1,
    store: Annotated[
        Path | None, typer.Option("--store", metavar="FILE", help="Keep the record there, not in a temporary folder.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", metavar="P", min=0, max=65_535, help=f"The console's port; else {PORT}, or a free one."),
    ] = None,
    no_console: Annotated[bool, typer.Option("--no-console", help="Only the terminal: nothing is served.")] = False,
    stay: Annotated[bool, typer.Option("--stay", help="Serve on when the scenario has ended, until Ctrl-C.")] = False,
) -> None:
    """Watch a simulated ceasefire: reports come in, alerts arrive, in the terminal and in a browser. Ctrl-C ends it.

    Nothing here is real: a generator makes the reports. Without --pace, time runs as fast as an eye can follow. The
    console, where alerts can be acted on, is on this machine alone; on a terminal, or with --stay, it stays when the
    scenario has ended.
    """
    from pipeline.agreement import load_agreement
    from pipeline.scenario.catalogue import ScenarioError

    loaded = load_agreement(agreement)
    try:
        feed = _Feed(scenario, seed, loaded, pace)
    except ScenarioError as error:
        raise UserError(str(error)) from error
    if no_console and (port is not None or stay):
        raise UserError("--no-console goes with neither --port nor --stay")
    if store is not None and store.exists():
        raise UserError(
            f"{store}: there is something already, and a demo begins with nothing: name another file; "
            f"`truceline serve --store {store}` shows what a demo has left"
        )
    place = store or _temporary()
    console = data_console()
    shown = _Demo(place, loaded, feed, scenario, console, stay)
    shown.play(seconds, None if no_console else partial(_hosted, shown, place, agreement, scenario, port))
    _tell(shown, place, temporary=store is None)


def _hosted(
    shown: "_Demo", place: Path, agreement: str, scenario: str, port: int | None
) -> AbstractContextManager[str]:
    """The console of what is played, on its clock."""
    from pipeline.cli.console_words import Words
    from pipeline.cli.hosting import hosted
    from pipeline.console.settings import Playing

    playing = Playing(scenario, shown.view.pace)
    return hosted(place, Words([agreement]), lambda: shown.view.now, port, playing)


def _temporary() -> Path:
    import tempfile

    return Path(tempfile.mkdtemp(prefix="truceline-demo-")) / "demo.db"


class _Feed:
    """A scenario's reports, each when its simulated time has come."""

    def __init__(self, scenario: str, seed: int, agreement: "Agreement", pace: float | None) -> None:
        from pipeline.scenario.generate import generate

        chunks = generate(scenario, seed, agreement)
        first = next(chunks)
        self._records = _decoded(first, chunks)
        self._next: Report | Observation | None = next(self._records, None)
        start = _received(self._next) if self._next is not None else first.until
        span_s = max(1.0, (first.until - start).total_seconds())
        fitting = WANTED_PER_S * span_s / max(1, len(first.reports))
        self.pace = pace if pace is not None else max(1.0, round(fitting, -1))
        self.begin = start + LEAD_IN

    @property
    def ended(self) -> bool:
        return self._next is None

    def until(self, now: datetime) -> "list[Report | Observation]":
        """What came in by a simulated time, and was not given before."""
        due: list[Report | Observation] = []
        while self._next is not None and _received(self._next) <= now and len(due) < LARGEST_BATCH:
            due.append(self._next)
            self._next = next(self._records, None)
        return due


def _decoded(first: "Chunk", chunks: "Iterator[Chunk]") -> "Iterator[Report | Observation]":
    """Reports and observations, in the order in which they come in."""
    import msgspec

    from pipeline.model.records import Observation
    from pipeline.model.report import Report

    report, observation = msgspec.json.Decoder(Report).decode, msgspec.json.Decoder(Observation).decode
    for chunk in chain([first], chunks):
        watched: Iterator[Report | Observation] = map(observation, chunk.observations)
        yield from merge(watched, map(report, chunk.reports), key=_received)


def _received(record: "Report | Observation") -> datetime:
    return record.received_at or record.observed_until


class _Demo:
    """The monitor at work on a feed, and what the terminal shows of it."""

    def __init__(
        self, place: Path, agreement: "Agreement", feed: _Feed, scenario: str, console: "Console", stay: bool
    ) -> None:
        from pipeline.cli.arrivals import Arrivals
        from pipeline.cli.live import LiveView

        self._place, self._agreement, self._feed, self._console = place, agreement, feed, console
        self._stay = stay
        self.view = LiveView(agreement, scenario, feed.pace, console.encoding)
        self.view.now = feed.begin
        self.latest: str | None = None
        self._arrivals = Arrivals()
        self._reports = 0

    @property
    def counts(self) -> "Counts":
        """What came in and what came of it."""
        return self.view.counts

    def play(self, seconds: float | None, console: "Callable[[], AbstractContextManager[str]] | None") -> None:
        """Until the scenario, the time or the patience of whoever watches ends.

        Args:
            console: serves one, and gives its address.
        """
        from pipeline.cli.hosting import show as show_in_browser
        from pipeline.cli.interruption import Interruption, SteadyRecorder
        from pipeline.gazetteer import load_gazetteer
        from pipeline.store import open_store

        interruption = Interruption()
        with open_store(self._place, write=True) as store, interruption.handled():
            outlines = load_gazetteer().outlines
            recorder = SteadyRecorder(interruption, store, [self._agreement], outlines, clock=lambda: self.view.now)
            with suppress(KeyboardInterrupt), ExitStack() as stack:
                recorder.catch_up()
                recorder.wait_to_look(LOOK_EVERY)
                if console is not None:
                    self.view.console = stack.enter_context(console())
                    say(f"console: {self.view.console}")
                    show_in_browser(self.view.console)
                show = self._screen(stack)
                for fresh in self._batches(recorder, seconds):
                    self._count(store)
                    self.latest = fresh[-1].alert_id if fresh else self.latest
                    show(fresh)
            self._count(store)

    def _batches(self, recorder: "SteadyRecorder", seconds: float | None) -> "Iterator[list[Alert]]":
        """The alerts that are raised meanwhile, some times a second, whether there are any or not."""
        from pipeline.model.records import Observation
        from pipeline.model.report import Report

        began = drawn = time.monotonic()
        fresh: list[Alert] = []
        while seconds is None or time.monotonic() - began < seconds:
            self.view.ended = self._feed.ended
            if self.view.ended and not self._stays:
                break
            tick = time.monotonic()
            self.view.now = self._feed.begin + timedelta(seconds=(tick - began) * self._feed.pace)
            if due := self._feed.until(self.view.now):
                reports = [one for one in due if isinstance(one, Report)]
                watched = [one for one in due if isinstance(one, Observation)]
                fresh.extend(self._arrivals.of(recorder.record(reports, (), watched)))
                self._reports += len(reports)
                recorder.interruption.end()
            if tick - drawn >= FRAME_S or not self.counts.reports:
                yield sorted(fresh, key=lambda alert: (alert.observed_from, alert.alert_id))
                drawn, fresh = tick, []
            time.sleep(max(0.0, GATHER_S - (time.monotonic() - tick)))
        yield fresh

    @property
    def _stays(self) -> bool:
        """Whether somebody is there who may still be at work when the scenario has ended."""
        return bool(self.view.console) and (self._stay or self._on_screen)

    @property
    def _on_screen(self) -> bool:
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def _count(self, store: "Store") -> None:
        from pipeline.cli.live import Counts

        held = store.figures()
        self.view.count(
            Counts(
                reports=self._reports,
                rejected=held["rejects"],
                **{name: held[name] for name in ("incidents", "unresolved", "alerts", "possible")},
            ),
            time.monotonic(),
        )

    def _screen(self, stack: ExitStack) -> "Callable[[list[Alert]], None]":
        """How alerts are shown: a screen of its own on a terminal, else a line each and no cursor control."""
        if not self._on_screen:
            say(ORDER_AND_P)
            return self._print
        from rich.live import Live

        live = stack.enter_context(Live(self.view, console=self._console, screen=True, auto_refresh=False))

        def show(alerts: "list[Alert]") -> None:
            self.view.add(alerts)
            live.refresh()

        return show

    def _print(self, alerts: "list[Alert]") -> None:
        from pipeline.cli.live import plain_line

        for alert in alerts:
            self._console.print(plain_line(alert, self._agreement), soft_wrap=True)
        if alerts:
            self._console.file.flush()


def _tell(shown: _Demo, place: Path, *, temporary: bool) -> None:
    counts = shown.counts
    kept = f"{place}{' (temporary: delete it when you are done)' if temporary else ''}"
    say(
        f"{plural(counts.reports, 'simulated report')}, {plural(counts.incidents, 'incident')} and "
        f"{plural(counts.unresolved, 'unresolved rumour')}, "
        f"{plural(counts.alerts, 'alert')}, {counts.possible:,} more only possible"
    )
    say(f"kept in {kept}")
    if counts.alerts:
        for command in ("alerts list", f"alerts show {shown.latest or 'ID'}", "alerts map -o map.html", "serve"):
            say_next(command, place)
