"""Whether what an agreement asks of those who watch agrees with the rest of its file."""

from pipeline.agreement.format import MonitoringTable
from pipeline.agreement.remembering_references import Checker

_TELLS_APART = (
    "operators", "except_operators", "staff", "staff_of", "techniques", "domains", "sides", "zones", "outside",
)  # fmt: skip


def check_monitoring(checker: Checker, index: int, table: MonitoringTable) -> None:
    """Adds a problem for each name that stands for nothing, and where a rule forbids all or asks nobody."""
    where = ("monitoring", index)
    checker.known(*where, "source", [table.source], "sources", table.id)
    checker.known(*where, "zones", table.zones, "zones", table.id)
    checker.known(*where, "outside", table.outside, "zones", table.id)
    checker.known(*where, "consent_of", table.consent_of, "parties", table.id)
    if table.kind == "forbidden" and not any(getattr(table, key) for key in _TELLS_APART):
        mend = "name what it is about: " + ", ".join(_TELLS_APART)
        checker.problems.add(*where, "kind", "it forbids every asset", mend, table.id)
    if table.kind == "forbidden" and table.consent_of:
        what = "what is forbidden needs nobody's consent"
        checker.problems.add(*where, "consent_of", what, 'use kind "consent"', table.id)
    sided = any(line.left is not None and line.right is not None for line in checker.tables.lines)
    if not sided and (table.sides or (table.kind == "consent" and not table.consent_of)):
        key = "sides" if table.sides else "consent_of"
        what = "no line of the agreement has a party on either side"
        checker.problems.add(*where, key, what, "name them at a line: left, right", table.id)
