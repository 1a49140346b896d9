"""All shipped agreements loaded at once: each says what it says alone."""

from pathlib import Path

import msgspec
import pytest

from pipeline.agreement import load_agreement, shipped_agreements
from pipeline.model.records import Alert
from pipeline.model.report import Report
from pipeline.scenario import write_scenario
from tests.monitor.remembering import in_memory

EACH = 700
"""So many reports about each agreement's line."""


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    found: list[Report] = []
    along = [name for name in shipped_agreements() if load_agreement(name).lines]
    for seed, name in enumerate(along, 31):
        folder = tmp_path_factory.mktemp(name)
        write_scenario(folder / "played", "breakdown", seed, load_agreement(name), EACH)
        found += msgspec.json.Decoder(Report).decode_lines((folder / "played" / "reports.ndjson").read_bytes())
    return found


def said(names: list[str], reports: list[Report]) -> dict[str, dict[str, bytes]]:
    """Each agreement's alerts, by id, as bytes."""
    alerts: dict[str, Alert] = in_memory([load_agreement(name) for name in names], [reports])
    encode = msgspec.json.Encoder(order="sorted").encode
    return {
        name: {own: encode(alert) for own, alert in alerts.items() if alert.agreement == name}
        for name in shipped_agreements()
    }


def test_loading_all_of_them_changes_no_other_agreement_s_alerts(reports: list[Report], tmp_path: Path) -> None:
    names = shipped_agreements()
    together = said(names, reports)
    assert sum(1 for name in names if together[name]) >= 4
    for name in names:
        assert said([name], reports)[name] == together[name]
