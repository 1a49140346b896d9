"""Prior notifications: one row announces an activity, where and when it is to be, and says when it was notified."""

from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import BinaryIO

import msgspec
import shapely

from pipeline.model.footprint import Area, Footprint, MultiPolygon, Polygon
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Attribution, Origin, Remark, Report
from pipeline.model.taxonomy import Activity, Basis, RejectReason
from pipeline.sources.base import ReadContext, Row, RowError, read_table
from pipeline.sources.geometries import geometry_in
from pipeline.sources.headed import Cells, Columns, Times, Where, header_of, in_doubt
from pipeline.sources.records import Dialect, Table

NAMES = {
    "reference": ("reference", "ref", "notice_id", "notification_id"),
    "activity": ("activity", "announced", "announced_activity"),
    "from": ("from", "valid_from", "begins", "starts", "start"),
    "until": ("until", "valid_until", "to", "ends", "end"),
    "notified_at": ("notified_at", "notified", "received_at", "received", "published_at"),
    "area": ("area", "area_id", "place", "region"),
    "country": ("country",),
    "outline": ("wkt", "geometry", "polygon"),
    "line": ("line",),
    "stretch": ("stretch", "sector"),
    "lon": ("lon", "longitude"),
    "lat": ("lat", "latitude"),
    "radius_m": ("radius_m", "radius_km"),
    "party": ("party", "notified_by"),
    "note": ("note", "notes", "text"),
    "url": ("url", "link"),
}


class Notices:
    """Reads the register of what was announced beforehand, which suspends what an agreement excepts."""

    name = "notices"
    title = "prior notifications: what is announced, where, from when until when, and when it was notified (CSV)"
    describe = """\
A register of prior notifications as CSV. Recognised by a header with reference, activity, from, until, notified_at (or
received_at) and a place: area, lon and lat, or wkt.

report_id     notices:<reference>. A reference with other content is a version: the one notified last holds
activity      notification: the interval and the place are those of what is announced
observed      from the beginning of from to the end of until, as precise as they are written, in the time zone of the
              named area, else of the area of the gazetteer in which the place lies, else of the country (unless the
              time has a zone); UTC with a doubtful remark where none is known
published_at  notified_at, notified, received_at or received: an exception with notice_hours counts from there. A day is
              taken as its end, as nobody knows that it was earlier; with an empty cell the notice counts by half
footprint     wkt or geometry: a polygon as WKT or GeoJSON; else lon, lat and radius_m (or radius_km); else the area's
              outline by the gazetteer. A stretch of a line is an agreement's own: give it as wkt; with nothing else
              the row is rejected. Coordinates further than 100 km from the named area (300 km from a country) reject
              the row
ledger        independent: the register is the monitor's
attribution   the party, author the party, basis admission
remarks       the activity that is announced, and the line and stretch, as said; note is the text
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the header has what a notification needs."""
        columns = Columns(header_of(head), NAMES)
        placed = columns.have("area") or columns.have("lon", "lat", "radius_m") or columns.have("outline")
        return placed and columns.have("reference", "activity", "from", "until", "notified_at")

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each notification."""
        table = Table(stream, Dialect())
        header = table.take(None)
        if header is None:
            return
        reader = _Reader(Columns(header.fields, NAMES), context)
        yield from read_table(self.name, context, table.records(len(header.fields)), reader.report)


class _Reader:
    """Makes a report of a notification."""

    def __init__(self, columns: Columns, context: ReadContext) -> None:
        self._columns = columns
        self._feed = context.feed
        self._times = Times()
        self._where = Where(columns, context.gazetteer)

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        cells = self._columns.cells(fields)
        footprint, known_zone = self._place(cells)
        zone = known_zone or UTC
        begins = self._times.interval(cells["from"], "observed_from", zone)
        ends = self._times.interval(cells["until"], "observed_until", zone)
        notified, party = cells["notified_at"], cells["party"]
        if not cells["activity"]:
            raise RowError("activity", RejectReason.MISSING, "it does not say what is announced")
        return Report(
            report_id=f"notices:{cells['reference'] or f'row-{origin.sha256[:24]}'}",
            source="notices",
            observed_from=begins[0],
            observed_until=ends[1],
            footprint=footprint,
            activity=Activity.NOTIFICATION,
            feed=self._feed,
            observer="register of notifications",
            ledger="independent",
            published_at=self._times.interval(notified, "published_at", zone)[1] if notified else None,
            attribution=Attribution(party, party, Basis.ADMISSION) if party else None,
            text=cells["note"][:20_000] or None,
            url=cells["url"] or None,
            remarks=_remarks(cells)
            + in_doubt(known_zone, observed_from=cells["from"], observed_until=cells["until"], published_at=notified),
            origin=origin,
        )

    def _place(self, cells: Cells) -> tuple[Footprint, tzinfo | None]:
        """The footprint, and the time zone where it is known."""
        text = cells["outline"]
        if text:
            outline, point = _outline(text)
            if point is not None:
                self._where.hold(cells, *point)
            return outline, self._where.zone(cells, point)
        return self._footprint(cells), self._where.zone(cells)

    def _footprint(self, cells: Cells) -> Footprint:
        try:
            return self._where.footprint(cells)
        except RowError as error:
            if error.problem.reason is RejectReason.MISSING and cells["line"]:
                detail = "a stretch of a line is known to an agreement alone: give its outline as wkt"
                raise RowError("footprint", RejectReason.UNKNOWN_AREA, detail) from error
            raise


def _remarks(cells: Cells) -> tuple[Remark, ...]:
    said = [Remark("activity", cells["activity"][:300], RemarkRule.AS_SAID)]
    place = " ".join(filter(None, (cells["line"], cells["stretch"])))
    if place:
        said.append(Remark("footprint", place[:300], RemarkRule.AS_SAID))
    return tuple(said)


def _outline(text: str) -> tuple[Area, tuple[float, float] | None]:
    """The area, and a point in it; None of one that will not stand."""
    geometry = geometry_in(text, "footprint")
    if geometry.get("type") not in ("Polygon", "MultiPolygon"):
        raise RowError("footprint", RejectReason.BAD_GEOMETRY, f"{text[:80]!r} is no polygon")
    try:
        outline = msgspec.convert(geometry, Polygon | MultiPolygon)
        point = shapely.geometry.shape(geometry).representative_point()
    except (msgspec.ValidationError, shapely.errors.ShapelyError, ValueError) as error:
        raise RowError("footprint", RejectReason.BAD_GEOMETRY, f"{text[:80]!r}: {error}") from error
    return Area(geometry=outline), None if point.is_empty else (point.x, point.y)
