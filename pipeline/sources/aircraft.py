"""Tracks of aircraft as tables: one row is one fix of one aircraft, as receivers of ADS-B and radars write them."""

from collections.abc import Iterator
from operator import itemgetter
from typing import BinaryIO, NamedTuple

from pipeline.model.footprint import Disc
from pipeline.model.remark_terms import RemarkRule
from pipeline.model.report import Origin, Remark, Report
from pipeline.model.taxonomy import Activity, RejectReason, Weapon
from pipeline.sources.base import ReadContext, Row, RowError, read_table
from pipeline.sources.cells import finite
from pipeline.sources.codes import Code, codes_of
from pipeline.sources.headed import Columns, Times, header_of
from pipeline.sources.records import Dialect, Table

NAMES = {
    "time": ("lastposupdate", "time_position", "timestamp", "time", "datetime", "date_time", "utc", "ts"),
    "id": (
        "icao24",
        "hex",
        "icao",
        "icao_address",
        "track_id",
        "aircraft_id",
        "id",
        "registration",
        "callsign",
        "flight",
    ),
    "lon": ("lon", "longitude", "lng", "long"),
    "lat": ("lat", "latitude"),
    "altitude": (
        "baroaltitude",
        "baro_altitude",
        "alt_baro",
        "altitude",
        "geoaltitude",
        "geo_altitude",
        "alt_geom",
        "alt",
    ),
    "on_ground": ("onground", "on_ground", "ground"),
    "kind": ("category", "emitter_category", "kind", "aircraft_type", "type"),
    "nacp": ("nacp", "nac_p"),
    "nic": ("nic",),
    "radius_m": ("radius_m", "accuracy_m", "rc"),
    "observer": ("receiver", "observer", "source", "sensor"),
}
NACP_M = (None, 18_520.0, 7_408.0, 3_704.0, 1_852.0, 926.0, 555.6, 185.2, 92.6, 30.0, 10.0, 3.0)
"""The 95 % bound of the position for each NACp (RTCA DO-260B): 0 says nothing."""
NIC_M = (None, 37_040.0, 14_816.0, 7_408.0, 3_704.0, 1_852.0, 1_111.2, 370.4, 185.2, 75.0, 25.0, 7.5)
"""The radius of containment for each NIC (RTCA DO-260B), the widest where supplements tell several apart."""
ASSUMED_M = 1_000.0
UNKNOWN_M = 37_040.0
_DESCRIBED = ("kind", "on_ground", "radius_m", "nacp", "nic", "observer")
_AS_SAID = RemarkRule.AS_SAID


