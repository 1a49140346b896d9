"""The gate for sources of other packages: what they give is checked as the built-in ones check themselves."""

from collections.abc import Iterable, Iterator

import msgspec

from pipeline.model.check import check, in_utc
from pipeline.sources.base import InputError, ReadContext, Row, reject
from pipeline.sources.records import Span, TornInput


def gated(name: str, context: ReadContext, rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of a plug-in; a row with a report that cannot be is a reject with that report's JSON as its bytes.

    Raises:
        InputError: the plug-in itself fails.
    """
    given = iter(rows)
    number = 0
    while True:
        try:
            row = next(given, None)
        except (InputError, TornInput):
            raise
        except Exception as error:
            raise InputError(
                f"{context.file}: the source plug-in {name!r} failed after row {number}: {error!r}; tell its author"
            ) from error
        if row is None:
            return
        number = row.number
        yield row if row.reject is not None else _checked(name, context, row)


def _checked(name: str, context: ReadContext, row: Row) -> Row:
    for report in row.reports:
        problem = check(report, context.gazetteer.areas)
        if problem is not None:
            return reject(name, context, row.number, Span(row.position, msgspec.json.encode(report)), problem)
    return Row(row.number, row.position, tuple(in_utc(report) for report in row.reports))
