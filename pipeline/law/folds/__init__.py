"""One file for each kind of provision that remembers, and their registry."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from pipeline.agreement.compiled import Agreement
from pipeline.agreement.format import ProvisionTable
from pipeline.agreement.remembering import (
    ConsultationTable,
    EscalationTable,
    QuietDaysTable,
    RememberingTable,
    ReturnFireTable,
    ScheduleTable,
    StandingTable,
    StockCeilingTable,
)
from pipeline.agreement.terms import in_force
from pipeline.law.effort import observed
from pipeline.law.folding import Fold, Memory, progress
from pipeline.law.folds.consultation import Consultation
from pipeline.law.folds.notified import Notified
from pipeline.law.folds.quiet_days import QuietDays
from pipeline.law.folds.return_fire import ReturnFire
from pipeline.law.folds.rising import Rising
from pipeline.law.folds.schedule import Schedule
from pipeline.law.folds.standing import Standing
from pipeline.law.folds.stock import StockCeiling
from pipeline.model.records import Progress
from pipeline.model.taxonomy import Compliance

_FOLDS: dict[type[RememberingTable], Callable[[Agreement, Any], Fold]] = {
    StockCeilingTable: StockCeiling,
    QuietDaysTable: QuietDays,
    ScheduleTable: Schedule,
    ReturnFireTable: ReturnFire,
    StandingTable: Standing,
    EscalationTable: Rising,
    ConsultationTable: Consultation,
}


def stands(agreement: Agreement, memory: Memory, day: int) -> list[Progress]:
    """Where each provision of an agreement that remembers stands at the end of a reporting day."""
    tables = {table.id: table for table in agreement.tables.provisions}
    told: list[Progress] = []
    for fold in folds_of(agreement):
        out = _out_of_force(agreement, tables[fold.provision], day)
        told += out or [_observed(one, memory, day) for one in progress(fold, memory, day)]
    return told


def _observed(one: Progress, memory: Memory, day: int) -> Progress:
    """With the share of such things that would have been noticed on the day, where it is not told yet."""
    share = memory.efforts.observed(one.provision, day, zone=one.subject)
    if share is None:
        share = memory.efforts.observed(one.provision, day)
    if share is None or "observed" in one.figures:
        return one
    return replace(
        one,
        says=f"{one.says}; on the day {observed(share, memory.efforts.level(share))}",
        figures=one.figures | {"observed": share},
    )


def _out_of_force(agreement: Agreement, table: ProvisionTable, day: int) -> list[Progress]:
    """That a provision is not in force as a day ends; nothing where it is."""
    ends = agreement.days.ends(day)
    spans = in_force(agreement.tables, table)
    if any(begin < ends and (until is None or ends <= until) for begin, until in spans):
        return []
    later = [begin for begin, _ in spans if begin >= ends]
    says = f"not in force before {later[0]:%Y-%m-%d %H:%M} UTC" if later else "no longer in force"
    return [
        Progress(
            agreement=agreement.name,
            provision=table.id,
            subject="all zones",
            day=agreement.days.date_of(day).isoformat(),
            compliance=Compliance.PENDING,
            says=says,
            figures={},
        )
    ]


def folds_of(agreement: Agreement) -> list[Fold]:
    """The folds of an agreement, in its file's order."""
    return [
        _FOLDS[type(table)](agreement, table) if isinstance(table, RememberingTable) else Notified(agreement, table)
        for table in agreement.tables.provisions
        if isinstance(table, RememberingTable) or table.id in agreement.notified
    ]
