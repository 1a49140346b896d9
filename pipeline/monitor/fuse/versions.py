"""Versions: which of the contents under one report id stands."""

from collections.abc import Iterable, Mapping, Sequence

from pipeline.model.identity import precedence
from pipeline.monitor.windows import Entry, Group, Tombstone


def tombstone(entry: Entry) -> Tombstone:
    """What would retire this report."""
    return Tombstone(entry.report.report_id, entry.report.ledger)


def current(versions: Iterable[Entry]) -> Entry:
    """The version that counts within a window."""
    return max(versions, key=lambda entry: precedence(entry.report, entry.content))


def standing(held: Mapping[Group, Sequence[Entry]], retired: set[Tombstone]) -> dict[Group, Entry]:
    """What stands of some groups: not what is withdrawn, nor what another report of its ledger revises."""
    found = {}
    for group, versions in held.items():
        left = [entry for entry in versions if tombstone(entry) not in retired] if retired else versions
        if left:
            entry = left[0] if len(left) == 1 else current(left)
            if not entry.report.retracted:
                found[group] = entry
    return found
