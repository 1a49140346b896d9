"""The scenarios that there are."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
"""When a scenario begins unless told otherwise, or the agreement is not yet, or no longer, in force."""


class ScenarioError(ValueError):
    """A scenario that cannot be: an unknown name, an agreement that it cannot play in."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario: how often each kind of incident happens.

    Attributes:
        title, description: for a list, and for a reader.
        per_day: incidents a day, by kind.
        exchanges_per_day: exchanges of fire a day. Each is a burst of several incidents of fire.
    """

    name: str
    title: str
    description: str
    per_day: Mapping[str, float]
    exchanges_per_day: float


_QUIET = Scenario(
    name="quiet",
    title="One quiet day: about 2,000 reports, hardly a violation",
    description=(
        "A day on which the ceasefire holds. Posts about far-off things, heat, traffic and withdrawn weapons; a stray "
        "drone, a few bursts and explosions."
    ),
    per_day={
        "small_arms_fire": 3.0,
        "explosion": 2.0,
        "drone_flight": 3.0,
        "guns_withdrawn": 30.0,
        "armour_withdrawn": 40.0,
        "troops_withdrawn": 30.0,
        "drone_in_rear": 30.0,
        "training": 15.0,
        "flare": 10.0,
        "demining": 8.0,
        "field_fire": 90.0,
        "traffic": 60.0,
        "distant_heat": 260.0,
        "distant_flight": 80.0,
        "distant_event": 170.0,
        "statement": 120.0,
    },
    exchanges_per_day=0.0,
)

_ROUTINE = Scenario(
    name="routine",
    title="An ordinary day under a strained ceasefire: about 20,000 reports, a twentieth of which alert",
    description=(
        "A ceasefire that is broken every day, here and there. About a fifth of the reports lie in a zone of the "
        "agreement and a twentieth raise an alert; the rest are what wide feeds bring: heat, flights and posts from "
        "far off, posts that name no place. Asked for more reports, it goes on for more days of the same kind."
    ),
    per_day={
        "mortar_fire": 30.0,
        "artillery_fire": 15.0,
        "small_arms_fire": 45.0,
        "explosion": 25.0,
        "drone_flight": 70.0,
        "jamming": 15.0,
        "troops_in_buffer": 60.0,
        "tanks_forward": 20.0,
        "guns_forward": 35.0,
        "rockets_forward": 12.0,
        "guns_withdrawn": 160.0,
        "armour_withdrawn": 260.0,
        "troops_withdrawn": 230.0,
        "drone_in_rear": 240.0,
        "training": 100.0,
        "flare": 60.0,
        "demining": 25.0,
        "field_fire": 750.0,
        "traffic": 800.0,
        "distant_heat": 2200.0,
        "distant_flight": 850.0,
        "distant_event": 1650.0,
        "statement": 1150.0,
    },
    exchanges_per_day=11.0,
)


def scenarios() -> dict[str, Scenario]:
    """Every scenario by its name.

    >>> sorted(scenarios())
    ['quiet', 'routine']
    """
    return {scenario.name: scenario for scenario in (_QUIET, _ROUTINE)}


def scenario_named(name: str) -> Scenario:
    """The scenario of that name.

    Raises:
        ScenarioError: there is none.
    """
    found = scenarios()
    if name not in found:
        raise ScenarioError(f"no scenario is called {name!r}; there are {', '.join(found)}")
    return found[name]
