"""Escalation: an alert for each run of days with more findings of a provision in a sector than were to be expected.

What is to be expected, and when a run begins and ends, is decided by the chart of `pipeline.law.escalation`. The alert
is raised by the finding with which the chart signals first, and says since when the rate is thought to be higher.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from msgspec.structs import replace

from pipeline.agreement.compiled import Agreement
from pipeline.agreement.remembering import EscalationTable
from pipeline.law.effort import Efforts, observed
from pipeline.law.escalation import Chart, Judgement, State, chance_for, step
from pipeline.law.fire import Spread, exchanges, spread
from pipeline.law.folds.episode import MOST_NAMED
from pipeline.law.saying import figure, plural
from pipeline.law.watching import Evidence, Sectors, Watched, spoken
from pipeline.model.decoding import decodable
from pipeline.model.records import Alert, DoubtNote, Progress
from pipeline.model.taxonomy import Compliance, Doubt, Side, Standing, Status
from pipeline.model.times import to_us, to_us_array
from pipeline.model.watch_terms import Watched as Silence

_KEPT_WIDTHS = 28
"""Days with whose spread a day's is compared."""

_LEAST_EFFORT = 0.01
"""Below this share of what would have been noticed, a day says nothing."""

_UNEVEN = 1.5
"""From this ratio of efforts on a comparison rests on how right they are; as `pipeline.recon.rates` has it."""

_HALVES = {Side.LEFT: -1, Side.RIGHT: 1}

