"""What must hold of any history."""

from pipeline.store import Store


def has_no_gaps(store: Store) -> bool:
    """Whether every alert's revisions are numbered 1, 2, 3 … in the order in which they were said."""
    last: dict[str, int] = {}
    for entry in store.history():
        if entry.revision != last.get(entry.alert.alert_id, 0) + 1:
            return False
        last[entry.alert.alert_id] = entry.revision
    return True
