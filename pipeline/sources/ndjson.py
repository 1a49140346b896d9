"""Our own format: one report or one observation a line, as in docs/records.md."""

import re
from collections.abc import Container, Iterator
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from pipeline.model.check import Problem, check_all, check_observation, in_utc
from pipeline.model.columns import ReportColumns, columns_of
from pipeline.model.records import Observation, Reject
from pipeline.model.report import Origin, Report
from pipeline.model.taxonomy import RejectReason
from pipeline.sources.base import Batch, ReadContext, Row, digest, reject
from pipeline.sources.records import ROW_LIMIT, Block, blocks

_decode = msgspec.json.Decoder(Report).decode
_decode_observation = msgspec.json.Decoder(Observation).decode
_decode_any = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode
_PATH = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"missing required field `(.+?)`")
_IDS = ("report_id", "observation_id")
_TIMES = frozenset({"observed_from", "observed_until", "published_at", "received_at"})


class Ndjson:
    """Reports as Truceline writes them itself."""

    name = "ndjson"
    title = "Truceline's own format: one report, or one observation, a line, as JSON"
    describe = """\
Newline-delimited JSON, one report or one observation a line (docs/records.md has every field). A line with
`observation_id` is an observation: that somebody watched an area, or could not. Both may stand in one file.

Recognised where the first line that is not blank is a JSON object with `footprint` and `report_id` or `observation_id`.

Required of a report: report_id, source, observed_from, observed_until, footprint, activity; of an observation:
observation_id, source, asset, observed_from, observed_until, footprint, state. All others may be null or absent.
report_id begins with the report's source and a colon, so the export of any source can be read again. Times are RFC 3339
with a zone. Fields that are not known are passed over. `origin` (file, row, SHA-256 of the line) is set where the
line has none; `feed` where the line has none and the input was configured as a feed. A line may have 1 MiB.
"""

    def recognises(self, head: bytes, file_name: str) -> bool:
        """Whether the first line that is not blank looks like a report or an observation."""
        first = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
        if not first.startswith(b"{"):
            return False
        try:
            keys = _decode_any(first).keys()
            return "footprint" in keys and not keys.isdisjoint(_IDS)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            # A line longer than the head is cut off and cannot be decoded; its beginning has to do.
            whole = len(first) < len(head) // 2
            return not whole and b'"footprint"' in first and any(f'"{key}"'.encode() in first for key in _IDS)

    def read(self, stream: BinaryIO, context: ReadContext) -> Iterator[Row]:
        """One row for each line that is not blank."""
        feed, file = context.feed, context.file
        number = 0
        for block in blocks(stream):
            outcomes, _ = _outcomes(block, context)
            for span, outcome in zip(block.spans(), outcomes, strict=True):
                if outcome is None:
                    continue
                number += 1
                if isinstance(outcome, Problem):
                    yield reject(self.name, context, number, span, outcome)
                    continue
                if isinstance(outcome, Observation):
                    watched = _with_origin(in_utc(outcome), file, number, span.data, feed)
                    yield Row(number, span.position, observations=(watched,))
                    continue
                report = in_utc(outcome)
                if report.origin is None:
                    origin = Origin(file, number, digest(span.data))
                    report = replace(report, origin=origin, feed=report.feed or feed)
                elif feed is not None and report.feed is None:
                    report = replace(report, feed=feed)
                yield Row(number, span.position, (report,))

    def batches(self, stream: BinaryIO, context: ReadContext) -> Iterator[Batch]:
        """The same rows as columns: no origin is made for them."""
        number = 0
        for block in blocks(stream):
            outcomes, columns = _outcomes(block, context)
            rejects: list[Reject] = []
            told = len(outcomes)
            if columns is None:
                told = len(outcomes) - outcomes.count(None)
                columns = columns_of([outcome for outcome in outcomes if isinstance(outcome, Report)])
                rejects = list(self._rejects(block, outcomes, number, context))
            number += told
            yield Batch(told, columns, rejects)

    def _rejects(self, block: Block, outcomes: "list[_Outcome]", number: int, context: ReadContext) -> Iterator[Reject]:
        """The rejects of a block whose rows come after row `number`."""
        for span, outcome in zip(block.spans(), outcomes, strict=True):
            number += outcome is not None
            if isinstance(outcome, Problem):
                row = reject(self.name, context, number, span, outcome)
                assert row.reject is not None
                yield row.reject


def _with_origin(observation: Observation, file: str, number: int, line: bytes, feed: str | None) -> Observation:
    origin = observation.origin or Origin(file, number, digest(line))
    return replace(observation, origin=origin, feed=observation.feed or feed)


