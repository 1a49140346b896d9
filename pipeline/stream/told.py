"""What keepers of `tiles` tell keepers of `findings`, in records of a size that the broker takes."""

from collections.abc import Iterator

import msgspec

from pipeline.agreement import Agreement
from pipeline.model.records import Finding, Findings
from pipeline.monitor.parameters import Parameters
from pipeline.store.lawbook import Told

INCIDENTS, REVISIONS = 500, 1_000
"""As many as are told in one record at most: some megabyte."""

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Findings).decode


def judged_by(agreement: Agreement, parameters: Parameters) -> str:
    """By what data of an agreement, and by what rules, findings are made."""
    return f"{agreement.fingerprint}:{parameters.judged_by}"


def records(told: Told, by: str, partition: int, reached: int) -> Iterator[Findings]:
    """What changed, in records."""
    of_incident: dict[str, list[Finding]] = {name: [] for name in told.incident_ids}
    for finding in told.findings:
        of_incident[finding.alert.incident_id].append(finding)
    for begin in range(0, len(told.incident_ids), INCIDENTS):
        names = told.incident_ids[begin : begin + INCIDENTS]
        found = tuple(finding for name in names for finding in of_incident[name])
        yield Findings(
            agreement=told.agreement,
            judged_by=by,
            partition=partition,
            reached=reached,
            incident_ids=names,
            findings=found,
        )
    for begin in range(0, len(told.revisions), REVISIONS):
        some = told.revisions[begin : begin + REVISIONS]
        yield Findings(agreement=told.agreement, judged_by=by, partition=partition, reached=reached, revisions=some)
