"""An agreement as one party reads it."""

import hashlib

from msgspec.structs import replace

from pipeline.agreement.build import clauses_of
from pipeline.agreement.compiled import Agreement
from pipeline.agreement.overlays import is_judged, tables_read_by


def read_by(agreement: Agreement, party: str | None) -> Agreement:
    """The agreement with every judged reading of a party laid over its provisions; with None, by its text alone.

    It has the same name, so that its alerts have the same ids, and a fingerprint of its own. It has no readings: under
    one of them nothing is disputed. Lines and zones are those of the agreement itself.
    """
    known = agreement.read_by_party
    if party not in known:
        tables = tables_read_by(agreement.tables, party)
        named = f"{agreement.fingerprint}/{'' if party is None else party}"
        fingerprint = hashlib.sha256(named.encode()).hexdigest()[:16]
        known[party] = replace(agreement, tables=tables, clauses=clauses_of(tables), fingerprint=fingerprint)
    return known[party]


def readers(agreement: Agreement) -> tuple[str, ...]:
    """The parties with a reading that is judged, in the order in which the agreement names its parties."""
    reading = {one.party for one in agreement.readings if is_judged(one)}
    return tuple(party.id for party in agreement.parties if party.id in reading)
