"""Readable law: each provision as one English sentence, made from the same tables as what judges.

Whatever changes what a provision forbids, to whom, where or when, changes its sentence.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from pipeline.agreement import phrases
from pipeline.agreement.format import (
    CrossingTable,
    ExceptionTable,
    FlightTable,
    ProhibitedActivityTable,
    ProvisionTable,
    StayTable,
    Tables,
    UnjudgedTable,
    WithdrawalTable,
)
from pipeline.agreement.phrases import activities, all_of, either, length, moment, objects, weapons
from pipeline.agreement.remembering import (
    ConsultationTable,
    EscalationTable,
    Limit,
    QuietDaysTable,
    ReturnFireTable,
    ScheduleTable,
    Stage,
    StandingTable,
    StockCeilingTable,
)
from pipeline.agreement.terms import bounds
from pipeline.agreement.whereabouts import line_name, party_name, where


def sentence(tables: Tables, table: ProvisionTable) -> str:
    """What a provision asks, of whom, where and when, in one sentence.

    >>> from pipeline.agreement import load_agreement
    >>> tables = load_agreement("idlib-2020").tables
    >>> sentence(tables, tables.provisions[0])
    'From 6 March 2020, 00:01 on, no fire within 6 km of the highway M4.'
    """
    return f"{_Sentence(tables, table).said()}."


class _Sentence:
    def __init__(self, tables: Tables, table: ProvisionTable) -> None:
        self._tables, self._table = tables, table
        self._zone: tzinfo = ZoneInfo(tables.header.timezone)

    def said(self) -> str:
        """All of it but the full stop."""
        asked, when = self._asked(), self._when()
        return (f"{when}, {asked[0].lower()}{asked[1:]}" if when else asked) + self._unless() + self._suspended()

    def _asked(self) -> str:
        match self._table:
            case ProhibitedActivityTable() as table:
                armed = f" with {weapons(table.weapons)}" if table.weapons else ""
                return f"No {activities(table.activities)}{armed}{self._bound('by')} {self._where(table.zones)}"
            case WithdrawalTable() as table:
                return f"No {self._kept_out(table)} may be {self._where(table.zones)}{_stay(table)}"
            case FlightTable() as table:
                who = f"{objects(table.objects)}{self._bound('of')}"
                return f"No {who}{self._but(table.except_operators)} may fly {self._where(table.zones)}{_stay(table)}"
            case CrossingTable() as table:
                return self._crossing(table)
            case UnjudgedTable() as table:
                return f"Not judged: {table.title}"
        return self._remembering()

    def _remembering(self) -> str:
        match self._table:
            case StockCeilingTable() as table:
                ends = f", until none is seen for {table.ends_after_days} days" if table.ends_after_days else ""
                seen = f"in each zone by itself, by what was seen within {table.seen_for_days} days{ends}"
                most = all_of(map(_limit, table.limits))
                return f"At most {most}{self._bound('of')} may be {self._where(table.zones)}, {seen}"
            case QuietDaysTable() as table:
                quiet = f"without {activities(table.activities)}{self._bound('by')} {self._where(table.zones)}"
                due = f"; what follows is due within {table.then_within_days} days" if table.then_within_days else ""
                return f"There are to be {table.days} days in a row {quiet}, in each zone by itself{due}"
            case ScheduleTable() as table:
                return self._schedule(table)
            case ReturnFireTable() as table:
                near = f"within {table.within_minutes:g} minutes and {length(table.within_m)}"
                first = "only after a call on the coordination mechanism"
                answer = f"an answer is {activities(table.activities)} {near} of fire on the other side"
                return f"Fire {self._where(table.zones)} may be answered{self._bound('by')} {first}; {answer}"
            case StandingTable() as table:
                armed = f" with {weapons(table.weapons)}" if table.weapons else ""
                what = f"{activities(table.activities)}{armed}{self._bound('by')}"
                stays = f"until it is seen gone{_same(table.same_place_m)}"
                return f"No {what} may stand {self._where(table.zones)}, {stays}"
            case EscalationTable() as table:
                rare = f"one false alarm in {table.false_alarm_days} days at most"
                more = f"more breaches of {self._titles(table.provisions)} are found than were to be expected"
                return f"A person is told where {more}, with {rare}"
            case ConsultationTable() as table:
                sure = f"{table.confirmed} confirmed breaches within {table.within_days} days"
                lasts = f"{table.sustained_per_day} a day in one sector on {table.sustained_days} days in a row"
                return f"A person is asked after {sure}, or {lasts}, of {self._titles(table.provisions)}"
        return self._table.title

    def _kept_out(self, table: WithdrawalTable | Stage) -> str:
        return weapons(table.weapons, *(["forces of any kind"] if table.troops else [])) + self._bound("of")

    def _crossing(self, table: CrossingTable) -> str:
        lines = either(line_name(self._tables, line) for line in table.lines)
        what = f"No {objects(table.objects)}" if table.objects else "Nothing"
        seen = f"seen as {activities(table.activities)}; what is reported to cross counts within {length(table.near_m)}"
        who = f"{self._bound('of')}{self._but(table.except_operators)}"
        return f"{what}{who} may cross {lines} {self._way(table)} ({seen})"

    def _way(self, table: CrossingTable) -> str:
        if table.direction == "both":
            return "either way"
        sides = table.direction.split("_to_")
        held = [one for one in self._tables.lines if one.id in table.lines]
        if len({(one.left, one.right) for one in held}) == 1 and held[0].left and held[0].right:
            names = {side: party_name(self._tables, getattr(held[0], side)) for side in sides}
            return f"from the side of {names[sides[0]]} to that of {names[sides[1]]}"
        return f"from {sides[0]} to {sides[1]}"

    def _schedule(self, table: ScheduleTable) -> str:
        steps: dict[tuple[tuple[str, ...], datetime | None, datetime], list[Stage]] = {}
        for stage in table.stages:
            steps.setdefault((stage.zones, stage.begin, stage.complete_by), []).append(stage)
        said = "; ".join(self._step(stages) for stages in steps.values())
        storage = f"; kept {where(self._tables, table.storage)}" if table.storage else ""
        known = f"; {len(table.inventory)} weapons are known by serial number" if table.inventory else ""
        shown = "" if table.raises else ", which is shown and never raised"
        return f"To be withdrawn: {said}{storage}{known}{_same(table.same_place_m)}{shown}"

    def _step(self, stages: Sequence[Stage]) -> str:
        first = stages[0]
        begin = f", from {moment(first.begin, self._zone)} on" if first.begin else ""
        by = f"by {moment(first.complete_by, self._zone)}{begin}"
        return f"{by}, {all_of(map(self._kept_out, stages))} from places {self._where(first.zones)}"

    def _titles(self, provisions: Sequence[str]) -> str:
        return either(f"“{one.title}”" for one in self._tables.provisions if one.id in provisions)

    def _where(self, zones: Sequence[str]) -> str:
        return where(self._tables, zones)

    def _bound(self, word: str) -> str:
        binds: tuple[str, ...] = getattr(self._table, "binds", ())
        return f" {word} {either(party_name(self._tables, one) for one in binds)}" if binds else ""

    def _but(self, operators: Sequence[str]) -> str:
        return f", but for those of {either(party_name(self._tables, one) for one in operators)}," if operators else ""

    def _when(self) -> str:
        begin, until = bounds(self._tables, self._table)
        first = f"From {moment(begin, self._zone)}" if begin else ""
        last = f"ntil {moment(until, self._zone)}" if until else ""
        if not first:
            return f"U{last}" if last else ""
        return f"{first} u{last}" if last else f"{first} on"

    def _suspended(self) -> str:
        breaks = [one for one in self._tables.suspensions if self._table.id in one.provisions]
        ended = [f" until {moment(one.until, self._zone)}" if one.until else " on" for one in breaks]
        times = [f"{moment(one.begin, self._zone)}{end}" for one, end in zip(breaks, ended, strict=True)]
        return f"; suspended from {all_of(times)}" if times else ""

    def _unless(self) -> str:
        named = [one for one in self._tables.exceptions if one.id in self._table.exceptions]
        return f", unless {either(map(self._exception, named))}" if named else ""

    def _exception(self, table: ExceptionTable) -> str:
        kinds = f", as to {activities(table.activities)}" if table.activities else ""
        if table.kind == "time_window":
            spans = (
                f"from {moment(span.begin, self._zone)} until {moment(span.until, self._zone)}"
                for span in table.windows
            )
            return f"within the times of “{table.title}” ({all_of(spans)}{kinds})"
        before = f"at least {table.notice_hours:g} hours before" if table.notice_hours else "beforehand"
        return f"it was notified {before} (“{table.title}”{kinds})"


def _limit(limit: Limit) -> str:
    of = f" ({weapons(limit.weapons)})" if limit.weapons else ""
    return f"{limit.at_most:,} {phrases.UNITS[limit.unit]}{of}"


def _stay(table: StayTable) -> str:
    dwell = f" for {table.dwell_minutes:g} minutes or longer" if table.dwell_minutes else ""
    edge = f", in or out from {length(table.hysteresis_m)} beyond the edge" if table.hysteresis_m else ""
    return dwell + edge


def _same(metres: float) -> str:
    return f" (what is seen within {length(metres)} is one)"