_SETTLED = frozenset({Status.REFUTED, Status.NOT_A_VIOLATION})


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run of days that goes on: the alert that tipped it, and what it rests on."""

    anchor: Watched
    first_day: int
    last_day: int
    incident_ids: tuple[str, ...]
    report_ids: tuple[str, ...]
    most: Judgement
    counted: int = 0
    exchanges: int = 0
    widest: Spread | None = None


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """Of one provision in one sector: what its chart knows, and the run that goes on.

    `observed` is the share of findings that would have been made on the last day; None where nobody said who watched.
    """

    chart: State = State()
    run: Run | None = None
    last: Judgement | None = None
    observed: float | None = None


@decodable
class All(msgspec.Struct, frozen=True):
    """Every series, as `provision/sector`, and the last day that they know; None before the first finding of all.

    `widths_m` are, for `provision/line`, how far each of the last days' findings spread along the line.
    """

    series: dict[str, Series]
    day: int | None = None
    widths_m: dict[str, tuple[float | None, ...]] = {}


class Rising:
    """The fold of an `escalation` provision."""

    state_type = All
    watches = True
    weighs_effort = True

    def __init__(self, agreement: Agreement, table: EscalationTable) -> None:
        self._agreement, self._table = agreement, table
        self.provision, self.feeds = table.id, table.provisions
        self._sectors = Sectors(agreement)
        names = [sector.sector_id for sector in agreement.sectors] or list(agreement.lines)
        self._names = [f"{provision}/{name}" for provision in table.provisions for name in names]
        self._lines = {sector.sector_id: sector.line_id for sector in agreement.sectors}
        self._chart = Chart(chance=chance_for(len(self._names), table.false_alarm_days))
        begins = table.in_force_from or agreement.in_force[0]
        self._first = int(agreement.days.day_of(to_us_array([begins]))[0])

    def begin(self) -> All:
        """No day yet. The first is that of the first finding: nobody knows that days before the record were quiet."""
        return All({name: Series() for name in self._names})

    def step(self, state: All, day: int, found: Sequence[Watched], efforts: Efforts) -> tuple[All, list[Alert]]:
        """One day's findings; the days before it that had none are days of none."""
        if day < self._first:
            return state, []
        state, ended = self._quiet(state, day - 1, efforts)
        by_series = defaultdict[str, list[Watched]](list)
        for one in found:
            if one.standing is Standing.RAISED and one.status not in _SETTLED:
                by_series[f"{one.provision}/{self._sectors.of(one)}"].append(one)
        state, also_ended = self._day(state, day, by_series, efforts)
        return state, ended + also_ended

    def standing(self, state: All) -> list[Alert]:
        """The runs that go on."""
        return [self._alert(name, one, one.run) for name, one in sorted(state.series.items()) if one.run is not None]

    def progress(self, state: All, day: int, efforts: Efforts) -> list[Progress]:
        """What the chart says of each series on its last day."""
        state, _ = self._quiet(state, day, efforts)
        return [self._series_progress(name, one, day, efforts) for name, one in state.series.items()]

    def _quiet(self, state: All, until: int, efforts: Efforts) -> tuple[All, list[Alert]]:
        """Days without a finding; after so many a chart knows of nothing else."""
        ended: list[Alert] = []
        if state.day is None:
            return state, ended
        begin = max(state.day + 1, until - self._chart.kept_days)
        for day in range(begin, until + 1):
            state, some = self._day(state, day, {}, efforts)
            ended += some
        return state, ended

    def _day(
        self, state: All, day: int, found: Mapping[str, Sequence[Watched]], efforts: Efforts
    ) -> tuple[All, list[Alert]]:
        series, ended = dict[str, Series](), list[Alert]()
        spreads = self._spreads(state, found)
        for name, one in state.series.items():
            mine, before = found.get(name, ()), one
            provision, _, sector = name.partition("/")
            share = efforts.share(provision, day, sector=sector)
            if share is not None and before.observed is None:
                # Days of which nobody said who watched are no measure for days of which somebody did.
                before = replace(before, chart=State())
            effort = _effort(share, found_any=bool(mine))
            if not mine and before.run is None and not any(before.chart.counts):
                series[name] = self._nothing(before.chart, effort, share)
                continue
            chart, judgement = step(before.chart, len(mine), effort, day % 7, self._chart)
            run = self._run(before.run, day, judgement, mine)
            if run is not None and mine:
                run = _with(run, mine, spreads[f"{mine[0].provision}/{mine[0].line}"])
            if before.run is not None and run is None:
                ended.append(self._alert(name, before, before.run))
            series[name] = Series(chart=chart, run=run, last=judgement, observed=share)
        widths = {
            key: (*state.widths_m.get(key, ()), spreads[key].width_m if key in spreads else None)[-_KEPT_WIDTHS:]
            for key in state.widths_m.keys() | spreads.keys()
        }
        return All(series, day, widths), ended

    def _nothing(self, before: State, effort: float, observed: float | None) -> Series:
        """One day more without a finding, where the chart knows of none: that needs no reckoning."""
        days = self._chart.kept_days - 1
        chart = State(
            counts=(*before.counts[-days:], 0),
            efforts=(*before.efforts[-days:], effort),
            usual=(*before.usual[-days:], True),
        )
        learning = sum(one > 0.0 for one in chart.efforts) <= self._chart.least_days
        return Series(chart=chart, last=Judgement(learning=learning), observed=observed)

    @staticmethod
    def _spreads(state: All, found: Mapping[str, Sequence[Watched]]) -> dict[str, Spread]:
        """How far a day's findings spread, for each provision and line."""
        places = defaultdict[str, list[float]](list)
        for some in found.values():
            for one in some:
                if one.chainage_m is not None:
                    places[f"{one.provision}/{one.line}"].append(one.chainage_m)
        return {key: spread(np.array(place), state.widths_m.get(key, ())) for key, place in places.items()}

    @staticmethod
    def _run(before: Run | None, day: int, judgement: Judgement, found: Sequence[Watched]) -> Run | None:
        if not judgement.run_days:
            return None
        if before is None:
            if not found:
                return None
            before = Run(
                anchor=found[0],
                first_day=day - judgement.run_days + 1,
                last_day=day,
                incident_ids=(),
                report_ids=(),
                most=judgement,
            )
        incidents = dict.fromkeys((*before.incident_ids, *(one.incident_id for one in found)))
        reports = dict.fromkeys((*before.report_ids, *(name for one in found for name in one.report_ids)))
        return replace(
            before,
            last_day=day if found else before.last_day,
            incident_ids=tuple(incidents)[:MOST_NAMED],
            report_ids=tuple(reports)[:MOST_NAMED],
            most=max(before.most, judgement, key=lambda one: one.surprise),
            counted=before.counted + len(found),
        )

    def _alert(self, name: str, series: Series, run: Run) -> Alert:
        provision, _, sector = name.partition("/")
        days, most = self._agreement.days, run.most
        figures = {
            "of": provision,
            "sector": sector,
            "since": days.date_of(run.first_day).isoformat(),
            "noticed": run.anchor.observed_from.isoformat(),
            "counted": most.counted,
            "expected": most.expected_there,
            "in_days": most.window_days,
            "surprise": most.surprise,
            "findings_so_far": run.counted,
            "exchanges_of_fire": run.exchanges,
            "widest_m": _rounded(run.widest.width_m if run.widest else None),
            "usual_width_m": _rounded(run.widest.usual_width_m if run.widest else None),
        }
        if series.observed is not None:
            figures |= {
                "observed": series.observed,
                "observed_before": _mean(series.chart.efforts[: -most.window_days]),
            }
        evidence = Evidence(
            begin=days.begins(run.first_day),
            until=days.ends(run.last_day),
            incident_ids=run.incident_ids,
            report_ids=run.report_ids,
            line=self._lines.get(sector, sector if sector in self._agreement.lines else None),
        )
        return spoken(
            self._agreement,
            self._table,
            name,
            run.anchor,
            evidence,
            probability=1.0 - 10.0**-most.surprise,
            doubts=_doubts(series, figures),
            figures=figures,
        )

    def _series_progress(self, name: str, one: Series, day: int, efforts: Efforts) -> Progress:
        judgement = one.last or Judgement(learning=True)
        figures: dict[str, Any] = {"expected_a_day": judgement.expected, "surprise": judgement.surprise}
        says = "learning: too few days to hold it against"
        if not judgement.learning:
            figures |= {"counted": judgement.counted, "in_days": judgement.window_days}
            window = plural(judgement.window_days, "day")
            says = f"{figure(judgement.counted)} in {window}, {figure(judgement.expected_there)} to be expected"
            if not judgement.window_days:
                says = f"none in {self._chart.kept_days} days"
        if one.run is not None:
            figures["since"] = self._agreement.days.date_of(one.run.first_day).isoformat()
            says += f"; more than usual since {figures['since']}"
        provision, _, sector = name.partition("/")
        share = efforts.observed(provision, day, sector=sector)
        level = efforts.level(share)
        if share is not None:
            figures["observed"] = share
            says += f"; {observed(share, level)}"
        # Where next to nothing would have been noticed, few findings say nothing.
        quiet = Compliance.PENDING if judgement.learning else Compliance.KEPT
        quiet = Compliance.INDETERMINATE if level is Silence.UNOBSERVED else quiet
        return Progress(
            agreement=self._agreement.name,
            provision=self.provision,
            subject=name,
            day=self._agreement.days.date_of(day).isoformat(),
            compliance=Compliance.CALLED_FOR if one.run is not None else quiet,
            says=says,
            figures=figures,
        )


