"""A later export of a table that a store has read: what it says otherwise becomes revisions and retractions.

A changed row is told as a report that revises the one which stands; its id is that of the row, a tilde and 12 digits of
a hash of what it revises and of what it says now. So a row that changes back and forth makes a chain, whose last report
stands, and to read an export again gives the same ids. What the export says no more is withdrawn likewise.

The export is read twice: first for ids and hashes alone (`compare`), then for its reports (`revised`).
"""

import hashlib
import re
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from pipeline.model.identity import content_hash
from pipeline.model.records import Reject
from pipeline.model.report import Report
from pipeline.sources.base import Row
from pipeline.store.database import Store, store_errors

RETIRED_AT_ONCE = 1_000
"""How many reports are withdrawn in one batch."""

FEW = 10
MOST_SHARE = 0.2
"""More withdrawals than these, in ids and of those that stand, are taken for a mistake unless they are asked for."""

_DERIVED = re.compile(r"(.*)~[0-9a-f]{12}", re.DOTALL)
_OF_THE_ROW = re.compile(r"row-[0-9a-f]{24}")
_WORD = re.compile(rb"[^\s,;|\"'<>{}\[\]]{1,300}")
_CELL = re.compile(rb"[^,;|\t\r\n\"]{1,300}")
_ID_FIELDS = frozenset(("id", "report_id", "event_id", "event_id_cnty", "claim_id", "reference", "record_id"))
_MOST_WORDS = 4_000
"""Of a row that cannot be read: whether one is the id of a report that is missing."""

