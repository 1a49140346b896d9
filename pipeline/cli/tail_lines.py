"""What `truceline tail` shows of each record: a line for people, or an object for programs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from pipeline.cli.incident_table import places, what
from pipeline.cli.live import plain_line
from pipeline.cli.show_acts import act_words
from pipeline.cli.show_reports import activity_words, footprint_words
from pipeline.cli.whereabouts import Agreements
from pipeline.cli.words import probability, safe
from pipeline.gazetteer import load_gazetteer
from pipeline.model.records import Reject
from pipeline.model.taxonomy import Standing, Status
from pipeline.stream import wire
from pipeline.stream.intake import observed
from pipeline.stream.routing import decode_action
from pipeline.stream.tail import Heard


class Lines:
    """Records of one topic as lines for people.

    Args:
        topic: its full name.
        agreements: lend alerts the names of their places.
        possible: also alerts that are only possible.
    """

    def __init__(self, name: str, topic: str, agreements: Agreements, possible: bool) -> None:
        self._topic, self._agreements, self._possible = topic, agreements, possible
        self._of = _LINES[name]

    def of(self, heard: Heard) -> Iterator[str]:
        """The lines of one record; one that cannot be read has a line that says so."""
        try:
            yield from self._of(self, heard)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            yield f"{heard.place(self._topic)}: cannot be read: {safe(str(error), 120)}"

    def _alert(self, heard: Heard) -> Iterator[str]:
        if heard.value is None:
            return
        said = wire.decode_revision(heard.value)
        alert = said.alert
        if alert.standing is Standing.POSSIBLE and not self._possible:
            return
        line = f"{alert.observed_from:%Y-%m-%d} {plain_line(alert, self._agreements.get(alert.agreement))}"
        notes = [alert.standing.value] if alert.standing is Standing.POSSIBLE else []
        if alert.status is Status.SUPERSEDED:
            by = f" by {', '.join(said.superseded_by)}" if said.superseded_by else ""
            notes.append(f"superseded{by}")
        elif said.revision > 1:
            notes.append(f"revision {said.revision}")
        yield "  ".join([line, *notes])

    def _transition(self, heard: Heard) -> Iterator[str]:
        if heard.value is None:
            return
        said = wire.decode_revision(heard.value)
        alert = said.alert
        yield (
            f"{said.decided_at:%Y-%m-%d %H:%M:%S}  {alert.alert_id}  {said.revision:>3}  {said.change.value:<22}  "
            f"{alert.status.value:<18}  {alert.standing.value:<8}  {alert.severity.value:<7}  "
            f"{probability(alert.probability)}  {alert.agreement}/{alert.provision}  {safe(said.author, 40)}"
        )

    def _incident(self, heard: Heard) -> Iterator[str]:
        if heard.value is None:
            yield f"{_text(heard.key)}  stands no more"
            return
        incident = wire.decode_incident(heard.value)
        (place,) = places([incident], [])
        yield (
            f"{incident.observed_from:%Y-%m-%d %H:%M:%S}  {incident.incident_id}  {len(incident.report_ids):>4}  "
            f"{incident.origins:>3}  {probability(incident.occurred)}  {what(incident):<32}  {place}"
        )

    def _reject(self, heard: Heard) -> Iterator[str]:
        if heard.value is not None:
            yield _reject_line(wire.decode_reject(heard.value))

    def _action(self, heard: Heard) -> Iterator[str]:
        if heard.value is not None:
            one = decode_action(heard.value)
            said = act_words(one, self._agreements.get(one.agreement))
            yield f"{one.decided_at:%Y-%m-%d %H:%M:%S}  {one.alert_id}  {safe(one.by, 40)} {said}"

    def _report(self, heard: Heard) -> Iterator[str]:
        reports, rejects = wire.decode_frame(heard.value or b"", heard.place(self._topic), load_gazetteer())
        for report in reports:
            yield (
                f"{report.observed_from:%Y-%m-%d %H:%M:%S}  {activity_words(report.activity):<20}  "
                f"{footprint_words(report.footprint):<52}  {safe(report.report_id, 80)}"
            )
        yield from map(_reject_line, rejects)

    def _observation(self, heard: Heard) -> Iterator[str]:
        watched, rejects = observed(heard.value or b"", heard.place(self._topic), load_gazetteer())
        for one in watched:
            yield (
                f"{one.observed_from:%Y-%m-%d %H:%M:%S} to {one.observed_until:%Y-%m-%d %H:%M:%S}  "
                f"{one.state.value:<8}  {footprint_words(one.footprint):<52}  {safe(one.asset, 40)}  "
                f"{safe(one.observation_id, 80)}"
            )
        yield from map(_reject_line, rejects)


_LINES: Mapping[str, Callable[[Lines, Heard], Iterator[str]]] = {
    "alerts": Lines._alert,
    "transitions": Lines._transition,
    "incidents": Lines._incident,
    "rejects": Lines._reject,
    "reports": Lines._report,
    "actions": Lines._action,
    "observations": Lines._observation,
}
TOPICS = tuple(_LINES)
_FRAMES = ("reports", "observations")


def objects(name: str, heard: Heard) -> Iterator[bytes]:
    """The JSON objects of one record, each on one line; what is no JSON is told as what it is."""
    if heard.value is None:
        yield wire.encode({"incident_id" if name == "incidents" else "key": _text(heard.key), "withdrawn": True})
        return
    for line in heard.value.split(b"\n") if name in _FRAMES else [heard.value]:
        if not line.strip():
            continue
        try:
            yield wire.encode(msgspec.json.decode(line, type=dict[str, Any]))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            place = {"partition": heard.partition, "offset": heard.offset}
            yield wire.encode({**place, "error": str(error), "value": line.decode(errors="backslashreplace")})


def _reject_line(reject: Reject) -> str:
    field = f"{safe(reject.field, 40)}: " if reject.field else ""
    return f"{safe(reject.file, 60)}:{reject.row}  {reject.reason.value}  {field}{safe(reject.detail, 160)}"


def _text(key: bytes | None) -> str:
    return safe((key or b"").decode(errors="backslashreplace"), 80)
