"""Whether an exception that takes its notices from reports agrees with the rest of its file."""

from pipeline.agreement.format import ExceptionTable, FlightTable, ProhibitedActivityTable, WithdrawalTable
from pipeline.agreement.remembering_references import Checker

_MAY_BE_NOTIFIED = {
    "prohibited_activity": ProhibitedActivityTable,
    "withdrawal": WithdrawalTable,
    "flight": FlightTable,
}
"""Provisions that one incident and one notice can decide."""


def check_notices(checker: Checker, index: int, table: ExceptionTable) -> None:
    """Adds a problem where notices cannot be taken from reports, or cannot suspend a provision that names it."""
    if table.notice_hours and not table.from_reports:
        what = "says by when reports must give notice, and none is taken from them"
        checker.problems.add("exceptions", index, "notice_hours", what, "write from_reports = true", table.id)
    if not table.from_reports:
        if table.kind == "notified" and not table.notices:
            mend = "give [[exceptions.notices]], or from_reports = true where notices come as reports"
            checker.problems.add("exceptions", index, "notices", "nothing ever gives notice", mend, table.id)
        return
    if table.kind != "notified":
        what = f"an exception of kind {table.kind!r} has no notices"
        checker.problems.add("exceptions", index, "from_reports", what, "use kind 'notified'", table.id)
    for number, provision in enumerate(checker.tables.provisions):
        if table.id in provision.exceptions and not isinstance(provision, tuple(_MAY_BE_NOTIFIED.values())):
            what = f"{table.id!r} takes its notices from reports"
            mend = "only provisions of these kinds may name it: " + ", ".join(_MAY_BE_NOTIFIED)
            checker.problems.add("provisions", number, "exceptions", what, mend, provision.id)
