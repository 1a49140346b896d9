"""When an agreement and its provisions are in force: the first term and its renewals, less the suspensions."""

from collections.abc import Iterable
from datetime import UTC, datetime

from pipeline.agreement.format import ProvisionTable, Tables

Spans = tuple[tuple[datetime, datetime | None], ...]
"""Intervals of time, apart from one another and in order; the last may be open. Their ends are not in them."""

_NEVER = datetime.max.replace(tzinfo=UTC)

_Closed = list[tuple[datetime, datetime]]


def terms(tables: Tables) -> Spans:
    """The first term and the renewals together, whatever is suspended; between two that do not meet is a gap."""
    return _opened(_terms(tables))


def bounds(tables: Tables, provision: ProvisionTable) -> tuple[datetime | None, datetime | None]:
    """From when and until when a provision holds, as far as that is narrower than the agreement.

    One that a later text adds holds from that text on at the earliest; one that a later text ends, until then.
    """
    texts = {one.id: one.begin for one in tables.amendments}
    begins = (provision.in_force_from, texts.get(provision.added_by or ""))
    ends = (provision.in_force_until, texts.get(provision.ended_by or ""))
    return max(filter(None, begins), default=None), min(filter(None, ends), default=None)


def in_force(tables: Tables, provision: ProvisionTable | None = None) -> Spans:
    """The intervals in which a provision is in force; without one, the agreement."""
    spans = _terms(tables)
    named: set[str] = set()
    if provision is not None:
        named.add(provision.id)
        narrowed = bounds(tables, provision)
        begin, until = narrowed[0] or tables.header.in_force_from, narrowed[1] or _NEVER
        spans = [(max(begin, first), min(until, last)) for first, last in spans]
    for one in tables.suspensions:
        if not one.provisions or named.intersection(one.provisions):
            spans = _less(spans, one.begin, one.until or _NEVER)
    return _opened((begin, until) for begin, until in spans if begin < until)


def _terms(tables: Tables) -> _Closed:
    header = tables.header
    given = [(header.in_force_from, header.in_force_until), *((one.begin, one.until) for one in tables.renewals)]
    joined: _Closed = []
    for begin, until in sorted((begin, until or _NEVER) for begin, until in given):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], until)
        else:
            joined.append((begin, until))
    return joined


def _less(spans: _Closed, begin: datetime, until: datetime) -> _Closed:
    parts = [part for first, last in spans for part in ((first, min(last, begin)), (max(first, until), last))]
    return [(first, last) for first, last in parts if first < last]


def _opened(spans: Iterable[tuple[datetime, datetime]]) -> Spans:
    return tuple((begin, None if until == _NEVER else until) for begin, until in spans)
