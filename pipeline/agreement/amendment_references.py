"""Whether a file's amendments, and what provisions say of them, agree with each other."""

from collections import Counter

from pipeline.agreement.format import AmendmentTable, ProvisionTable
from pipeline.agreement.overlays import Checker
from pipeline.agreement.texts import ORIGINAL


def check_amendment(checker: Checker, index: int, table: AmendmentTable) -> None:
    """Adds a problem where a text is no later one, or cannot be told from another."""
    where = ("amendments", index)
    if table.id == ORIGINAL:
        checker.problems.add(*where, "id", f"{ORIGINAL!r} is the text before any amendment", "rename it", table.id)
    if table.begin <= checker.tables.header.in_force_from:
        what = f"{table.begin} is not after the agreement's in_force_from"
        checker.problems.add(*where, "from", what, "what holds from the beginning is no amendment", table.id)
    if Counter(one.begin for one in checker.tables.amendments)[table.begin] > 1:
        checker.problems.add(*where, "from", "two amendments from the same moment", "make them one", table.id)


def check_texts(checker: Checker, index: int, table: ProvisionTable) -> None:
    """Adds a problem where a provision's texts are not there, or end before they begin."""
    where = ("provisions", index)
    checker.known(*where, "added_by", [table.added_by], "amendments", table.id)
    checker.known(*where, "ended_by", [table.ended_by], "amendments", table.id)
    texts = {one.id: one.begin for one in checker.tables.amendments}
    if table.added_by in texts and table.ended_by in texts:
        checker.interval(*where, "ended_by", texts[table.added_by], texts[table.ended_by], table.id)
