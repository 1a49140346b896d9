"""docs/scenarios.md shows the figures that the code has."""

from pathlib import Path

from pipeline.scenario import scenarios
from tests.scenario.tables import incidents_table, observers_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scenarios.md"


def test_the_page_has_every_figure_of_the_code() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert incidents_table() in page, "print the tables with: python -m tests.scenario.tables"
    assert observers_table() in page, "print the tables with: python -m tests.scenario.tables"


def test_the_page_tells_of_every_scenario() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in scenarios())
