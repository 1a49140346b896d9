"""One incident under each party's reading of a clause, beside the text.

The alert is the text's. What an incident would be under each reading that is judged is noted with it; what breaks the
clause under a reading alone is kept as a possible alert, so that it is seen.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from pipeline.agreement.clauses import Clause
from pipeline.model.records import Alert, DoubtNote, ReadingNote
from pipeline.model.taxonomy import Doubt, Standing

Judged = Mapping[int, tuple[int, Alert]]
"""By incident: the place that tells, and the alert."""

Judge = Callable[[Clause, frozenset[int]], Judged]
"""Judges by a clause; incidents that are named are told of however improbable the alert is."""


class _Column(NamedTuple):
    """What stands under the text or a reading, and besides what those incidents are there that stand elsewhere."""

    standing: Judged
    told: Judged

    def standing_of(self, incident: int) -> Standing | None:
        return self.standing[incident][1].standing if incident in self.standing else None

    def probability_of(self, incident: int) -> float:
        return self.told[incident][1].probability if incident in self.told else 0.0


def judged_as_read(clause: Clause, judge: Judge) -> list[tuple[int, Alert]]:
    """The alerts of a clause with readings that are judged, each with the place that tells."""
    nothing: Judged = {}
    standing = [judge(clause, frozenset())]
    standing += [nothing if read.clause is None else judge(read.clause, frozenset()) for read in clause.read_as]
    every = frozenset().union(*standing)
    told = [_told(clause, every, standing[0], judge)]
    for read, found in zip(clause.read_as, standing[1:], strict=True):
        told.append(nothing if read.clause is None else _told(read.clause, every, found, judge))
    text, *others = (_Column(*pair) for pair in zip(standing, told, strict=True))
    columns = {read.reading.id: column for read, column in zip(clause.read_as, others, strict=True)}
    return [(text.told[incident][0], _as_read(incident, text, columns)) for incident in sorted(every)]


def _told(clause: Clause, every: frozenset[int], found: Judged, judge: Judge) -> Judged:
    missing = every - found.keys()
    return {**judge(clause, missing), **found} if missing else found


def _as_read(incident: int, text: _Column, columns: Mapping[str, _Column]) -> Alert:
    alert, own = text.told[incident][1], text.standing_of(incident)
    notes = [_with_figures(note, incident, columns.get(note.reading)) for note in alert.readings]
    disputing = [note.reading for note in notes if note.reading not in columns or note.standing != own]
    doubts = [doubt for doubt in alert.doubts if doubt.doubt is not Doubt.READING_DISPUTED]
    if disputing:
        doubts.append(DoubtNote(Doubt.READING_DISPUTED, {"readings": disputing}))
    return replace(alert, doubts=tuple(doubts), readings=tuple(notes))


def _with_figures(note: ReadingNote, incident: int, column: _Column | None) -> ReadingNote:
    if column is None:
        return note
    return replace(note, probability=column.probability_of(incident), standing=column.standing_of(incident))
