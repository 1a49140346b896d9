"""Any CSV table, read by a small mapping file."""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from pipeline.model.footprint import Footprint
from pipeline.model.report import Attribution, Count, Origin, Report
from pipeline.model.taxonomy import Activity, Basis, RejectReason, Weapon
from pipeline.sources.base import InputError, ReadContext, Row, RowError, read_table
from pipeline.sources.csv_binding import Binder, Fields, Getter, as_term
from pipeline.sources.csv_mapping import (
    AttributionOf,
    CountOf,
    Mapping,
    WeaponsCell,
    load_mapping,
)
from pipeline.sources.csv_places import footprint
from pipeline.sources.csv_times import observed, published
from pipeline.sources.records import Dialect, Record, Table


class CsvTable:
    """Reads a table by its mapping file, which says what each column means."""

    name = "csv"
    title = "any CSV table, by a small mapping file"
    describe = """\
Any table of delimited text, read by a mapping file in TOML: given by --mapping FILE, or lying beside the table as
<file name>.mapping.toml. It is used where such a file is there, or where the input is written csv=PATH.

report_id     csv:<the mapping's name>:<the id column>; without an id column, or where its cell is empty,
              csv:<name>:row-<the first 24 digits of the SHA-256 of the row's bytes>. Two rows with the same bytes are
              then one report seen twice
observed      a time is as precise as it is written or as the mapping says: a day is the whole local day
footprint     a disc, a bearing from an observer, a named area, or nowhere; a radius may go by a precision column
activity, weapons, count, attribution, ledger, observer, text, url, published_at, track_id, calibre_mm
              from a column, by a table of what its words stand for, or the same for every row

A word that the table does not have is rejected as unknown_term, unless the mapping gives a default. docs/sources.md
has the format and an example.
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Never by itself: only a mapping makes a table known."""
        return False

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each record below the header.

        Raises:
            InputError: the mapping is wrong, or names what the table does not have; before the first row.
        """
        mapping = load_mapping(context.mapping, context.file)
        assert context.mapping is not None
        table = Table(stream, Dialect(mapping.delimiter, mapping.quoting))
        columns = mapping.columns or _header(table, context.file)
        if not columns:
            return
        binder = Binder(context.mapping, context.file, columns, context.gazetteer)
        records = _untagged(table, len(columns)) if mapping.tag_row else table.records(len(columns))
        yield from read_table(self.name, context, records, report_of(binder, mapping, context.feed))


def _header(table: Table, file: str) -> list[str]:
    """The names of the columns; none where the table is empty."""
    header = table.take(None)
    if header is not None and header.problem is not None:
        raise InputError(f"{file}: its header cannot be read: {header.problem.detail}")
    return [] if header is None else [cell.strip() for cell in header.fields]


def _untagged(table: Table, width: int) -> Iterator[Record]:
    table.take(width)
    yield from table.records(width)


def report_of(
    binder: Binder,
    mapping: Mapping,
    feed: str | None,
    source: str = "csv",
    place_of: Callable[[Fields], Footprint] | None = None,
) -> Callable[[Fields, Origin], Report]:
    """The function that makes a report of a row's fields; `place_of` gives its place where the fields do not."""
    id_at = binder.column("id.column", mapping.id.column) if mapping.id is not None else None
    interval_of, place_of = observed(binder, mapping.time), place_of or footprint(binder, mapping.place)
    activity_of = binder.term("activity", mapping.activity, Activity)
    optional: dict[str, Getter[object]] = {
        key: binder.text(key, spec)
        for key in ("ledger", "observer", "track_id", "text", "url")
        if (spec := getattr(mapping, key)) is not None
    }
    if mapping.calibre_mm is not None:
        optional["calibre_mm"] = binder.number("calibre_mm", mapping.calibre_mm)
    if mapping.published_at is not None:
        optional["published_at"] = published(binder, mapping.published_at)
    if mapping.count is not None:
        optional["count"] = _count(binder, mapping.count)
    if mapping.attribution is not None:
        optional["attribution"] = _attribution(binder, mapping.attribution)
    weapons_of = _weapons(binder, mapping.weapons) if mapping.weapons is not None else lambda _fields: None

    def report(fields: Fields, origin: Origin) -> Report:
        own = fields[id_at].strip() if id_at is not None else ""
        observed_from, observed_until = interval_of(fields)
        activity = activity_of(fields)
        if activity is None:
            raise RowError("activity", RejectReason.MISSING, "the field is empty")
        return Report(
            report_id=f"{source}:{mapping.name}:{own or f'row-{origin.sha256[:24]}'}",
            source=source,
            observed_from=observed_from,
            observed_until=observed_until,
            footprint=place_of(fields),
            activity=activity,
            weapons=weapons_of(fields) or (),
            feed=feed,
            origin=origin,
            **{key: get(fields) for key, get in optional.items()},  # type: ignore[arg-type]
        )

    return report


def _weapons(binder: Binder, spec: str | WeaponsCell) -> Getter[tuple[Weapon, ...]]:
    separator = spec.separator if isinstance(spec, WeaponsCell) else None
    if separator == "":
        raise binder.wrong("weapons.separator", "it is empty")
    if separator is not None and isinstance(spec, WeaponsCell) and spec.column is not None:
        return _several(binder, spec, separator)
    return binder.cell("weapons", spec, _alternatives)


def _alternatives(value: object) -> tuple[Weapon, ...]:
    words = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(as_term(word, Weapon, "weapons") for word in words))


def _several(binder: Binder, spec: WeaponsCell, separator: str) -> Getter[tuple[Weapon, ...]]:
    assert spec.column is not None
    at = binder.column("weapons.column", spec.column)
    one = binder.cell("weapons", spec, _alternatives)

    def get(fields: Fields) -> tuple[Weapon, ...] | None:
        found: dict[Weapon, None] = {}
        for word in fields[at].split(separator):
            single = list(fields)
            single[at] = word
            found.update(dict.fromkeys(one(single) or ()))
        return tuple(found)

    return get


def _count(binder: Binder, spec: CountOf) -> Getter[Count]:
    if spec.exact is not None and spec.min is None and spec.max is None:
        exactly = binder.number("count.exact", spec.exact)

        def one(fields: Fields) -> Count | None:
            number = exactly(fields)
            return None if number is None else Count(number, number, spec.unit)

        return one
    if spec.exact is not None or spec.min is None:
        raise binder.wrong("count", "give either exact, or min with or without max")
    lowest = binder.number("count.min", spec.min)
    highest = binder.number("count.max", spec.max) if spec.max is not None else None

    def interval(fields: Fields) -> Count | None:
        low = lowest(fields)
        return None if low is None else Count(low, highest(fields) if highest is not None else None, spec.unit)

    return interval


def _attribution(binder: Binder, spec: AttributionOf) -> Getter[Attribution]:
    party_of = binder.text("attribution.party", spec.party)
    author_of = binder.text("attribution.author", spec.author)
    basis_of = binder.term("attribution.basis", spec.basis, Basis)

    def get(fields: Fields) -> Attribution | None:
        party = party_of(fields)
        if party is None:
            return None
        author, basis = author_of(fields), basis_of(fields)
        if author is None or basis is None:
            raise RowError("attribution", RejectReason.MISSING, "a party is named without author or basis")
        return Attribution(party, author, basis)

    return get