def _effort(share: float | None, *, found_any: bool) -> float:
    """What a day weighs; one on which nobody could have noticed anything says nothing, unless somebody did."""
    if share is None:
        return 1.0
    if share >= _LEAST_EFFORT:
        return share
    return _LEAST_EFFORT if found_any else 0.0


def _doubts(series: Series, figures: Mapping[str, Any]) -> tuple[DoubtNote, ...]:
    """What is to be said of the effort: that it is not known, or that all hangs on how right it is."""
    if series.observed is None:
        return (DoubtNote(Doubt.EFFORT_UNKNOWN, {}),)
    before = figures["observed_before"]
    if before and max(series.observed, before) > _UNEVEN * max(min(series.observed, before), _LEAST_EFFORT):
        return (DoubtNote(Doubt.EFFORT_UNEVEN, {"observed": series.observed, "observed_before": before}),)
    return ()


def _mean(efforts: Sequence[float]) -> float | None:
    return round(sum(efforts) / len(efforts), 3) if efforts else None


def _rounded(length_m: float | None) -> float | None:
    return None if length_m is None else round(length_m, 1)


def _with(run: Run, found: Sequence[Watched], spread_of_day: Spread) -> Run:
    """A run with what a day's findings were beside their number: exchanges of fire, and how far they spread."""
    placed = [one for one in found if one.chainage_m is not None]
    begun = exchanges(
        np.array([to_us(one.observed_from) for one in placed], dtype=np.int64),
        np.array([one.chainage_m for one in placed], dtype=float),
        np.array([0 if one.side is None else _HALVES.get(one.side, 0) for one in placed], dtype=np.int64),
    )
    wider = run.widest is None or (spread_of_day.width_m or 0.0) > (run.widest.width_m or 0.0)
    return replace(run, exchanges=run.exchanges + len(begun), widest=spread_of_day if wider else run.widest)
