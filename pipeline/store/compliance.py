"""How the provisions that remember stand, read from a store."""

from datetime import date

from pipeline.agreement import Agreement
from pipeline.law.folds import stands
from pipeline.model.records import Progress
from pipeline.store.database import Store, StoreError
from pipeline.store.efforts import StoredEfforts
from pipeline.store.lawbook import StoredMemory


def compliance(store: Store, agreement: Agreement, on: date | None = None) -> list[Progress]:
    """Where each provision of an agreement that remembers stands at the end of a reporting day.

    Args:
        on: the date by which the day is named; without it, the last of which the record has a report.

    Raises:
        StoreError: the record was not judged by this agreement, or by other data of it.
    """
    judged = store.fingerprint(agreement.name)
    if judged is None:
        raise StoreError(f"{store.path}: was not judged by {agreement.name}; run it with `-a {agreement.name}` first")
    if judged != agreement.fingerprint:
        raise StoreError(f"{store.path}: was judged by other data of {agreement.name}; run it with `-a` again")
    efforts = StoredEfforts(store.connection, agreement)
    if on is None:
        last, watched = store.last_day(), efforts.last_day
        day = agreement.days.number_of(agreement.in_force[0].date() if last is None else last)
        day = day if watched is None else max(day, watched)
    else:
        day = agreement.days.number_of(on)
    return stands(agreement, StoredMemory(store.connection, agreement.name, agreement.days, efforts), day)