_Outcome = Report | Observation | Problem | None
"""What a line gives; nothing where it is blank."""


def _outcomes(block: Block, context: ReadContext) -> tuple[list[_Outcome], ReportColumns | None]:
    """What each line gives, checked; and the columns of the reports, where every line gives one.

    Most blocks are good throughout: they are decoded in one go. Where a line stands in the way of that, each of them is
    decoded by itself, which gives the same, and tells what is wrong with which.
    """
    areas = context.gazetteer.areas
    if block.cut is not None:
        detail = f"{block.cut.length} bytes; a line has {ROW_LIMIT} at most"
        return [Problem("", RejectReason.TOO_LONG, detail)], None
    found: list[_Outcome]
    try:
        if not all(map(bytes.isascii, block.pieces)):
            for piece in block.pieces:
                piece.decode()
        reports = list(map(_decode, block.pieces))
        found = [*reports]
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        found = [None if span.blank else _watched_or_reported(span.data, areas) for span in block.spans()]
        reports = [outcome for outcome in found if isinstance(outcome, Report)]
    columns = columns_of(reports)
    problems = check_all(reports, columns, areas)
    if not problems and len(reports) == len(found):
        return found, columns
    places = [index for index, outcome in enumerate(found) if isinstance(outcome, Report)]
    for index, problem in problems.items():
        found[places[index]] = problem
    return found, None


def _watched_or_reported(line: bytes, areas: Container[str]) -> Report | Observation | Problem:
    """What is on one line; a report is not yet checked, an observation is."""
    found = decode_line(line)
    if isinstance(found, Report) or b'"observation_id"' not in line:
        return found
    observation = decode_observation(line)
    if isinstance(observation, Problem):
        return observation
    return check_observation(observation, areas) or observation


def decode_observation(line: bytes) -> Observation | Problem:
    """The observation on one line, not yet checked, or why there is none."""
    try:
        if not line.isascii():
            line.decode()
        fields = {key: value for key, value in _decode_any(line).items() if bytes(value) != b"null"}
        return _decode_observation(_encode(fields))
    except UnicodeDecodeError as error:
        return Problem("", RejectReason.BAD_ENCODING, f"byte {error.start} of the row is not UTF-8")
    except msgspec.ValidationError as error:
        return _problem(str(error))
    except (msgspec.DecodeError, RecursionError) as error:
        return Problem("", RejectReason.NOT_JSON, str(error))


def decode_line(line: bytes) -> Report | Problem:
    """The report on one line, not yet checked, or why there is none."""
    try:
        if not line.isascii():
            line.decode()
        return _decode(line)
    except UnicodeDecodeError as error:
        return Problem("", RejectReason.BAD_ENCODING, f"byte {error.start} of the row is not UTF-8")
    except msgspec.ValidationError as error:
        if "got `null`" in str(error):
            return _without_nulls(line)
        return _problem(str(error))
    except (msgspec.DecodeError, RecursionError) as error:
        return Problem("", RejectReason.NOT_JSON, str(error))


def _without_nulls(line: bytes) -> Report | Problem:
    """Null and absent are the same, for fields that have no null in the record too (`weapons`, `retracted`)."""
    try:
        fields = {key: value for key, value in _decode_any(line).items() if bytes(value) != b"null"}
        return _decode(_encode(fields))
    except msgspec.ValidationError as error:
        return _problem(str(error))
    except (msgspec.DecodeError, RecursionError) as error:
        return Problem("", RejectReason.NOT_JSON, str(error))


def _problem(message: str) -> Problem:
    """The problem that a message of msgspec's tells, such as "Expected `float`, got `str` - at `$.footprint.lon`"."""
    path = _PATH.search(message)
    field = path[1] if path else ""
    detail = message[: path.start()] if path else message
    missing = _MISSING.search(detail)
    if missing:
        field = f"{field}.{missing[1]}" if field else missing[1]
        return Problem(field, RejectReason.MISSING, "the field is absent")
    if "got `null`" in detail:
        return Problem(field, RejectReason.MISSING, "the field is null")
    if field in _TIMES:
        return Problem(field, RejectReason.BAD_TIME, detail)
    if "Invalid enum value" in detail:
        return Problem(field, RejectReason.UNKNOWN_TERM, detail)
    if not field:
        return Problem(field, RejectReason.NOT_JSON, detail)
    return Problem(field, RejectReason.BAD_VALUE, detail)