_TABLES = """
CREATE TABLE new (root TEXT NOT NULL, content BLOB NOT NULL, PRIMARY KEY (root, content)) WITHOUT ROWID;
CREATE TABLE placed (seq INTEGER, line INTEGER, content BLOB, PRIMARY KEY (seq, line)) WITHOUT ROWID;
CREATE TABLE held (root TEXT NOT NULL, id TEXT NOT NULL, content BLOB NOT NULL, revises TEXT,
    retracted INTEGER NOT NULL, own INTEGER NOT NULL, ledger TEXT NOT NULL,
    seq INTEGER NOT NULL, line INTEGER NOT NULL);
CREATE TABLE fate (root TEXT PRIMARY KEY, id TEXT NOT NULL, revises TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE gone (root TEXT NOT NULL, id TEXT NOT NULL);
CREATE TABLE words (word TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class Difference(msgspec.Struct, kw_only=True):
    """How a later export differs from what stands of the earlier ones, in ids.

    `doubtful` are missing ones that stand all the same: rows that cannot be read may be theirs, or they are `too_many`.
    """

    added: int = 0
    changed: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    doubtful: int = 0
    too_many: int = 0


class _Origin(msgspec.Struct):
    file: str


class _Open(msgspec.Struct):
    report_id: str
    revises: str | None = None
    retracted: bool = False
    ledger: str | None = None


class _Sealable(msgspec.Struct):
    origin: tuple[str, _Origin | None] | None = None


class _Held(NamedTuple):
    """A version of a report in the record; `own` where it was read from one of the exports."""

    id: str
    content: bytes
    revises: str | None
    retracted: bool
    own: bool


_open = msgspec.json.Decoder(_Open).decode
_sealable = msgspec.json.Decoder(_Sealable).decode
_T = TypeVar("_T")


def root_of(report_id: str) -> str:
    """The publisher's id, without what was put behind it here.

    >>> root_of("ucdp:7~0123456789ab"), root_of("ucdp:7")
    ('ucdp:7', 'ucdp:7')
    """
    derived = _DERIVED.fullmatch(report_id) if "~" in report_id else None
    return derived[1] if derived else report_id


def note_export(sql: sqlite3.Connection, file: str, replaces: Iterable[str] = ()) -> None:
    """Notes that a file was read, and instead of which, in the transaction that is open."""
    rows = [(file, other) for other in dict.fromkeys([file, *replaces])]
    sql.executemany("INSERT OR IGNORE INTO exports VALUES (?, ?)", rows)


def was_read(store: Store, file: str) -> bool:
    """Whether a file of that name was read into a store."""
    with store_errors(store.path):
        return bool(store.connection.execute("SELECT 1 FROM exports WHERE file = ? LIMIT 1", (file,)).fetchone())


def files_read(store: Store) -> list[str]:
    """The names of the files that were read into a store, as far as it noted them."""
    with store_errors(store.path):
        return [row[0] for row in store.connection.execute("SELECT DISTINCT file FROM exports ORDER BY file")]


def with_earlier(store: Store, files: Iterable[str]) -> set[str]:
    """Some files, and all those that they were read instead of."""
    asked = (
        "WITH RECURSIVE earlier (file) AS (SELECT value FROM json_each(?) "
        "UNION SELECT replaces FROM exports JOIN earlier USING (file)) SELECT file FROM earlier"
    )
    with store_errors(store.path):
        return {row[0] for row in store.connection.execute(asked, (msgspec.json.encode([*files]).decode(),))}


class LaterExport:
    """Compares an export with what stands in a store of earlier ones.

    Ids and hashes are kept in a temporary file, not in memory.

    Args:
        files: the names by which the earlier ones were read; the export's own may be among them.
    """

    def __init__(self, store: Store, files: Collection[str]) -> None:
        self.difference = Difference()
        self._store, self.files = store, frozenset(files)
        self.files_seen: set[str] = set()
        self._sql = sqlite3.connect("", isolation_level=None)
        self._sql.executescript(f"PRAGMA cache_size = -{32 << 10}; PRAGMA synchronous = OFF; {_TABLES} BEGIN;")
        self._unreadable = self._accepted = self._standing = 0
        self.nameless = 0
        self._has_fates = False
        with store_errors(store.path):
            self._take_in()
        self._known_rejects = self._rejects_before()

    def close(self) -> None:
        """Drops what was compared."""
        self._sql.close()

    @property
    def accepted(self) -> int:
        """How many rows of the export could be read."""
        return self._accepted

    def compare(self, rows: Iterable[Row]) -> None:
        """Takes in what the export says: each of its rows, once."""
        insert = self._sql.executemany
        for some in _some(rows, 10_000):
            ids = (
                (report.report_id, content_hash(report)) for row in some if row.reject is None for report in row.reports
            )
            insert("INSERT OR IGNORE INTO new VALUES (?, ?)", ids)
            for row in some:
                if row.reject is None:
                    self._accepted += 1
                else:
                    self._note_reject(row.reject)

    def settle(self, *, whole: bool, many: bool = True) -> Difference:
        """Says what becomes of each id.

        Args:
            whole: the export was read to its end; nothing is withdrawn for one that was not, or that has no good row.
            many: more may be withdrawn than a later export commonly lacks.
        """
        self._sql.execute("CREATE INDEX held_by_root ON held (root)")
        asked = (
            "SELECT root, content, NULL, NULL, 0, 0, 0 FROM new UNION ALL "
            "SELECT root, content, id, revises, retracted, own, 1 FROM held ORDER BY 1, 7"
        )
        withdraws = whole and self._accepted > 0 and not self.nameless
        fates, gone = list[tuple[str, str, str]](), list[tuple[str, str]]()
        for root, rows in groupby(self._sql.execute(asked), itemgetter(0)):
            news, held = list[bytes](), list[_Held]()
            for _, content, report_id, revises, retracted, own, is_held in rows:
                if is_held:
                    held.append(_Held(report_id, content, revises, bool(retracted), bool(own)))
                else:
                    news.append(content)
            self._standing += not all(_ends(held).values())
            if not any(one.own for one in held):
                self.difference.added += bool(news)
            elif news:
                fates += self._fate(root, news, held)
            elif withdraws:
                gone += self._gone(root, held)
            if len(fates) + len(gone) > 10_000:
                self._keep(fates, gone)
        self._keep(fates, gone)
        if not many and self.difference.withdrawn > max(FEW, MOST_SHARE * self._standing):
            self._withdraw_none()
        return self.difference

    def _withdraw_none(self) -> None:
        missing = self.difference.withdrawn
        self.difference.too_many, self.difference.withdrawn = missing, 0
        self.difference.doubtful += missing
        self._sql.execute("DELETE FROM gone")

    def revised(self, row: Row) -> Row:
        """A row as it goes into the record: under its own id, or as a revision of what stands."""
        if row.reject is not None or not self._has_fates:
            return row
        found = [self._revision(report) for report in row.reports]
        if all(len(some) == 1 and some[0] is report for some, report in zip(found, row.reports, strict=True)):
            return row
        return Row(row.number, row.position, tuple(report for some in found for report in some), None, row.observations)

    def withdrawals(self) -> Iterator[list[Report]]:
        """What withdraws those reports that the export says no more; after all its rows."""
        # In the log's order, which is mostly that of time: the less is judged anew at once.
        asked = (
            "SELECT root, id FROM gone ORDER BY "
            "(SELECT min(seq) FROM held WHERE held.root = gone.root AND held.id = gone.id), root, id"
        )
        for some in _some(self._sql.execute(asked), RETIRED_AT_ONCE):
            yield self._withdrawn(some)

    def _take_in(self) -> None:
        """What the record holds, by the publisher's id; frame by frame, as the log is opened once."""
        placed = self._store.connection.execute("SELECT seq, line, content FROM reports")
        for some in _some(placed, 10_000):
            self._sql.executemany("INSERT OR REPLACE INTO placed VALUES (?, ?, ?)", some)
        for (seq,) in self._store.connection.execute("SELECT seq FROM frames WHERE kind = 'reports' ORDER BY seq"):
            lines = self._sql.execute("SELECT line, content FROM placed WHERE seq = ?", (seq,)).fetchall()
            self._sql.executemany("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._frame(seq, lines))
        self._sql.execute("DROP TABLE placed")

    def _frame(self, seq: int, lines: Sequence[tuple[int, bytes]]) -> Iterator[tuple[object, ...]]:
        asked = "SELECT frames.payload, sealable.payload FROM frames JOIN sealable USING (seq) WHERE seq = ?"
        opened, sealable = (part.split(b"\n") for part in self._store.connection.execute(asked, (seq,)).fetchone())
        for line, content in lines:
            said, kept = _open(opened[line]), _sealable(sealable[line])
            file = kept.origin[1].file if kept.origin and kept.origin[1] else None
            if file is not None:
                self.files_seen.add(file)
            own = file is None or file in self.files
            root = root_of(said.report_id)
            yield root, said.report_id, content, said.revises, said.retracted, own, said.ledger or "", seq, line

    def _rejects_before(self) -> set[str]:
        """The hashes of rows that could not be read in the earlier exports either."""
        files = msgspec.json.encode([*self.files]).decode()
        asked = "SELECT sha256 FROM rejects WHERE file IN (SELECT value FROM json_each(?))"
        with store_errors(self._store.path):
            return {row[0] for row in self._store.connection.execute(asked, (files,))}

    def _note_reject(self, reject: Reject) -> None:
        """A damaged row is no deletion: whatever id may stand in it is not withdrawn."""
        is_new = reject.sha256 not in self._known_rejects
        self._unreadable += is_new
        self.nameless += is_new and reject.field in _ID_FIELDS
        words = set[bytes]()
        for pattern in (_WORD, _CELL):
            for found in pattern.finditer(reject.bytes):
                words.add(found[0].strip().removesuffix(b".0"))
                if len(words) >= _MOST_WORDS:
                    break
        rows = ((word.decode(errors="replace"),) for word in words)
        self._sql.executemany("INSERT OR IGNORE INTO words VALUES (?)", rows)

    def _fate(self, root: str, news: Sequence[bytes], held: Sequence[_Held]) -> list[tuple[str, str, str]]:
        """As what an id's new contents are told, which the export has under it; nothing where as they are."""
        # Where none of its own stands, another export took its place, and is revised in turn.
        ends = _ends(held) or _ends(held, own=False)
        for earlier in {one.id for one in held}:
            if (name := _derived(root, earlier, *news)) in ends:
                self.difference.unchanged += 1
                return [(root, name, earlier)]
        if root in ends and {one.content for one in held if one.own and one.id == root} == set(news):
            self.difference.unchanged += 1
            return []
        self.difference.changed += 1
        revised = min(ends, key=lambda name: (ends[name], name))
        return [(root, _derived(root, revised, *news), revised)]

    def _gone(self, root: str, held: Sequence[_Held]) -> list[tuple[str, str]]:
        standing = [name for name, retracted in _ends(held).items() if not retracted]
        if not standing:
            return []
        own = root.rpartition(":")[2]
        parts = root.split(":")
        ways = msgspec.json.encode([":".join(parts[begin:]) for begin in range(len(parts))]).decode()
        asked = "SELECT 1 FROM words WHERE word IN (SELECT value FROM json_each(?)) LIMIT 1"
        named = self._sql.execute(asked, (ways,)).fetchone()
        if named or (self._unreadable and _OF_THE_ROW.fullmatch(own)):
            self.difference.doubtful += 1
            return []
        self.difference.withdrawn += 1
        return [(root, name) for name in standing]

    def _keep(self, fates: list[tuple[str, str, str]], gone: list[tuple[str, str]]) -> None:
        self._has_fates |= bool(fates)
        self._sql.executemany("INSERT INTO fate VALUES (?, ?, ?)", fates)
        self._sql.executemany("INSERT INTO gone VALUES (?, ?)", gone)
        fates.clear()
        gone.clear()

    def _revision(self, report: Report) -> list[Report]:
        found = self._sql.execute("SELECT id, revises FROM fate WHERE root = ?", (report.report_id,)).fetchone()
        if found is None:
            return [report]
        name, revised = found
        told_by = "SELECT DISTINCT ledger FROM held WHERE root = ? AND id = ?"
        ledgers = {row[0] for row in self._sql.execute(told_by, (report.report_id, revised))}
        if report.revises is None and ledgers == {report.ledger or ""}:
            return [replace(report, report_id=name, revises=revised)]
        # It cannot name what it revises, or may not retire it: that is withdrawn by itself.
        return [*self._withdrawn([(report.report_id, revised)]), replace(report, report_id=name)]

    def _withdrawn(self, some: Iterable[tuple[str, str]]) -> list[Report]:
        """Retractions of reports, each with the fields of what it withdraws; one for each ledger."""
        places: dict[int, list[tuple[int, str, str]]] = {}
        asked = "SELECT ledger, min(seq), line FROM held WHERE root = ? AND id = ? GROUP BY ledger"
        for root, name in some:
            for ledger, seq, line in self._sql.execute(asked, (root, name)):
                places.setdefault(seq, []).append((line, name, _derived(root, name, b"withdrawn", ledger.encode())))
        found = []
        for seq, lines in sorted(places.items()):
            reports = self._store.lines(seq, [line for line, _, _ in lines])
            found += [
                replace(reports[line], report_id=retraction, revises=name, retracted=True, received_at=None)
                for line, name, retraction in lines
            ]
        return found


def _some(values: Iterable[_T], count: int) -> Iterator[list[_T]]:
    rest = iter(values)
    while some := list(islice(rest, count)):
        yield some


def _ends(held: Sequence[_Held], *, own: bool = True) -> dict[str, bool]:
    """The ids in which an id's chain ends, of the exports' own; whether what stands there is withdrawn."""
    revised = {one.revises for one in held}
    ends: dict[str, bool] = {}
    for one in held:
        if (one.own or not own) and one.id not in revised:
            ends[one.id] = ends.get(one.id, True) and one.retracted
    return ends


def _derived(root: str, revised: str, *contents: bytes) -> str:
    parts = b"\x1f".join([revised.encode(), *(content.hex().encode() for content in sorted(contents))])
    return f"{root}~{hashlib.sha256(parts).hexdigest()[:12]}"
