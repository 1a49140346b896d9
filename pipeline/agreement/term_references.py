"""Whether renewals and suspensions agree with the rest of their file."""

from datetime import datetime

from pipeline.agreement.format import Tables, TermTable
from pipeline.agreement.problems import Problems
from pipeline.agreement.remembering_references import Checker
from pipeline.agreement.terms import in_force, terms


def check_terms(checker: Checker, tables: Tables, problems: Problems) -> None:
    """Adds a problem for each renewal and suspension that does not fit, and each provision that is never in force."""
    before = len(problems.found)
    for index, renewal in enumerate(tables.renewals):
        checker.known("renewals", index, "source", [renewal.source], "sources", "")
        _ends(problems, "renewals", index, renewal)
        if tables.header.in_force_until is None:
            what = "the agreement has no in_force_until: what has no end is not renewed"
            problems.add("renewals", index, "from", what, "write in_force_until in the head: the first term's end")
        if renewal.begin < tables.header.in_force_from:
            problems.add("renewals", index, "from", "earlier than the agreement's in_force_from")
    for index, one in enumerate(tables.suspensions):
        checker.known("suspensions", index, "source", [one.source], "sources", "")
        checker.known("suspensions", index, "provisions", one.provisions, "provisions", "")
        _ends(problems, "suspensions", index, one)
        if not any(_overlap(one, begin, until) for begin, until in terms(tables)):
            problems.add("suspensions", index, "from", "the agreement is not in force then")
    if len(problems.found) == before and _is_sound(tables):
        for index, table in enumerate(tables.provisions):
            if not in_force(tables, table):
                problems.add("provisions", index, "in_force_from", "it is never in force", "", table.id)


def _is_sound(tables: Tables) -> bool:
    """Whether every interval in force ends after it begins: else that is told already."""
    header = tables.header
    own = [(one.in_force_from or header.in_force_from, one.in_force_until) for one in tables.provisions]
    return all(until is None or begin < until for begin, until in [(header.in_force_from, header.in_force_until), *own])


def _overlap(one: TermTable, begin: datetime, until: datetime | None) -> bool:
    return (until is None or one.begin < until) and (one.until is None or begin < one.until)


def _ends(problems: Problems, name: str, index: int, one: TermTable) -> None:
    if one.until is not None and one.until <= one.begin:
        problems.add(name, index, "until", f"{one.until} is not after {one.begin}")