class Aircraft:
    """Reads fixes of aircraft under the column names that receivers, networks and radars give them."""

    name = "aircraft"
    title = "aircraft tracks: fixes with time, id, place and altitude (CSV), OpenSky state vectors among them"
    describe = """\
Fixes of aircraft as CSV, one a row. Recognised by a header with a time, an id, lon, lat and an altitude.

report_id     aircraft:row-<24 digits of the SHA-256 of the row's bytes>: a fix that is there twice is one report
track_id      icao24, hex, icao, track_id, aircraft_id, id, registration, callsign or flight, in small letters: the
              first of these columns that the table has
observed      lastposupdate, time_position, timestamp, time, datetime or utc, the first that the table has: seconds or
              milliseconds since 1970 or ISO 8601, UTC where no zone is written. A minute is a minute, a day a day.
              The time at which a state was asked for is passed over where the table has that of the position
footprint     a disc: by radius_m, accuracy_m or rc in metres; else by NACp, else by NIC
              NACp 11 to 1: 3 m, 10 m, 30 m, 92.6 m, 185.2 m, 555.6 m, 926 m, 1,852 m, 3,704 m, 7,408 m, 18,520 m
              NIC 11 to 1: 7.5 m, 25 m, 75 m, 185.2 m, 370.4 m, 1,111.2 m, 1,852 m, 3,704 m, 7,408 m, 14,816 m, 37,040 m
              (RTCA DO-260B). 0 says that it is not known: 37,040 m, our assumption. Without such a column 1,000 m: our
              assumption, for the age of a position
activity      flight; other where the aircraft is on the ground (onground, or the word "ground" for an altitude), and
              for vehicles and obstacles by their category
weapons       by category or emitter_category (a code that is none of ADS-B's is rejected); else by kind, aircraft_type
              or type where it says fixed_wing, rotary_wing, uav or balloon; else unknown, as for any designator
remarks       the altitude, whether it is on the ground and the kind, as said, with the column's name
ledger        sensor; observer by receiver, observer, source or sensor
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the header has what a fix needs."""
        return Columns(header_of(head), NAMES).have("time", "id", "lon", "lat", "altitude")

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each fix."""
        table = Table(stream, Dialect())
        header = table.take(None)
        if header is None:
            return
        columns = Columns(header.fields, NAMES)
        reader = _Reader(columns, context)
        yield from read_table(self.name, context, table.records(len(header.fields)), reader.report)


class _Kind(NamedTuple):
    """What a row says of the aircraft and of where it flies, apart from its place: few rows differ in it."""

    activity: Activity
    weapons: tuple[Weapon, ...]
    radius_m: float
    observer: str | None
    remarks: tuple[Remark, ...]


class _Reader:
    """Makes a report of a fix."""

    def __init__(self, columns: Columns, context: ReadContext) -> None:
        self._columns = columns
        self._feed = context.feed
        self._interval = Times().interval
        needed = ("time", "id", "lon", "lat")
        self._needed = itemgetter(*(columns.at[one] for one in needed)) if columns.have(*needed) else None
        self._altitude_at = columns.at.get("altitude")
        self._altitude = columns.names.get("altitude", "")
        described = [columns.at[one] for one in _DESCRIBED if one in columns.at]
        # An itemgetter of one gives no tuple: the first column stands in for what is not there.
        self._described = itemgetter(*described, 0, 0)
        self._kinds: dict[tuple[str, ...], _Kind] = {}
        closed = columns.names.get("kind", "").endswith("category")
        self._kind_codes = codes_of("aircraft")["category" if closed else "type"]

    def report(self, fields: list[str], origin: Origin) -> Report:
        """The report, not yet checked.

        Raises:
            RowError: the row cannot be read.
        """
        if self._needed is None:
            raise RowError("", RejectReason.BAD_ROW, "the table has no columns for time, id, lon and lat")
        moment, own, lon, lat = self._needed(fields)
        track = own.strip().lower()
        if not track:
            raise RowError("track_id", RejectReason.MISSING, "the aircraft's id is empty")
        observed_from, observed_until = self._interval(moment.strip(), "observed_from")
        kind = self._kind(fields)
        altitude = fields[self._altitude_at].strip() if self._altitude_at is not None else ""
        remarks = kind.remarks
        if altitude:
            remarks = (Remark("footprint", f"{self._altitude} {altitude}"[:300], _AS_SAID), *remarks)
        return Report(
            report_id=f"aircraft:row-{origin.sha256[:24]}",
            source="aircraft",
            observed_from=observed_from,
            observed_until=observed_until,
            footprint=Disc(finite(lon.strip(), "lon"), finite(lat.strip(), "lat"), kind.radius_m),
            activity=Activity.OTHER if altitude.lower() == "ground" else kind.activity,
            weapons=kind.weapons,
            feed=self._feed,
            observer=kind.observer,
            ledger="sensor",
            track_id=track[:300],
            remarks=remarks or None,
            origin=origin,
        )

    def _kind(self, fields: list[str]) -> _Kind:
        key = self._described(fields)[:-2]
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._described_by(fields)
            if len(self._kinds) < 1000:
                self._kinds[key] = kind
        return kind

    def _described_by(self, fields: list[str]) -> _Kind:
        cells, names = self._columns.cells(fields), self._columns.names
        word, said = cells["kind"], cells["on_ground"]
        code = self._kind_codes.of(word, "weapons") if word else Code()
        ground = codes_of("aircraft")["on_ground"].of(said) if said else Code()
        remarks = []
        if said:
            remarks.append(Remark("activity", f"{names['on_ground']} {said}"[:300], _AS_SAID))
        if word:
            remarks.append(Remark("weapons", f"{names['kind']} {word}"[:300], _AS_SAID))
        return _Kind(
            code.activity or ground.activity or Activity.FLIGHT,
            code.weapons or (Weapon.UNKNOWN,),
            _radius_m(cells["radius_m"], cells["nacp"], cells["nic"]),
            cells["observer"][:300] or None,
            tuple(remarks),
        )


def _radius_m(stated: str, nacp: str, nic: str) -> float:
    if stated:
        return finite(stated, "radius_m")
    if nacp:
        return _by_code(nacp, "nacp", NACP_M)
    return _by_code(nic, "nic", NIC_M) if nic else ASSUMED_M


def _by_code(text: str, field: str, radii: tuple[float | None, ...]) -> float:
    code = finite(text, field)
    if code not in range(len(radii)):
        raise RowError(field, RejectReason.UNKNOWN_TERM, f"{text[:80]!r} is none of the codes 0 to {len(radii) - 1}")
    radius_m = radii[int(code)]
    return UNKNOWN_M if radius_m is None else radius_m
