"""Synthetic incidents along an agreement's line, the reports of those who saw them, and what was true."""

from pipeline.scenario.catalogue import Scenario, ScenarioError, scenarios
from pipeline.scenario.generate import INVENTED, NO_COPY, Chunk, default_begin, generate, observers, reports
from pipeline.scenario.truth import Invention, TrueIncident, Violation
from pipeline.scenario.write import Written, write_scenario

__all__ = [
    "INVENTED",
    "NO_COPY",
    "Chunk",
    "Invention",
    "Scenario",
    "ScenarioError",
    "TrueIncident",
    "Violation",
    "Written",
    "default_begin",
    "generate",
    "observers",
    "reports",
    "scenarios",
    "write_scenario",
]
